"""The forest plot alone, as one SVG file: a line for each gate and headline, with its interval and in words.

It is drawn by `forest` and `svg`, as in the page; here it also has its labels, its size and its colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from fteval.records import CandidateResult, Comparison, RunRecord
from fteval.reports.escape import one_line
from fteval.reports.html import candidate, forest, svg
from fteval.reports.html.forest import HEIGHT, Forest, Line
from fteval.reports.view import rows, view
from fteval.reports.view.rows import GateRow
from fteval.stats import units
from fteval.stats.level import level_of

WIDTH, NAME, STRIP = 920, 250, 330
"""Pixels: of the whole, of the names on the left, of the plot between them and the numbers."""
GAP, HEAD, SCALE = 12, 26, 24
DARK = "--ink:#e6e8eb;--muted:#a3abb7;--rule:#2f353e;--good:#56c878;--bad:#ff8077;--open:#e3b341;--page:#1a1d23"
STYLE = """\
.fteval-plot{--ink:#1b1f24;--muted:#59616d;--rule:#dfe3e8;--good:#17753a;--bad:#b8322a;--open:#8a5c00;--page:#fff;\
font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
@media (prefers-color-scheme:dark){.fteval-plot{DARK}}
[data-jp-theme-light="false"] .fteval-plot,.vscode-dark .fteval-plot{DARK}
.fteval-plot .paper{fill:var(--page)}
.fteval-plot text{fill:var(--ink)}.fteval-plot .muted,.fteval-plot .chart text{fill:var(--muted)}
.fteval-plot .chart text,.fteval-plot .small{font-size:11px}
.fteval-plot .title{font-size:15px;font-weight:600}
.fteval-plot line{stroke:var(--muted);stroke-width:1}.fteval-plot .rule{stroke:var(--rule)}
.fteval-plot .zero{stroke:var(--ink);opacity:.55}
.fteval-plot .margin{stroke:var(--bad);stroke-dasharray:4 3;stroke-width:1.5}
.fteval-plot .beyond{fill:var(--bad);opacity:.07}
.fteval-plot .interval{stroke-width:2.5}.fteval-plot .estimate{fill:var(--muted)}
.fteval-plot .base{fill:var(--page);stroke:var(--ink);stroke-width:1.5}
.fteval-plot .interval.good,.fteval-plot .interval.pass{stroke:var(--good)}
.fteval-plot .estimate.good,.fteval-plot .estimate.pass{fill:var(--good)}
.fteval-plot .interval.bad,.fteval-plot .interval.fail{stroke:var(--bad)}
.fteval-plot .estimate.bad,.fteval-plot .estimate.fail{fill:var(--bad)}
.fteval-plot .interval.inconclusive,.fteval-plot .interval.incomplete{stroke:var(--open)}
.fteval-plot .estimate.inconclusive,.fteval-plot .estimate.incomplete{fill:var(--open)}
""".replace("DARK", DARK)


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on both sides of a line."""

    name: str
    about: str
    numbers: str


def of_comparison(comparison: Comparison, result: CandidateResult) -> str:
    """A candidate of a comparison: its gates, then the headlines that no gate is on."""
    seen = next(c for c in view.of_comparison(comparison).candidates if c.name == result.name)
    gated = [(row, forest.of_gate(found, row.label)) for row, found in zip(seen.gates, result.gates, strict=True)]
    lines = [(_of_gate(row), line) for row, line in gated if line is not None]
    on = {(g.gate.probe, g.gate.metric) for g in result.gates}
    for change in result.changes:
        if change.metric.primary and (change.probe, change.metric.name) not in on and change.difference is not None:
            row = rows.metric_row(change, rows.tone_of(change))
            about = f"{row.base} → {row.candidate}"
            lines.append(
                (Label(row.name, about, f"{row.change} {row.interval}"), forest.of_change(change, row.tone, row.name))
            )
    title = f"{seen.verdict.phrase} {seen.verdict.name}"
    return _drawn(title, lines[: candidate.MOST])


def of_run(run: RunRecord) -> str:
    """The levels of one run's headlines."""
    lines = []
    for probe in run.probes:
        for metric in probe.metrics:
            found = level_of(probe, metric)
            if metric.primary and found.n:
                name = units.name(probe.probe, metric.name)
                interval = units.level_interval(found.low, found.high, metric)
                label = Label(name, f"{found.n:,} scored", f"{units.value(found.estimate, metric)} {interval}")
                lines.append(
                    (label, Line(metric, forest.LEVEL, found.estimate, found.low, found.high, "measured", name))
                )
    return _drawn(run.ref, lines[: candidate.MOST])


def _of_gate(row: GateRow) -> Label:
    return Label(row.label, row.rule, f"{row.measured}  {row.result}")


def _drawn(title: str, lines: Iterable[tuple[Label, Line]]) -> str:
    parts = [_text(0, 18, one_line(title, 100), "title")]
    top = 34
    groups: Sequence[Forest[Label]] = forest.forests(lines)
    for group in groups:
        parts += [
            _text(NAME, top + 12, one_line(group.caption.removeprefix("the candidate's own "), 60), "small muted"),
            _text(NAME + STRIP + GAP, top + 12, "better →", "small muted"),
        ]
        top += HEAD
        for label, strip in group.rows:
            parts += [
                svg.element("line", x1=0, y1=top, x2=WIDTH, y2=top, class_="rule"),
                _text(0, top + 13, one_line(label.name, 36)),
                _text(0, top + 26, one_line(label.about, 44), "small muted"),
                _at(NAME, top, STRIP, HEIGHT, strip),
                _text(NAME + STRIP + GAP, top + 20, one_line(label.numbers, 56)),
            ]
            top += HEIGHT
        parts.append(_at(NAME, top, STRIP, SCALE, group.scale))
        top += SCALE + GAP
    if not groups:
        parts.append(_text(0, top + 12, "nothing was measured that could be drawn", "muted"))
        top += HEAD
    words = one_line(title, 100)
    return svg.element(
        "svg",
        [
            svg.element("title", [escape(words)]),
            svg.element("style", [Markup(STYLE)]),
            svg.element("rect", x=0, y=0, width="100%", height="100%", class_="paper"),
            svg.element("svg", parts, x=16, y=8, width=WIDTH, height=top),
        ],
        xmlns="http://www.w3.org/2000/svg",
        class_="fteval-plot",
        viewBox=f"0 0 {WIDTH + 32} {top + 16}",
        width=WIDTH + 32,
        height=top + 16,
        role="img",
    )


def _at(x: float, y: float, width: float, height: float, drawing: Markup) -> Markup:
    """A chart, which is as wide as there is room, at a place."""
    return svg.element("svg", [drawing], x=x, y=y, width=width, height=height)


def _text(x: float, y: float, text: str, class_: str = "name") -> Markup:
    return svg.element("text", [escape(text)], x=x, y=y, class_=class_)
