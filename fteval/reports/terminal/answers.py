"""Answers side by side in the terminal: as many columns as have room, the others below."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from fteval.records import Answer, Answered, Metric, Sheet
from fteval.reports.escape import clip, for_terminal, one_line
from fteval.reports.terminal.page import plain
from fteval.reports.view import diff, rows

LEAST = 36
"""Columns of the terminal for each answer; with less they stand one under the other."""
LONGEST = 20_000
"""Characters of a text; `--json` has all of it."""
_BESIDE = box.Box("    \n  | \n    \n  | \n    \n    \n  | \n    \n", ascii=True)
_MARKS = ("bold red", "bold green")


def render(sheet: Sheet, *, width: int, color: bool) -> str:
    """Every row of a sheet, a rule between them. Without `color` there is not a single control character."""
    blocks = list(_blocks(sheet, width, color))
    if not color:
        return plain(blocks, width)
    page = io.StringIO()
    options = {"force_terminal": True, "highlight": False, "emoji": False, "markup": False}
    console = Console(file=page, width=width, color_system="standard", **options)  # type: ignore[arg-type]
    for block in blocks:
        console.print(block)
    return page.getvalue()


def _blocks(sheet: Sheet, width: int, color: bool) -> Iterator[RenderableType]:
    for i, row in enumerate(sheet.rows):
        if i:
            yield Text("─" * min(width - 1, 100), style="dim")
        yield from _row(row, sheet, width, color)


def _row(row: Answered, sheet: Sheet, width: int, color: bool) -> Iterator[RenderableType]:
    sample = row.sample
    about = [row.probe, *(f"{key}={value}" for key, value in sorted(sample.slices.items()))]
    about += [f"group {sample.group}"] if sample.group else []
    yield Text.assemble((one_line(sample.id, 200), "bold"), "   ", (one_line(" · ".join(about), 300), "dim"))
    for message in sample.messages:
        who = f"{message.role}: " if len(sample.messages) > 1 else ""
        yield Text(for_terminal(who + clip(message.content, LONGEST)))
    if sample.target is not None:
        wanted = sample.target if isinstance(sample.target, str) else json.dumps(sample.target, ensure_ascii=False)
        yield Text(for_terminal(f"wanted: {clip(wanted, LONGEST)}"), style="cyan")
    yield Text("")
    across = max(1, min(len(row.answers), width // LEAST))
    told = [m for m in sheet.metrics[row.probe] if m.reported and _tells(row, m)]
    cells = [
        _cell(name, row, i, told, color)
        for i, name in enumerate(sheet.names)
        if row.answers[i].text is not None or i < 2
    ]
    for start in range(0, len(cells), across):
        part = cells[start : start + across]
        grid = Table(box=_BESIDE, show_header=False, show_edge=False, padding=(0, 1), pad_edge=False, expand=True)
        for _ in range(across):
            grid.add_column(ratio=1, overflow="fold")
        grid.add_row(*part, *[""] * (across - len(part)))
        yield grid
        yield Text("")


def _tells(row: Answered, metric: Metric) -> bool:
    values = {answer.scores.get(metric.name) for answer in row.answers}
    return values != {None} and (metric.primary or len(values) > 1 or len(row.answers) == 1)


def _cell(name: str, row: Answered, i: int, told: Sequence[Metric], color: bool) -> Text:
    """A name, the text, and its scores with their reasons."""
    answer = row.answers[i]
    flags = [word for word, on in (("cut off", answer.cut_off), ("refused", answer.refuses)) if on]
    cell = Text.assemble((one_line(name, 80), "bold"), (f"  {', '.join(flags)}" if flags else "", "yellow"), "\n")
    cell.append_text(_text(row, i, color))
    if answer.extracted and answer.text is not None and answer.extracted.strip() != answer.text.strip():
        cell.append(f"\njudged: {one_line(answer.extracted, 300)}", style="dim")
    for metric in told:
        cell.append(f"\n{_score(answer, metric)}", style="dim")
    if answer.more:
        cell.append(f"\n{len(answer.more)} more answers; --json has them", style="dim")
    return cell


def _text(row: Answered, i: int, color: bool) -> Text:
    text, base = row.answers[i].text, row.answers[0].text
    if text is None:
        return Text(one_line(row.answers[i].missing or "", 500), style="yellow")
    other = row.answers[1].text if i == 0 and len(row.answers) == 2 else base if i else None
    if not color or other is None:
        return Text(for_terminal(clip(text, LONGEST)) or "(empty)")
    cut, against = clip(text, LONGEST), clip(other, LONGEST)
    found = diff.parts(cut, against)[0] if i == 0 else diff.parts(against, cut)[1]
    return Text.assemble(*((for_terminal(piece), _MARKS[i > 0] if changed else "") for changed, piece in found))


def _score(answer: Answer, metric: Metric) -> str:
    value, why = answer.scores.get(metric.name), answer.reasons.get(metric.name)
    return f"{metric.name} {rows.score(value, metric)}{f'  {one_line(why, 300)}' if why else ''}"
