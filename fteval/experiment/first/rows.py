"""Somebody's rows, as a first config wants them: of one kind, each once, and in parts that share nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.data.check.rows import Row, of_example, of_sample
from fteval.data.convert.convert import Tally, Wanted, converted
from fteval.data.convert.forms import Example, Keys, example
from fteval.data.convert.outputs import FORMS
from fteval.data.convert.sources import objects
from fteval.data.hints import convert_line
from fteval.data.jsonl import Problems
from fteval.data.split import GROUPS, groups, parts
from fteval.data.split import Wanted as Sizes
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import check_honoured, sample_from_row

CONVERSATIONS, CALLS, PROMPTS, PAIRS, TEXTS = "conversations", "tool calls", "prompts", "pairs", "texts"
_FORM = {CONVERSATIONS: "chat", PROMPTS: "chat", PAIRS: "pairs", TEXTS: "text"}
APART = 20
"""Independent rows from which on some of them can be kept from the training."""
_PLAIN = Keys(plain=True)


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in a file, as it will be written."""

    path: Path
    kind: str
    rows: tuple[dict[str, Any], ...]
    read: tuple[Row, ...]
    """The same, as they are compared."""
    together: tuple[tuple[int, ...], ...]
    """The places of rows that belong together: one group, one question."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of each part. A hold-out row says to which group it belongs where it has company."""

    train: tuple[dict[str, Any], ...]
    dev: tuple[dict[str, Any], ...]
    holdout: tuple[dict[str, Any], ...]


def rows_of(path: Path) -> Rows:
    """The rows of a file of any form. Raises UserError with all that cannot be read, and for rows of several kinds."""
    problems, kinds, plain = Problems(path), Counter[str](), 0
    given: list[dict[str, Any]] = []
    for number, row in objects(path, problems):
        try:
            kinds[kind := _kind(row)] += 1
            if _FORM.get(kind) == "chat":
                sample_from_row(FORMS["chat"](example(row, _PLAIN)))  # as the hold-out will have it
            plain += _has_tools(row)
            given.append(row)
        except ValueError as error:
            problems.add(number, str(error))
    if problems.n:
        raise UserError("\n".join(problems.lines()), fix=f"{convert_line(path)}, and --from what it wrote")
    if not given:
        raise NothingToEvaluate("no rows", where=str(path))
    bare = kinds.pop(PROMPTS, 0) if kinds.keys() == {CONVERSATIONS, PROMPTS} else 0
    if len(kinds) > 1:
        found = ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
        raise UserError(f"rows of several kinds: {found}", where=str(path), fix="a file for each")
    (kind,) = kinds
    notes = [f"{bare:,} without an answer: left out"] if bare else []
    if kind == CALLS:
        return _of_calls(path, given, notes)
    if plain:
        notes.append(f"{plain:,} with tools, names or reasoning: written as text of their turns")
    tally = Tally()
    kept = [
        row
        for row in converted(path, Wanted(_FORM[kind], _PLAIN, unique=True), problems, tally)
        if kind != CONVERSATIONS or example(row, _PLAIN).answer is not None
    ]
    problems.check()
    if tally.again:
        notes.append(f"{tally.again:,} that an earlier one says already: left out")
    notes += [f"{note} ({n:,})" for note, n in tally.notes.items()]
    read = [of_example(f"{path}, row {at}", example(row, _PLAIN)) for at, row in enumerate(kept, 1)]
    return _rows(path, kind, kept, read, notes)


def _of_calls(path: Path, given: Sequence[Mapping[str, Any]], notes: list[str]) -> Rows:
    kept = list({sample_from_row({**row, "id": None}, tools=True).id: dict(row) for row in given}.values())
    if len(kept) < len(given):
        notes.append(f"{len(given) - len(kept):,} that another one says already: left out")
    samples = [sample_from_row(row, tools=True) for row in kept]
    read = [of_sample(f"{path}, row {at}", sample) for at, sample in enumerate(samples, 1)]
    return _rows(path, CALLS, kept, read, notes)


def _rows(path: Path, kind: str, kept: list[dict[str, Any]], read: list[Row], notes: list[str]) -> Rows:
    together = tuple(map(tuple, groups(kept, read)))
    return Rows(path, kind, tuple(kept), tuple(read), together, tuple(notes))


def _kind(row: Mapping[str, Any]) -> str:
    if _calls(row):
        return CALLS
    one: Example = example(row, _PLAIN)
    if one.text is not None:
        return TEXTS
    if one.rejected is not None:
        return PAIRS
    return PROMPTS if one.answer is None else CONVERSATIONS


def _calls(row: Mapping[str, Any]) -> bool:
    """Whether what is wanted is calls of tools that the row offers."""
    turns = row.get("messages")
    last = turns[-1] if isinstance(turns, list) and turns and isinstance(turns[-1], Mapping) else {}
    if not (last.get("tool_calls") and row.get("tools")):
        return False
    try:
        sample_from_row(row, tools=True)
    except ValueError:
        return False
    return True


def _has_tools(row: Mapping[str, Any]) -> bool:
    try:
        check_honoured(row, row.get("messages"))
    except ValueError:
        return True
    return False


def split(rows: Rows, holdout: int, dev: int) -> Split:
    """Rows in parts of these sizes, or all of them as the hold-out where they are too few for a training.

    Texts ask nothing: all of them are for the training.
    """
    if rows.kind == TEXTS:
        return Split(rows.rows, (), ())
    if len(rows.together) < APART:
        return Split((), (), tuple(_with_groups(rows, range(len(rows.rows)))))
    chosen = parts(rows.rows, rows.read, Sizes(holdout=holdout, dev=dev))
    places = {part: [at for at, name in enumerate(chosen) if name == part] for part in ("train", "dev", "holdout")}
    train, learnt = (tuple(rows.rows[at] for at in places[part]) for part in ("train", "dev"))
    return Split(train, learnt, tuple(_with_groups(rows, places["holdout"])))


def _with_groups(rows: Rows, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    """As hold-out rows; those that ask one question count once."""
    company = {at: group for group in rows.together if len(group) > 1 for at in group}
    for at in places:
        row = rows.rows[at]
        if rows.kind == PAIRS:
            row = FORMS["chat"](example(row, _PLAIN))
        if at in company and row.get("group") is None:
            named = next((f"{key} {row[key]}" for key in GROUPS if row.get(key) is not None), None)
            row = {**row, "group": named or f"as row {company[at][0] + 1}"}
        yield row
