"""What terminal reports are built of: panels, tables, answers. Untrusted text comes in as it is, and leaves escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fteval.reports.escape import clip, for_terminal, one_line, visible
from fteval.reports.view.measured import Measured
from fteval.reports.view.rows import BehaviourRow, behaviour_columns
from fteval.reports.view.table import TextTable

CHARACTERS = 280
"""Of each prompt and answer; the markdown report has more, the store has all."""


def panel(title: str, lines: Sequence[str], style: str, fancy: bool) -> RenderableType:
    """A title and what stands under it: the first line, then dimmer ones."""
    shown = [line(text) for text in lines if text]
    if not fancy:
        return Group(Text(title), *map(Text, shown))
    body = Text(shown[0] if shown else "")
    for more in shown[1:]:
        body.append(f"\n{more}", style="dim")
    return Panel(body, title=Text(title, style=style), title_align="left", border_style=style, padding=(0, 1))


def warnings(found: Sequence[str]) -> Iterator[RenderableType]:
    lines = [Text(f"! {line(clip(w, 500))}", style="yellow") for w in dict.fromkeys(found)]
    if lines:
        yield Group(*lines)


def advice(found: Sequence[str]) -> Iterator[RenderableType]:
    """Whether a fine-tune is needed, then what that may rest on."""
    if found:
        yield Group(Text(one_line(found[0], 1200), style="bold"), *(Text(one_line(n, 500)) for n in found[1:]))


def texts(found: TextTable, fancy: bool) -> RenderableType:
    grid = table([*map(line, found.header)], fancy, right=tuple(range(1, len(found.header) - 1)))
    for row in found.rows:
        grid.add_row(*map(text, row))
    return Group(head(found.title), grid)


def people(tables: Sequence[TextTable], notes: Sequence[str], fancy: bool) -> Iterator[RenderableType]:
    """What people said of answers, and what that leaves out."""
    for i, found in enumerate(tables):
        yield Group(texts(found, fancy), *(note(one) for one in notes if i == len(tables) - 1))


def behaviour(title: str, rows: Sequence[BehaviourRow], fancy: bool) -> RenderableType:
    columns = behaviour_columns(rows)
    grid = table([title, *(header for header, _ in columns)], fancy, right=tuple(range(1, len(columns) + 1)))
    keep(grid, 0, [line(d.probe) for d in rows], 32)
    for d in rows:
        grid.add_row(*map(text, (d.probe, *(getattr(d, name) for _, name in columns))))
    return grid


def measured(found: Measured, header: Sequence[str], fancy: bool) -> RenderableType:
    grid = table(header, fancy)
    keep(grid, 0, [line(row[0]) for row in found.rows], 24)
    for row in found.rows:
        grid.add_row(*(text(cell) for cell in row))
    return Group(grid, *(Text(line(note), style="dim") for note in found.notes))


def answers(title: str, parts: Sequence[tuple[str, str, str, str]]) -> RenderableType:
    """Texts with label, score and style under their labels; a column of its own keeps an answer from posing as more."""
    grid = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, said, score, style in parts:
        shown = for_terminal(clip(said, CHARACTERS)) or "(empty)"
        grid.add_row(Text(f"  {label}", style="dim"), Text(score, style="dim"), Text(shown, style=style))
    return Group(Text(f"  {title}", style="dim"), grid)


def wanted(target: object) -> list[tuple[str, str, str, str]]:
    return [] if target is None else [("wanted", str(target), "", "")]


def why(reason: str | None) -> list[tuple[str, str, str, str]]:
    return [("why", reason, "", "dim")] if reason else []


def table(header: Sequence[str], fancy: bool, right: Sequence[int] = (), whole: Sequence[int] = ()) -> Table:
    """`right` columns are right-aligned, `whole` ones never broken."""
    # The rule under the header takes one column between cells, so that both ways are equally wide.
    look: Any = (
        {"box": box.SIMPLE_HEAD, "show_edge": False, "padding": (0, 1, 0, 0)} if fancy else {"padding": (0, 2, 0, 0)}
    )
    grid = Table(**{"box": None, "pad_edge": False, "header_style": "bold", **look})
    for i, name in enumerate(header):
        grid.add_column(Text(name), justify="right" if i in right else "left", overflow="fold", no_wrap=i in whole)
    return grid


def keep(grid: Table, column: int, cells: Iterable[str], most: int) -> None:
    """Cells of a column on their lines, where these have at most so many characters: the other columns give way."""
    widths = [cell_len(part) for cell in cells for part in cell.split("\n")]
    grid.columns[column].min_width = min(max(widths, default=1), most)


def head(title: str) -> Text:
    return Text(line(title), style="bold")


def note(sentence: str) -> Text:
    return Text(line(sentence), style="dim")


def drawn(found: str) -> Text:
    """A line of a drawing, its blanks kept."""
    return Text(visible(clip(found, 300)).replace("\n", " "), no_wrap=False)


def text(found: str) -> Text:
    return Text(line(found))


def broken(name: str, width: int) -> str:
    """The name of a metric on one line, or on two where it is too long: broken where a reader would break it."""
    shown = line(name)
    return shown.replace(".", ".\n", 1) if cell_len(shown) > width else shown


def line(found: str) -> str:
    """At most 300 characters on one line."""
    return one_line(found, 300)
