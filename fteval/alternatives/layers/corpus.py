"""Passages to be found: rows of a file, or the paragraphs of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.data.jsonl import Problems, rows
from fteval.data.prompts import answer_of, training_sample
from fteval.errors import UserError, check_kind

MARKDOWN = (".md", ".markdown")
TEXTS = (".txt", ".text", *MARKDOWN)
"""Files that are read as paragraphs."""
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")


@dataclass(frozen=True, slots=True)
class Passage:
    """One text that may stand before a question."""

    id: str
    text: str
    """With its title on a line of its own before it."""

    @property
    def same(self) -> str:
        """What two passages share that say the same."""
        return " ".join(self.text.casefold().split())


def passages(path: Path) -> list[Passage]:
    """Every passage of a corpus, in the order of the file.

    Rows are `{"text"}`, perhaps with `title` and `id`, or a question with its answer in any form that is trained on.
    Paragraphs of a text are parted by blank lines; in markdown the last heading is their title. Without an id, the line
    or the paragraph's number is one. Raises UserError with all that is wrong, and for a file that holds none.
    """
    found = list(_paragraphs(path)) if path.suffix.lower() in TEXTS else _rows(path)
    if not found:
        raise UserError("no passage to be found", where=str(path), fix='one a line: {"text": …}, or a .txt or .md file')
    return found


def distinct(corpus: Sequence[Passage]) -> list[Passage]:
    """Those whose text does not stand there before: shown twice, it would say no more."""
    once: dict[str, Passage] = {}
    for passage in corpus:
        once.setdefault(passage.same, passage)
    return list(once.values())


def _rows(path: Path) -> list[Passage]:
    problems, found, places = Problems(path), [], dict[str, int]()
    for number, row in rows(path, problems):
        try:
            passage = Passage(_id(row, number), _text(row))
        except ValueError as error:
            problems.add(number, str(error))
            continue
        if passage.id in places:
            problems.add(number, f"the id {passage.id!r} is that of line {places[passage.id]}, too")
        places[passage.id] = number
        found.append(passage)
    problems.check()
    return found


def _id(row: Mapping[str, Any], number: int) -> str:
    given = row.get("id", number)
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        raise ValueError(f"'id' must be text or a whole number, found {given!r}")
    return str(given)


def _text(row: Mapping[str, Any]) -> str:
    if "text" not in row:
        return _answered(row)
    text, title = row["text"], row.get("title") or ""
    if not isinstance(text, str) or not isinstance(title, str):
        raise ValueError("'text' and 'title' must be text")
    if not text.strip():
        raise ValueError("an empty text")
    return f"{title.strip()}\n{text.strip()}".strip()


def _answered(row: Mapping[str, Any]) -> str:
    """A question with its answer under it."""
    if not {"messages", "prompt"} & set(row):
        raise ValueError(f"wanted 'text', or a question with its answer; keys: {', '.join(sorted(row)) or 'none'}")
    sample = training_sample(row)
    turns = [message.content for message in sample.messages if message.role != "system"]
    return "\n".join(text.strip() for text in (*turns, answer_of(sample)))


def _paragraphs(path: Path) -> Iterator[Passage]:
    try:
        check_kind(path)
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 (byte {error.start})", where=str(path)) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    blocks = _blocks(text, headed=path.suffix.lower() in MARKDOWN)
    for number, (title, body) in enumerate(blocks, start=1):
        yield Passage(str(number), f"{title}\n{body}".strip())


def _blocks(text: str, headed: bool) -> Iterator[tuple[str, str]]:
    """(last heading, paragraph). What stands in a fence of markdown is one."""
    title, lines, fenced = "", list[str](), False
    for line in text.split("\n"):
        heading = _HEADING.fullmatch(line.strip()) if headed and not fenced else None
        fenced ^= headed and line.lstrip().startswith("```")
        if not heading and (fenced or line.strip()):
            lines.append(line)
            continue
        if lines:
            yield title, "\n".join(lines).strip()
        title, lines = heading[1] if heading else title, []
    if lines:
        yield title, "\n".join(lines).strip()
