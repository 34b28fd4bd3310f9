"""Is the answer about what was asked?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.answer.check import Asked, asked, copied, no_sentence
from fteval.evals.answer.likelihood import aboutness, astray, undecided
from fteval.evals.answer.off_topic import other_subject
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.repetition import stuck
from fteval.evals.answer.topic import Topic, Touch, content_words, topic, touch
from fteval.evals.data.packaged import packaged
from fteval.evals.language.detect import language
from fteval.evals.language.lexicon import non_words
from fteval.evals.language.stems import stem
from fteval.evals.language.text import blank, fold, shown, word_set, words
from fteval.records import Generation, Metric, Sample, Scores
from fteval.records.readings import Reading

_POLITE = word_set(
    """
    sure certain cours happi glad love great ok okay ye no absolut definit alright right
    """
)
"""Stems of words with which an answer begins before it says something."""
_READ = 10_000  # characters

_MOST_NON_WORDS = 0.5  # names and terms may be many where somebody answers to the point
_FENCE = re.compile(r"^([ \t]*(?:```|~~~))[\w+#.-]*[ \t]*$", re.MULTILINE)
_NAME_PARTS = re.compile(r"(?<=[a-z])_+(?=[a-z])|(?<=[a-z])(?=[A-Z][a-z])")


def _read(text: str) -> str:
    """As a reader of code sees it: `reverse_string` is two words, a fence's "python" is none."""
    text = text[:_READ]
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(r"\1", text)
    return _NAME_PARTS.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Relevance:
    """Whether the answer is about its prompt.

    Measures  on_topic: the prompt makes it likelier to the reference, and it is no refusal, loop or echo; aboutness:
              nats a token that the prompt saves; mentions_subject: by words
    Chance    truth is not judged
    Traps     without a reference, rows without `subject`, `keywords` or `target` are unscored
    Source    questions written for fteval
    """

    version: ClassVar[int] = 2
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("on_topic", primary=True),
        Metric("aboutness", unit="nats per token", partial=True),
        Metric("mentions_subject", partial=True),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        ask, reading = asked(sample), generation.reading
        told = bool(ask.subject or ask.keywords or ask.target)
        found = self._by_words(ask, shown(generation.text)) if told else _UNTOLD
        values, reasons = dict(found.values), dict(found.reasons)
        values["aboutness"], reasons["aboutness"] = aboutness(reading)
        if not told or (reading is not None and reading.limits.tried):
            values["on_topic"], reasons["on_topic"] = self._by_reading(shown(generation.text), ask.prompt, reading)
        kept = {name: why for name, why in reasons.items() if why}
        return Scores({m.name: values[m.name] for m in self.metrics}, answer=found.answer, reasons=kept)

    @staticmethod
    def _by_reading(text: str, prompt: str, reading: Reading | None) -> tuple[float | None, str]:
        """Whether it is on topic, and why not: by what rules can decide, then by the reference."""
        if flaw := _no_answer(text, prompt):
            return 0.0, flaw
        if reading is None:
            return None, "no reference, and the row names neither subject nor keywords"
        if open_ := undecided(reading):
            return None, open_
        away = astray(reading)
        return float(not away), away or ""

    def _by_words(self, ask: Asked, text: str) -> Scores:
        of = topic(ask.prompt, ask.subject, ask.keywords, ask.target)
        if not of.about:
            reason = "the prompt names no subject, and the row neither subject nor keywords"
            return Scores(
                {"on_topic": None, "mentions_subject": None}, reasons={"on_topic": reason, "mentions_subject": reason}
            )
        text = _read(text)
        touched = touch(text, of)
        flaw = self._off_topic(text, ask.prompt, of, touched)
        reasons = {"on_topic": flaw} if flaw else {}
        if not touched.mentions:
            reasons["mentions_subject"] = f"nothing in it names {of.name or ' or '.join(sorted(of.about)[:5])!r}"
        values = {"on_topic": float(not flaw), "mentions_subject": float(touched.mentions)}
        return Scores(values, answer=", ".join(sorted(touched.others)[:8]) or None, reasons=reasons)

    @staticmethod
    def _off_topic(text: str, prompt: str, of: Topic, touched: Touch) -> str | None:
        if flaw := _no_answer(text, prompt):
            return flaw
        told = {fold(w) for w in words(text)}
        asked_words = {stem(w, of.language) for w in content_words(prompt, of.language)} | set(of.subject)
        new = {stem(w, of.language) for w in content_words(text, of.language)} - asked_words - _POLITE
        if not new:
            return "says nothing about it"
        if no_sentence(text, words(text)):
            return "words without a sentence"
        strange = non_words(text, *sorted({of.language, language(text) or of.language}))
        if strange.share is not None and strange.share > _MOST_NON_WORDS:
            return f"not words: {', '.join(map(repr, strange.found[:3]))} ({len(strange.found)} of {strange.judged})"
        if touched.mentions:
            return None
        if other := other_subject(text, of):
            return f"about {other!r}, asked about {of.name!r}"
        enough = 1 if len(told) <= 8 else 2
        if len(touched.others) >= enough:
            return None
        used = f"only {', '.join(sorted(touched.others))!r}" if touched.others else "no word"
        return f"does not name {of.name!r} and uses {used} of its topic"


def _no_answer(text: str, prompt: str) -> str | None:
    """What no answer to any prompt is."""
    if blank(text):
        return "the answer is empty"
    if declined := refusal(text, prompt):
        return f"a refusal: '{declined[:60]}'"
    if copied(text, prompt):
        return "the prompt given back"
    again = stuck(text, prompt=prompt)
    return f"repeats itself: {again}" if again else None


_UNTOLD = Scores({"on_topic": None, "mentions_subject": None}, reasons={"mentions_subject": "the row names no subject"})
