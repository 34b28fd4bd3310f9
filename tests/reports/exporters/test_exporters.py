"""Results handed on to other tools, read back with these tools' own libraries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import plugin
import pytest
import scenes
from made import ones, probe, run

from fteval import cli, registry
from fteval.errors import UserError
from fteval.reports.exporters import tensorboard
from fteval.reports.view import numbers

FILES = {"report.md": b"# verdict", "report.html": b"<p>verdict", "verdict.json": b"{}"}


def test_numbers_are_those_of_the_comparison() -> None:
    comparison = scenes.lost()
    (found,) = numbers.of(comparison)
    change = comparison.candidates[0].changes[0]
    assert found.name == "sft"
    assert [found.values[f"facts.correct{part}"] for part in ("", ".base", ".difference", ".low", ".high", ".n")] == [
        change.candidate, change.base, change.difference, change.low, change.high, 300.0,
    ]  # fmt: skip
    assert found.tags["fteval.verdict"] == "do_not_ship" and found.tags["fteval.suite"].startswith("sha256:")
    assert {found.tags["fteval.digest"], found.tags["fteval.base_digest"]} == {
        comparison.candidates[0].run.digest, comparison.base.digest,
    }  # fmt: skip


def test_a_single_run_has_its_level_and_no_verdict() -> None:
    (found,) = numbers.of(run(probe(ones(40, 30))))
    assert found.values["facts.correct"] == 0.75 and found.values["facts.correct.low"] < 0.75
    assert "fteval.verdict" not in found.tags


@pytest.mark.parametrize("name", registry.exporter_names())
def test_what_is_not_installed_is_said_before_anything_is_measured(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        registry.exporter(name).check("x")
    except UserError as error:
        assert str(error.fix) == f"pip install 'fteval[{name}]'"
        code = cli.call(["run", "--model", "nano", "--probe", "facts", "-o", f"{name}:x"])
        assert code == 2 and not Path(".fteval").exists()
        assert f"fteval[{name}]" in capsys.readouterr().err


def test_event_files_want_a_folder() -> None:
    pytest.importorskip("tensorboard", reason="pip install tensorboard")
    with pytest.raises(UserError, match="names no folder"):
        tensorboard.check("")


MODULE = """
PLACE, WHAT = "FILE", "a line in a file"
def check(place):
    pass
def export(subject, place, files):
    open(place, "w").write(f"{subject.verdict} {sorted(files)}")
    return place
"""


def test_another_package_brings_a_tool_of_its_own(tmp_path: Path) -> None:
    entry = "[fteval.exporters]\nacme = acme_lines\n"
    installed = plugin.install(tmp_path / "packages", {"acme_lines.py": MODULE}, entry)
    for name, right in (("b", 50), ("c", 49)):
        rows = [{"id": i, "score": int(i < right)} for i in range(100)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    args = ("--model", "replay:c.jsonl", "--against", "replay:b.jsonl", "--set", "better=higher", "--set", "unit=share")
    done = plugin.fteval("run", *args, "-q", "-o", "acme:out.txt", folder=tmp_path, installed=installed)
    assert done.returncode == 4, done.stderr
    assert (tmp_path / "out.txt").read_text() == "cannot_tell ['report.html', 'report.md', 'verdict.json']"
    assert "acme:out.txt: out.txt" in done.stderr


# --- with the tools themselves ------------------------------------------------------------------


@pytest.mark.slow
def test_tensorboard_reads_the_event_file_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    comparison = scenes.lost()
    tensorboard.export(comparison, str(tmp_path), FILES)
    (folder,) = tmp_path.iterdir()
    read = EventAccumulator(str(folder)).Reload()
    (event,) = read.Scalars("facts.correct.difference")
    assert event.value == pytest.approx(comparison.candidates[0].changes[0].difference)
    assert read.Tensors("report")[0].tensor_proto.string_val[0] == b"# verdict"


@pytest.mark.slow
def test_mlflow_has_a_run_with_numbers_tags_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="pip install mlflow-skinny")
    from fteval.reports.exporters import mlflow as exporter

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "runs").as_uri())
    comparison = scenes.lost()
    said = exporter.export(comparison, "releases", FILES)
    client = mlflow.MlflowClient()
    kept = client.get_run(re.split(r"run ", said)[-1])
    assert kept.data.metrics["facts.correct.difference"] == comparison.candidates[0].changes[0].difference
    assert kept.data.tags["fteval.verdict"] == "do_not_ship" and kept.info.status == "FINISHED"
    assert {one.path for one in client.list_artifacts(kept.info.run_id)} == set(FILES)
    exporter.export(comparison, "releases", FILES)
    assert len(client.search_runs([client.get_experiment_by_name("releases").experiment_id])) == 2


@pytest.mark.slow
def test_wandb_keeps_a_run_offline(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="pip install wandb")
    # In a process of its own, at whose end the file is whole.
    source = f"import scenes; from fteval.reports.exporters import wandb; wandb.export(scenes.lost(), 'x', {FILES!r})"
    places = os.pathsep.join([*sys.path, str(Path(scenes.__file__).parent)])
    env = {**os.environ, "WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "PYTHONPATH": places}
    subprocess.run([sys.executable, "-c", source], env=env, check=True)
    (kept,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    held = kept.read_bytes()
    difference = scenes.lost().candidates[0].changes[0].difference
    assert b"facts.correct.difference" in held and str(difference).encode() in held
    assert b"do_not_ship" in held and b"report.html" in held
