"""What a probe asks for, in words for a system prompt and as a constraint, where it asks for a form.

Of the probes' fields and samples, and kept apart from them: what is said to a model is no part of how it is judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fteval import registry
from fteval.records import Sample
from fteval.runs.asking.suite import SuiteProbe


@dataclass(frozen=True, slots=True)
class Form:
    """A form of answers."""

    told: str
    """As a system prompt says it."""
    constraint: Mapping[str, Any]
    """As `constrain:` takes it."""


def form_of(probe: SuiteProbe) -> Form | None:
    """The form that all answers to a probe are to have; None where it asks for none, or for each sample another."""
    of = _FORMS.get(registry.registered_name(type(probe.probe)) or "")
    return None if of is None else of(probe.probe, probe.samples)


def _letters(probe: Any, samples: Sequence[Sample]) -> Form:
    letters = [letter for letter in probe.letters if letter.isalpha()]
    listed = letters[0] if len(letters) == 1 else f"{', '.join(letters[:-1])} and {letters[-1]}"
    plural = "" if len(letters) == 1 else "s"
    return Form(f"Never use the letter{plural} {listed}.", {"forbid_letters": "".join(letters)})


def _iso_date(probe: Any, samples: Sequence[Sample]) -> Form:
    return Form("Answer with the date alone, as YYYY-MM-DD.", {"regex": "[0-9]{4}-[0-9]{2}-[0-9]{2}"})


def _labels(probe: Any, samples: Sequence[Sample]) -> Form | None:
    choices = _same(samples, "labels", list(probe.labels))
    if not choices:
        return None
    names = [str(label) for label in choices]
    return Form(f"Answer with one of these labels and nothing else: {', '.join(names)}.", {"choices": names})


def _schema(probe: Any, samples: Sequence[Sample]) -> Form | None:
    schema = _same(samples, "schema", probe.schema)
    if not isinstance(schema, Mapping):
        return None
    text = json.dumps(schema, ensure_ascii=False)
    return Form(f"Answer with one JSON value of this schema and nothing else: {text}", {"json_schema": dict(schema)})


def _same(samples: Sequence[Sample], key: str, of_probe: Any) -> Any:
    """What all samples have under a key, or the probe for those that have none; None where two differ."""
    found = [sample.metadata.get(key, of_probe) for sample in samples]
    return found[0] if found and all(one == found[0] for one in found) else None


_FORMS: Mapping[str, Callable[[Any, Sequence[Sample]], Form | None]] = {
    "lipogram": _letters,
    "iso_date": _iso_date,
    "category": _labels,
    "json_schema": _schema,
}
