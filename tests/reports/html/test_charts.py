"""Charts: marks stand where the numbers are, and words beside them say the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import scenes
from pages import Seen

from fteval.records import Curve, Look, Metric, SeriesPoint
from fteval.reports.files import html
from fteval.reports.html import charts, diff, svg
from fteval.reports.view.chart import Axis
from fteval.reports.view.series import SeriesTable

USEFUL = Metric("useful", primary=True)


def look(step: int, useful: float) -> Look:
    return Look(step, {"lipogram": {"useful": useful}}, {"lipogram": {"useful": 64}}, 64, 0, 8.0, 1.0, 0.0, 0.1)


CURVE = Curve(
    (look(0, 0.0), look(20, 0.5), look(80, 1.0)),
    {"lipogram": (USEFUL,)},
    {"lipogram": 64},
    20,
    120,
    keep_best=("lipogram", "useful"),
    kept=20,
)


def places(drawing: str, kind: str, axis: str) -> list[float]:
    """Places in percent of the marks of one class."""
    marks = re.findall(rf"<[a-z]+ [^>]*class=\"{kind}\"[^>]*>", drawing)
    return [float(found) for mark in marks for found in re.findall(rf" {axis}=\"([-\d.e]+)%\"", mark)]


def test_looks_stand_at_their_steps_and_the_kept_one_is_marked() -> None:
    chart = charts.of_curve(CURVE)[0]
    x, y = places(chart.drawing, "look", "cx"), places(chart.drawing, "look", "cy")
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(20 / 80, abs=0.01)
    assert (y[0] - y[1]) / (y[0] - y[2]) == pytest.approx(0.5, abs=0.01)  # up is more
    assert places(chart.drawing, "kept", "x1") == [pytest.approx(x[1], abs=0.02)]
    assert places(chart.drawing, "level", "y1") == [pytest.approx(y[0], abs=0.02)]
    assert chart.note == "0.0 % → 50.0 %" and chart.ends == ("step 0", "step 80")


def test_a_watched_candidate_has_its_training_in_the_page() -> None:
    scene = scenes.lost()
    watched = replace(scene, candidates=tuple(replace(c, curve=CURVE) for c in scene.candidates))
    shown = " ".join(Seen(html.render(watched)).shown.split())
    assert "While it was trained" in shown and "Step 20 of 120 was kept" in shown


def test_a_series_has_each_training_the_mean_and_its_interval() -> None:
    points = (
        SeriesPoint("8", 0.5, (0.4, 0.6), 0.3, 0.1, 0.5),
        SeriesPoint("16", 0.9, (0.9, None), 0.7, None, None),
    )
    rows = (("8", "50.0", "+30"), ("16", "90.0", "+70"))
    chart = charts.of_series(SeriesTable(("rows",), rows, Axis(0.0, 1.0, 0.2, USEFUL), points, "useful in %"))
    assert places(chart.drawing, "look", "cx") == [25.0, 75.0] and len(places(chart.drawing, "turn", "cx")) == 3
    (top,), (bottom,) = (places(chart.drawing, "interval whisker", axis) for axis in ("y2", "y1"))
    (base,) = places(chart.drawing, "level", "y1")
    mean = places(chart.drawing, "look", "cy")[0]
    # The interval of the difference stands on the base's 20 %: from 30 % to 70 %, about the mean of 50 %.
    assert top < mean < bottom < base and (bottom - mean) == pytest.approx(mean - top, abs=0.1)


def test_candidates_of_one_cost_are_not_drawn_against_it() -> None:
    assert "against tokens per answer" not in html.render(scenes.crowd())
    scene = scenes.crowd()
    costly = [
        replace(c, behaviour=tuple(replace(b, tokens=(10.0, 10.0 + 5 * i)) for b in c.behaviour))
        for i, c in enumerate(scene.candidates)
    ]
    assert "facts.correct (%) against tokens per answer" in html.render(replace(scene, candidates=tuple(costly)))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (-3, 7, [-2, 0, 2, 4, 6]),
        (-0.004, 0.001, [-0.004, -0.003, -0.002, -0.001, 0, 0.001]),
    ],
)
def test_ticks_are_round_and_lie_on_the_axis(low: float, high: float, ticks: list[float]) -> None:
    assert svg.Axis(low, high).ticks == pytest.approx(ticks)
    assert svg.Axis(low, high, mirrored=True).ticks == pytest.approx(ticks[::-1])
    assert svg.Axis(low, high, mirrored=True).at(high) == 0.0


MARKED = [
    # old, new, marked in the old one, in the new one
    ("The cat sat.", "The dog sat.", "The <del>cat</del> sat.", "The <ins>dog</ins> sat."),
    ("a b c d e f g h", "a x y d e f g h", "a <del>b c</del> d e f g h", "a <ins>x y</ins> d e f g h"),
    ("same", "same", "same", "same"),
    ("Mercury", "nothing of it is alike", "Mercury", "nothing of it is alike"),
    ("one two, <b>", "one two, <i>", "one two, &lt;<del>b</del>&gt;", "one two, &lt;<ins>i</ins>&gt;"),
    ("", "", "", ""),
    ("kept all of it", "kept all of it, and more", "kept all of it", "kept all of it<ins>, and more</ins>"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "left", "right"), MARKED)
def test_words_that_the_other_side_lacks_are_marked(old: str, new: str, left: str, right: str) -> None:
    assert tuple(map(str, diff.marked(old, new))) == (left, right)
