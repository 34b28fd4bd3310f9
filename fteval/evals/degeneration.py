"""Output that has come apart: loops, strings that are no words, another language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.answer.check import no_sentence
from fteval.evals.answer.repetition import repetition
from fteval.evals.answer.requests import wants_again, wants_strings
from fteval.evals.data.packaged import packaged
from fteval.evals.language.detect import language, speaks_of_language, switched
from fteval.evals.language.lexicon import non_words
from fteval.evals.language.text import READ, blank, broken, shown, words
from fteval.records import Generation, Metric, Sample, Scores

_MOST_NON_WORDS = 0.3
_MOST_OF_LANGUAGES = 0.9
"""Where the prompt speaks of a language, whose words may be what it asks for."""


@dataclass(frozen=True, slots=True)
class Degeneration:
    """Whether the output is still text.

    Measures  sound: no loop ("-o-o-o-", a word or sentence again and again), at most 30 % strings that are no words,
              the prompt's language, unless the prompt asks for such text (a refrain, a code); distinct_2: different
              pairs of neighbouring words as a share of all (Li et al. 2016, arXiv:1510.03055); longest_repeat: words
              in the longest passage that occurs twice; non_words: share of words that are none, by frequency lexicons
              of 40 languages; switched_language: in another language than the prompt
    Chance    none
    Traps     distinct_2 falls with length in good text too: compare answers of like length. Names, code, numbers and
              abbreviations are not judged as words. A short answer's language cannot be told (unscored), nor one
              where the prompt names a language
    Source    questions and tasks of many kinds, written for fteval
    """

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("sound", primary=True),
        Metric("distinct_2", partial=True),
        Metric("longest_repeat", better="lower", unit="words"),
        Metric("non_words", better="lower"),
        Metric("switched_language", better="lower"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        if blank(text):
            reason = "the answer is empty"
            values: dict[str, float | None] = dict.fromkeys((m.name for m in self.metrics), None)
            return Scores(values | {"sound": 0.0}, reasons=dict.fromkeys(values, reason))
        reasons: dict[str, str] = {}
        said = repetition(text, sample.prompt_text)
        codes = {code for code in (language(text), language(sample.prompt_text, least=3)) if code}
        strange = non_words(text, *sorted(codes))
        elsewhere, why = switched(sample.prompt_text, text)
        if said.distinct_2 is None:
            reasons["distinct_2"] = "fewer than two words"
        if strange.share is None:
            reasons["non_words"] = "nothing in it can be looked up as a word"
        elif strange.found:
            reasons["non_words"] = (
                f"{', '.join(map(repr, strange.found[:5]))} ({len(strange.found)} of {strange.judged})"
            )
        if why:
            reasons["switched_language"] = why
        flaw = said.reason or self._no_text(text, sample.prompt_text)
        strings = strange.spoil(_MOST_OF_LANGUAGES if speaks_of_language(sample.prompt_text) else _MOST_NON_WORDS)
        wanted = strings and wants_strings(sample.prompt_text)
        if not flaw and strings and not wanted:
            flaw = f"not words: {reasons['non_words']}"
        if not flaw and elsewhere and not wanted:
            flaw = f"another language: {why}"
        if flaw:
            reasons["sound"] = flaw
        return Scores(
            {
                "sound": float(not flaw),
                "distinct_2": said.distinct_2,
                "longest_repeat": float(said.longest),
                "non_words": strange.share,
                "switched_language": None if elsewhere is None else float(elsewhere),
            },
            reasons=reasons,
        )

    @staticmethod
    def _no_text(text: str, prompt: str) -> str | None:
        if broken(text[:READ]):
            return "broken characters"
        every = words(text[:READ])
        if every:
            loose = len(every) >= 8 and no_sentence(text, every) and not wants_again(prompt, [w.lower() for w in every])
            return "words without a sentence" if loose else None
        marks = [c for c in text[:READ] if not c.isspace()]
        return "marks only, no word" if len(marks) > 1 and all(ord(c) < 0x2190 for c in marks) else None
