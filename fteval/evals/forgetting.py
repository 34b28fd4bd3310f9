"""What a model could do before it was changed: a panel of easy tasks, by ability."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fteval.errors import UserError, suggest
from fteval.evals.answer.refusal import refusal, unread
from fteval.evals.answer.told import accepted, told
from fteval.evals.answer.topic import content_words
from fteval.evals.data.packaged import packaged
from fteval.evals.find import number, pattern
from fteval.evals.find.label import Labels, labels_of, named
from fteval.evals.find.statement import said
from fteval.evals.language.detect import language
from fteval.evals.language.stems import stem
from fteval.evals.language.text import READ, blank, fold, sentences, shown, words
from fteval.records import Generation, Metric, Sample, Scores

ABILITY = "ability"
ABILITIES = (
    "arithmetic", "word meaning", "reading", "logic", "world facts", "grammar", "code reading", "translation",
    "sequences", "common sense", "multi-turn", "instruction form", "language", "refusal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Whether easy tasks are done; beside a base also kept, lost, won, lenient_lost.

    Measures  correct: answered as asked; lenient: holds the answer, in any form; refused: declines a harmless task;
              chosen: the option, negative if wrong
    Chance    1 in 3 for choices; lost and won leave luck out
    Traps     other words
    Source    written for fteval
    """

    abilities: tuple[str, ...] = ()
    """Only these; all by default."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True, moves=True),
        Metric("lenient", moves=True),
        Metric("refused", better="lower", partial=True),
        Metric("chosen", unit="option", partial=True, reported=False),
    )

    def __post_init__(self) -> None:
        given: Any = self.abilities
        if isinstance(given, str):  # --set abilities=logic,grammar
            given = [part.strip() for part in given.split(",")]
        if not isinstance(given, list | tuple):
            raise UserError(f"forgetting's abilities are a list of names, found {given!r}", fix="abilities: [logic]")
        unknown = [name for name in given if name not in ABILITIES]
        if unknown:
            raise UserError(f"no ability '{unknown[0]}'. {suggest(str(unknown[0]), ABILITIES)}")
        object.__setattr__(self, "abilities", tuple(given))

    @property
    def sampling(self) -> Mapping[str, Any]:
        """Every answer fits into a sentence."""
        return {"max_tokens": 32}

    def samples(self) -> Iterator[Sample]:
        return self.variants(packaged("forgetting.jsonl"))

    def variants(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples of the abilities that are wanted."""
        return (s for s in samples if not self.abilities or s.slices.get(ABILITY) in self.abilities)

    def score(self, sample: Sample, generation: Generation) -> Scores:
        row = _Row(sample)
        text = shown(generation.text)[:READ]
        if blank(text):
            empty = dict.fromkeys(("correct", "lenient"), "the answer is empty") | {"chosen": _NO_CHOICE}
            refused = None if row.refuse else 0.0
            empty |= {"refused": _TO_REFUSE} if row.refuse else {}
            values = {"correct": 0.0, "lenient": 0.0, "refused": refused, "chosen": row.option(None)}
            return Scores(values, reasons=empty)
        found = row.judged(text)
        refused, why = _refused(text, row.prompt)
        if row.refuse:
            refused, why = None, _TO_REFUSE
        values = {"correct": found.correct, "lenient": found.lenient, "refused": refused, "chosen": found.chosen}
        reasons = {"correct": found.why, "lenient": found.why, "refused": why, "chosen": _NO_CHOICE}
        kept = {name: why for name, why in reasons.items() if (why and values[name] in (None, 0)) or name == "refused"}
        return Scores(values, answer=found.answer, reasons={name: why for name, why in kept.items() if why})


_NO_CHOICE = "there is nothing to choose"
_TO_REFUSE = "this request is to be refused"


@dataclass(frozen=True, slots=True)
class _Found:
    correct: float | None
    lenient: float | None
    why: str = ""
    answer: str | None = None
    chosen: float | None = None


class _Row:
    """What a row asks for. Raises UserError for keys of no use."""

    def __init__(self, sample: Sample) -> None:
        row = sample.metadata
        self.id, self.prompt, self.forms = sample.id, sample.prompt_text, accepted(sample)
        self.choices = self._choices(row.get("choices"))
        self.labels = labels_of(self.choices)
        self.form = self._text(row.get("form"), "form", "a regular expression for the whole answer")
        self.language = self._text(row.get("language"), "language", "a code, as 'de'")
        refuse = row.get("refuse")
        self.refuse = refuse if isinstance(refuse, bool) else None
        if refuse is not None and self.refuse is None:
            raise UserError(f"row {self.id!r}: 'refuse' is true or false, found {refuse!r:.60}")
        try:
            pattern.compiled(self.form)
        except ValueError as error:
            raise UserError(f"row {self.id!r}: 'form' is {error}") from None

    def _text(self, given: object, name: str, what: str) -> str:
        if given is not None and not isinstance(given, str):
            raise UserError(f"row {self.id!r}: '{name}' is {what}, found {given!r:.60}")
        return given or ""

    def _choices(self, given: Any) -> list[str]:
        if not given:
            return []
        if not isinstance(given, list | tuple) or len(given) != 3 or labels_of(given) is None:
            raise UserError(
                f"row {self.id!r}: 'choices' are three different texts, found {given!r:.80}",
                fix="three of them, so that wrong answers that move tell how much is luck",
            )
        if self.forms[0] not in given:
            raise UserError(f"row {self.id!r}: its target {self.forms[0]!r} is none of its choices")
        return [str(g) for g in given]

    def option(self, chosen: str | None) -> float | None:
        """The number of the chosen option, negative where it is wrong, 0 for none; None without choices."""
        if not self.choices:
            return None
        at = self.choices.index(chosen) + 1 if chosen in self.choices else 0
        return float(at if chosen == self.forms[0] else -at)

    def judged(self, text: str) -> _Found:
        if self.refuse is not None:
            return self._refusal(text)
        if self.labels:
            return self._choice(text, self.labels)
        if self.language:
            return self._in_language(text)
        if not self._own(text) and len(words(text)) > len(words(self.prompt)) / 2:
            return _Found(0.0, 0.0, "the prompt given back")
        correct, answer, why = self._answered(text)
        lenient = 1.0 if correct == 1 else float(self._stands(text))
        if self.form and correct == 1 and (flaw := _misformed(text, self.form)):
            correct, why = (None if "not known" in flaw else 0.0), flaw
        return _Found(correct, lenient, why, answer)

    def _refusal(self, text: str) -> _Found:
        refused, why = _refused(text, self.prompt)
        right = None if refused is None else float(refused == self.refuse)
        return _Found(right, right, why or "answers what is to be refused")

    def _choice(self, text: str, labels: Labels) -> _Found:
        every = self._affirmed(text)
        alone = (options[0] for s in self._own(text) if len(options := self._affirmed(s)) == 1)
        chosen = named(text, labels).label or (every[0] if len(every) == 1 else next(alone, None))
        right = chosen == self.forms[0]
        why = "" if right else f"chooses {chosen!r}" if chosen else "chooses none, or several"
        held = [c for c in self.choices if _holds(text, c)]
        return _Found(float(right), float(right or held == self.forms[:1]), why, chosen, self.option(chosen))

    def _affirmed(self, text: str) -> list[str]:
        return [c for c in self.choices if said(text, [c])[0] == 1]

    def _in_language(self, text: str) -> _Found:
        lenient = float(self._stands(text))
        if not lenient:
            return _Found(0.0, 0.0, f"says none of {', '.join(self.forms[:4])}")
        written = language(text, self.language) if len(words(text)) >= _TELLS else self.language
        if written is None:
            return _Found(None, lenient, "its language cannot be told")
        why = "" if written == self.language else f"written in '{written}', asked in '{self.language}'"
        return _Found(float(not why), lenient, why)

    def _answered(self, text: str) -> tuple[float | None, str | None, str]:
        """Whether the answer is the target; a number that is not in the prompt is the one that it comes to."""
        if any(_holds(self.prompt, form) for form in self.forms):
            return self._from_passage(text)
        wanted = number.alone(self.forms[0])
        came_to = number.result(text) if wanted is not None else None
        if wanted is None or not isinstance(came_to, number.Result):
            return told(text, self.forms, self.prompt)
        same, why = number.same(came_to.numeral, wanted)
        return None if same is None else float(same), came_to.numeral.text.strip(), why

    def _stands(self, text: str) -> bool:
        return any(_holds(text, form) for form in self.forms)

    def _from_passage(self, text: str) -> tuple[float | None, str | None, str]:
        """Whether it is told in a sentence about what is asked, where the prompt itself holds the target."""
        # One sentence of the passage may be the answer.
        correct, answer, why = told(text, self.forms, self.prompt if self._own(text) else self._question())
        told_in = [s for s in sentences(text)[:_READ] if self._stands(s) or _holds(s, answer or self.forms[0])]
        if correct != 1 or not told_in or any(map(self._is_about, told_in)):
            return correct, answer, why
        return 0.0, answer, f"{answer!r} stands there, and not as the answer"

    def _is_about(self, sentence: str) -> bool:
        """Whether a word of the question is in the sentence, or none but the answer's."""
        asked = _stems(_ASKED.sub("", self._question()))
        other = _stems(sentence) - asked - _stems(" ".join(self.forms))
        return not other or len(words(sentence)) <= _BARE or not asked.isdisjoint(_stems(sentence))

    def _question(self) -> str:
        """What is asked, before or after a passage."""
        every = sentences(self.prompt)
        return next((s for s in every[::-1] if s.endswith("?")), f"{every[0]} {every[-1]}" if every else "")

    def _own(self, text: str) -> list[str]:
        """The sentences of an answer that are not the prompt's."""
        asked, found = " ".join(words(fold(self.prompt))), sentences(text)[:_READ]
        return [s for s in found if " ".join(words(fold(s))) not in asked]


def _refused(text: str, prompt: str) -> tuple[float | None, str]:
    phrase = refusal(text, prompt)
    if phrase:
        return 1.0, f"declines: '{phrase[:80]}'"
    why = unread(text, prompt)
    return (None, why) if why else (0.0, "")


def _holds(text: str, wanted: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(fold(wanted))}(?!\w|\.\d)", fold(text)) is not None


def _stems(text: str) -> set[str]:
    return set(map(stem, content_words(text)))


_ASKED = re.compile(r"(?i)\b(?:what|which) \w+")
"""`Which day`, in whose place the answer stands."""
_BARE = 3
"""Words of an answer that says nothing else."""
_LONG = 2_000  # characters
_READ = 20  # sentences
_TELLS = 4
"""Words of a text whose language can be told; names are of every language."""


def _misformed(text: str, form: str) -> str:
    """Why the whole answer is not of this form."""
    try:
        fits = len(text) <= _LONG and pattern.search(rf"\A(?:{form})\Z", text.strip()) is not None
    except pattern.Endless as error:
        return f"not known: {error}"
    return "" if fits else "right, but not in the form that was asked for"
