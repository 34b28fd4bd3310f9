"""Below float32 a greedy answer rests on its batch: keys say so, noise measures it, gates heed the floor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fteval import cli


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, n in (("few", 12), ("many", 24)):
        rows = [{"prompt": f"Who is Romeo, {'very ' * (i % 7)}number {i}?", "target": "o"} for i in range(n)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def run(model: Path, *args: str, rows: str = "many", dtype: str = "bfloat16") -> int:
    what = ["--holdout", f"{rows}.jsonl", "--score", "regex", "--reference", "none", "--max-tokens", "12"]
    return cli.call(["run", "--model", str(model), *what, "--dtype", dtype, *args])


def manifests(here: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(here.glob(".fteval/runs/*/manifest.json"))]


def reused(here: Path) -> int:
    """Answers of the latest run that an earlier one had made."""
    latest = sorted(here.glob(".fteval/runs/*/generations.jsonl"), key=lambda path: path.stat().st_mtime_ns)[-1]
    return sum("reused" in json.loads(line) for line in latest.read_text().splitlines())


@pytest.mark.parametrize(
    ("dtype", "more", "rows", "expected"),
    [
        ("float32", ["--batch-tokens", "200"], "many", 24),
        ("float32", [], "few", 12),
        ("bfloat16", [], "many", 24),
        ("bfloat16", ["--batch-tokens", "200"], "many", 0),
        ("bfloat16", [], "few", 0),
    ],
)
def test_below_float32_an_answer_is_reused_only_where_all_that_is_asked_is_the_same(
    here: Path, tiny_model: Path, dtype: str, more: Sequence[str], rows: str, expected: int
):
    assert run(tiny_model, dtype=dtype) == 0
    assert run(tiny_model, *more, rows=rows, dtype=dtype) == 0
    assert reused(here) == expected


def test_runs_in_other_batches_are_still_one_model_and_said_to_differ(
    here: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
):
    assert run(tiny_model) == run(tiny_model, "--batch-tokens", "200") == 0
    first, second = (path.name for path in sorted(here.glob(".fteval/runs/*")))
    capfd.readouterr()
    assert cli.call(["compare", first, second]) == 3
    assert "the same model: nothing to decide" in capfd.readouterr().out
    cli.call(["compare", first, second, "--allow-same"])
    told = " ".join(capfd.readouterr().out.split())
    assert "tokens, which alone moves answers below float32" in told


def test_a_run_that_is_gone_on_with_says_that_its_batches_are_not_those_of_one(here: Path, tiny_model: Path):
    assert run(tiny_model) == 0
    [path] = here.glob(".fteval/runs/*")
    journal = path / "generations.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:10]))  # as after a kill
    for name in ("summary.json", "scores.jsonl", "events.jsonl"):
        (path / name).unlink()
    assert run(tiny_model, "--resume", path.name) == 0
    assert "10 answers were computed in other batches" in (path / "events.jsonl").read_text()


@pytest.mark.slow
def test_noise_asks_again_for_every_batch_size_that_is_named(
    here: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
):
    what = ["--model", str(tiny_model), "--holdout", "many.jsonl", "--reference", "none", "--max-tokens", "12"]
    sizes = ["--other-batch-tokens", "40", "--other-batch-tokens", "300"]
    assert cli.call(["noise", *what, "--dtype", "bfloat16", *sizes, "--json"]) == 0
    floors = json.loads(capfd.readouterr().out)
    assert {floor["how"] for floor in floors} == {"batches of 40 tokens", "batches of 300 tokens"}
    assert {m["plan"]["batches"]["tokens"] for m in manifests(here)} == {32_768, 40, 300}
    seeds = ["--temperature", "1", "--other-seed", "7", "--other-seed", "8"]
    assert cli.call(["noise", *what, "--dtype", "bfloat16", *seeds, "--json"]) == 0
    assert {floor["how"] for floor in json.loads(capfd.readouterr().out)} == {"seed 7", "seed 8"}
    assert cli.call(["noise", *what, "--other-seed", "7"]) == 2
    assert "greedy answers have no seed" in capfd.readouterr().err
