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

    Measures  valid: exactly one label is given as the answer, in any wrapping ("Category: 3.", **spam**,
              {"label": "3"}, "Not spam, but ham.", "3, because …", a correction's last word); correct: that label is
              the target; bare: the answer is a label and nothing else, white space, case and full-width forms aside
              ("spam." is not bare)
    Chance    1 in as many as there are labels, more where one is frequent: read the macro-F1 beside it, which
              reports show with what was taken for what
    Traps     two labels, the list given back, a label inside another word (hamster), a question (spam?), a loop of one
              label and a label that is only ruled out are no answer; of labels that contain each other the longest
              counts ("not spam"); 20,000 characters are read
    Source    texts of fteval's own
    """

    labels: tuple[str | int, ...] = ()
    """The labels to choose from, for rows without `labels` of their own."""

    version: ClassVar[int] = 1
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
        found = named(text, labels, sample.prompt_text)
        reasons: dict[str, str] = {}
        if found.label is None:
            declined = refusal(text, sample.prompt_text)
            reasons["valid"] = f"a refusal: '{declined[:60]}'" if declined and not found.several else found.why
            reasons["correct"] = reasons["valid"]
        elif found.label != wanted:
            reasons["correct"] = f"{found.label!r}, wanted {wanted!r}"
        if not found.bare:
            reasons["bare"] = "more than the label" if found.label is not None else reasons["valid"]
        answer = found.label if found.label is not None else ", ".join(found.several[:5]) or None
        return Scores(
            {m.name: float(m.name not in reasons) for m in self.metrics},
            # The target's own spelling, so that reports count both as one label.
            answer=str(sample.target) if found.label == wanted else answer,
            reasons=reasons,
        )

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
