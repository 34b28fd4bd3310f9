"""Outputs as other tools write them, as rows of outputs: a file for each tool's rows.

A row of outputs has `id`, `prompt` or `messages`, or all of them; `output`, or `outputs` for repeats, each a text or
null (then `error` may say why); perhaps `finish_reason`, `scores` (what the tool thought of it, a list for repeats),
`arm` (whose answer it is, where a file has those of several models), and `rendered`: a chat template has written the
prompt, so that its system turn may be the template's own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from fteval.records.foreign import batch, guesses, inspect_ai, llama_factory, lm_eval, openai_evals, promptfoo, vllm

Found = dict[str, Any] | str
"""A row of outputs, or what is wrong with the row that was found."""


class Format(Protocol):
    """A module that reads the rows of one tool."""

    TOOL: str

    def knows(self, row: Mapping[str, Any]) -> bool:
        """Whether a file that begins with this row is the tool's: by fields that nobody else has."""

    def rows(self, given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, Found]]:
        """The rows of outputs, with the number of the row that each comes from."""


FORMATS: tuple[Format, ...] = (batch, inspect_ai, llama_factory, lm_eval, openai_evals, promptfoo, vllm)
DOCUMENTS = (promptfoo, inspect_ai, openai_evals)
"""Those whose rows may also lie in one JSON document: `listed` finds them in it."""


def format_of(row: Mapping[str, Any]) -> Format | None:
    """Whose rows a file has that begins with this one; None for nobody's, and for rows of outputs as they stand."""
    if isinstance(row.get("output"), str):
        return None
    return next((one for one in FORMATS if one.knows(row)), None)


def is_scored(row: Mapping[str, Any]) -> bool:
    """Whether a row of outputs says what they were found to be worth."""
    return "score" in row or isinstance(row.get("scores"), Mapping | list)


def output_rows(
    given: Iterable[tuple[int, Mapping[str, Any]]], *, guess: bool = False
) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """The rows of outputs of a file, whosever it is. `guess`: also where only a key's name speaks for the answer."""
    rows = iter(given)
    first = next(rows, None)
    if first is None:
        return
    whose = format_of(first[1])
    every = chain([first], rows)
    if whose is not None:
        yield from whose.rows(every)
    elif guess:
        yield from ((number, guesses.output_row(row) or _nothing(row)) for number, row in every)
    else:
        yield from every


def listed(document: Any) -> list[Any] | None:
    """The rows that one JSON document holds; None for an object that is a row itself."""
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        for one in DOCUMENTS:
            rows: list[Any] | None = one.listed(document)
            if rows is not None:
                return rows
    return None


def outputs_line(path: Path, row: Mapping[str, Any]) -> str | None:
    """The command that makes a file of outputs of one whose rows are like this one, to be pasted; None of no use."""
    if isinstance(row.get("output"), str):
        return None
    found = next(output_rows([(1, row)], guess=True), None)
    if found is None or isinstance(found[1], str):
        return None
    new = path.with_name(f"{path.stem}.outputs.jsonl")
    return shlex.join(["fteval", "data", "convert", str(path), "--to", "outputs", "-o", str(new)])


def _nothing(row: Mapping[str, Any]) -> str:
    return f"no answer of a model was found; keys: {', '.join(sorted(map(str, row))) or 'none'}"
