"""What a sample asks, as the shared judges want it."""

from __future__ import annotations

from fteval.errors import UserError
from fteval.evals.answer.check import Asked
from fteval.evals.answer.topic import named
from fteval.records import Sample


def asked(sample: Sample) -> Asked:
    """The prompt, and subject, keywords and target where the row has them."""
    subject = sample.metadata.get("subject")
    if subject is not None and not isinstance(subject, str):
        raise UserError(f"row {sample.id!r}: 'subject' must be text, found {type(subject).__name__}")
    return Asked(
        prompt=sample.prompt_text,
        subject=subject or None,
        keywords=named(sample.metadata.get("keywords")),
        target=sample.target if isinstance(sample.target, str) and sample.target else None,
    )
