"""A result as the text of a report file: the ending says the format, and formats that show answers get them."""

from __future__ import annotations

from pathlib import Path

from fteval import registry
from fteval.errors import UserError
from fteval.experiment import saved, sheet
from fteval.records import AnswersFormat, Comparison, RunRecord


def report(result: Comparison | RunRecord, ending: str, store: Path) -> str:
    """The whole file. Raises UserError for an ending that no format has."""
    formats = registry.report_formats()
    if ending not in formats.usable:
        known = ", ".join(f"{ending} ({one.WHAT})" for ending, one in formats.usable.items())
        lost = "".join(f"\n{why}" for why in formats.unusable)
        raise UserError(f"no report format has the ending {ending!r}{lost}", fix=f"the ending says the format: {known}")
    made = formats.usable[ending]
    if isinstance(made, AnswersFormat):
        found = sheet.whole(result, store)
        return made.render_answers(found, sheet.sheet(found, made.MOST))
    return made.render(result, () if isinstance(result, Comparison) else saved.worst(result))
