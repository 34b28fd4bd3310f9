"""Rows to make others of, and the rows that are made: what a made one says of where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fteval.data.check.provenance import FROM, HOW
from fteval.data.check.rows import Row, of_example
from fteval.data.convert.forms import Example, example
from fteval.data.convert.outputs import FORMS
from fteval.data.convert.sources import objects
from fteval.data.convert.turns import NeedsPlain
from fteval.data.hints import convert_line
from fteval.data.jsonl import Problems
from fteval.data.split import GROUPS
from fteval.errors import UserError


@dataclass(frozen=True, slots=True)
class Source:
    """A row that somebody gave."""

    where: str
    """FILE:LINE."""
    line: int
    """What is drawn for it rests on this and not on the path: the same file gives the same rows wherever it lies."""
    name: str
    """Its id, else FILE:LINE without folders."""
    one: Example

    @property
    def prompt(self) -> str:
        """What the user says last."""
        return self.row.prompt

    @property
    def row(self) -> Row:
        """As it is compared with others."""
        return of_example(self.where, self.one)

    @property
    def groups(self) -> dict[str, Any]:
        """What it and all that is made of it belong to, by the keys that a split reads; its own where it has none."""
        said = {key: self.one.more.get(key) for key in GROUPS}
        return {key: value for key, value in said.items() if value is not None} or {"group": self.name}


@dataclass(frozen=True, slots=True)
class Made:
    """A row that was made of another one."""

    source: Source
    one: Example
    how: str
    """`disturb typos`, `slots name=Ben`, `paraphrase nano`, `back`."""

    @property
    def kind(self) -> str:
        return self.how.partition(" ")[0]

    @property
    def row(self) -> Row:
        """As it is compared with others."""
        return of_example(self.source.where, self.one)


def sources(path: Path) -> list[Source]:
    """The rows of a file that ask something. Raises UserError with every row that does not."""
    problems, found = Problems(path), []
    for number, row in objects(path, problems):
        try:
            one = example(row)
            if one.text is not None:
                raise ValueError("a plain text, which asks nothing")
            given = one.more.get("id")
            name = str(given) if given is not None else f"{path.name}:{number}"
            found.append(Source(f"{path}:{number}", number, name, one))
        except NeedsPlain as error:
            problems.add(number, str(error), convert_line(path, "--plain"))
        except ValueError as error:
            problems.add(number, str(error))
    problems.check()
    if not found:
        raise UserError("no rows to make others of", where=str(path))
    return found


def asking(one: Example, text: str) -> Example:
    """The same row with another last turn of the user."""
    at = max(i for i, turn in enumerate(one.turns) if turn["role"] == "user")
    turns = [{**turn, "content": text} if i == at else turn for i, turn in enumerate(one.turns)]
    return replace(one, turns=tuple(turns))


def written(given: Sequence[Source], made: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """All rows as they are written: those that were given, then those that were made.

    What belongs together has one group, so that `fteval data split` keeps it together.
    """
    grown = {one.source.where for one in made}
    for source in given:
        yield _form(source.one)(_grouped(source) if source.where in grown else source.one)
    for one in made:
        more = {key: value for key, value in one.one.more.items() if key != "id"} | one.source.groups
        held = more.get("metadata")
        metadata = {**(held if isinstance(held, Mapping) else {}), FROM: one.source.name, HOW: one.how}
        yield _form(one.one)(replace(one.one, more={**more, "metadata": metadata}))


def _grouped(source: Source) -> Example:
    return replace(source.one, more={**source.one.more, **source.groups})


def _form(one: Example) -> Callable[[Example], dict[str, Any]]:
    return FORMS["chat" if one.rejected is None else "pairs"]
