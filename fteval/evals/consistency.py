"""Is one question answered in one way, however it is asked?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from fteval.evals.answer.same import clusters, difference
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, shown, words
from fteval.records import Generation, Metric, Sample, Scores

MOST = 50
"""Answers of one group that are compared."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """Whether a question is answered in one way: paraphrases (rows of one `group`) and repeats.

    Measures  agreement: share of the group's other answers that say the same; clusters: different answers in the
              group; length: words
    Chance    one answer to everything agrees: read `facts` or `variety` beside it
    Traps     long answers share words
    Source    the questions of `facts`
    """

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Group -> its answers, once the run's answers are known (`beside`)."""

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("agreement", primary=True),
        Metric("clusters", better="lower", unit="answers"),
        Metric("length", better="lower", unit="words"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("facts.jsonl")

    def beside(self, answers: Iterable[tuple[Sample, str]]) -> Consistency:
        """The probe that has seen these answers, all of a run."""
        found: dict[str, list[str]] = {}
        for sample, text in answers:
            found.setdefault(sample.group or sample.id, []).append(shown(text))
        made = replace(self)
        object.__setattr__(made, "groups", {group: tuple(texts[:MOST]) for group, texts in found.items()})
        return made

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        others = self._others(sample, text)
        length = float(len(words(text[:10_000])))
        if blank(text):
            empty = "the answer is empty"
            return Scores({"agreement": 0.0, "clusters": None, "length": 0.0}, reasons=dict.fromkeys(_TWO, empty))
        if not others:
            alone = "no other answer to this question: give rows one `group`, or ask for repeats"
            return Scores({"agreement": None, "clusters": None, "length": length}, reasons=dict.fromkeys(_TWO, alone))
        whys = [difference(text, other, sample.prompt_text) for other in others]
        reasons = {"agreement": next(why for why in whys if why)} if any(whys) else {}
        n = len(clusters([text, *others], sample.prompt_text))
        values = {"agreement": whys.count(None) / len(whys), "clusters": float(n), "length": length}
        return Scores(values, answer=text[:200], reasons=reasons)

    def _others(self, sample: Sample, text: str) -> list[str]:
        """The group's answers without this one."""
        given = sample.metadata.get("others")
        if isinstance(given, list):
            return [one for one in given if isinstance(one, str)][:MOST]
        every = list(self.groups.get(sample.group or sample.id, ()))
        if text in every:
            every.remove(text)
        return every


_TWO = ("agreement", "clusters")
