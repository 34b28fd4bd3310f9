"""The page: one file that asks for nothing, reads without a script, and whose structure no answer can change."""

from __future__ import annotations

import json
import random
import re

import pytest
import scenes
from hostile import ATTACKS, comparison, single
from pages import Seen, check_harmless, flips, sheet

from fteval.records import Comparison
from fteval.reports.files import html
from fteval.reports.html import page

CALM = "plain\twords"
"""With a character that is shown otherwise, and kept beside."""
SCENES = ("lost", "calm", "open_", "broken", "crowd", "everything")


def whole(texts: list[str], *, several: bool = False) -> Seen:
    """A page with these texts as answers, and the first of them everywhere else."""
    names = ("base", texts[0] or "x", texts[0] + "2") if several else ("base", texts[0])
    return Seen(html.render_answers(comparison(texts[0], several=several), sheet(texts, names=names)))


@pytest.fixture(scope="module")
def calm() -> Seen:
    return whole([CALM], several=True)


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_adds_no_element_no_attribute_and_no_request(text: str, calm: Seen) -> None:
    seen = whole([text], several=True)
    check_harmless(seen, calm)
    (data,) = seen.inside["script"][:-1]
    assert json.loads(data)["names"][1] == (text or "x")


@pytest.mark.parametrize("n", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_generated_texts_do_not_either(n: int) -> None:
    dice = random.Random(7)
    parts = [*ATTACKS[:40], *"<>\"'&/=`;-!\\", " onload=", "</script>", "</style>", "<![CDATA[", "]]>", "&#60;", "\0"]
    parts = [part for part in parts if len(part) < 200]
    texts = ["".join(dice.choices(parts, k=dice.randint(1, 4))) for _ in range(n)]
    seen = Seen(html.render_answers(comparison(CALM), sheet(texts)))
    check_harmless(seen, Seen(html.render_answers(comparison(CALM), sheet([CALM] * 10))))
    assert seen.tags["article"] == n


@pytest.mark.parametrize("text", [t for t in ATTACKS if len(t) < 200])
def test_hostile_text_in_a_single_run(text: str) -> None:
    record, worst = single(text)
    calm = Seen(html.render(single(CALM)[0], single(CALM)[1]))
    check_harmless(Seen(html.render(record, worst)), calm)


def test_the_style_and_script_end_neither_themselves_nor_their_elements() -> None:
    for path in (page.HERE / "page.css", *(page.HERE / "scripts").iterdir()):
        text = path.read_text("utf-8")
        assert "</" not in text and "<!--" not in text and "http" not in text


# --- what it says ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", SCENES)
def test_verdict_reasons_and_gates_stand_in_the_page(scene: str) -> None:
    found: Comparison = getattr(scenes, scene)()
    seen = Seen(html.render(found))
    best = next(c for c in found.candidates if c.name == (found.chosen or found.candidates[0].name))
    head = " ".join(seen.shown.split())
    assert best.reason in head and best.name in head
    for result in best.gates:
        assert f"{result.gate.probe}.{result.gate.metric}" in head
    for warning in (*found.warnings, *best.warnings):
        assert warning in head
    assert not seen.depth


def numbers(drawing: str, kind: str, axis: str) -> list[float]:
    """Places in percent of a chart's marks of one class."""
    marks = re.findall(rf"<[a-z]+ [^>]*class=\"{kind}\"[^>]*>", drawing)
    return [float(found) for mark in marks for found in re.findall(rf" {axis}=\"([-\d.e]+)%\"", mark)]


def test_a_forest_plot_has_estimate_interval_and_margin_where_they_are() -> None:
    """280 of 300 to 60 of 300 is −73.3 pp; the margin of 2 pp lies between it and 0, and better is to the right."""
    text = html.render(scenes.lost())
    drawing = next(d for d in re.findall(r"<svg class=\"chart\".*?</svg></svg>", text, re.S) if "facts.correct: " in d)
    (estimate,) = numbers(drawing, "estimate fail", "cx")
    (zero,), (margin,) = numbers(drawing, "zero", "x1"), numbers(drawing, "margin", "x1")
    low, high = numbers(drawing, "interval fail", "x1")[0], numbers(drawing, "interval fail", "x2")[0]
    assert low < estimate < high < margin < zero
    # Lengths are in proportion: 2 pp to 73.3 pp.
    assert (zero - margin) / (zero - estimate) == pytest.approx(2 / 73.333, rel=0.02)


def test_answers_are_marked_where_they_differ_and_keep_every_character() -> None:
    found, rows = flips(20)
    text = html.render_answers(found, rows)
    assert "the books tell that it is small and <ins>far</ins>" in text
    assert "that it is small and <del>bright</del>" in text
    assert rows.rows[0].answers[1].text in "".join(Seen(text).text)
    assert re.findall(r"<article id=\"s[0-9a-f]{10}\" class=\"(\w+)\"", text)[:3] == ["worse", "worse", "better"]


@pytest.mark.parametrize(("n", "most"), [(200, 140_000), pytest.param(2000, 1_000_000, marks=pytest.mark.slow)])
def test_two_thousand_samples_take_a_megabyte_beside_their_answers(n: int, most: int) -> None:
    found, rows = flips(n)
    told = sum(len(a.text or "") + sum(map(len, a.reasons.values())) for r in rows.rows for a in r.answers)
    told += sum(len(r.sample.prompt_text) + len(str(r.sample.target)) for r in rows.rows)
    assert len(html.render_answers(found, rows).encode()) < told + most
