"""A small set of rows made larger: candidates by each way, and of these the ones with which nothing is wrong."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from fteval.data.amplify.rows import Made, Source
from fteval.data.amplify.ways import Slots, Way
from fteval.data.check.alike import NEAR, shared, words
from fteval.data.check.rows import Row

EACH = 2
"""Rows of one way that are made of each, where nobody says how many."""
_LONGER, _SHORTER = 2.5, 0.4
"""Times the words of a prompt that one in other words may have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows are made."""

    each: int = EACH
    rows: int | None = None
    """All in all, the given ones too; None: as many as there are."""
    seed: int = 0


@dataclass(slots=True)
class Amplified:
    """What was made, and why other candidates were not kept."""

    given: list[Source]
    """The rows of which others were made; a template is none."""
    made: list[Made] = field(default_factory=list)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, reason) -> how many."""


def amplify(given: Sequence[Source], ways: Sequence[Way], held: Sequence[Row], wanted: Wanted) -> Amplified:
    """Rows made of `given`, none of which stands in the hold-out rows `held`, nor twice.

    The same for the same rows, ways and seed.
    """
    places = [way for way in ways if isinstance(way, Slots)]
    whole = [source for source in given if not any(way.holes(source) for way in places)]
    found = Amplified(whole)
    seen = {said for source in given for said in _said(source.row)}
    candidates = [
        one
        for way in ways
        for source in (given if isinstance(way, Slots) else whole)
        for one in _drawn(way, source, wanted, found, seen)
    ]
    kept = apart(candidates, held, found)
    room = len(kept) if wanted.rows is None else max(0, wanted.rows - len(whole))
    if room < len(kept):
        chosen = set(random.Random(f"rows {wanted.seed}").sample(range(len(kept)), room))
        found.left_out.update((one.kind, "not drawn (--rows)") for at, one in enumerate(kept) if at not in chosen)
        kept = [one for at, one in enumerate(kept) if at in chosen]
    found.made = kept
    return found


def apart(made: Sequence[Made], held: Sequence[Row], found: Amplified) -> list[Made]:
    """Those that stand in no hold-out; the others are counted."""
    near = set(shared([one.row for one in made], held)) if held else set()
    found.left_out.update((made[at].kind, "stands in a hold-out, or nearly") for at in near)
    return [one for at, one in enumerate(made) if at not in near]


def _drawn(way: Way, source: Source, wanted: Wanted, found: Amplified, seen: set[_Said]) -> Iterator[Made]:
    """At most so many rows of one, none of which says what another says."""
    n = 0
    for one in way.made(source, random.Random(f"{way.kind} {wanted.seed} {source.line}")):
        if n == wanted.each:
            return
        exact, worded = _said(one.row)
        why = _PROBLEMS.get(way.kind, _empty)(one)
        again = (worded if way.kind == "paraphrase" else exact) in seen
        why = why or ("says what is there already" if again else None)
        if why:
            found.left_out[way.kind, why] += 1
            continue
        seen |= {exact, worded}
        n += 1
        yield one
    if n == 0:
        found.left_out[way.kind, "rows of which nothing could be made"] += 1


_Said = tuple[str | tuple[str, ...], str | None]


def _said(row: Row) -> tuple[_Said, _Said]:
    """To the letter, and in its words alone."""
    return (row.context, row.answer), (words(row.context), row.answer)


def _of_paraphrase(one: Made) -> str | None:
    """Why a prompt in other words is none; None where nothing speaks against it."""
    before, after, answer = one.source.prompt, one.row.prompt, one.source.one.first or ""
    said, asked, told = words(after), words(before), words(answer)
    if not said:
        return "an empty prompt"
    if not _SHORTER * len(asked) <= len(said) <= max(_LONGER * len(asked), len(asked) + 4):
        return "much longer or shorter"
    if missing := _fixed(before) - _fixed(after, every=True):
        return f"loses a {_kind(sorted(missing)[0])}"
    if told and len(told) < len(said) and _has(said, told) and not _has(asked, told):
        return "says the answer"
    if fuzz.ratio(before, after) >= NEAR:
        return "nearly as it was"
    if ("?" in before) != ("?" in after):
        return "asks otherwise: a question has become none"
    return None


def _has(said: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(said[at : at + len(part)] == part for at in range(len(said) - len(part) + 1))


def _kind(text: str) -> str:
    return "number" if text[0].isdigit() else "quoted text" if text[0] == '"' else "name"


_NUMBER = re.compile(r"\d[\d.,:/-]*\d|\d")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)['‘]([^'’]+)['’](?!\w)")
_NAME = re.compile(r"(?<![.?!:\n] )(?<!\A)\b[A-Z][\w'-]*")
_ANY_NAME = re.compile(r"\b[A-Z][\w'-]*")


def _fixed(text: str, *, every: bool = False) -> set[str]:
    """Numbers, quoted texts and names, which other words do not change; a capital that begins a sentence is no name.

    With `every` it counts as one: a name may have come to stand there.
    """
    names = (_ANY_NAME if every else _NAME).findall(text.strip())
    return {
        *_NUMBER.findall(text),
        *(f'"{one or other}' for one, other in _QUOTED.findall(text)),
        *(n for n in names if n != "I"),
    }


def _of_disturbed(one: Made) -> str | None:
    """A prompt that was cut may have lost what the answer rests on: its numbers, and words that the answer says."""
    before, after = words(one.source.prompt), set(words(one.row.prompt))
    needed = {word for word in before if word[0].isdigit()} | (set(before) & set(words(one.source.one.first or "")))
    if one.how.endswith(" truncated") and not needed <= after:
        return "loses what the answer rests on"
    return _empty(one)


def _empty(one: Made) -> str | None:
    return None if one.row.prompt.strip() else "an empty prompt"


_PROBLEMS: dict[str, Callable[[Made], str | None]] = {"paraphrase": _of_paraphrase, "disturb": _of_disturbed}
