"""The line that mends a row, where `fteval data convert` can: it is tried before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval.data.convert.forms import PROMPTS, TARGETS, Keys, example
from fteval.data.convert.sources import unwrapped
from fteval.data.convert.turns import NeedsPlain
from fteval.data.hints import convert_line


def mended(path: Path, row: Mapping[str, Any], *, answered: bool = False) -> str | None:
    """How a file whose rows are like this one becomes one of chat rows; None where nobody can know.

    With `answered` a row without an answer is none.
    """
    first = next(unwrapped(dict(row)))
    for flags in ((), ("--plain",)):
        try:
            one = example(first, Keys(plain=bool(flags)))
        except NeedsPlain:
            continue
        except ValueError:
            return None
        usable = one.text is None and ((one.weight != 0 and one.answer is not None) or not answered)
        return convert_line(path, *flags) if usable else None
    return None


def leaving_out(path: Path, row: Mapping[str, Any]) -> str | None:
    """How a file is written without rows like this one, which say nothing; None where they would stay."""
    try:
        example(row, Keys(plain=True))
    except ValueError:
        return f"leave such rows out: {convert_line(path)}"
    return None


def mended_question(path: Path, row: Mapping[str, Any]) -> str | None:
    """The same for a row of outputs, in which `output` is what a model answered and no target."""
    asked = next((key for key in PROMPTS if isinstance(row.get(key), str)), None)
    if asked is None or "messages" in row:
        return mended(path, row)
    right = next((key for key in TARGETS if key in row and key != "output"), None)
    return convert_line(path, "--prompt", asked, *(["--target", right] if right else []))
