"""The markdown report keeps its order and structure, whatever the models said."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hostile import ATTACKS, comparison, single
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import ones, probe, run
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fteval.records import Comparison, Gate, RunRecord
from fteval.reports import markdown
from fteval.stats.compare import compare, conclude

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OWN_HTML = re.compile(
    r"<!-- fteval:report (comparison|run)=[A-Za-z0-9._]+ -->|<details><summary>[^<>]*</summary>|</details>"
)


def structure(report: str) -> list[str]:
    """Types of all blocks, in order."""
    return [token.type for token in PARSER.parse(report)]


def check_harmless(report: str) -> list[Token]:
    tokens = PARSER.parse(report)
    for token in tokens:
        if token.type == "html_block":
            assert OWN_HTML.fullmatch(token.content.strip())
        for child in token.children or []:
            assert child.type not in ("link_open", "image", "html_inline"), child
            if child.type == "text":
                assert not re.search(r"@\w", child.content)
    html = [t.content for t in tokens if t.type == "html_block"]
    assert sum(h.startswith("<details>") for h in html) == sum(h.startswith("</details>") for h in html)
    assert report.count("fteval:report") == 1 and report.startswith("<!-- fteval:report")
    report.encode("utf-8")
    return tokens


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("several", [False, True])
def test_hostile_text_changes_nothing_of_the_structure(text: str, several: bool) -> None:
    report = markdown.render(comparison(text, several=several))
    check_harmless(report)
    assert structure(report) == structure(markdown.render(comparison("plain", several=several)))


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_in_a_single_run(text: str) -> None:
    report = markdown.render(*single(text))
    check_harmless(report)
    assert structure(report) == structure(markdown.render(*single("plain")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(st.characters(), max_size=80), st.text("`~|\\<>[]()!@#&*_:/\n\r -=a1", max_size=40)))
def test_any_text_changes_nothing_of_the_structure(text: str) -> None:
    report = markdown.render(comparison(text))
    check_harmless(report)
    assert structure(report) == structure(markdown.render(comparison("plain")))


def test_an_answer_of_5_mb_is_cut_and_counted() -> None:
    started = time.monotonic()
    report = markdown.render(comparison("words and words " * 312_500))
    assert len(report) < 100_000 and "of 5,000,000 characters not shown" in report
    assert time.monotonic() - started < 20


def shipped() -> Comparison:
    base = run(probe(ones(300, 280)), probe(ones(200, 0), "iso_date"))
    other = run(probe(ones(300, 60)), probe(ones(200, 200), "iso_date"), ref="nano+out/sft", warnings=("look here",))
    gates = [
        Gate("iso_date", "correct", "min_gain", 0.2, where="fteval.yaml:4"),
        Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:5", advisory=False),
    ]
    return conclude("c1", base, compare(base, [("sft", other)], gates), command="fteval run")


def test_the_report_is_read_from_the_verdict_down() -> None:
    report = markdown.render(shipped())
    lines = report.split("\n")
    assert lines[0] == "<!-- fteval:report comparison=c1 -->"
    assert lines[2] == ("### ❌ fteval: do not ship `sft`: facts.correct lost 73.3 pp, more than the 2.0 pp allowed")
    places = [
        report.index(part)
        for part in (
            "Better on iso_date. Worse on facts.",
            "> ⚠ look here",
            "| Gate | Rule |",
            "| Metric (samples scored) |",
            "How the answers changed",
            "How this was measured",
        )
    ]
    assert places == sorted(places)
    assert "| ▼ `facts.correct` (300) | 93.3 % | 20.0 % | **−73.3 pp** [−78.4, −68.3] | 0 / 220 |" in report
    assert "| max_drop 2.0 pp |" in report
    assert "`fteval run`" in report


def test_denominators_say_what_is_missing() -> None:
    base = run(probe(ones(420, 300)))
    other = run(probe([None] * 8 + ones(412, 300), unscored={"correct": 8}), ref="x")
    report = markdown.render(conclude("c1", base, compare(base, [("x", other)])))
    assert "`facts.correct` (412 of 420)" in report
    assert "not judged on correct: 8 of 420 (base: 0)" in report


def test_words_that_claim_too_much_are_not_used() -> None:
    base = run(probe(ones(60, 60)))
    report = markdown.render(conclude("c1", base, compare(base, [("x", run(probe(ones(60, 60)), ref="x"))])))
    assert "cannot tell about `x`" in report and "about 191 samples would tell" in report
    assert "No change shown on facts." in report
    assert not re.search(r"no regression|no difference|significant|p ?[<=] ?0", report, re.IGNORECASE)


def test_a_saved_comparison_without_columns_reads_the_same() -> None:
    whole = comparison("plain")
    slim = replace(
        whole,
        base=replace(whole.base, probes=()),
        candidates=tuple(replace(c, run=replace(c.run, probes=())) for c in whole.candidates),
    )
    assert markdown.render(slim) == markdown.render(whole)


def test_a_single_run_has_no_verdict() -> None:
    record: RunRecord = run(probe(ones(148, 15)), ref="nano")
    report = markdown.render(record)
    assert "no verdict" in report and "ship" not in report
    # Newcombe 1998: 15 of 148.
    assert "| `facts.correct` (148) | 10.1 % | [6.2, 16.0] |  |" in report
