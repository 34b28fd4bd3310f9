"""Output that has come apart: loops, strings that are no words, another language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.answer.check import no_sentence
from fteval.evals.answer.likelihood import doubtful, fluent, nonsense, surprise
from fteval.evals.answer.repetition import repetition
from fteval.evals.answer.requests import wants_again, wants_figures, wants_strings
from fteval.evals.data.packaged import packaged
from fteval.evals.language.detect import language, speaks_of_language, switched
from fteval.evals.language.lexicon import NonWords, languages, non_words
from fteval.evals.language.text import READ, blank, broken, shown, words
from fteval.records import Generation, Metric, Sample, Scores
from fteval.records.readings import Reading

_MOST_NON_WORDS = 0.3
_MOST_OF_LANGUAGES = 0.9
"""Where the prompt speaks of a language, whose words may be what it asks for."""


@dataclass(frozen=True, slots=True)
class Degeneration:
    """Whether the output is still text.

    Measures  sound: no loop, nonsense or other language, unless asked for; surprise: the reference's nats a byte;
              distinct_2: different word pairs; longest_repeat: words; non_words: by lexicons; switched_language: than
              the prompt's
    Chance    none
    Traps     without a reference, real words in no order pass
    Source    questions of many kinds, written for fteval
    """

    version: ClassVar[int] = 2
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("sound", primary=True),
        Metric("surprise", better="lower", unit="nats per byte", partial=True),
        Metric("distinct_2", partial=True),
        Metric("longest_repeat", better="lower", unit="words"),
        Metric("non_words", better="lower"),
        Metric("switched_language", better="lower"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text, prompt = shown(generation.text), sample.prompt_text
        if blank(text):
            none: dict[str, float | None] = dict.fromkeys((m.name for m in self.metrics), None)
            return Scores(none | {"sound": 0.0}, reasons=dict.fromkeys(none, "the answer is empty"))
        repeats = repetition(text, prompt)
        asked = language(prompt, least=3)
        codes = {code for code in (language(text, hint=asked), asked) if code and code in languages()}
        strange = non_words(text, *sorted(codes))
        elsewhere, why = switched(prompt, text)
        reading = generation.reading
        language_to_it = reading is not None and fluent(reading)
        flaw = repeats.reason or (nonsense(reading) if reading else None)
        if not flaw and not language_to_it:
            flaw = _no_text(text, prompt) or _not_words(strange, prompt)
        if not flaw and elsewhere and not (_many(strange, prompt) and wants_strings(prompt)):
            flaw = f"another language: {why}"
        known = bool(codes) or elsewhere is False or language_to_it
        unknown = None if flaw else _doubt(reading, text) or _undecided(text, prompt, known)
        surprising, why_none = surprise(reading)
        reasons = {
            "sound": flaw or unknown,
            "surprise": why_none,
            "distinct_2": "fewer than two words" if repeats.distinct_2 is None else None,
            "non_words": _listed(strange),
            "switched_language": why,
        }
        values = {
            "sound": 0.0 if flaw else None if unknown else 1.0,
            "surprise": surprising,
            "distinct_2": repeats.distinct_2,
            "longest_repeat": float(repeats.longest),
            "non_words": strange.share,
            "switched_language": None if elsewhere is None else float(elsewhere),
        }
        return Scores(values, reasons={metric: reason for metric, reason in reasons.items() if reason})


def _doubt(reading: Reading | None, text: str) -> str | None:
    """Why the reference leaves it open whether this is language."""
    if reading is None or not reading.limits.tried:
        return None
    return reading.reason or reading.limits.ceiling.reason or doubtful(reading, language(text))


def _listed(strange: NonWords) -> str | None:
    if strange.share is None:
        return "nothing in it can be looked up as a word"
    found = ", ".join(map(repr, strange.found[:5]))
    return f"{found} ({len(strange.found)} of {strange.judged})" if found else None


def _many(strange: NonWords, prompt: str) -> bool:
    return strange.spoil(_MOST_OF_LANGUAGES if speaks_of_language(prompt) else _MOST_NON_WORDS)


def _not_words(strange: NonWords, prompt: str) -> str | None:
    return f"not words: {_listed(strange)}" if _many(strange, prompt) and not wants_strings(prompt) else None


def _no_text(text: str, prompt: str) -> str | None:
    text = text[:READ]
    if broken(text):
        return "broken characters"
    every = words(text)
    if any(map(str.isalpha, text)):
        loose = len(every) >= 8 and no_sentence(text, every) and not wants_again(prompt, [w.lower() for w in every])
        return "words without a sentence" if loose else None
    marks = [c for c in text if not c.isspace()]
    only_marks = not every and len(marks) > 1 and all(ord(c) < 0x2190 for c in marks)
    return "marks only, no word" if only_marks and not wants_figures(prompt) else None


def _undecided(text: str, prompt: str, language_known: bool) -> str | None:
    """Why nothing shows that this is text; what cannot be looked up is not sound by default."""
    if (language_known and any(map(str.isalpha, text))) or wants_figures(prompt):
        return None
    return "nothing in it can be looked up as a word, and the prompt asks for no number or sign"
