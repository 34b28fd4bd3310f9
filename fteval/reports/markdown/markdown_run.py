"""The report of a single run as markdown: how the model does on each metric, and its worst answers."""

from __future__ import annotations

from collections.abc import Iterator

from fteval.records import Judged
from fteval.reports.escape import code, inline
from fteval.reports.markdown import blocks
from fteval.reports.view import rows
from fteval.reports.view.detail import Detail
from fteval.reports.view.run_view import RunView


def page(v: RunView, detail: Detail) -> str:
    """The report without a first line of its own."""
    return blocks.joined(list(_blocks(v, detail)))


def _blocks(v: RunView, detail: Detail) -> Iterator[str]:
    yield f"### 📏 fteval: {code(v.ref)} measured; nothing to compare it with, so no verdict"
    yield blocks.warnings(v.warnings, detail.text, detail.warnings)
    shown = [m for m in v.metrics if detail.still or m.primary][: None if detail.metrics else 20]
    yield blocks.table(
        ["Metric (samples scored)", "value", "95 % interval", "by chance"],
        "lrrr",
        [[f"{code(m.name, table=True)} ({m.n})", inline(m.value), inline(m.interval), inline(m.chance)] for m in shown],
    )
    if len(shown) < len(v.metrics):
        hidden = len(v.metrics) - len(shown)
        yield f"{hidden:,} more {'metric is' if hidden == 1 else 'metrics are'} not shown."
    if v.worst and detail.regressions:
        answers = [_judged(j, detail.characters, v.path) for j in v.worst]
        yield blocks.details(f"The {len(v.worst)} lowest-scored answers", blocks.joined(answers))
    yield blocks.people(v.people, v.people_notes)
    for table in v.labels if detail.behaviour else ():
        yield blocks.details(table.title, blocks.texts(table))
    if detail.behaviour:
        yield blocks.details("How it answered", blocks.behaviour(v.behaviour))
    if detail.measured:
        yield blocks.details("How this was measured", blocks.measured(v.measured, ["", ""]))


def _judged(judged: Judged, characters: int, path: str) -> str:
    parts = [
        ("PROMPT", judged.sample.prompt_text),
        *blocks.wanted(judged.sample.target),
        ("ANSWER", judged.text),
        *blocks.why(judged.reason),
    ]
    head = f"{code(f'{judged.probe}.{judged.metric}')} {code(judged.sample.id)} · {rows.score(judged.score)}"
    return f"{head}\n{blocks.answers(parts, characters, path)}"
