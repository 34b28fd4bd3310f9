"""Is the answer about what was asked?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.asked import asked
from fteval.evals.answer.check import gives_back, no_sentence
from fteval.evals.answer.off_topic import other_subject, turns_away
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.repetition import stuck
from fteval.evals.answer.topic import Topic, Touch, content_words, topic, touch
from fteval.evals.data.packaged import packaged
from fteval.evals.language.detect import language
from fteval.evals.language.lexicon import non_words
from fteval.evals.language.stems import stem
from fteval.evals.language.text import blank, fold, shown, word_set, words
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


Likelihoods = Callable[[Sample, str], float | None]
"""log p(answer | prompt) - log p(answer) of a sample and an answer, in nats."""
_LIKELY_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Relevance:
    """Whether the answer is about the prompt's subject.

    Measures  on_topic: names the subject (any inflection), or uses two words of its topic (keywords, the target's and
              the prompt's content words; one is enough in a short answer), and says something about it; not a
              refusal, not the prompt given back, not a statement about something else ("A cat has …" to "Describe a
              dog."); mentions_subject: names the subject. With a `reference` model also informed:
              log p(answer | prompt) - log p(answer) in nats, which is what the prompt tells of the answer; where it is
              not above 0 ("Hippo" to "Describe a dog.") the answer is not on topic
    Chance    an answer that names the subject and says anything passes: truth is not judged here
    Traps     the subject is the row's `subject`, else what follows "describe", "about", "what is"; without `keywords`
              or `target` an answer that never names it is off topic. Prompts without content words ("How are you?")
              are unscored. A reference model judges likelihoods, not truth, and should be neither base nor candidate
    Source    questions and tasks of many kinds, written for fteval
    """

    reference: str | None = None
    """A model ref whose likelihoods judge too; none by default."""
    likelihoods: Likelihoods | None = field(default=None, init=False, repr=False, compare=False)
    """Those of the reference model, once somebody has opened it."""
    weights: str | None = field(default=None, init=False)
    """Digest of the reference model, once it is open."""

    version: ClassVar[int] = 1

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """`informed` is there with a reference model only."""
        found = (Metric("on_topic", primary=True), Metric("mentions_subject"))
        return found if self.reference is None else (*found, Metric("informed", unit="nats"))

    def measured_by(self, likelihoods: Likelihoods, digest: str) -> Relevance:
        """The probe with its reference model."""
        made = replace(self)
        object.__setattr__(made, "likelihoods", likelihoods)
        object.__setattr__(made, "weights", digest)
        return made

    @property
    def contents(self) -> dict[str, str]:
        """What the reference stands for: other weights are another scorer."""
        return {} if self.weights is None else {"reference": self.weights}

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        found = self._by_words(sample, generation)
        return found if self.reference is None else self._by_likelihood(sample, shown(generation.text), found)

    def _by_likelihood(self, sample: Sample, text: str, found: Scores) -> Scores:
        """What the words say, and what the reference model says of the answer."""
        if self.likelihoods is None:
            raise UserError(f"the reference model {self.reference} was not opened", fix="leave `reference` out here")
        values, reasons = {**found.values, "informed": None}, dict(found.reasons)
        if blank(text):
            reasons["informed"] = "the answer is empty"
            return replace(found, values=values, reasons=reasons)
        informed = self.likelihoods(sample, text[:_LIKELY_CHARACTERS])
        if informed is None or not math.isfinite(informed):
            reasons["informed"] = "the reference model gives no likelihood: too long an answer, or broken weights"
            return replace(found, values=values, reasons=reasons)
        values["informed"] = informed
        if informed <= 0 and values["on_topic"] == 1:
            values["on_topic"] = 0.0
            reasons["on_topic"] = f"as likely without the prompt: {informed:.1f} nats"
        return replace(found, values=values, reasons=reasons)

    def _by_words(self, sample: Sample, generation: Generation) -> Scores:
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
        if again := stuck(text, prompt=prompt):
            return f"repeats itself: {again}"
        if no_sentence(text, words(text)):
            return "words without a sentence"
        strange = non_words(text, *sorted({of.language, language(text) or of.language}))
        if strange.share is not None and strange.share > _MOST_NON_WORDS:
            return f"not words: {', '.join(map(repr, strange.found[:3]))} ({len(strange.found)} of {strange.judged})"
        if touched.mentions:
            turned = turns_away(text, of)
            return f"turns to something else: {turned!r}" if turned else None
        if other := other_subject(text, of, prompt):
            return f"about {other!r}, asked about {of.name!r}"
        enough = 1 if len(told) <= 8 else 2
        if len(touched.others) >= enough:
            return None
        used = f"only {', '.join(sorted(touched.others))!r}" if touched.others else "no word"
        return f"does not name {of.name!r} and uses {used} of its topic"
