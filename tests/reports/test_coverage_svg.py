"""The picture of how prompts lie: everything is drawn once, and no text of a prompt becomes markup."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.data.check.coverage import Cluster, Coverage, coverage
from fteval.data.write import as_lines
from fteval.reports.coverage_svg import picture

SVG = "{http://www.w3.org/2000/svg}"


def prompts(n: int) -> list[str]:
    rng = random.Random(0)
    forms = ("Where is the town {} today?", "Describe harbour number {} by night.", "Translate {} into German, please.")
    return [forms[i % 3].format(rng.randrange(10**4)) for i in range(n)]


def test_every_prompt_is_a_mark_and_each_cluster_has_its_shares() -> None:
    held = ["Where is the town Graz today?", "Quite another thing"]
    cover = coverage(prompts(60), held, mapped=True)
    assert cover is not None and len(cover.points) == 62 and cover.far == (1,)
    assert [one.far for one in cover.points if one.asked].count(True) == 1
    assert all(0 <= one.x <= 1 and 0 <= one.y <= 1 for one in cover.points)
    by_cluster = [sum(p.cluster == at and not p.asked for p in cover.points) / 60 for at in range(len(cover.clusters))]
    assert by_cluster == pytest.approx([one.share for one in cover.clusters])
    root = ET.fromstring(picture(cover))
    legend = 1
    assert len(root.findall(f"{SVG}circle")) == 60 + legend
    assert len(root.findall(f"{SVG}polygon")) == 1 + legend and len(root.findall(f"{SVG}path")) == 1 + legend
    told = " ".join(str(text.text) for text in root.iter(f"{SVG}text"))
    assert "1 of 2 hold-out prompts have no neighbour" in told
    assert coverage(prompts(60), held, mapped=True) == cover


def test_prompts_that_all_lie_in_one_place_are_drawn_too() -> None:
    """None of the 400 that are drawn has a word of its own: t-SNE from PCA would divide by nothing, and crash."""
    pytest.importorskip("sklearn")
    cover = coverage(["Tell me about it now"] * 2000 + ["zebra crossing"], [], seed=1, mapped=True)
    assert cover is not None and [one.cluster for one in cover.points] == [0] * 400
    assert "one of 1 clusters" in picture(cover) and "nan" not in picture(cover)


def test_a_colour_means_one_cluster_and_grey_all_that_are_left() -> None:
    clusters = tuple(Cluster((f"word{i}",), 1 / 12, None) for i in range(12))
    root = ET.fromstring(picture(Coverage(clusters, (), 120)))
    fills = [one.get("fill") for one in root.findall(f"{SVG}rect") if one.get("height") == "9"]
    assert len(fills) == 12 and len(set(fills[:8])) == 8
    assert set(fills[8:]) == {"#444444"} and "#444444" not in fills[:8]


def test_what_prompts_say_is_text_and_nothing_else() -> None:
    hostile = ("</text><script>alert(1)</script>", "\x1b[2J\u202e&<>\"'", "x" * 500)
    root = ET.fromstring(picture(Coverage((Cluster(hostile, 1.0, None),), (), 3)))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {"svg", "title", "rect", "text", "circle"}
    assert all(len(text.text or "") < 200 and "\x1b" not in (text.text or "") for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize(("n", "name", "code"), [(40, "a.svg", 0), (40, "a.png", 2), (3, "a.svg", 0)])
def test_the_command_draws_what_can_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], n: int, name: str, code: int
) -> None:
    rows: list[dict[str, Any]] = [{"prompt": text, "target": f"It is {i}."} for i, text in enumerate(prompts(n))]
    (tmp_path / "t.jsonl").write_text(as_lines(rows), encoding="utf-8")
    out = tmp_path / name
    assert cli.call(["data", "check", str(tmp_path / "t.jsonl"), "-o", str(out)]) == code
    assert out.exists() == (n == 40 and code == 0)
    assert out.exists() or name in capsys.readouterr().err
