"""JSON lines as people save them: BOM, CRLF, blank lines and a missing last newline are fine, all else is said.

Bytes are split at line feeds only: U+2028 and U+0085 are text, whatever `str.splitlines` says.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from fteval.data.hints import convert_line, likely_encoding
from fteval.data.lenient import nearly, unique
from fteval.errors import UserError, check_kind

SHOWN = 20
"""Problems of one file that are listed; the others are counted."""
LONGEST = 64 << 20
"""Bytes of one line; a file whose line is longer is not JSON lines."""
DEEPEST = 100
"""Objects and lists within each other that a row may have; Python's own limit depends on who is asking."""
BOM = b"\xef\xbb\xbf"
_PACKED = {
    b"\x1f\x8b": ("a gzip file", "gunzip it"),
    b"PK\x03\x04": ("a zip file", "unzip it"),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "unpack it with zstd -d"),
}
_ELSEWHERE = {b"PAR1": "a parquet file", b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text"}


class Problems:
    """What is wrong with one file, collected so that it can be said at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[str] = []
        self.n = 0
        self.fix: str | None = None
        """What to do about the first that has an answer to that."""

    def add(self, line: int, what: str, fix: str | None = None) -> None:
        """One problem; the same line may have several."""
        self.n += 1
        self.fix = self.fix or fix
        if len(self.found) < SHOWN:
            self.found.append(f"{self.path}:{line}: {what}")

    def check(self) -> None:
        """Raises UserError when there is any."""
        if self.n:
            raise UserError("\n".join(self.lines()), fix=self.fix)

    def lines(self) -> list[str]:
        """What is listed, and how many are not."""
        return [*self.found, *([f"… and {self.n - SHOWN} more"] if self.n > SHOWN else [])]


def rows(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is one; the others go to `problems`.

    Raises UserError when the file cannot be read at all, or is no text.
    """
    for number, line in _lines(path):
        try:
            row = decode(line.decode("utf-8"))
            if _too_deep(line, row):
                raise RecursionError
        except UnicodeDecodeError as error:
            fix = convert_line(path, "--encoding", likely_encoding(path))
            problems.add(number, f"not UTF-8 (byte {error.start} of the line)", fix)
        except json.JSONDecodeError as error:
            what = f"not JSON: {error.msg} at column {error.colno}, found {_excerpt(line)}"
            problems.add(number, what, _mended_line(path, line))
        except RecursionError:
            problems.add(number, f"nested more than {DEEPEST} deep")
        except ValueError as error:
            problems.add(number, f"not JSON: {_number_problem(error)}", _mended_line(path, line))
        else:
            if isinstance(row, dict):
                yield number, row
            else:
                problems.add(number, f"not an object but {_kind(row)}, found {_excerpt(line)}")


def _mended_line(path: Path, line: bytes) -> str | None:
    return convert_line(path) if nearly(line.decode()) else None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        check_kind(path)
        with path.open("rb") as file:
            check_magic(path, file.peek(4)[:4], also=_ELSEWHERE)
            number = 0
            while line := file.readline(LONGEST):
                number += 1
                if len(line) == LONGEST:
                    raise UserError(f"a line of more than {LONGEST >> 20} MB", where=f"{path}:{number}")
                if number == 1:
                    line = line.removeprefix(BOM)
                    _check_first(path, line)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise unreadable(path, error) from None


def check_magic(path: Path, start: bytes, also: Mapping[bytes, str] = {}) -> None:
    """Raises UserError for a packed file, and for `also`, kinds of files that `fteval data convert` reads."""
    for magic, (what, fix) in _PACKED.items():
        if start.startswith(magic):
            raise UserError(f"not text but {what}", where=str(path), fix=fix)
    for magic, what in also.items():
        if start.startswith(magic):
            raise UserError(f"not JSON lines but {what}", where=str(path), fix=convert_line(path))


def _check_first(path: Path, line: bytes) -> None:
    """What the first line shows is said once, not again for every line; `fteval data convert` reads all of these."""
    text, what = line.strip(), None
    if b"\0" in line[:200]:
        what = "not UTF-8 text: it has NUL bytes (UTF-16 looks like this)"
    elif text[:1] == b"[":
        what = f"a JSON list, wanted one object a line; found {_excerpt(line)}"
    elif text == b"{":
        what = "an object over several lines, wanted one a line"
    elif text.startswith(b"{'"):
        what = f"Python's own spelling, not JSON; found {_excerpt(line)}"
    elif b"\r" in text and b"\n" not in text:
        what = "its lines end with carriage returns alone"
    elif path.suffix.lower() in (".csv", ".tsv"):
        what = f"a table, not JSON lines; found {_excerpt(line)}"
    if what is not None:
        raise UserError(what, where=f"{path}:1", fix=convert_line(path))


def unreadable(path: Path, error: OSError) -> UserError:
    """The error of a file that cannot be opened, with the one that was probably meant."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"no such file: {path}", where=str(path.absolute()), fix=_near(path))
    if isinstance(error, IsADirectoryError):
        return UserError(f"{path} is a folder, wanted a JSON lines file", fix=_near(path / "x.jsonl"))
    return UserError(f"cannot be read: {error.strerror}", where=str(path))


def _near(path: Path) -> str:
    """The file that was probably meant."""
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f"there is no folder {path.parent} either"
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {path.parent / near[0]}?"
    files = [name for name in names if name.endswith(".jsonl")]
    return f"{path.parent} has {', '.join(files[:5])}" if files else f"there are no .jsonl files in {path.parent}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; write null, or leave the row out")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large for a number")
    return value


# Made once: `json.loads` makes one for every line.
decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=unique).decode
"""JSON without NaN, infinities and repeated keys. Raises ValueError saying what was found."""


def _too_deep(line: bytes, row: Any) -> bool:
    if line.count(b"[") + line.count(b"{") <= DEEPEST:
        return False
    level, depth = [row], 0
    while level and depth <= DEEPEST:
        depth += 1
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if depth == 1 and not isinstance(row, dict | list):
            return False
    return depth > DEEPEST


def _number_problem(error: ValueError) -> str:
    # Python refuses to parse integers of more than 4,300 digits, which take quadratic time.
    return "a number with thousands of digits" if "digits" in str(error) else str(error)


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")


def _excerpt(line: bytes) -> str:
    text = line.strip()[:60].decode("utf-8", "replace")
    return repr(text + ("…" if len(line.strip()) > 60 else ""))
