"""Whether each prompt gets an answer of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, fold, shown, words
from fteval.records import Generation, Metric, Sample, Scores

NEAR = 90.0
"""rapidfuzz's ratio, in percent, from which two answers are nearly one."""
FEWEST = 5
"""Words of an answer's own; shorter ones ("Yes.") may be right for many prompts."""
MOST_SHARE = 0.1
"""Of all prompts, so many may share a short answer before it is a habit."""
_READ = 1_000  # characters of one answer


@dataclass(frozen=True, slots=True)
class Other:
    """One answer of the run."""

    sample: Sample
    text: str
    """Its words, folded."""
    own: str
    """The same without the longer words of its prompt: "A dog is nice.", "A ship is nice." have one frame."""


@dataclass(frozen=True, slots=True)
class Variety:
    """Whether each prompt gets an answer of its own.

    Measures  own: the answer is not (90 % alike) that to another prompt of the suite; repeats, paraphrases and prompts
              with the same target aside
    Chance    a model that always says the same has 0
    Traps     a few words that few prompts share are unscored
    Source    questions written for fteval
    """

    others: tuple[Other, ...] = field(default=(), init=False, repr=False, compare=False)
    """The answers of the run, once somebody has given them (`beside`)."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("own", primary=True),)

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def beside(self, answers: Iterable[tuple[Sample, str]]) -> Variety:
        """The probe that has seen these answers, all of a run."""
        made = replace(self)
        object.__setattr__(made, "others", tuple(_other(s, shown(t)) for s, t in answers if not blank(shown(t))))
        return made

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        if blank(text):
            return Scores({"own": 0.0}, reasons={"own": "the answer is empty"})
        seen = (*self.others, *_given(sample.metadata.get("others")))
        asked = {other.sample.id for other in seen if other.sample.id != sample.id}
        if not asked:
            return Scores({"own": None}, reasons={"own": "the answers to other prompts are not known"})
        this = _other(sample, text)
        short = len(this.own.split()) < FEWEST
        same = [other for other in _alike(this, seen, short) if not _aside(sample, other.sample)]
        if not same:
            return Scores({"own": 1.0})
        shared = len({other.sample.id for other in same})
        reason = f"also the answer to {same[0].sample.prompt_text[:60]!r}" + (f" and {shared - 1} more" * (shared > 1))
        if short and shared < max(2, MOST_SHARE * len(asked)):
            return Scores({"own": None}, reasons={"own": f"too short to tell: {reason}"})
        return Scores({"own": 0.0}, reasons={"own": reason})


def _other(sample: Sample, text: str) -> Other:
    told = words(fold(text[:_READ]))
    asked = {word.removesuffix("s") for word in words(fold(sample.prompt_text[:10_000])) if len(word) > 2}
    return Other(sample, " ".join(told), " ".join(w for w in told if w.removesuffix("s") not in asked))


def _given(others: Any) -> Iterator[Other]:
    """Those that a row brings along as texts."""
    for i, text in enumerate(others if isinstance(others, list) else ()):
        if isinstance(text, str):
            yield _other(Sample(f"others/{i}", ()), text)


def _alike(this: Other, seen: tuple[Other, ...], short: bool) -> list[Other]:
    from rapidfuzz import fuzz, process

    if short:
        return [other for other in seen if other.text == this.text]
    near = process.extract(this.own, [o.own for o in seen], scorer=fuzz.ratio, score_cutoff=NEAR, limit=None)
    return [seen[at] for _, _, at in near]


def _aside(sample: Sample, other: Sample) -> bool:
    """Whether one answer may serve both: a repeat, a paraphrase, the same thing wanted."""
    return (
        sample.id == other.id
        or (sample.group is not None and sample.group == other.group)
        or (sample.target is not None and sample.target == other.target)
        or (bool(other.messages) and fold(sample.prompt_text) == fold(other.prompt_text))
    )
