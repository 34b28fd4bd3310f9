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


def command(folder: Path, *args: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "fteval", *args], cwd=folder, capture_output=True, text=True)
    assert done.returncode not in (2, 70), done.stderr
    return done.returncode, done.stdout


def test_a_candidate_judged_on_what_it_was_trained_on_is_not_shipped(demo: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = demo
    (tmp_path / "candidates").symlink_to(folder / ".fteval" / "candidates")
    (path,) = (folder / ".fteval" / "candidates").glob("*/candidate.json")
    record = json.loads(path.read_text())
    refs = ("--model", record["id"], "--against", "nano", "--holdout", "data/train.jsonl", "--score", "exact")
    code, out = command(folder, "run", *refs, "--store", str(tmp_path), "--json")
    found = json.loads(out)["candidates"][0]
    assert code == 1 and found["verdict"] == "do_not_ship"
    assert found["gates"][0]["reason"].startswith("leakage: 48 of 48 hold-out prompts")


@pytest.mark.slow
def test_looks_give_the_same_verdict_for_fewer_answers(demo: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = demo
    (tmp_path / "candidates").symlink_to(folder / ".fteval" / "candidates")
    code, out = command(folder, "run", "--sequential", "--store", str(tmp_path), "--json")
    early, whole = json.loads(out), verdict(folder)
    assert (code, early["verdict"]) == (1, whole["verdict"])
    results = [{g["probe"]: g["result"] for g in v["candidates"][0]["gates"]} for v in (early, whole)]
    assert results[0] == results[1]
    facts = next(m for m in early["candidates"][0]["metrics"] if (m["probe"], m["metric"]) == ("facts", "correct"))
    assert facts["scored"] < facts["planned"] / 4 and facts["low"] is None


def test_its_gates_are_seen_to_fail(demo: tuple[Path, str]) -> None:
    code, out = command(demo[0], "gate", "latest", "--self-test")
    assert code == 0 and "a loss of 4.0 pp" in out, out


@pytest.mark.slow
def test_asked_again_in_other_batches_a_greedy_nano_changes_next_to_nothing(demo: tuple[Path, str]) -> None:
    code, out = command(demo[0], "noise", "--model", "nano", "--probe", "iso_date", "-n", "60", "--json")
    floors = {f["metric"]["name"]: f for f in json.loads(out)}
    assert code == 0 and floors["iso"]["n"] == 60 and floors["iso"]["flipped"] <= 2


@pytest.mark.slow
def test_sampled_twice_nano_shows_its_own_noise(demo: tuple[Path, str]) -> None:
    _, out = command(
        demo[0], "noise", "--model", "nano", "--probe", "degeneration", "-n", "40", "--temperature", "1", "--json"
    )
    floors = {f["metric"]["name"]: f for f in json.loads(out)}
    assert floors["distinct_2"]["how"] == "another seed" and floors["distinct_2"]["flipped"] > 10
