"""A report in the terminal: verdict first, as wide as it is; plain lines, 100 columns wide, in a pipe or a log.

Untrusted text is escaped and shown through `Text`, never through rich's markup.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text

from fteval.records import Comparison, Flip, Judged, RunRecord
from fteval.reports.terminal import panes
from fteval.reports.terminal.change_table import COLORS, changes, named
from fteval.reports.terminal.page import WIDTH, plain
from fteval.reports.terminal.panes import line
from fteval.reports.terminal.series import trainings
from fteval.reports.view import rows, run_view, view, words
from fteval.reports.view.rows import FlipGroup, MetricRow
from fteval.reports.view.run_view import RunView
from fteval.reports.view.view import CandidateView
from fteval.reports.view.words import SIGNS

REGRESSIONS, IMPROVEMENTS, SLICES = 3, 1, 8
"""What is shown of each; the markdown report has more, the store has all."""
VERDICTS = {
    "ship": ("✓ SHIP", "bold green"),
    "do_not_ship": ("✗ DO NOT SHIP", "bold red"),
    "cannot_tell": ("? CANNOT TELL", "bold yellow"),
    "incomplete": ("! INCOMPLETE", "bold yellow"),
    "measured": ("· MEASURED", "bold"),
}
RESULTS = {"pass": "✓ pass", "fail": "✗ FAIL", "inconclusive": "? open", "incomplete": "! incomplete"}
POINTS = "Differences of shares (%) are in points (pp)."
STOPPED = "exaggerated by stopping and has no interval"
RESULT_COLORS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "incomplete": "yellow"}
_ASCII = str.maketrans(
    {
        "✓": "+", "✗": "x", "▲": "^", "▼": "v", "≈": "=", "■": "#", "−": "-", "–": "-", "…": "...", "·": "-",
        "→": "->", "⏎": "\\n", "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "@",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to draw on."""

    fancy: bool
    """Lines and colours."""
    width: int = WIDTH


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
        console.print(Group(*_blocks(subject, worst, Look(True, console.width))))
        return
    text = render(subject, worst, width=get_terminal_size((WIDTH, 0)).columns if out.isatty() else WIDTH)
    if not utf8:
        text = text.translate(_ASCII).encode(out.encoding, "backslashreplace").decode(out.encoding)
    out.write(text)


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = (), *, width: int = WIDTH) -> str:
    """The report as plain lines, without a single control character but line feeds."""
    return plain(_blocks(subject, worst, Look(False, width)), width)


def _blocks(subject: Comparison | RunRecord, worst: Sequence[Judged], look: Look) -> Iterator[RenderableType]:
    blocks = _run(subject, worst, look) if isinstance(subject, RunRecord) else _comparison(subject, look)
    for i, block in enumerate(blocks):
        if i:
            yield Text("")
        yield block


def _comparison(comparison: Comparison, look: Look) -> Iterator[RenderableType]:
    v = view.of_comparison(comparison)
    chosen = v.chosen
    word, style = VERDICTS[v.verdict.word]
    summary = "" if v.crowd else chosen.summary
    yield panes.panel(f"{word}  {line(chosen.name)}", [v.verdict.reason, summary], style, look.fancy)
    yield from panes.advice(v.advice)
    yield from panes.warnings(view.gravest_first([*v.warnings, *(() if v.crowd else chosen.warnings)]))
    for series in v.series:
        yield from trainings(series, look.width, look.fancy)
    if v.crowd:
        whole = "Metrics and answers are shown of the best one; a report file (-o report.md) has them of all."
        shown = [c for c in v.candidates if c.name == chosen.name or c.name not in v.in_series]
        yield Group(_overview(shown, look), panes.note(v.crowd), panes.note(whole))
        if v.costs is not None:
            yield Group(panes.texts(v.costs.table, look.fancy), *map(panes.note, v.costs.notes))
        if v.pareto is not None:
            yield Group(panes.head(v.pareto.title), *map(panes.drawn, v.pareto.lines), panes.note(v.pareto.note))
        for candidate in shown:
            if candidate.name != chosen.name:
                yield from _beside(candidate, look)
        yield panes.panel(f"{word}  {line(chosen.name)}", [chosen.verdict.reason, chosen.summary], style, look.fancy)
        yield from panes.warnings(chosen.warnings)
    yield from _gates(chosen, look)
    if chosen.metrics:
        yield _metrics(chosen, v.floor, look)
    if chosen.drift:
        yield Group(*(Text(line(d.text), style="bold red" if d.alarm else "dim") for d in chosen.drift))
    for group in chosen.flips:
        yield from _flips(group)
    yield from panes.people(v.people, v.people_notes, look.fancy)
    yield from _conditions(chosen, look)


def _beside(v: CandidateView, look: Look) -> Iterator[RenderableType]:
    """A candidate that is not the best: why, in short; the report file has all of it."""
    word, style = VERDICTS[v.verdict.word]
    yield panes.panel(f"{word}  {line(v.name)}", [v.verdict.reason, v.summary], style, look.fancy)
    yield from panes.warnings(v.warnings)
    yield from _gates(v, look)


def _gates(v: CandidateView, look: Look) -> Iterator[RenderableType]:
    if not v.gates:
        return
    table = panes.table(["Gate", "Rule", "Measured", "Result"], look.fancy, whole=(3,))
    names = {
        g.name: panes.broken(g.name, 48 if look.width >= WIDTH else 24 if look.width >= 80 else 0) for g in v.gates
    }
    panes.keep(table, 0, names.values(), look.width // 3 if look.width >= 80 else 12)
    panes.keep(table, 3, [RESULTS[g.result] for g in v.gates], 12)
    panes.keep(table, 2, [line(g.measured) for g in v.gates], 24 if look.width >= 80 else 15)
    for g in v.gates:
        result = Text(RESULTS[g.result], style=RESULT_COLORS[g.result])
        table.add_row(Text(names[g.name]), *map(panes.text, (g.rule, g.measured)), result)
    yield Group(table, *map(panes.note, v.gate_notes))
    undecided = [g for g in v.gates if g.result in ("inconclusive", "incomplete")]
    if undecided:
        yield Group(*(Text(f"{RESULTS[g.result][0]} {line(g.label)}: {line(g.short)}") for g in undecided))


def _metrics(v: CandidateView, floor: str, look: Look) -> RenderableType:
    """What is gated, what a probe is about, and what changed; the rest is counted, and stands in the report file."""
    gated = {g.name for g in v.gates}
    shown = [m for m in v.metrics if m.primary or m.name in gated or m.tone in ("good", "bad")]
    notes = [v.legend, *([POINTS] if any(m.unit == "%" for m in shown) else [])]
    if len(shown) < len(v.metrics):
        hidden = len(v.metrics) - len(shown)
        some = "1 more metric shows" if hidden == 1 else f"{hidden} more metrics show"
        notes.append(f"{some} no change; a report file (-o report.md) has them.")
    grouped = [f"{m.name} has {m.groups:,} questions" for m in shown if m.primary and m.groups is not None]
    if grouped:
        notes.append(f"Paraphrases of a question count once: {', '.join(grouped)}.")
    notes += [f"{m.name}: {m.n_in_groups}; its difference is {STOPPED}." for m in shown if m.tone == "stopped"]
    notes += [f"{SIGNS[m.tone]} {m.name} may come from {m.cut}." for m in shown if m.cut]
    notes += [*([floor] if floor else []), *v.noise]
    return Group(changes("Metric", shown, look.width, look.fancy), *map(panes.note, notes))


def _conditions(v: CandidateView, look: Look) -> Iterator[RenderableType]:
    """Slices, behaviour and how it was measured."""
    for table in v.bills:
        yield panes.texts(table, look.fancy)
    if v.slices:
        more = f", showing {SLICES}" if len(v.slices) > SLICES else ""
        yield Group(panes.head(v.slices_title + more), changes("Slice", v.slices[:SLICES], look.width, look.fancy))
    if v.curve is not None:
        yield Group(panes.texts(v.curve.table, look.fancy), *map(panes.note, v.curve.notes))
    for table in v.labels:
        yield panes.texts(table, look.fancy)
    yield panes.behaviour("Answers, base → candidate", v.behaviour, look.fancy)
    yield panes.measured(v.measured, ["How this was measured", "base", "candidate"], look.fancy)


def _overview(candidates: Sequence[CandidateView], look: Look) -> RenderableType:
    """Candidates side by side, with as many of their headlines as there is room for."""
    names = list(dict.fromkeys(m.name for c in candidates for m in c.metrics if m.primary))
    taken = [
        min(max(cell_len(line(c.name)) for c in candidates), look.width // 3),
        max(len(word) for word, _ in VERDICTS.values()),
    ]
    while names and sum(taken) + 2 * (len(names) + 1) + sum(_overview_width(n, candidates) for n in names) > look.width:
        names.pop()
    header = ["Candidate", *(panes.broken(n, 0) for n in names), "Verdict"]
    table = panes.table(header, look.fancy, right=tuple(range(1, len(names) + 1)), whole=range(1, len(header)))
    for c in candidates:
        cells = {m.name: Text(_moved(m), style=COLORS[m.tone]) for m in c.metrics}
        word, style = VERDICTS[c.verdict.word]
        table.add_row(panes.text(c.name), *(cells.get(n, Text("")) for n in names), Text(word, style=style))
    return table


def _overview_width(name: str, candidates: Sequence[CandidateView]) -> int:
    cells = [_moved(m) for c in candidates for m in c.metrics if m.name == name]
    return max(cell_len(part) for cell in [panes.broken(name, 0), *cells] for part in cell.split("\n"))


def _moved(m: MetricRow) -> str:
    return f"{SIGNS[m.tone]} {line(m.change)}\n{line(m.interval)}"


def _flips(group: FlipGroup) -> Iterator[RenderableType]:
    worse, better = group.regressions[:REGRESSIONS], group.improvements[:IMPROVEMENTS]
    if worse:
        yield panes.head(f"{group.name}: {rows.answers(group.worse)} got worse, showing {len(worse)}")
        yield from map(_flip, worse)
    if better:
        yield panes.head(f"{group.name}: {rows.answers(group.better)} got better, showing {len(better)}")
        yield from map(_flip, better)


def _flip(flip: Flip) -> RenderableType:
    return panes.answers(
        line(flip.sample.id),
        [
            ("prompt", flip.sample.prompt_text, "", ""),
            *panes.wanted(flip.sample.target),
            ("base", words.NO_TEXT if flip.base_text is None else flip.base_text, rows.score(flip.base_score), ""),
            ("candidate", flip.candidate_text, rows.score(flip.candidate_score), "bold"),
            *panes.why(flip.reason),
        ],
    )


def _run(run: RunRecord, worst: Sequence[Judged], look: Look) -> Iterator[RenderableType]:
    v = run_view.of_run(run, worst)
    word, style = VERDICTS["measured"] if v.complete else VERDICTS["incomplete"]
    alone = "One model and nothing to compare it with, so no verdict."
    yield panes.panel(f"{word}  {line(v.ref)}", [alone], style, look.fancy)
    yield from panes.warnings(v.warnings)
    yield _levels(v, look)
    if v.worst:
        yield panes.head(f"The {len(v.worst)} lowest-scored answers")
    for j in v.worst:
        parts = [
            ("prompt", j.sample.prompt_text, "", ""),
            *panes.wanted(j.sample.target),
            ("answer", j.text, rows.score(j.score), "bold"),
            *panes.why(j.reason),
        ]
        yield panes.answers(f"{line(j.probe)}.{line(j.metric)} {line(j.sample.id)}", parts)
    yield from panes.people(v.people, v.people_notes, look.fancy)
    for found in v.labels:
        yield panes.texts(found, look.fancy)
    yield panes.behaviour("Answers", v.behaviour, look.fancy)
    yield panes.measured(v.measured, ["How this was measured", ""], look.fancy)


def _levels(v: RunView, look: Look) -> RenderableType:
    table = panes.table(["Metric", "scored", "value", "95 % interval", "by chance"], look.fancy, right=(1, 2, 3, 4))
    names = [named(m.name, m.unit, look.width // 2) for m in v.metrics]
    panes.keep(table, 0, names, look.width // 2)
    for m, name in zip(v.metrics, names, strict=True):
        value, chance = m.bare
        shown = Text(name, style="bold" if m.primary and look.fancy else "")
        table.add_row(shown, *map(panes.text, (m.n, value, m.interval, chance)))
    return table
