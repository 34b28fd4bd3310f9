"""Tables of labels: how each one fared, and what it was taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fteval.records import ProbeResult
from fteval.reports.escape import one_line
from fteval.reports.view.table import TextTable
from fteval.stats import units
from fteval.stats.confusion import LabelScore, label_scores, macro_f1

MOST = 12
"""Labels shown, the most wanted first; more are counted."""
_NONE = "no label"


def of_run(probes: Sequence[ProbeResult]) -> tuple[TextTable, ...]:
    """A table per probe whose answers are labels."""
    header = ("Label", "wanted", "F1", "taken for")
    return tuple(
        TextTable(f"Labels of {p.probe}: macro-F1 {_f1(macro_f1(p.confusion))}", header, _rows([p]))
        for p in probes
        if p.confusion
    )


def of_pair(base: Sequence[ProbeResult], candidate: Sequence[ProbeResult]) -> tuple[TextTable, ...]:
    """The same for base and candidate side by side."""
    header = ("Label", "wanted", "F1 base", "F1 candidate", "candidate takes it for")
    old = {p.probe: p for p in base}
    return tuple(
        TextTable(
            f"Labels of {p.probe}: macro-F1 {_f1(macro_f1(old[p.probe].confusion))} → {_f1(macro_f1(p.confusion))}",
            header,
            _rows([old[p.probe], p]),
        )
        for p in candidate
        if p.confusion and p.probe in old
    )


def as_json(base: Sequence[ProbeResult], candidate: Sequence[ProbeResult]) -> list[dict[str, Any]]:
    """Macro-F1 of both sides, per probe whose answers are labels."""
    old = {p.probe: p for p in base}
    return [
        {"probe": p.probe, "macro_f1": {"base": macro_f1(old[p.probe].confusion), "candidate": macro_f1(p.confusion)}}
        for p in candidate
        if p.confusion and p.probe in old
    ]


def _rows(sides: Sequence[ProbeResult]) -> tuple[tuple[str, ...], ...]:
    scores = [{s.label: s for s in label_scores(side.confusion)} for side in sides]
    last = scores[-1]
    rows = []
    for label, score in list(last.items())[:MOST]:
        f1 = (_f1(found[label].f1 if label in found else None) for found in scores)
        rows.append((one_line(label, 60), f"{score.n:,}", *f1, _taken(score)))
    if len(last) > MOST:
        rows.append((f"… and {len(last) - MOST:,} more", *("" for _ in range(len(sides) + 2))))
    return tuple(rows)


def _taken(score: LabelScore) -> str:
    shown = [f"{one_line(label, 40) or _NONE} {n:,}" for label, n in score.taken_for[:3]]
    return ", ".join(shown) + (", …" if len(score.taken_for) > 3 else "")


def _f1(value: float | None) -> str:
    return "–" if value is None else f"{units.percent(value)} %"
