"""OpenMetrics text that Prometheus' own reader reads."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import scenes
from hostile import ATTACKS, comparison
from made import probe, run
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from fteval.records import Comparison
from fteval.reports.files import openmetrics
from fteval.stats.compare import compare, conclude


def read(subject: Comparison) -> dict[tuple[str, str, str, str], float]:
    """(family, candidate, probe, metric) -> value."""
    found = {}
    for family in text_string_to_metric_families(openmetrics.render(subject)):
        assert family.type == "gauge" and family.documentation
        for sample in family.samples:
            labels = sample.labels
            found[sample.name, labels["candidate"], labels["probe"], labels["metric"]] = sample.value
    return found


def test_every_metric_has_base_candidate_and_difference() -> None:
    found = read(scenes.lost())
    assert found["fteval_base", "sft", "facts", "correct"] == pytest.approx(280 / 300)
    assert found["fteval_candidate", "sft", "facts", "correct"] == pytest.approx(60 / 300)
    assert found["fteval_difference", "sft", "facts", "correct"] == pytest.approx(-220 / 300)
    assert len(found) == 6
    assert openmetrics.render(scenes.lost()).endswith("\n# EOF\n")


def test_a_single_run_has_a_value_per_metric() -> None:
    lines = openmetrics.render(run(probe([1.0] * 3 + [0.0]))).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'fteval_value{probe="facts",metric="correct"} 0.75'  # three of four
    ]
    (family,) = text_string_to_metric_families("\n".join(lines) + "\n")
    assert family.type == "gauge"


def test_several_candidates_are_told_apart() -> None:
    assert len(read(scenes.crowd(3))) == 3 * 2 * 3


def test_what_was_not_measured_has_no_line() -> None:
    base, other = run(probe([math.nan] * 5)), run(probe([None] * 5), ref="x")
    assert read(conclude("c1", base, compare(base, [("x", other)]))) == {}


@pytest.mark.parametrize("name", ['a "quoted" one', "back\\slash", 'ends with \\"', "{a}=b, c"])
def test_a_label_reads_as_it_was_written(name: str) -> None:
    whole = scenes.lost()
    found = read(replace(whole, candidates=(replace(whole.candidates[0], name=name),), chosen=name))
    assert {candidate for _, candidate, _, _ in found} == {name}


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_stays_in_its_label(text: str) -> None:
    assert len(read(comparison(text, several=True))) == len(read(comparison("plain", several=True)))
