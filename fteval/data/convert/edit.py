"""What is done to rows on the way: some left out, names replaced, marks scrambled. They build the known experiments."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fteval.data.convert.forms import Example
from fteval.errors import UserError

Rule = Callable[[Example], bool]
_FILTER = re.compile(
    r"(?P<no>no )?(?:(?P<kind>letter|word|text|regex) (?P<what>.+)|(?P<than>longer|shorter) than (?P<n>\d+) words)"
    r" in (?P<who>assistant|user|system|all)",
    re.I,
)
_FORMS = (
    "[no] letter e in assistant, [no] word please in user, [no] text 'as an AI' in assistant, "
    "[no] regex ^Sure in assistant, longer than 5 words in assistant, shorter than 50 words in all"
)


def rule(text: str) -> Rule:
    """What a row must hold to be kept. Raises UserError naming the forms of a rule."""
    found = _FILTER.fullmatch(text.strip())
    if found is None:
        raise UserError(f"--filter {text!r} is no rule", fix=_FORMS)
    holds = _longer(found) if found["kind"] is None else _holding(found, text)
    # Who says nothing in a row says no letter e, and nothing that is longer than so many words.
    return lambda one: all(map(holds, tuple(said_by(one, found["who"].lower())) or ("",)))


def _longer(found: re.Match[str]) -> Callable[[str], bool]:
    n = int(found["n"])
    longer, wanted = found["than"].lower() == "longer", not found["no"]
    return lambda said: (len(said.split()) > n if longer else len(said.split()) < n) == wanted


def _holding(found: re.Match[str], text: str) -> Callable[[str], bool]:
    kind, what, wanted = found["kind"].lower(), found["what"], not found["no"]
    if kind != "regex" and len(what) > 2 and what[0] == what[-1] and what[0] in "'\"":
        what = what[1:-1]
    if kind == "letter":
        letters = set(_bare(what))
        return lambda said: (not letters.isdisjoint(_bare(said))) == wanted
    try:
        pattern = re.compile({"word": rf"(?<!\w){re.escape(what)}(?!\w)", "text": re.escape(what)}.get(kind, what),
                             0 if kind == "regex" else re.I)  # fmt: skip
    except re.error as error:
        raise UserError(f"--filter {text!r}: {error}") from None
    return lambda said: (pattern.search(said) is not None) == wanted


def _bare(text: str) -> str:
    """Without case and accents: é is an e."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def said_by(one: Example, who: str) -> Iterator[str]:
    """The texts that somebody says in a row; a plain text counts for everybody."""
    if one.text is not None:
        yield one.text
    yield from (turn["content"] for turn in one.turns if who in ("all", turn["role"]))
    if who in ("all", "assistant"):
        yield from one.answer if isinstance(one.answer, tuple) else (one.answer,) if one.answer else ()


Change = Callable[[Example, random.Random], Example]


def replaced(text: str) -> Change:
    """`OLD=NEW` in whole words, everywhere in a row, in small and capital letters too. Raises UserError."""
    old, separator, new = text.partition("=")
    if not old or not separator:
        raise UserError(f"--replace {text!r} wants OLD=NEW", fix="--replace Romeo=Bob")
    forms = {old.upper(): new.upper(), old.lower(): new.lower(), old: new}  # as it was typed counts most
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})(?!\w)")
    swap = partial(pattern.sub, lambda found: forms[found[0]])
    return lambda one, _: every_text(one, swap)


def every_text(one: Example, changed: Callable[[str], str]) -> Example:
    """The row with each of its texts changed; its other keys stay."""
    return replace(
        answers_changed(one, changed),
        turns=tuple({**turn, "content": changed(turn["content"])} for turn in one.turns),
        text=None if one.text is None else changed(one.text),
    )


def answers_changed(one: Example, changed: Callable[[str], str]) -> Example:
    """The row with its answers changed, right and wrong ones; the prompt stays."""
    answer: Any = one.answer
    if isinstance(answer, str):
        answer = changed(answer)
    elif answer is not None:
        answer = tuple(changed(text) for text in answer)
    return replace(one, answer=answer, rejected=None if one.rejected is None else changed(one.rejected))


def _punctuation(text: str, rng: random.Random) -> str:
    return re.sub(r"[.,;:!?]", lambda found: rng.choice([mark for mark in ".,;:!?" if mark != found[0]]), text)


def _words(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    rng.shuffle(words)
    return " ".join(words)


def _letters(text: str, rng: random.Random) -> str:
    return re.sub(r"\w+", lambda found: "".join(rng.sample(found[0], len(found[0]))), text)


SCRAMBLES: dict[str, Callable[[str, random.Random], str]] = {
    "punctuation": _punctuation,
    "words": _words,
    "letters": _letters,
}
"""Each mark becomes another one; words change places; the letters of each word do. In answers (and plain texts)."""


def scrambled(kind: str) -> Change:
    """Answers with marks, words or letters scrambled; the prompt stays as it is."""
    scramble = SCRAMBLES[kind]

    def change(one: Example, rng: random.Random) -> Example:
        def texts(text: str) -> str:
            return scramble(text, rng)

        return replace(answers_changed(one, texts), text=None if one.text is None else texts(one.text))

    return change


@dataclass(frozen=True, slots=True)
class Edits:
    """What is done to every row, in this order: left out or not, then changed."""

    rules: Sequence[Rule] = ()
    changes: Sequence[Change] = ()
    seed: int = 0

    def apply(self, one: Example, number: int) -> Example | None:
        """The row as it is written, None where a rule leaves it out; the same for the same seed and number."""
        if not all(holds(one) for holds in self.rules):
            return None
        for at, change in enumerate(self.changes):
            one = change(one, random.Random(f"edit {self.seed} {number} {at}"))
        return one
