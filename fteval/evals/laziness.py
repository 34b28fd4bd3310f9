"""Answers that are too short, refused, empty or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.asked import asked
from fteval.evals.answer.check import why_not
from fteval.evals.answer.filler import substance
from fteval.evals.answer.refusal import refusal
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, shown, words
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Laziness:
    """Whether the answer makes an effort: at least so many words, and not declined.

    Measures  long_enough: min_words words or more of real text, sentences said twice counted once and "Sure, I'd be
              happy to help!" not at all, that is no refusal, no "I do not know" and not the prompt given back;
              words: words by Unicode's word boundaries (Han and Hiragana: a character each; Thai, Lao, Khmer,
              Burmese: one per four letters; hyphenated words are one); refused: declines in one of the usual
              phrasings, at its start and in its own voice; empty: nothing to see, or nothing but reasoning;
              truncated: stopped by the length limit
    Chance    none: length is the model's choice
    Traps     long is not good: read it beside degeneration and relevance; truncated is unknown for outputs made
              elsewhere without finish_reason
    Source    tasks that need a long answer, written for fteval
    """

    min_words: int = 5
    """Words that an answer needs."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("long_enough", primary=True),
        Metric("words", unit="words"),
        Metric("refused", better="lower"),
        Metric("empty", better="lower"),
        Metric("truncated", better="lower"),
    )

    def __post_init__(self) -> None:
        if isinstance(self.min_words, bool) or not isinstance(self.min_words, int) or self.min_words < 1:
            raise UserError(f"laziness: min_words must be a whole number of at least 1, found {self.min_words!r}")

    def samples(self) -> Iterator[Sample]:
        return packaged("tasks.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text, prompt = shown(generation.text), sample.prompt_text
        reasons: dict[str, str] = {}
        empty = blank(text)
        n_words = 0 if empty else len(words(text))
        declined = None if empty else refusal(text, prompt)
        if empty:
            reasons["empty"] = (
                "nothing but reasoning" if generation.text and generation.text.strip() else "nothing was answered"
            )
        if declined:
            reasons["refused"] = f"'{declined[:80]}'"
        short = self._too_short(text, sample, n_words, empty, declined)
        if short:
            reasons["long_enough"] = short
        truncated: float | None = None
        if generation.finish_reason is None:
            reasons["truncated"] = "it is not known why the answer ended (no finish_reason)"
        else:
            truncated = float(generation.finish_reason in ("length", "max_tokens"))
        values = {
            "long_enough": float(not short),
            "words": float(n_words),
            "refused": float(declined is not None),
            "empty": float(empty),
            "truncated": truncated,
        }
        return Scores(values, reasons=reasons)

    def _too_short(self, text: str, sample: Sample, n_words: int, empty: bool, declined: str | None) -> str | None:
        if empty:
            return "empty"
        if declined:
            return f"a refusal: '{declined[:60]}'"
        if n_words < self.min_words:
            return f"{n_words} of {self.min_words} words"
        said = 0
        for sentence in substance(text, sample.prompt_text):
            said += len(words(sentence))
            if said >= self.min_words:
                break
        else:
            return f"{said} of {self.min_words} words, announcements and what is said again not counted"
        return why_not(text, asked(sample), fewest=1, whole=False)
