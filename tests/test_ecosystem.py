"""docs/ecosystem.md names every way in and out, and what it prints is what is printed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from fteval import cli, registry
from fteval.records.foreign import FORMATS

DOCS = (Path(__file__).resolve().parent.parent / "docs" / "ecosystem.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", [one.TOOL for one in FORMATS])
def test_every_tool_that_is_read_is_named(tool: str) -> None:
    assert tool.removeprefix("a ").lower() in DOCS.lower()


@pytest.mark.parametrize("ending", registry.report_formats().usable)
def test_every_kind_of_file_is_named(ending: str) -> None:
    assert f"`{ending}`" in DOCS or f"{ending}`" in DOCS


@pytest.mark.parametrize("name", registry.exporter_names())
def test_every_tool_that_results_go_to_is_named(name: str) -> None:
    assert f"-o {name}:" in DOCS and f"fteval[{name}]" in DOCS


def test_the_questions_about_scores_are_those_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("base", "new"):
        rows = [{"id": f"q{i}", "score": int(random.Random(i).random() < 0.6)} for i in range(20)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cli.call(["run", "--model", "replay:new.jsonl", "--against", "replay:base.jsonl"]) == 2
    assert capsys.readouterr().err in DOCS
