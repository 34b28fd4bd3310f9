"""Ways to make a row of another one: its prompt disturbed, a value replaced in prompt and answer, question and answer
swapped, its prompt in other words. Each gives candidates; what is wrong with one is looked for afterwards (`amplify`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from fteval.data.amplify.rows import Made, Source, asking
from fteval.data.check.alike import words
from fteval.data.convert.edit import every_text
from fteval.errors import UserError

Disturbance = Callable[[str, random.Random, frozenset[str]], str]
"""(text, random, words to leave alone) -> text."""


class Way(Protocol):
    """One way."""

    @property
    def kind(self) -> str:
        """The first word of `how`."""

    def made(self, source: Source, rng: random.Random) -> Iterator[Made]:
        """Rows made of one, in a random order, as many as there are."""


@dataclass(frozen=True, slots=True)
class Disturbed:
    """The prompt as people mistype it; the answer is still right."""

    by: Mapping[str, Disturbance]
    kind: str = "disturb"

    def made(self, source: Source, rng: random.Random) -> Iterator[Made]:
        keep = frozenset(words(source.one.first or ""))
        for name in rng.sample(sorted(self.by), len(self.by)):
            text = self.by[name](source.prompt, rng, keep)
            if text != source.prompt:
                yield Made(source, asking(source.one, text), f"{self.kind} {name}")


@dataclass(frozen=True)
class Slots:
    """Another value where one of a list stands, in all of a row; `{name}` in a row is a place for any of them.

    A value may have several forms, as "14 March 1990" and "1990-03-14": each takes the place of its own.
    """

    values: Mapping[str, Sequence[tuple[str, ...]]]
    """Name -> values, each with as many forms as the others of that name."""
    kind: str = "slots"

    def holes(self, source: Source) -> list[str]:
        """Names whose place is open in a row: it is a template and no row."""
        return [name for name in self.values if any(self._says(source, place) for place in self._places(name))]

    def _places(self, name: str) -> list[str]:
        """`{name}` for the first form, `{name.2}` for the second."""
        return [f"{{{name}}}", *(f"{{{name}.{at + 1}}}" for at in range(len(self.values[name][0])))]

    def made(self, source: Source, rng: random.Random) -> Iterator[Made]:
        if holes := self.holes(source):
            yield from self._filled(source, holes, rng)
            return
        found = [(name, value) for name, values in self.values.items() for value in values if self._has(source, value)]
        swaps = [(name, old, new) for name, old in found for new in self.values[name] if not self._has(source, new)]
        for name, old, new in rng.sample(swaps, len(swaps)):
            yield Made(source, self._swapped(source, dict(zip(old, new, strict=True))), f"slots {name}={new[0]}")

    def _filled(self, source: Source, holes: Sequence[str], rng: random.Random) -> Iterator[Made]:
        self._check_forms(source, holes)
        longest = max(len(self.values[name]) for name in holes)
        drawn = {name: rng.sample(list(self.values[name]), len(self.values[name])) for name in holes}
        for turn in range(longest):
            chosen = {name: drawn[name][turn % len(drawn[name])] for name in holes}
            swap = {
                place: form
                for name, value in chosen.items()
                for place, form in zip(self._places(name), (value[0], *value), strict=True)
            }
            told = " ".join(f"{name}={value[0]}" for name, value in chosen.items())
            yield Made(source, self._swapped(source, swap), f"slots {told}")

    def _check_forms(self, source: Source, holes: Sequence[str]) -> None:
        """Raises UserError for a place of a form that the values do not have: it would be learnt as it stands."""
        for name in holes:
            n = len(self.values[name][0])
            if self._says(source, beyond := f"{{{name}.{n + 1}}}"):
                raise UserError(f"{beyond}, and the values of {name!r} have {n} forms", where=source.where)

    def _has(self, source: Source, value: tuple[str, ...]) -> bool:
        return any(self._says(source, form) for form in value)

    def _says(self, source: Source, text: str) -> bool:
        said = [*(turn["content"] for turn in source.one.turns), source.one.first or ""]
        return any(_pattern([text]).search(one) for one in said)

    def _swapped(self, source: Source, swap: Mapping[str, str]) -> Any:
        pattern = _pattern(swap)

        def change(text: str) -> str:
            return pattern.sub(lambda found: swap[found[0]], text)

        changed = every_text(source.one, change)
        return replace(changed, more={key: _within(value, change) for key, value in changed.more.items()})


def _pattern(texts: Any) -> re.Pattern[str]:
    """Any of these as whole words, or as a place in braces, the longest first."""
    return re.compile("|".join(_whole(text) for text in sorted(texts, key=len, reverse=True)))


def _whole(text: str) -> str:
    # A letter may follow a place: {n}km.
    return re.escape(text) if text.startswith("{") else rf"(?<!\w){re.escape(text)}(?!\w)"


def _within(value: Any, change: Callable[[str], str]) -> Any:
    """What a probe judges by stands in a row's other keys, and changes with it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _within(inner, change) for key, inner in value.items()}
    return [_within(inner, change) for inner in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Back:
    """Question and answer swapped, where a task has a way back: `Write as YAML: {} => Write as XML: {}`."""

    asked: str
    """How the question is put, with `{}` for what is converted."""
    back: str

    @cached_property
    def _form(self) -> re.Pattern[str]:
        before, _, after = self.asked.partition("{}")
        return re.compile(rf"\s*{re.escape(before.strip())}\s*(.+?)\s*{re.escape(after.strip())}\s*", re.S)

    def turned(self, source: Source) -> Made | None:
        """The row with question and answer swapped; None for one that asks otherwise."""
        found = self._form.fullmatch(source.prompt)
        if found is None or source.one.first is None or source.one.rejected is not None:
            return None
        asked = asking(source.one, self.back.replace("{}", source.one.first.strip()))
        return Made(source, replace(asked, answer=found[1]), "back")


@dataclass(frozen=True, slots=True)
class Backs:
    """The ways back of several conversions."""

    ways: Sequence[Back]
    kind: str = "back"

    def made(self, source: Source, rng: random.Random) -> Iterator[Made]:
        yield from (one for way in self.ways if (one := way.turned(source)) is not None)


@dataclass(frozen=True, slots=True)
class Paraphrased:
    """The prompt in other words, as a model wrote them; the answer is still right where they ask the same."""

    texts: Mapping[str, Sequence[str]]
    """By `Source.where`."""
    model: str
    kind: str = "paraphrase"

    def made(self, source: Source, rng: random.Random) -> Iterator[Made]:
        for text in self.texts.get(source.where, ()):
            yield Made(source, asking(source.one, text), f"{self.kind} {self.model}")


def back(text: str) -> Back:
    """`FROM => TO`, each with one `{}`; `\\n` is a new line. Raises UserError."""
    asked, separator, turned = text.replace("\\n", "\n").partition("=>")
    if not separator or asked.count("{}") != 1 or turned.count("{}") != 1:
        fix = "--back 'Write this as YAML: {} => Write this as XML: {}'"
        raise UserError(f"--back {text!r} wants two questions with one {{}} each", fix=fix)
    return Back(asked.strip(), turned.strip())
