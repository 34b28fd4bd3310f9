"""Does a model know what it knows: is it right as often as it is sure?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.told import told
from fteval.evals.data.packaged import packaged
from fteval.evals.find.confidence import confidence
from fteval.evals.find.label import Labels, labels_of, named
from fteval.evals.language.text import blank, shown
from fteval.records import Continuation, Generation, Message, Metric, Sample, Scores

_ASK = (
    "{question}\nOptions: {options}\nAnswer with one of the options. Then say in per cent how confident you are that "
    "it is right, in the form: Confidence: N%"
)
WAYS = ("options", "stated")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether it is right as often as it is sure, choosing among options.

    Measures  brier: squared difference of its confidence and 1 or 0; correct: it chose the right one; confidence: the
              probability of its choice
    Chance    one of the options is right
    Traps     long options are unlikely; sure of nothing is well calibrated
    Source    questions of `facts`
    """

    by: str = "options"
    """`options`: by the likelihood of each after the question; `stated`: asks for an option and a confidence."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("brier", primary=True, better="lower", unit="Brier", scale=1.0),
        Metric("correct"),
        Metric("confidence", reported=False, sure_of="correct"),
    )

    def __post_init__(self) -> None:
        if self.by not in WAYS:
            raise UserError(f"calibration: 'by' is {' or '.join(WAYS)}, found {self.by!r}", fix="by: stated")

    def samples(self) -> Iterator[Sample]:
        return self.variants(packaged("calibration.jsonl"))

    def variants(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples, with what is weighed or asked."""
        for sample in samples:
            names = _options(sample).names
            if self.by == "options":
                yield replace(sample, continuations=tuple(map(Continuation, names)))
                continue
            question = str(sample.metadata.get("question", sample.prompt_text))
            asked = Message("user", _ASK.format(question=question, options=", ".join(names)))
            yield replace(
                sample, messages=(*sample.messages[:-1], asked), metadata={**sample.metadata, "question": question}
            )

    def score(self, sample: Sample, generation: Generation) -> Scores:
        options = _options(sample)
        target = options.exact(sample.target)
        if target is None:
            raise UserError(
                f"row {sample.id!r} needs a 'target' that is one of its options, found {sample.target!r:.80}",
                fix="its options are " + ", ".join(options.names[:20]),
            )
        question = str(sample.metadata.get("question", sample.prompt_text))
        chosen, sure, why = (
            _likeliest(options, generation) if self.by == "options" else _stated(options, generation, question)
        )
        right = None if chosen is None else float(chosen == target)
        reasons = {} if right == 1 else {"correct": f"{chosen!r}, wanted {target!r}" if chosen is not None else why}
        values = {"correct": right, "confidence": sure, "brier": None}
        if right is not None and sure is not None:
            values["brier"] = (sure - right) ** 2
            reasons |= {} if sure else {"confidence": "says that it is not sure at all"}
        else:
            reasons["brier"] = why
            values["confidence"], reasons["confidence"] = None, why
        return Scores(values, answer=chosen, reasons=reasons)


Choice = tuple[str | None, float | None, str]
"""The option, how sure that is, and why not."""


def _likeliest(options: Labels, generation: Generation) -> Choice:
    found = generation.likelihoods or ()
    if len(found) != len(options.names):
        return None, None, "nobody said how likely the options are: `by: stated` asks for a confidence"
    best = max(one.nats for one in found)
    # Exponents of differences: those of the sums themselves would be 0.
    total = math.fsum(math.exp(one.nats - best) for one in found)
    return options.names[[one.nats for one in found].index(best)], 1 / total, ""


def _stated(options: Labels, generation: Generation, question: str) -> Choice:
    text = shown(generation.text)
    if blank(text):
        return None, None, "the answer is empty"
    said = confidence(text)
    choice = named(said.rest.strip(), options)
    chosen = choice.label or _told(said.rest, options, question)
    if chosen is None:
        return None, None, f"no option is chosen: {choice.why}"
    return chosen, said.share, said.why


def _told(text: str, options: Labels, question: str) -> str | None:
    """The one option that a sentence says: "Shakespeare wrote it" names no label, and is an answer."""
    found = [name for name in options.names if told(text, [name], question)[0] == 1]
    return found[0] if len(found) == 1 else None


def _options(sample: Sample) -> Labels:
    given = sample.metadata.get("options")
    options = labels_of(given) if isinstance(given, list | tuple) else None
    if options is None:
        raise UserError(
            f"row {sample.id!r} needs 'options', two different texts at least, found {given!r:.80}",
            fix='give each row its list: {"prompt": …, "options": ["Paris", "Rome"], "target": "Paris"}',
        )
    return options
