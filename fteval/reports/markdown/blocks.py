"""What markdown reports are built of: tables, folds, warnings, answers side by side. Cells are escaped already."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from fteval.reports.escape import clip, code, fence, inline, summary, visible
from fteval.reports.view.measured import Measured
from fteval.reports.view.rows import BehaviourRow, behaviour_columns
from fteval.reports.view.table import TextTable

COLUMNS = 88
"""Of an answer's lines, beside their label."""


def table(header: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are escaped already; nothing where there are no rows."""
    if not rows:
        return ""
    marks = {"l": "---", "r": "--:"}
    lines = [header, [marks[a] for a in align], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def details(title: str, body: str) -> str:
    """A fold; nothing where there is nothing to fold."""
    # Blank lines on both sides, or GitHub reads the body as HTML.
    return f"<details><summary>{summary(title)}</summary>\n\n{body}\n\n</details>" if body else ""


def joined(blocks: Sequence[str]) -> str:
    """Blocks with a blank line between them; empty ones are none."""
    return "\n\n".join(block for block in blocks if block)


def warnings(found: Sequence[str], text: int = 500, most: int | None = None) -> str:
    """One quoted paragraph per warning, how many of them are not shown, and SUBSET in bold."""
    shown = found[:most]
    lines = [f"> ⚠ {_badge(inline(w, text))}" for w in shown]
    if len(found) > len(shown):
        lines.append(f"> ⚠ {len(found) - len(shown):,} more warnings are not shown")
    # `>` lines that touch would run together.
    return "\n>\n".join(lines)


def advice(found: Sequence[str], text: int = 500) -> str:
    """Whether a fine-tune is needed, then what that may rest on; nothing where nothing is said."""
    if not found:
        return ""
    return joined([f"**{inline(found[0], max(text, 1200))}**", *(inline(note, text) for note in found[1:])])


def _badge(text: str) -> str:
    return text.replace("SUBSET", "**SUBSET**", 1) if text.startswith("SUBSET") else text


def texts(found: TextTable) -> str:
    """A table of texts as they were found."""
    cells = [[code(row[0], table=True), *map(inline, row[1:])] for row in found.rows]
    return table([*map(inline, found.header)], "l" + "r" * (len(found.header) - 2) + "l", cells)


def people(tables: Sequence[TextTable], notes: Sequence[str]) -> str:
    """What people said of answers, and what that leaves out; nothing where nobody did."""
    return joined([*(f"**{inline(found.title)}**\n\n{texts(found)}" for found in tables), *map(inline, notes)])


def behaviour(rows: Sequence[BehaviourRow]) -> str:
    columns = behaviour_columns(rows)
    return table(
        ["Probe", *(header for header, _ in columns)],
        "l" + "r" * len(columns),
        [[code(d.probe, table=True), *(inline(getattr(d, name)) for _, name in columns)] for d in rows],
    )


def measured(found: Measured, header: Sequence[str], glossary: Sequence[str] = ()) -> str:
    """The conditions of a measurement, and what the words in its report mean."""
    rows = [[inline(row[0]), *(code(cell, table=True) for cell in row[1:])] for row in found.rows]
    notes = [f"- {label}: {code(text, 500)}" for label, text in (n.split(": ", 1) for n in found.notes)]
    terms = [f"- **{term}**: {inline(text)}." for term, text in (g.split(": ", 1) for g in glossary)]
    return joined([table(header, "l" * len(header), rows), "\n".join(notes + terms)])


def answers(parts: Sequence[tuple[str, str]], characters: int, path: str) -> str:
    """Texts under each other in one fence, labels in a column.

    Every further line of a text is indented under it, so that no answer can pose as a label.
    """
    lines = []
    for label, text in parts:
        shown = visible(clip(text, characters, path)) or "(empty)"
        wrapped = [part for line in shown.split("\n") for part in _wrapped(line)]
        lines += [f"{label if i == 0 else '':<10} {line}".rstrip() for i, line in enumerate(wrapped)]
    return fence("\n".join(lines))


def _wrapped(line: str) -> list[str]:
    """A line as those that a page shows without a bar under it; a fence wraps nothing by itself."""
    # Signs of two columns fill a line with half as many.
    width = max(COLUMNS * len(line) // max(cell_len(line), 1), COLUMNS // 2)
    options: Any = {"replace_whitespace": False, "drop_whitespace": False, "expand_tabs": False}
    first, *more = textwrap.wrap(line, width, break_on_hyphens=False, **options) or [""]
    # The space at which a line was broken would look like an indentation.
    return [first, *(part.removeprefix(" ") for part in more)]


def wanted(target: object) -> list[tuple[str, str]]:
    """The target's line, where a sample has one."""
    return [] if target is None else [("WANTED", str(target))]


def why(reason: str | None) -> list[tuple[str, str]]:
    """The line that says why a score is what it is, where that is known."""
    return [("WHY", reason)] if reason else []
