"""A saved run is of the bytes that were measured: a name that holds others now does not stand for it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import tiny

import fteval
from fteval import cli
from fteval.errors import UserError


def rows_of(path: str, *outputs: str) -> None:
    Path(path).write_text("".join(json.dumps({"id": f"q{i}", "output": text}) + "\n" for i, text in enumerate(outputs)))


def test_a_file_of_outputs_that_was_edited_does_not_stand_for_its_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [{"id": f"q{i}", "prompt": f"{i}?", "target": "no"} for i in range(3)]
    Path("h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    rows_of("o.jsonl", "no", "no", "yes")
    rows_of("p.jsonl", "no", "yes", "no")
    made = fteval.run("replay:p.jsonl", "replay:o.jsonl", holdout="h.jsonl")
    known = json.loads((Path(made.base.path) / "outputs.json").read_text())["file"]
    assert known == f"sha256:{hashlib.sha256(Path('o.jsonl').read_bytes()).hexdigest()}"
    assert fteval.compare("replay:o.jsonl", "replay:p.jsonl").warnings == ()
    rows_of("o.jsonl", "no", "no", "yes", "never asked")  # a row more changes nothing that was measured
    assert fteval.compare("replay:o.jsonl", "replay:p.jsonl").warnings == ()
    rows_of("o.jsonl", "no", "no", "no")
    with pytest.raises(UserError, match=r"replay:o.jsonl holds other outputs now than run \S+ measured"):
        fteval.compare("replay:o.jsonl", "replay:p.jsonl")
    assert cli.call(["report", "latest"]) == 0
    assert "replay:o.jsonl holds other outputs now than run" in " ".join(capsys.readouterr().out.split())


def test_a_folder_that_was_saved_over_does_not_stand_for_its_earlier_run(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_model, "m")
    Path("h.jsonl").write_text("".join(json.dumps({"prompt": f"{i}?", "target": "no"}) + "\n" for i in range(12)))
    outputs = "".join(json.dumps({"prompt": f"{i}?", "output": "no"}) + "\n" for i in range(12))
    Path("o.jsonl").write_text(outputs)
    ids = [
        fteval.run(ref, holdout="h.jsonl", sampling={"max_tokens": 2}, device="cpu").id
        for ref in ("m", "replay:o.jsonl")
    ]
    same = fteval.compare("m", "replay:o.jsonl")
    assert not any("measured" in text for text in same.warnings)
    tiny.edit_json(Path("m/config.json"), rms_norm_eps=1e-3)
    with pytest.raises(UserError, match="m holds other weights now") as raised:
        fteval.compare("m", "replay:o.jsonl")
    assert "measure it anew" in str(raised.value.fix)
    # The run itself is still there to be compared, and the report says whose it is not.
    assert any("holds other weights now" in text for text in fteval.compare(*ids).warnings)
    shutil.rmtree("m")
    assert not any("holds other" in text for text in fteval.compare(*ids).warnings)
