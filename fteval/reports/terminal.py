"""A report in the terminal: verdict first, at most 100 columns; plain lines in a pipe, a log or without colour.

Untrusted text is escaped and shown through `Text`, never through rich's markup.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fteval.records import Comparison, Flip, Judged, RunRecord
from fteval.reports import run_view, view
from fteval.reports.escape import clip, for_terminal, one_line
from fteval.reports.measured import Measured
from fteval.reports.view import SIGNS, CandidateView, DriftRow, FlipGroup, MetricRow

WIDTH = 100
REGRESSIONS, IMPROVEMENTS, SLICES, CHARACTERS = 3, 1, 8, 280
"""What is shown of each; the markdown report has more, the store has all."""
VERDICTS = {
    "ship": ("✓ SHIP", "bold green"),
    "do_not_ship": ("✗ DO NOT SHIP", "bold red"),
    "cannot_tell": ("? CANNOT TELL", "bold yellow"),
    "incomplete": ("! INCOMPLETE", "bold yellow"),
    "measured": ("· MEASURED", "bold"),
}
RESULTS = {"pass": "✓ pass", "fail": "✗ FAIL", "inconclusive": "? open", "incomplete": "! incomplete"}
COLORS = {"good": "green", "bad": "red", "same": "default", "unknown": "yellow"}
RESULT_COLORS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "incomplete": "yellow"}
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "▲": "^", "▼": "v", "≈": "=", "−": "-", "–": "-", "…": "...", "·": "-", "→": "->", "⏎": "\\n"}
)


def show(
    subject: Comparison | RunRecord, worst: Sequence[Judged] = (), *, file: TextIO | None = None, color: bool = True
) -> None:
    """Prints the report of a comparison, or of a single run with its `worst` answers.

    Drawn and coloured on a terminal; plain lines where the file is none, with NO_COLOR or TERM=dumb, and in ASCII where
    the file's encoding has no more.
    """
    out = sys.stdout if file is None else file
    utf8 = (getattr(out, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf8")
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if color and utf8 and not dumb and out.isatty():
        console = Console(file=out, highlight=False, emoji=False, markup=False)
        console.width = min(console.width, WIDTH)
        console.print(Group(*_blocks(subject, worst, fancy=True)))
        return
    text = render(subject, worst)
    if not utf8:
        text = text.translate(_ASCII).encode(out.encoding, "backslashreplace").decode(out.encoding)
    out.write(text)


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = (), *, width: int = WIDTH) -> str:
    """The report as plain lines, without a single control character but line feeds."""
    page = io.StringIO()
    console = Console(
        file=page, width=width, color_system=None, force_terminal=False, highlight=False, emoji=False, markup=False
    )
    console.print(Group(*_blocks(subject, worst, fancy=False)))
    lines = [line.rstrip() for line in page.getvalue().split("\n")]
    # Once more after the layout: a long answer may have been broken just before its `::error::`.
    return re.sub(r"^(\s*)::", r"\1\\::", "\n".join(lines), flags=re.MULTILINE)


def _blocks(subject: Comparison | RunRecord, worst: Sequence[Judged], *, fancy: bool) -> Iterator[RenderableType]:
    blocks = _run(subject, worst, fancy) if isinstance(subject, RunRecord) else _comparison(subject, fancy)
    for i, block in enumerate(blocks):
        if i:
            yield Text("")
        yield block


def _comparison(comparison: Comparison, fancy: bool) -> Iterator[RenderableType]:
    v = view.of_comparison(comparison)
    word, style = VERDICTS[v.verdict.word]
    several = len(v.candidates) > 1
    names = comparison.chosen if several else v.candidates[0].name
    summary = "" if several else v.candidates[0].summary
    yield _panel(f"{word}  {_line(str(names))}", v.verdict.reason, summary, style, fancy)
    yield from _warnings([*v.warnings, *(() if several else v.candidates[0].warnings)])
    if several:
        yield _overview(v.candidates, fancy)
    for candidate in v.candidates:
        if several:
            word, style = VERDICTS[candidate.verdict.word]
            yield _panel(f"{word}  {_line(candidate.name)}", candidate.verdict.reason, candidate.summary, style, fancy)
            yield from _warnings(candidate.warnings)
        yield from _found(candidate, fancy)
        if not several or candidate.name == comparison.chosen:
            yield from _conditions(candidate, fancy)


def _panel(title: str, reason: str, summary: str, style: str, fancy: bool) -> RenderableType:
    body = Text(_line(reason))
    if summary:
        body.append(f"\n{_line(summary)}", style="dim" if fancy else "")
    if not fancy:
        return Group(Text(title), Text(_line(reason)), *([Text(_line(summary))] if summary else []))
    return Panel(body, title=Text(title, style=style), title_align="left", border_style=style, padding=(0, 1))


def _found(v: CandidateView, fancy: bool) -> Iterator[RenderableType]:
    """Gates, metrics and the answers behind them."""
    if v.gates:
        table = _table(["Gate", "Rule", "Measured", "Result"], fancy)
        for g in v.gates:
            result = Text(RESULTS[g.result], style=RESULT_COLORS[g.result])
            table.add_row(_text(g.name), _text(g.rule), _text(g.measured), result)
        yield table
        undecided = [g for g in v.gates if g.result in ("inconclusive", "incomplete")]
        if undecided:
            yield Group(*(Text(f"{RESULTS[g.result][0]} {_line(g.name)}: {_line(g.reason)}") for g in undecided))
    if v.metrics:
        yield _metrics(v, fancy)
    for group in v.flips:
        yield from _flips(group)


def _metrics(v: CandidateView, fancy: bool) -> RenderableType:
    """What is gated, what a probe is about, and what changed; the rest is counted, and stands in the report file."""
    gated = {g.name for g in v.gates}
    shown = [m for m in v.metrics if m.primary or m.name in gated or m.tone in ("good", "bad")]
    notes = [view.LEGEND]
    if len(shown) < len(v.metrics):
        hidden = len(v.metrics) - len(shown)
        notes.append(f"{hidden} more metrics show no change; a report file (-o report.md) has them.")
    grouped = [f"{m.name} has {m.groups} questions" for m in shown if m.primary and m.groups is not None]
    if grouped:
        notes.append(f"Paraphrases of a question count once: {', '.join(grouped)}.")
    return Group(_changes("Metric", shown, fancy), *(Text(note, style="dim") for note in notes))


def _conditions(v: CandidateView, fancy: bool) -> Iterator[RenderableType]:
    """Slices, drift and how it was measured; of several candidates shown for the chosen one, the files have all."""
    if v.slices:
        bad = sum(row.tone == "bad" for row in v.slices)
        more = f", showing {SLICES}" if len(v.slices) > SLICES else ""
        title = f"Slices: {bad} of {len(v.slices)} worth a look{more}. One in twenty stands out by chance."
        yield Group(_head(title), _changes("Slice", v.slices[:SLICES], fancy, doubt="?"))
    yield _drift("Answers, base → candidate", v.drift, fancy)
    yield _measured(v.measured, ["How this was measured", "base", "candidate"], fancy)


def _overview(candidates: Sequence[CandidateView], fancy: bool) -> RenderableType:
    names = list(dict.fromkeys(m.name for c in candidates for m in c.metrics if m.primary))[:3]
    table = _table(["Candidate", *map(_line, names), "Verdict"], fancy, right=tuple(range(1, len(names) + 1)))
    for c in candidates:
        cells = {m.name: Text(f"{SIGNS[m.tone]} {_line(m.change)}", style=COLORS[m.tone]) for m in c.metrics}
        word, style = VERDICTS[c.verdict.word]
        table.add_row(_text(c.name), *(cells.get(n, Text("")) for n in names), Text(word, style=style))
    return table


def _changes(title: str, rows: Sequence[MetricRow], fancy: bool, doubt: str = "") -> RenderableType:
    header = ["", title, "scored", "base", "cand.", "difference, 95 %", "better/worse"]
    table = _table(header, fancy, right=(2, 3, 4, 6), whole=(5,))
    for m in rows:
        change = Text(f"{_line(m.change)} {_line(m.interval)}".strip(), style=COLORS[m.tone])
        name = Text(_line(m.name), style="bold" if m.primary and fancy else "")
        sign = Text(SIGNS[m.tone] + (doubt if m.tone in ("good", "bad") else ""), style=COLORS[m.tone])
        table.add_row(sign, name, _text(m.n), _text(m.base), _text(m.candidate), change, f"{m.better} / {m.worse}")
    return table


def _flips(group: FlipGroup) -> Iterator[RenderableType]:
    worse, better = group.regressions[:REGRESSIONS], group.improvements[:IMPROVEMENTS]
    if worse:
        yield _head(f"{group.name}: {view.answers(group.worse)} got worse, showing {len(worse)}")
        yield from map(_flip, worse)
    if better:
        yield _head(f"{group.name}: {view.answers(group.better)} got better, showing {len(better)}")
        yield from map(_flip, better)


def _flip(flip: Flip) -> RenderableType:
    target = [] if flip.sample.target is None else [("wanted", str(flip.sample.target), "", "")]
    why = [("why", flip.reason, "", "dim")] if flip.reason else []
    return _answers(
        f"{_line(flip.sample.id)}",
        [
            ("prompt", flip.sample.prompt_text, "", ""),
            *target,
            ("base", flip.base_text, _score(flip.base_score), ""),
            ("candidate", flip.candidate_text, _score(flip.candidate_score), "bold"),
            *why,
        ],
    )


def _answers(title: str, parts: Sequence[tuple[str, str, str, str]]) -> RenderableType:
    """Texts under their labels; a bar before every line keeps an answer from posing as anything else."""
    grid = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text, score, style in parts:
        shown = for_terminal(clip(text, CHARACTERS)) or "(empty)"
        grid.add_row(Text(f"  {label}", style="dim"), Text(score, style="dim"), Text(shown, style=style))
    return Group(Text(f"  {title}", style="dim"), grid)


def _score(value: float | None) -> str:
    return "not scored" if value is None else f"{value:.3g}"


def _run(run: RunRecord, worst: Sequence[Judged], fancy: bool) -> Iterator[RenderableType]:
    v = run_view.of_run(run, worst)
    word, style = VERDICTS["measured"] if v.complete else VERDICTS["incomplete"]
    yield _panel(
        f"{word}  {_line(v.ref)}", "One model and nothing to compare it with, so no verdict.", "", style, fancy
    )
    yield from _warnings(v.warnings)
    table = _table(["Metric", "scored", "value", "95 % interval", "by chance"], fancy, right=(1, 2, 3, 4))
    for m in v.metrics:
        name = Text(_line(m.name), style="bold" if m.primary and fancy else "")
        table.add_row(name, _text(m.n), _text(m.value), _text(m.interval), _text(m.chance))
    yield table
    if v.worst:
        yield _head(f"The {len(v.worst)} lowest-scored answers")
    for j in v.worst:
        wanted = [] if j.sample.target is None else [("wanted", str(j.sample.target), "", "")]
        why = [("why", j.reason, "", "dim")] if j.reason else []
        parts = [("prompt", j.sample.prompt_text, "", ""), *wanted, ("answer", j.text, _score(j.score), "bold"), *why]
        yield _answers(f"{_line(j.probe)}.{_line(j.metric)} {_line(j.sample.id)}", parts)
    yield _drift("Answers", v.behaviour, fancy)
    yield _measured(v.measured, ["How this was measured", ""], fancy)


# --- blocks --------------------------------------------------------------------------------------


def _warnings(warnings: Sequence[str]) -> Iterator[RenderableType]:
    lines = [Text(f"! {_line(clip(w, 500))}", style="yellow") for w in dict.fromkeys(warnings)]
    if lines:
        yield Group(*lines)


def _drift(title: str, rows: Sequence[DriftRow], fancy: bool) -> RenderableType:
    table = _table([title, "tokens per answer", "empty", "cut off", "failed"], fancy, right=(1, 2, 3, 4))
    for d in rows:
        table.add_row(*map(_text, (d.probe, d.tokens, d.empty, d.truncated, d.errors)))
    return table


def _measured(measured: Measured, header: Sequence[str], fancy: bool) -> RenderableType:
    table = _table(header, fancy)
    for row in measured.rows:
        table.add_row(*(_text(cell) for cell in row))
    return Group(table, *(Text(_line(note), style="dim") for note in measured.notes))


def _table(header: Sequence[str], fancy: bool, right: Sequence[int] = (), whole: Sequence[int] = ()) -> Table:
    """`right` columns are right-aligned, `whole` ones never broken."""
    # The rule under the header takes one column between cells, so that both ways are equally wide.
    look: Any = (
        {"box": box.SIMPLE_HEAD, "show_edge": False, "padding": (0, 1, 0, 0)} if fancy else {"padding": (0, 2, 0, 0)}
    )
    table = Table(**{"box": None, "pad_edge": False, "header_style": "bold", **look})
    for i, name in enumerate(header):
        table.add_column(Text(name), justify="right" if i in right else "left", overflow="fold", no_wrap=i in whole)
    return table


def _head(title: str) -> Text:
    return Text(_line(title), style="bold")


def _text(text: str) -> Text:
    return Text(_line(text))


def _line(text: str) -> str:
    return one_line(text, 300)
