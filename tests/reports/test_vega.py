"""Charts for Vega-Lite: valid by its own schema, drawn by its own renderer, with the numbers of the report."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import scenes
from hostile import ATTACKS, comparison, single

from fteval.records import Comparison, Curve, Look, Metric, RunRecord
from fteval.reports import vega
from fteval.reports.files import chart_json

SCENES = ("lost", "calm", "open_", "broken", "crowd", "everything")
USEFUL = Metric("useful", primary=True)


def watched() -> Comparison:
    """With the curve of a training: 0 %, 50 % at step 20, which was kept, 100 % at step 80."""
    looks = [
        Look(step, {"lipogram": {"useful": share}}, {"lipogram": {"useful": 64}}, 64, 0, 8.0, 1.0, 0.0, 0.1)
        for step, share in ((0, 0.0), (20, 0.5), (80, 1.0))
    ]
    curve = Curve(tuple(looks), {"lipogram": (USEFUL,)}, {"lipogram": 64}, 20, 120, kept=20)
    scene = scenes.lost()
    return replace(scene, candidates=tuple(replace(c, curve=curve) for c in scene.candidates))


def subjects() -> dict[str, Comparison | RunRecord]:
    found: dict[str, Comparison | RunRecord] = {name: getattr(scenes, name)() for name in SCENES}
    return found | {"watched": watched(), "run": single("plain")[0], "several": comparison("x", several=True)}


def rows(spec: dict[str, object]) -> list[dict[str, object]]:
    return [row for chart in spec["vconcat"] for row in chart["data"]["values"]]  # type: ignore[attr-defined]


def test_a_line_has_the_numbers_of_its_gate() -> None:
    """280 of 300 to 60 of 300 is −73.3 pp, and 2 pp are allowed."""
    (line,) = [row for row in rows(vega.spec(scenes.lost())) if str(row["name"]).startswith("facts.correct")]
    assert line["estimate"] == pytest.approx(-73.3333, abs=1e-3) and line["margin"] == -2.0
    assert line["low"] < line["estimate"] < line["high"] < 0 and line["result"] == "fail"  # type: ignore[operator]


def test_a_training_is_drawn_from_look_to_look() -> None:
    found = [row for row in rows(vega.spec(watched())) if "step" in row and row["value"] in (0.0, 50.0, 100.0)]
    assert [(row["step"], row["value"], row["kept"]) for row in found][:3] == [
        (0, 0.0, False),
        (20, 50.0, True),
        (80, 100.0, False),
    ]


def test_a_single_run_is_drawn_by_its_levels() -> None:
    assert rows(vega.spec(single("x")[0]))[0]["estimate"] == 75.0  # 30 of 40


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_is_a_value_and_nothing_else(text: str) -> None:
    calm, spec = (vega.spec(comparison(one, several=True)) for one in ("x", text))
    assert shape(spec) == shape(calm)
    chart_json.render(comparison(text, several=True)).encode("ascii")


def shape(value: object) -> object:
    """Keys and kinds, without the texts."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value) in (int, float) or value is None


@pytest.mark.slow
def test_it_is_valid_by_the_schema_of_vega_lite() -> None:
    found = importlib.util.find_spec("altair")
    if found is None or found.origin is None:
        pytest.skip("pip install altair, which has the schema")
    path = Path(found.origin).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    check = jsonschema.Draft7Validator(json.loads(path.read_text("utf-8")))
    for name, subject in subjects().items():
        assert not list(check.iter_errors(json.loads(chart_json.render(subject)))), name


@pytest.mark.slow
def test_a_picture_is_drawn_of_everything() -> None:
    pytest.importorskip("vl_convert", reason="pip install 'fteval[report]'")
    from fteval.reports.files import png

    for name, subject in subjects().items():
        made = png.render(subject)
        assert made.startswith(b"\x89PNG\r\n") and len(made) > 5000, name
