"""What a notebook shows under a cell: small, whole, harmless, and only its own elements are styled."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import scenes
from hostile import ATTACKS, comparison, single
from pages import Seen

from fteval.records import Comparison, RunRecord
from fteval.reports.html import notebook, plot

SCENES = ("lost", "calm", "open_", "broken", "crowd", "everything")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", SCENES)
def test_it_says_verdict_reason_gates_and_intervals(name: str) -> None:
    made: Comparison = getattr(scenes, name)()
    text = " ".join(Seen(notebook.of(made)).text)
    result = next(c for c in made.candidates if c.name == (made.chosen or made.candidates[0].name))
    assert result.name in text
    assert f"{result.gates[0].gate.probe}.{result.gates[0].gate.metric}" in text
    assert re.search(r"\[[+−]?[\d.]+, [+−]?[\d.]+\]", text)
    assert len(notebook.of(made).encode()) < 40_000


def test_of_a_run_it_says_each_headline_with_its_interval() -> None:
    run = scenes.lost().base
    text = " ".join(Seen(notebook.of(run)).text)
    assert "facts.correct" in text and "93.3 %" in text  # 280 of 300
    assert "iso_date.correct" in text


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("make", [comparison, lambda text: single(text)[0]], ids=["comparison", "run"])
def test_hostile_text_adds_nothing_to_the_notebook(text: str, make: object) -> None:
    assert callable(make)
    subject: Comparison | RunRecord = make(text)
    seen, calm = Seen(notebook.of(subject)), Seen(notebook.of(make("plain")))
    assert seen.attributes <= calm.attributes and seen.tags.keys() <= calm.tags.keys()
    assert not seen.depth
    assert not any(name.startswith("on") or name in ("src", "href", "style") for _, name, _ in seen.values)
    check_drawing(plot.of_run(subject) if isinstance(subject, RunRecord) else of(subject))


def test_every_rule_of_the_style_is_about_its_own_elements() -> None:
    style = Path(notebook.__file__).with_suffix(".css").read_text("utf-8")
    selectors = [one.strip() for head in re.findall(r"([^{}]+)\{[^{}]*\}", style) for one in head.split(",")]
    assert selectors
    assert all(re.search(r"\.fteval( |$)", one.replace(".fteval.fteval", ".fteval")) for one in selectors), selectors
    assert "url(" not in style and "@import" not in style


# --- the plot -------------------------------------------------------------------------------------


def of(made: Comparison) -> str:
    return plot.of_comparison(made, made.candidates[0])


def check_drawing(text: str) -> ET.Element:
    """A standalone file that asks for nothing and runs nothing."""
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    drawn = ("svg", "title", "style", "rect", "line", "circle", "text")
    assert {e.tag for e in root.iter()} <= {SVG + tag for tag in drawn}
    assert not any("href" in name or name.startswith("on") for e in root.iter() for name in e.attrib)
    return root


@pytest.mark.parametrize("name", SCENES)
def test_the_plot_has_a_line_for_each_gate_and_each_headline_without_one(name: str) -> None:
    made = getattr(scenes, name)()
    words = [e.text for e in check_drawing(of(made)).iter(f"{SVG}text")]
    result = made.candidates[0]
    gated = {(g.gate.probe, g.gate.metric) for g in result.gates if g.change is not None}
    heads = {(c.probe, c.metric.name) for c in result.changes if c.metric.primary and c.difference is not None}
    for probe, metric in gated | heads:
        assert any(word and word.startswith(f"{probe}.{metric}"[:30]) for word in words), (probe, metric)


def test_a_run_s_plot_shows_its_levels() -> None:
    words = [e.text for e in check_drawing(plot.of_run(scenes.lost().base)).iter(f"{SVG}text")]
    assert any(word and word.startswith("93.3 % [89.9, 95.") for word in words)  # Wilson's interval of 280 of 300
    assert "level, %" in words


def test_nothing_to_draw_is_said() -> None:
    made = scenes.lost()
    result = replace(made.candidates[0], gates=(), changes=())
    assert "nothing was measured that could be drawn" in plot.of_comparison(replace(made, candidates=(result,)), result)
