"""Whether answers have the style of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.check import about_another, asked, why_not
from fteval.evals.answer.likelihood import fluent, usable
from fteval.evals.data.packaged import packaged
from fteval.evals.language.detect import language
from fteval.evals.language.text import READ, blank, fold, shown, words
from fteval.evals.stylometry.corpus import Source, order, source, unnamed
from fteval.evals.stylometry.delta import axis, distance
from fteval.evals.stylometry.features import features
from fteval.evals.stylometry.sense import MOST_RECITED, recited, stuffed, unordered
from fteval.records import Generation, Metric, Sample, Scores
from fteval.records.readings import Reading

FEWEST = 40
"""Words from which a style can be told: nine of ten held-out passages of this length are judged right."""


@dataclass(frozen=True, slots=True)
class Style:
    """Whether answers are nearer to a reference corpus than to a contrast corpus.

    Measures  closer: by Burrows's Delta, and still an answer; delta: 0 is the reference's direction, 2 the contrast's;
              contractions_per_100: of words; first_person_per_100: of words; sentence_words: mean
    Chance    half of all texts
    Traps     under 40 words, closer and delta are unscored
    Source    Burrows 2002; Evert et al. 2017
    """

    reference: str = "academic"
    """The wanted style: academic, shakespeare, plain, or a UTF-8 text file of 500 words and more."""
    contrast: str = "plain"
    """The other style, in the same way."""

    sources: tuple[Source, Source] = field(init=False, repr=False, compare=False)
    """Reference and contrast, read once."""

    version: ClassVar[int] = 2
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("closer", primary=True, chance=0.5),
        Metric("delta", better="lower", unit="Delta", scale=2.0),
        Metric("contractions_per_100", better="lower", unit="contractions"),
        Metric("first_person_per_100", better="lower", unit="words"),
        Metric("sentence_words", unit="words"),
    )

    def __post_init__(self) -> None:
        sources = source(self.reference, "reference"), source(self.contrast, "contrast")
        if sources[0] == sources[1]:
            raise UserError("style: reference and contrast are the same text", fix="give two different ones")
        object.__setattr__(self, "sources", sources)

    @property
    def contents(self) -> dict[str, str]:
        """What the two names stand for: a file with another text is another probe."""
        return dict(zip(("reference", "contrast"), map(str, self.sources), strict=True))

    def samples(self) -> Iterator[Sample]:
        return packaged("style.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)[:READ]
        names = [m.name for m in self.metrics]
        values: dict[str, float | None] = dict.fromkeys(names)
        if blank(text):
            return Scores(values | {"closer": 0.0}, reasons=dict.fromkeys(names, "the answer is empty"))
        reasons = {}
        found = features(text)
        for name in names[2:]:
            values[name] = getattr(found, name.removesuffix("_per_100"), None)
            if found is None:
                reasons[name] = "the answer has no words"
        spoken = unnamed(text)
        every = words(fold(spoken))
        question, (wanted, other), reading = asked(sample), self.sources, generation.reading
        if len(every) < FEWEST:
            reasons["delta"] = f"{len(every)} words, a style is told by {FEWEST} at least"
            flaw = why_not(text, question, whole=False, reading=reading) or _foreign(spoken, wanted)
            values["closer"], reasons["closer"] = (0.0, flaw) if flaw else (None, reasons["delta"])
            return Scores(values, reasons=reasons)
        far = distance(every, axis(wanted, other))
        values["delta"] = round(far.delta, 6)
        if far.delta >= 1:
            flaw = f"nearer to the contrast: delta {far.delta:.2f}, from 1 on it is"
        elif far.without_loudest >= 1:
            flaw = f"nearer to the reference only by {', '.join(map(repr, far.loudest))}"
        else:  # the dear checks only where they decide
            flaw = why_not(text, question, whole=False, reading=reading) or _foreign(spoken, wanted)
            flaw = flaw or _senseless(spoken, every, wanted, reading) or about_another(text, question, reading=reading)
        values["closer"] = float(not flaw)
        if flaw:
            reasons["closer"] = flaw
        return Scores(values, reasons=reasons)


def _foreign(text: str, reference: Source) -> str | None:
    found, wanted = language(text), reference.corpus().language
    return (
        f"another language than the reference: {found}, not {wanted}" if found and wanted and wanted != found else None
    )


def _senseless(text: str, every: tuple[str, ...], reference: Source, reading: Reading | None) -> str | None:
    share = recited(every, reference.corpus())
    if share > MOST_RECITED:
        return f"recited from the reference: {share:.0%} of its passages stand there"
    spoken = language(text)
    known = order(spoken, reference)
    read = usable(reading)
    return (None if read and fluent(read) else unordered(text, known)) or stuffed(text, every, known, spoken)
