"""One label of a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals.answer.refusal import refusal
from fteval.evals.data.packaged import packaged
from fteval.evals.find.label import Labels, labels_of, named
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Category:
    """Whether an answer names one label of the list, and the right one.

    Measures  valid: one label is the answer, in any wrapping; correct: it is the target; bare: nothing else stands
              there
    Chance    1 in as many as there are labels
    Traps     sentences in languages that the rules do not read are unscored
    Source    texts of fteval's own
    """

    labels: tuple[str | int, ...] = ()
    """The labels to choose from, for rows without `labels` of their own."""

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True),
        Metric("valid", labels=True),
        Metric("bare"),
    )

    def __post_init__(self) -> None:
        given: Any = self.labels
        if isinstance(given, str):  # --set labels=spam,ham
            given = [part.strip() for part in given.split(",")]
        if not isinstance(given, list | tuple) or (given and labels_of(given) is None):
            raise UserError(
                f"category needs labels that are different texts or numbers, two at least, found {self.labels!r}",
                fix="for example labels: [spam, ham], or --set labels=spam,ham",
            )
        object.__setattr__(self, "labels", tuple(given))

    def samples(self) -> Iterator[Sample]:
        return packaged("category.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        labels = self._labels(sample)
        wanted = labels.exact(sample.target)
        if wanted is None:
            raise UserError(
                f"row {sample.id!r} needs a 'target' that is one of its labels, found {sample.target!r}",
                fix="its labels are " + ", ".join(labels.names[:20]),
            )
        text = shown(generation.text)
        if blank(text):
            names = [m.name for m in self.metrics]
            return Scores(dict.fromkeys(names, 0.0), reasons=dict.fromkeys(names, "the answer is empty"))
        found = named(text, labels)
        reasons: dict[str, str] = {}
        values: dict[str, float | None] = {"valid": 1.0, "correct": 1.0, "bare": float(found.bare)}
        if found.label is None:
            declined = "" if found.several else refusal(text, sample.prompt_text)
            why = f"a refusal: '{declined[:60]}'" if declined else found.why
            values["valid"] = values["correct"] = None if found.open and not declined else 0.0
            reasons = dict.fromkeys(values, why + (", in another language" if values["valid"] is None else ""))
        elif found.label != wanted:
            values["correct"] = 0.0
            reasons["correct"] = f"{found.label!r}, wanted {wanted!r}"
        if found.label is not None and not found.bare:
            reasons["bare"] = "more than the label"
        answer = found.label if found.label is not None else ", ".join(found.several[:5]) or None
        # The target's own spelling, so that reports count both as one label.
        return Scores(values, answer=str(sample.target) if found.label == wanted else answer, reasons=reasons)

    def _labels(self, sample: Sample) -> Labels:
        given = sample.metadata.get("labels", self.labels)
        labels = labels_of(given) if isinstance(given, list | tuple) else None
        if labels is None:
            found = "no 'labels'" if not given else f"labels {given!r}"
            raise UserError(
                f"row {sample.id!r} needs 'labels', two different texts or numbers at least, found {found}",
                fix='give each row its list ("labels": ["spam", "ham"]), or the probe one: --set labels=spam,ham',
            )
        return labels
