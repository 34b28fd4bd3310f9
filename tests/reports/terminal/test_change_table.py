"""The table of changes at every width: no name below its width, no sign lost, each unit once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from fteval import registry
from fteval.records import Metric, MetricChange
from fteval.reports.terminal.change_table import changes
from fteval.reports.terminal.page import plain
from fteval.reports.view import rows

WIDTHS = (80, 100, 120, 200)


def every_metric() -> Iterator[tuple[str, Metric]]:
    for probe in registry.probe_names():
        for metric in registry.probe(probe, {}).metrics:
            yield probe, metric


def change(probe: str, metric: Metric, difference: float, n: int = 400) -> MetricChange:
    low, high = difference - abs(difference) / 2, difference + abs(difference) / 2
    return MetricChange(probe, metric, 0.5, 0.5 + difference, difference, low, high, n, 60, 20, n, n, 0, 0)


def shown(*found: MetricChange, width: int) -> str:
    table = changes("Metric", [rows.metric_row(c, rows.tone_of(c)) for c in found], width, False)
    return plain([table], width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("probe", "metric"), list(every_metric()))
def test_every_probes_metrics_are_readable(probe: str, metric: Metric, width: int) -> None:
    page = shown(change(probe, metric, 0.1234), change(probe, metric, -0.25), width=width)
    lines = page.split("\n")
    assert max(map(cell_len, lines)) <= width
    assert [line[0] for line in lines if line[:1] in "▲▼" and line] == (
        ["▲", "▼"] if metric.better == "higher" else ["▼", "▲"]
    )
    unit = "%" if metric.unit == "share" else metric.unit
    assert page.count(f"({unit})") == 2 and f"0 {unit}" not in page
    for piece in (probe, metric.name):
        assert sum(re.search(rf"\b{piece}\b", line) is not None for line in lines) == 2, piece


@pytest.mark.parametrize("width", WIDTHS)
def test_all_metrics_together_are_readable(width: int) -> None:
    found = [change(probe, metric, -0.25) for probe, metric in every_metric() if metric.reported]
    lines = shown(*found, width=width).split("\n")
    assert max(map(cell_len, lines)) <= width
    assert sum(line[:1] in ("▲", "▼") for line in lines) == len(found)
    assert all(any(c.metric.name in line for line in lines) for c in found)


def test_a_name_that_no_terminal_has_room_for_keeps_its_sign_and_its_difference() -> None:
    page = shown(change("p", Metric("m" * 90), -0.25), width=60)
    (line,) = [line for line in page.split("\n") if line.startswith("▼")]
    assert "−25.0 [−37.5, −12.5]" in line


def test_counts_give_way_before_names_do() -> None:
    found = change("semantic_search", Metric("found_in_first_ten"), -0.25, 123456)
    assert "60 / 20 / 123,376" in shown(found, width=120)
    assert "semantic_search.found_in_first_ten (%)" in shown(found, width=100).replace("\n", " ")
    assert "60/20 of 123,456" in shown(found, width=100)
