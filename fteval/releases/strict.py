"""Whole JSON files that people keep in git: read strictly, because a merge or an editor may have been at them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fteval.data.jsonl import decode
from fteval.errors import Incomplete, UserError

ANEW = "restore the file from git, or make a new one: fteval baseline accept RUN"


def read_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises Incomplete naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Incomplete(f"cannot read {path}: {os.strerror(error.errno or 0)}", where=str(path)) from None


def parse(data: bytes) -> dict[str, Any]:
    """A JSON object without NaN, infinities and repeated keys. Raises ValueError saying what was found."""
    if data.startswith(b"<<<<<<<") or b"\n<<<<<<<" in data:
        raise ValueError("it holds a merge conflict (<<<<<<<)")
    try:
        text = data.decode("utf-8-sig")
        value = decode(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON (line {error.lineno}: {error.msg})") from None
    except RecursionError:
        raise ValueError("it is not JSON (nested too deeply)") from None
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def check_version(found: object, known: int, path: Path) -> None:
    """Raises UserError when a file is of another version than this fteval's, ValueError when it says none."""
    if not isinstance(found, int) or isinstance(found, bool):
        raise ValueError("it has no version ('v')")
    if found > known:
        what = f"written by a newer version of fteval (v {found}; this one knows {known})"
        raise UserError(what, where=str(path), fix="upgrade fteval; nothing was modified")
    if found < known:
        what = f"written by an older version of fteval (v {found}; this one knows {known})"
        raise UserError(what, where=str(path), fix="make a new one: fteval baseline accept RUN")


def damaged(path: Path, reason: str, fix: str = ANEW) -> Incomplete:
    """The one wording for a file that was damaged."""
    return Incomplete(f"damaged {path.name}: {reason}", where=str(path), fix=fix)
