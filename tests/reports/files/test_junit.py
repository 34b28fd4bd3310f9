"""JUnit: valid XML whatever is in it, read by others' readers, and never greener than the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import junitparser
import pytest
import scenes
from hostile import ATTACKS, comparison, single
from hypothesis import given, settings
from hypothesis import strategies as st
from made import ones, probe, run

from fteval.records import Comparison, Gate
from fteval.reports.files import junit
from fteval.stats.compare import compare, conclude


def read(text: str) -> junitparser.JUnitXml:
    found = junitparser.JUnitXml.fromstring(text.encode())
    assert isinstance(found, junitparser.JUnitXml)
    return found


def outcomes(text: str) -> dict[str, list[tuple[str, str | None]]]:
    """candidate -> (case, tag and type of what is not a pass), read by junitparser."""
    return {
        suite.name: [
            (f"{case.classname} {case.name}", " ".join(filter(None, (_tag(r), r.type))) if _result(case) else None)
            for case in suite
            for r in (_result(case) or [None])
        ]
        for suite in read(text)
    }


def _result(case: junitparser.TestCase) -> list[junitparser.junitparser.Result]:
    return list(case.result)


def _tag(result: junitparser.junitparser.Result) -> str:
    return type(result).__name__.lower()


def test_a_suite_per_candidate_and_a_case_per_gate() -> None:
    assert outcomes(junit.render(scenes.lost())) == {
        "sft": [("facts correct max_drop 2.0 pp", "failure regression"), ("iso_date correct min_gain 20.0 pp", None)]
    }
    found = read(junit.render(scenes.crowd()))
    assert [suite.name for suite in found] == ["candidate-0", "candidate-1", "candidate-2"]
    assert found.tests == 6 and found.failures == sum(s.failures for s in found) > 0


def test_cases_point_at_the_gates_lines() -> None:
    cases = ET.fromstring(junit.render(scenes.lost())).iter("testcase")
    assert [(case.get("file"), case.get("line")) for case in cases] == [("fteval.yaml", "5"), ("fteval.yaml", "4")]


def test_an_advisory_gate_never_fails_the_file() -> None:
    found = outcomes(junit.render(scenes.everything()))["support-sft-v7"]
    assert [tag for name, tag in found if "language=" in name] == ["skipped"] * 3 + [None]
    base, other = run(probe(ones(300, 280))), run(probe(ones(300, 60)), ref="x")
    gates = [Gate("facts", "correct", "max_drop", 0.02, advisory=True)]
    only = read(junit.render(conclude("c1", base, compare(base, [("x", other)], gates))))
    assert (only.failures, only.errors, only.skipped) == (0, 0, 2)


def test_too_little_evidence_fails_unless_the_config_lets_it_pass() -> None:
    name = "facts correct max_drop 2.0 pp · default guard"
    assert outcomes(junit.render(scenes.open_())) == {"x": [(name, "failure inconclusive")]}
    assert outcomes(junit.render(replace(scenes.open_(), exit_code=0))) == {"x": [(name, "skipped")]}


def test_errors_are_errors() -> None:
    base, other = run(probe(ones(60, 60))), run(probe(ones(60, 60), errors=2), ref="x", errors=2)
    found = read(junit.render(conclude("c1", base, compare(base, [("x", other)]))))
    assert (found.errors, found.failures) == (1, 0)


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        (scenes.broken, ("verdict incomplete", "error incomplete")),
        (lambda: _verdict("cannot_tell", 4), ("verdict cannot_tell", "failure inconclusive")),
        (lambda: _verdict("cannot_tell", 0), ("verdict cannot_tell", "skipped")),
        (lambda: _verdict("do_not_ship", 1), ("verdict do_not_ship", "failure regression")),
        (lambda: _verdict("measured", 0, gates=False), ("verdict measured", "skipped")),
    ],
)
def test_a_verdict_that_no_gate_shows_is_a_case(scene: Callable[[], Comparison], shown: tuple[str, str]) -> None:
    (cases,) = outcomes(junit.render(scene())).values()
    assert cases[0] == shown


def _verdict(word: str, code: int, gates: bool = True) -> Comparison:
    calm = scenes.calm()
    result = replace(calm.candidates[0], verdict=word, reason="because", **({} if gates else {"gates": ()}))
    return replace(calm, candidates=(result,), verdict=word, exit_code=code)


def test_what_ships_is_green() -> None:
    found = read(junit.render(scenes.calm()))
    assert (found.tests, found.failures, found.errors, found.skipped) == (1, 0, 0, 0)


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_changes_nothing_of_the_structure(text: str) -> None:
    def shape(xml: str) -> list[str]:
        return [element.tag for element in ET.fromstring(xml).iter()]

    assert shape(junit.render(comparison(text))) == shape(junit.render(comparison("plain")))
    assert shape(junit.render(single(text)[0])) == shape(junit.render(single("plain")[0]))


@settings(max_examples=60)
@given(st.one_of(st.text(st.characters(), max_size=80), st.text("]>&<!-CDAT[\x00\x0b\ufffe\uffff'\"", max_size=40)))
def test_any_text_is_valid_xml(text: str) -> None:
    whole = scenes.calm()
    result = replace(whole.candidates[0], name=text, verdict="incomplete", reason=text)
    xml = junit.render(replace(whole, candidates=(result,), verdict="incomplete", chosen=text))
    assert xml.isascii()
    ET.fromstring(xml)
    assert len(list(read(xml))) == 1


def test_5_mb_are_cut_and_counted() -> None:
    started = time.monotonic()
    xml = junit.render(comparison("]]> words " * 500_000))
    assert len(xml) < 100_000 and "of 5,000,000 characters not shown" in xml
    ET.fromstring(xml)
    assert time.monotonic() - started < 20


def test_a_single_run_fails_nothing_and_hides_no_error() -> None:
    assert outcomes(junit.render(run(probe(ones(9, 4)), ref="nano"))) == {"nano": [("verdict measured", "skipped")]}
    (cases,) = outcomes(junit.render(run(probe(ones(9, 4)), errors=2))).values()
    assert cases == [("verdict incomplete", "error incomplete")]
