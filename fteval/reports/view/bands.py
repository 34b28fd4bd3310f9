"""Tables of how sure a model was and how often it was right: a reliability diagram in numbers, with its counts."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import ProbeResult
from fteval.reports.view.table import TextTable
from fteval.stats import units

N_BANDS = 10


def of_run(probes: Sequence[ProbeResult]) -> tuple[TextTable, ...]:
    """A table for each metric that says how sure a model is of another."""
    header = ("Confidence", "answers", "mean", "right")
    return tuple(
        TextTable(f"{units.name(p.probe, sure)} and how often {of} was right", header, _rows([p], sure, of))
        for p in probes
        for sure, of in _claims(p)
        if any(value is not None for value in p.scores[sure])
    )


def of_pair(base: Sequence[ProbeResult], candidate: Sequence[ProbeResult]) -> tuple[TextTable, ...]:
    """The same for base and candidate side by side."""
    header = ("Confidence", "base answers", "mean", "right", "candidate answers", "mean", "right")
    old = {p.probe: p for p in base}
    return tuple(
        TextTable(
            f"{units.name(p.probe, sure)} and how often {of} was right", header, _rows([old[p.probe], p], sure, of)
        )
        for p in candidate
        for sure, of in _claims(p)
        if p.probe in old and {sure, of} <= set(old[p.probe].scores)
        if any(value is not None for side in (old[p.probe], p) for value in side.scores[sure])
    )


def _claims(probe: ProbeResult) -> list[tuple[str, str]]:
    return [(m.name, m.sure_of) for m in probe.metrics if m.sure_of is not None and m.sure_of in probe.scores]


def _rows(sides: Sequence[ProbeResult], sure: str, of: str) -> tuple[tuple[str, ...], ...]:
    found = [_bands(side.scores[sure], side.scores[of]) for side in sides]
    rows = []
    for band in range(N_BANDS):
        if not any(side[band] for side in found):
            continue
        low, high = 100 * band // N_BANDS, 100 * (band + 1) // N_BANDS
        rows.append((f"{low}–{high} %", *(cell for side in found for cell in _cells(side[band]))))
    return tuple(rows)


def _cells(band: Sequence[tuple[float, float]]) -> tuple[str, str, str]:
    if not band:
        return "0", "–", "–"
    means = (sum(one[i] for one in band) / len(band) for i in (0, 1))
    mean, right = (f"{units.percent(value)} %" for value in means)
    return f"{len(band):,}", mean, right


def _bands(sure: Sequence[float | None], right: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """(confidence, score) of each sample that has both, by tenths of confidence; 100 % belongs to the last."""
    bands: list[list[tuple[float, float]]] = [[] for _ in range(N_BANDS)]
    for p, score in zip(sure, right, strict=True):
        if p is not None and score is not None:
            bands[min(int(p * N_BANDS), N_BANDS - 1)].append((p, score))
    return bands
