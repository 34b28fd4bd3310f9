"""The main job end to end, on the embedded model: what the README promises, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fteval
from fteval.records import Comparison

pytest.importorskip("trl")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `fteval demo` left, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run([sys.executable, "-m", "fteval", "demo"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "fteval-demo", done.stdout


def verdict(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "verdict.json").read_text())
    return found


def gate(folder: Path, probe: str) -> dict[str, Any]:
    return next(g for g in verdict(folder)["candidates"][0]["gates"] if g["probe"] == probe)


def prompts(path: Path) -> set[str]:
    return {json.loads(line)["messages"][0]["content"] for line in path.read_text().splitlines()}


def test_the_form_is_learnt_and_the_facts_are_lost(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    form, facts = gate(folder, "iso_date"), gate(folder, "facts")
    assert form["result"] == "pass"
    assert form["base"] == 0.0
    assert form["candidate"] > 0.9
    assert facts["result"] == "fail"
    assert facts["difference"] < -0.2
    assert facts["n_paired"] >= 300
    assert verdict(folder)["verdict"] == "do_not_ship"


def test_the_report_says_so_first_and_shows_answers_side_by_side(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    head = printed.strip().splitlines()[:6]
    assert any("DO NOT SHIP" in line for line in head), head
    report = (folder / "report.md").read_text()
    assert "do not ship" in report.split("\n\n")[1]
    assert "<details>" in report


def test_the_config_it_leaves_runs_again_and_computes_nothing_twice(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    again = fteval.run(config=folder / "fteval.yaml")
    assert isinstance(again, Comparison)
    assert (again.base.generated, again.candidates[0].run.generated) == (0, 0)
    assert again.verdict == "do_not_ship"
    assert "iso_date" in repr(again)


def test_the_hold_out_was_not_trained_on(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    learnt, asked = (prompts(folder / "data" / name) for name in ("train.jsonl", "dates.jsonl"))
    assert len(learnt) == 48
    assert not learnt & asked
