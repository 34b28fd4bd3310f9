"""Is the answer about what was asked?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.asked import asked
from fteval.evals.inflection import stem
from fteval.evals.language import language
from fteval.evals.lexicon import non_words
from fteval.evals.other_subject import other_subject
from fteval.evals.packaged import packaged
from fteval.evals.refusal import refusal
from fteval.evals.repetition import stuck
from fteval.evals.still_an_answer import gives_back, no_sentence
from fteval.evals.text import blank, fold, shown, word_set, words
from fteval.evals.topic import Topic, Touch, content_words, topic, touch
from fteval.records import Generation, Metric, Sample, Scores

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
    """Whether the answer is about the prompt's subject.

    Measures  on_topic: names the subject (any inflection), or uses two words of its topic (keywords, the target's and
              the prompt's content words; one is enough in a short answer), and says something about it; not a
              refusal, not the prompt given back, not a statement about something else ("A cat has …" to "Describe a
              dog."); mentions_subject: names the subject
    Chance    an answer that names the subject and says anything passes: truth is not judged here
    Traps     the subject is the row's `subject`, else what follows "describe", "about", "what is"; without `keywords`
              or `target` an answer that never names it is off topic. Prompts without content words ("How are you?")
              are unscored
    Source    questions and tasks of many kinds, written for fteval
    """

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("on_topic", primary=True), Metric("mentions_subject"))

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        ask = asked(sample)
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
        if blank(text):
            return "empty"
        declined = refusal(text, prompt)
        if declined:
            return f"a refusal: '{declined[:60]}'"
        if gives_back(text, prompt):
            return "the prompt given back"
        told = {fold(w) for w in words(text)}
        asked_words = {stem(w, of.language) for w in content_words(prompt, of.language)} | set(of.subject)
        new = {stem(w, of.language) for w in content_words(text, of.language)} - asked_words - _POLITE
        if not new:
            return "says nothing about it"
        if again := stuck(text):
            return f"repeats itself: {again}"
        if no_sentence(text, words(text)):
            return "words without a sentence"
        strange = non_words(text, *sorted({of.language, language(text) or of.language}))
        if strange.share is not None and strange.share > _MOST_NON_WORDS:
            return f"not words: {', '.join(map(repr, strange.found[:3]))} ({len(strange.found)} of {strange.judged})"
        if touched.mentions:
            return None
        if other := other_subject(text, of, prompt):
            return f"about {other!r}, asked about {of.name!r}"
        enough = 1 if len(told) <= 8 else 2
        if len(touched.others) >= enough:
            return None
        used = f"only {', '.join(sorted(touched.others))!r}" if touched.others else "no word"
        return f"does not name {of.name!r} and uses {used} of its topic"
