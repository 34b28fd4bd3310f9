"""Parameters that may be text or the name of a file with it."""

from __future__ import annotations

from pathlib import Path

from fteval.errors import UserError


def content(given: str, ending: str) -> str:
    """The text itself; where it is one line with this ending (`.json`), what the file of that name holds.

    Raises UserError for a file that cannot be read.
    """
    name = given.strip()
    if not name.endswith(ending) or "\n" in name:
        return given
    try:
        return Path(name).expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {name}: {error.strerror}", fix="give a file that is there, or the text") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: byte {error.start} is not UTF-8", fix="save it as UTF-8") from None
