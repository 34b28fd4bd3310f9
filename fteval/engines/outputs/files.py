"""The rows of a file of outputs: lines of JSON, one JSON document, or a log that its own library reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from fteval.engines.outputs import inspect_log
from fteval.errors import UserError, check_kind, suggest
from fteval.records import foreign

Row = Mapping[str, Any]
_PACKED = {b"\x1f\x8b": "gzip", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_BOM = b"\xef\xbb\xbf"


def rows(path: Path, problems: list[tuple[int, str]], arm: str | None = None) -> Iterator[tuple[int, Row]]:
    """(line or row number, row of outputs) of a file; what is no row goes to `problems`. Memory is flat for lines.

    `arm`: whose answers are wanted, where a file has those of several models. Raises UserError for a file that cannot
    be read at all, and for one of several models where `arm` names none of them.
    """
    try:
        check_kind(path)
        yield from _of_arm(path, _good(foreign.output_rows(_objects(path, problems)), problems), arm)
    except OSError as error:
        raise UserError(f"cannot read {path.name}: {error.strerror}", where=str(path)) from error


def first_row(path: Path) -> Row | None:
    """The first row of outputs of a file; None for a file without one."""
    try:
        check_kind(path)
        return next((row for _, row in _good(foreign.output_rows(_objects(path, [])), [])), None)
    except OSError:
        return None


def _good(found: Iterable[tuple[int, Row | str]], problems: list[tuple[int, str]]) -> Iterator[tuple[int, Row]]:
    for number, row in found:
        if isinstance(row, str):
            problems.append((number, row))
        else:
            yield number, row


def _objects(path: Path, problems: list[tuple[int, str]]) -> Iterator[tuple[int, Row]]:
    for number, value in _values(path, problems):
        if isinstance(value, dict):
            yield number, value
        else:
            problems.append((number, f"an object is needed, found {kind(value)}"))


def _values(path: Path, problems: list[tuple[int, str]]) -> Iterator[tuple[int, Any]]:
    if path.suffix == inspect_log.ENDING:
        yield from enumerate(inspect_log.samples(path), 1)
        return
    with path.open("rb") as file:
        start = file.peek(2)[:2]
        if start in _PACKED:
            raise UserError(f"{path.name} is {_PACKED[start]}, not UTF-8 JSON lines", where=str(path))
        lines = ((n, line.removeprefix(_BOM) if n == 1 else line) for n, line in enumerate(file, 1))
        first = next((one for one in lines if one[1].strip()), None)
        if first is None:
            return
        if first[1].lstrip()[:1] == b"[" or first[1].strip() == b"{":
            whole = first[1] + file.read()  # of a pipe too, which cannot be read twice
            held = _document(whole)
            yield from _parsed(enumerate(whole.splitlines(), first[0]), problems) if held is None else held
        else:
            for number, value in _parsed(chain([first], lines), problems):
                held = foreign.listed(value) if isinstance(value, dict) else None
                yield from [(number, value)] if held is None else enumerate(held, 1)


def _document(text: bytes) -> Iterable[tuple[int, Any]] | None:
    """The rows of a JSON document over many lines; None where it is none."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    held = foreign.listed(read)
    return enumerate([read] if held is None else held, 1)


def _parsed(lines: Iterable[tuple[int, bytes]], problems: list[tuple[int, str]]) -> Iterator[tuple[int, Any]]:
    for number, line in lines:
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.append((number, f"not JSON: {str(error)[:120]}"))


def _of_arm(path: Path, found: Iterable[tuple[int, Row]], wanted: str | None) -> Iterator[tuple[int, Row]]:
    """The rows of one arm; of rows without arms, all."""
    arms: dict[Any, str] = {}
    for number, row in found:
        if "arm" not in row:
            yield number, row
            continue
        arms.setdefault(row.get("arm_number"), row["arm"])
        if wanted in (None, row["arm"], str(row.get("arm_number"))):
            yield number, row
    named = [number for number, name in arms.items() if wanted in (None, name, str(number))]
    if arms and len(named) != 1:
        known = sorted(arms.items(), key=lambda one: str(one[0]))
        which = [name if list(arms.values()).count(name) == 1 else str(number) for number, name in known]
        what = f"answers of {len(arms)} arms" if wanted is None else f"{len(named) or 'no'} arms named {wanted!r}"
        raise UserError(
            f"{path.name} has {what}: {', '.join(f'{number} ({name})' for number, name in known)}"
            + (f". {suggest(wanted, which)}" if wanted is not None and not named else ""),
            where=str(path),
            fix=f"name one: {' or '.join(f'replay:{path}#{one}' for one in which[:4])}",
        )


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    return {"dict": "an object", "list": "a list", "str": "text", "NoneType": "null", "bool": "true or false"}.get(
        type(value).__name__, "a number"
    )
