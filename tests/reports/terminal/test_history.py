"""The trend over releases: what it says, where it breaks, and that no name or reason in it can do harm."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hostile import ATTACKS
from made import CORRECT, digest
from markdown_it import MarkdownIt
from pages import Seen
from rich.cells import cell_len

from fteval.errors import UserError
from fteval.records import AnchorPoint, Metric, Point, Release, Step
from fteval.reports.html.trends import trends_page
from fteval.reports.terminal import history
from fteval.stats.trend import PLANNED

WRONG = Metric("invented", better="lower")
WORDS = Metric("words", unit="words")


def step(difference: float | None, half: float = 0.02) -> Step:
    ends = (None, None) if difference is None else (difference - half, difference + half)
    return Step(difference, *ends, 0.95, 200)


def release(n: int, value: float | None = 0.9, change: float | None = None, **fields: Any) -> Release:
    """The n-th release, whose numbers follow from a value and the change to the one before."""
    ends = (None, None) if value is None else (value - 0.05, value + 0.05)
    points = (
        Point("facts", CORRECT, value, *ends, 200, None if change is None else step(change)),
        Point("facts", WRONG, 0.1, 0.05, 0.15, 200, None if change is None else step(-change)),
        Point("facts", WORDS, 12.0, None, None, 200, None if change is None else step(None)),
    )
    ordinary: dict[str, Any] = {
        "time": f"2026-11-{n:02}T10:17:00Z",
        "run": f"run-{n}",
        "ref": f"ft:nano:local:v{n}:abc",
        "model": digest(n),
        "suite": digest("suite"),
        "probes": {"facts": digest("probe")},
        "fteval": "0.1.0",
        "points": points,
        "replaced": f"run-{n - 1}" if n > 1 else None,
    }
    return Release(**{**ordinary, **fields})


def against(name: str, run: str, difference: float, metric: Metric = CORRECT) -> AnchorPoint:
    return AnchorPoint(name, run, "facts", metric, step(difference))


def rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("2026-")]


def test_releases_are_read_newest_first_each_against_the_one_before() -> None:
    releases = [release(1, 0.80), release(2, 0.85, +0.05), release(3, 0.84, -0.01), release(4, 0.70, -0.14)]
    (trend,) = history.trends({"facts": releases})
    assert [row.when for row in trend.rows] == [f"2026-11-0{n} 10:17" for n in (4, 3, 2, 1)]
    assert [row.value for row in trend.rows][:2] == ["70.0 % [65.0, 75.0]", "84.0 % [79.0, 89.0]"]
    assert [row.step for row in trend.rows] == [
        "▼ −14.0 pp [−16.0, −12.0]",
        "≈ −1.0 pp [−3.0, +1.0]",
        "▲ +5.0 pp [+3.0, +7.0]",
        "–",
    ]
    assert [line[:10] for line in rows(history.render([trend]))] == [f"2026-11-0{n}" for n in (4, 3, 2, 1)]


def test_a_fall_of_what_should_be_low_is_better() -> None:
    (trend,) = history.trends({"facts": [release(1), release(2, 0.9, 0.1)]}, ["facts.invented"])
    assert trend.rows[0].step == "▲ −10.0 pp [−12.0, −8.0]"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        # By hand: between the lowest end 0 and the highest 0.9, eight bars; 0.05 is in the first, 0.85 in the last.
        ([0.05, 0.45, 0.85], "▁▅█"),
        ([0.9, 0.9, 0.9], "▅▅▅"),  # in the middle of their intervals
        ([0.90, 0.91, 0.90], "▄▅▄"),  # a change within the interval is no mountain
        ([0.5], "▅"),
        ([0.05, None, 0.85], "▁·█"),
        ([None], "·"),
    ],
)
def test_a_sparkline_is_scaled_by_the_intervals(values: list[float | None], line: str) -> None:
    releases = [release(n, v, 0.0 if n > 1 else None) for n, v in enumerate(values, start=1)]
    assert history.trends({"facts": releases})[0].line == line


def test_the_line_breaks_and_starts_anew_where_suite_or_scorer_changed() -> None:
    releases = [
        release(1, 0.05),
        release(2, 0.85, 0.8),
        release(3, 0.5, None, breaks={"facts": "suite changed (2 edited)"}),
        release(4, 0.5, None, breaks={"facts": "scorer changed"}),
        release(5, 0.5, 0.0),
    ]
    (trend,) = history.trends({"facts": releases})
    assert trend.line == "▁█ × ▅ × ▅▅"
    assert [row.broken for row in trend.rows] == [
        None,
        "not comparable with the one before: scorer changed",
        "not comparable with the one before: suite changed (2 edited)",
        None,
        None,
    ]
    page = history.render([trend]).splitlines()
    places = [i for i, line in enumerate(page) if line.startswith(("2026-", "× not"))]
    assert [page[i][:10].strip() for i in places] == [
        "2026-11-05", "2026-11-04", "× not comp", "2026-11-03", "× not comp", "2026-11-02", "2026-11-01",
    ]  # fmt: skip


def test_a_line_that_was_merged_in_between_is_not_taken_for_the_one_before() -> None:
    (trend,) = history.trends({"facts": [release(1), release(2, replaced="run-of-another-branch", change=0.1)]})
    assert trend.rows[0].step == "–"
    assert trend.rows[0].broken == "not comparable with the one before: it replaced another one"


def test_forced_releases_and_anchors_are_marked() -> None:
    releases = [release(1), release(1, anchor="v1"), release(2, 0.9, 0.0, forced="known gap")]
    (trend,) = history.trends({"facts": releases})
    assert [row.note for row in trend.rows] == ["FORCED: known gap", "anchor v1"]
    assert "FORCED: known gap" in history.markdown([trend])


def test_slow_drift_is_told_against_the_anchor_that_counts_now() -> None:
    releases = [
        release(1, anchored=(against("v1", "old", -0.30),)),
        release(2, 0.9, 0.0, anchored=(against("v1", "new", -0.01),)),  # the name was given to another release
        release(3, 0.9, 0.0, anchored=(against("v1", "new", -0.05), against("v2", "other", +0.01))),
    ]
    (trend,) = history.trends({"facts": releases})
    assert trend.drift == (
        "since anchor v1: −1.0, −5.0 pp, now −5.0 pp [−7.0, −3.0]: WORSE than the anchor",
        "since anchor v2: +1.0 pp [−1.0, +3.0]: no drift shown",
    )
    assert history.ANCHORS in " ".join(history.render([trend]).split())


def test_drift_knows_which_way_is_better() -> None:
    anchored = (against("v1", "r", 0.05, WRONG), against("v1", "r", 5.0, WORDS))
    worse, words = history.trends({"facts": [release(1, anchored=anchored)]}, ["facts.invented", "facts.words"])
    assert worse.drift[0].endswith("WORSE than the anchor")
    assert words.drift[0].endswith("better than the anchor (nothing bounds this metric: for information)")


def test_an_anchor_that_the_newest_release_cannot_be_held_against_is_named() -> None:
    releases = [release(1, anchored=(against("v1", "r", 0.0),)), release(2, breaks={"facts": "scorer changed"})]
    assert history.trends({"facts": releases})[0].drift == ("anchor v1: not comparable with the newest release",)


def test_an_anchor_serves_as_many_releases_as_its_level_was_made_for() -> None:
    assert history.PLANNED == PLANNED
    releases = [release(n, 0.9, 0.0, anchored=(against("v1", "r", 0.0),)) for n in range(1, 22)]
    assert history.trends({"facts": releases[:20]})[0].drift[1:] == ()
    assert "pin a new one" in history.trends({"facts": releases})[0].drift[1]


def test_metrics_are_chosen_by_name_and_a_wrong_one_is_answered_with_the_nearest() -> None:
    releases = {"facts": [release(1)]}
    assert [t.name for t in history.trends(releases)] == ["facts.correct"]
    assert [t.name for t in history.trends(releases, ["facts.words"])] == ["facts.words"]
    with pytest.raises(UserError, match=r"Did you mean 'facts\.words'"):
        history.trends(releases, ["facts.word"])


def test_a_long_history_is_cut_in_the_terminal_and_whole_in_the_file() -> None:
    releases = [release(n, 0.9, 0.0 if n > 1 else None) for n in range(1, 29)]
    found = history.trends({"facts": releases})
    page, report = history.render(found), history.markdown(found)
    assert len(rows(page)) == history.SHOWN and "16 earlier ones" in page
    assert report.count("| 2026-") == 28


def test_json_has_every_line_newest_first() -> None:
    data = json.loads(json.dumps(history.as_data({"facts": [release(1), release(1, anchor="v1"), release(2)]})))
    (suite,) = data["suites"]
    assert [(r["run"], r["anchor"]) for r in suite["releases"]] == [("run-2", None), ("run-1", "v1"), ("run-1", None)]


# --- hostile text ---------------------------------------------------------------------------------


def with_text(text: str) -> list[history.Trend]:
    """A history with this text wherever somebody else's text can stand."""
    one = release(1, ref=text, forced=text, time=text, anchored=(against(text, "r", 0.0),))
    two = release(2, ref=text, breaks={"facts": text}, forced=text, anchored=(against(text, "r", -0.5),))
    metric = replace(CORRECT, name=text or "x", unit=text or "x")
    three = release(3, points=(Point(text or "x", metric, 0.9, 0.8, 0.95, 9, None),), ref=text)
    return history.trends({text: [one, two, three], "facts": [one, replace(one, anchor=text), two, three]})


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_stays_text_in_the_terminal(text: str) -> None:
    page = history.render(with_text(text))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    assert not re.search(r"^\s*::", page, re.MULTILINE) and "##[" not in page
    assert max(map(cell_len, page.split("\n"))) <= 100


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_changes_nothing_of_the_markdown(text: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    report = history.markdown(with_text(text))
    tokens = parser.parse(report)
    assert [t.type for t in tokens] == [t.type for t in parser.parse(history.markdown(with_text("plain")))]
    for child in (child for token in tokens for child in token.children or []):
        assert child.type not in ("link_open", "image", "html_inline"), child
        assert not (child.type == "text" and re.search(r"@\w", child.content))
    report.encode("utf-8")


# --- as a page ------------------------------------------------------------------------------------


def test_a_page_has_a_chart_of_each_metric_with_every_release_where_it_is() -> None:
    """90 %, 85 % and 70 %, then another suite: three are joined, and the fourth stands alone."""
    found = [release(1, 0.9), release(2, 0.85, -0.05), release(3, 0.7, -0.15), release(4, 0.8, breaks={"facts": "x"})]
    page = trends_page(history.trends({"main": found}))
    chart = page[page.index("<svg class") : page.index("</svg>")]
    heights = [float(y) for y in re.findall(r'<circle [^>]*cy="([\d.]+)%"', chart)]
    assert len(heights) == 4 and chart.count('class="course"') == 2 and chart.count('class="level"') == 1
    # In proportion: 5 points, then 15 more, downwards.
    assert (heights[1] - heights[0]) * 3 == pytest.approx(heights[2] - heights[1], abs=0.1)
    assert "90.0 % → 80.0 %" in page and "not comparable with the one before: x" in page


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_changes_nothing_of_the_page(text: str) -> None:
    calm, seen = (Seen(trends_page(with_text(one))) for one in ("calm", text))
    assert seen.attributes <= calm.attributes and seen.tags == calm.tags and not seen.depth


def test_no_release_yet_is_said() -> None:
    assert "No release has been accepted yet" in trends_page([])
