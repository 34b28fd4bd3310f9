"""Runs of outputs made elsewhere, through the real replay engine and the real holdout probe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fteval.engines.pool import Pool
from fteval.evals.holdout import Holdout
from fteval.records import RunRecord, Sampling, sample_from_row
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store
from fteval.runs.reading import flips

TOWNS = ["Verona", "Mantua", "Padua", "Venice"]


def outputs(path: Path, *answers: Any, key: str = "output") -> str:
    rows = [{"id": f"q{i}", key: answer} for i, answer in enumerate(answers) if answer is not None]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"replay:{path}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def run(store: Store, ref: str, **options: Any) -> RunRecord:
    rows = [{"id": f"q{i}", "prompt": f"Where does person {i} live?", "target": town} for i, town in enumerate(TOWNS)]
    built = suite.build([("towns", Holdout(score="exact"), [sample_from_row(row) for row in rows])])  # type: ignore[arg-type]
    with Pool(store.candidates_dir) as pool:
        return execute(built, pool.open(ref), Sampling(), store, Terms(**options))


def test_outputs_made_elsewhere_are_a_run_like_any_other(store: Store, tmp_path: Path) -> None:
    done = run(store, outputs(tmp_path / "a.jsonl", "Verona", "Mantua", "Rome", "Venice"))
    assert done.complete
    assert done.probes[0].scores == {"exact": [1.0, 1.0, 0.0, 1.0]}
    assert done.manifest["probes"]["towns"]["use"] == "holdout"
    assert done.manifest["probes"]["towns"]["params"] == {"score": ["exact"]}
    again = rescore(store, done.id, {"towns": Holdout(score="contains")})  # type: ignore[arg-type]
    assert again.probes[0].scores == {"contains": [1.0, 1.0, 0.0, 1.0]}


def test_one_edited_output_is_one_new_answer_and_another_model(store: Store, tmp_path: Path) -> None:
    first = run(store, outputs(tmp_path / "a.jsonl", "Verona", "Mantua", "Rome", "Venice"))
    same = run(store, outputs(tmp_path / "copy.jsonl", "Verona", "Mantua", "Rome", "Venice"))
    edited = run(store, outputs(tmp_path / "a.jsonl", "Verona", "Mantua", "Padua", "Venice"))
    assert (same.reused, same.generated, same.digest) == (4, 0, first.digest)
    assert (edited.reused, edited.generated) == (3, 1)
    assert edited.digest != first.digest
    assert [f.sample.id for f in flips.flips(first, edited, "towns", "exact", 5)] == ["q2"]


def test_a_sample_without_an_output_is_an_error_until_there_is_one(store: Store, tmp_path: Path) -> None:
    ref = outputs(tmp_path / "a.jsonl", "Verona", None, "Padua", "Venice")
    first = run(store, ref)
    assert (first.complete, first.errors) == (False, 1)
    assert "no_output, first q1" in first.warnings[0]
    outputs(tmp_path / "a.jsonl", "Verona", "Mantua", "Padua", "Venice")
    second = run(store, ref)
    assert (second.complete, second.reused, second.generated) == (True, 3, 1)


def test_repeats_are_the_outputs_of_a_row(store: Store, tmp_path: Path) -> None:
    pairs = [[town, "Rome"] for town in TOWNS]
    done = run(store, outputs(tmp_path / "a.jsonl", *pairs, key="outputs"), repeats=2)
    assert done.probes[0].scores == {"exact": [0.5] * 4}
    assert [row["repeat"] for row in lines.read(Path(done.path) / "generations.jsonl")] == [0, 1] * 4
