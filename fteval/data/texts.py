"""Plain text to learn from: `{"text": …}` a line, or a `.txt` file, which is one text."""

from __future__ import annotations

from pathlib import Path

from fteval.data.chat import valid_text
from fteval.data.jsonl import Problems, rows
from fteval.errors import UserError, check_kind


def read_texts(path: Path) -> list[dict[str, str]]:
    """`{"text": …}` for every text, in the order of the file.

    Raises UserError with everything that is wrong with the file, each with its line, and for a file without text.
    """
    if path.suffix.lower() == ".txt":
        return [{"text": _whole(path)}]
    problems = Problems(path)
    found = []
    for number, row in rows(path, problems):
        text = row.get("text")
        if isinstance(text, str) and text.strip():
            found.append({"text": valid_text(text)})
        elif "text" in row:
            problems.add(number, "an empty text" if isinstance(text, str) else "'text' must be text")
        else:
            keys = ", ".join(sorted(map(str, row))) or "none"
            chat = "conversations are learnt with `fteval train sft`" if {"messages", "prompt"} & set(row) else None
            problems.add(number, f"wanted 'text'; keys: {keys}", chat)
    problems.check()
    if not found:
        raise UserError("no text to learn from", where=str(path), fix='one text a line: {"text": …}, or a .txt file')
    return found


def _whole(path: Path) -> str:
    try:
        check_kind(path)
        text = path.read_text(encoding="utf-8-sig")  # its line ends become \n
    except UnicodeDecodeError as error:
        fix = "iconv -f windows-1252 -t utf-8 FILE > NEW.txt, with the encoding that the file has"
        raise UserError(f"not UTF-8 (byte {error.start})", where=str(path), fix=fix) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if not text.strip():
        raise UserError("no text to learn from", where=str(path))
    return text
