"""The rows of training files, read once: what is asked, what is answered, and where it stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.data.check.provenance import is_made
from fteval.data.convert.forms import Example, Keys, example
from fteval.data.convert.sources import objects
from fteval.data.jsonl import Problems
from fteval.records import Sample


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation, as far as it is looked at."""

    where: str
    """FILE:LINE."""
    prompt: str
    """What the user says last, or a plain text."""
    context: str
    """All that stands before the answer, the prompt too."""
    answer: str | None
    made: bool = False
    """Whether it says that it was made of another row (`fteval data amplify`)."""


@dataclass(slots=True)
class Rows:
    """Rows of several files, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    n_broken: int = 0
    odd: list[str] = field(default_factory=list)
    """Where turns stand in an order that a chat has not."""
    unlearnt: list[str] = field(default_factory=list)
    """Where every answer has a weight of 0."""


def read(files: Iterable[Path]) -> Rows:
    """Every row of every file. Raises UserError for a file that cannot be read at all."""
    made = Rows()
    for path in files:
        problems = Problems(path)
        _add(made, path, objects(path, problems), problems)
    return made


def read_given(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """The same of rows in memory, which stand in no file."""
    made, name = Rows(), Path("row")
    _add(made, name, enumerate(rows, 1), Problems(name))
    return made


def _add(made: Rows, path: Path, numbered: Iterable[tuple[int, Mapping[str, Any]]], problems: Problems) -> None:
    for number, row in numbered:
        where = f"{path}:{number}"
        try:
            one = example(row, Keys(plain=True))
        except ValueError as error:
            problems.add(number, str(error))
            continue
        roles = [turn["role"] for turn in one.turns]
        if one.text is None and (roles[-1] != "user" or "system" in roles[1:] or _said_twice(roles)):
            made.odd.append(where)
        if one.weight == 0 and not any(t["role"] == "assistant" and t.get("weight", 1) for t in one.turns):
            made.unlearnt.append(where)
        made.rows.append(of_example(where, one))
    made.n_broken += problems.n
    made.broken += [one.partition(", found ")[0] for one in problems.found]  # what stands there may be a key


def _said_twice(roles: list[str]) -> bool:
    return any(one == other == "user" for one, other in itertools.pairwise(roles))


def of_example(where: str, one: Example) -> Row:
    """A row of a file, as it is compared with others."""
    asked = next((t["content"] for t in reversed(one.turns) if t["role"] == "user"), one.text or "")
    context = "\n".join(turn["content"] for turn in one.turns) if len(one.turns) > 1 else asked
    return Row(where, asked, context, one.first, is_made(one.more.get("metadata")))


def of_sample(where: str, sample: Sample) -> Row:
    """A sample of a hold-out, to be looked for."""
    target = sample.target if isinstance(sample.target, str) else None
    return Row(where, sample.prompt_text, sample.prompt_text, target, is_made(sample.metadata))
