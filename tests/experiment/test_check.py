"""All that is wrong with an experiment is said at once, each with the line that it stands on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import cli
from fteval.errors import UserError
from fteval.experiment.check import checked
from fteval.experiment.describe import experiment_of

BAD = """\
version: 1
base: nano
candidates:
  sft: {train: sftt, data: h.jsonl}
  wide: {train: sft, data: h.jsonl, lora_rank: sixteen}
probes:
  answers: {use: holdout, data: h.jsonl, scor: exact}
  laziness: {min_wordz: 3}
  lipogramm: {}
  long: {use: laziness, sampling: {max_tokenz: 400}}
gates:
  - {probe: answers, metric: contians, min_gain: 10pp}
  - {probe: laziness, metric: long_enough, max_drop: 10}
  - {probe: long, metric: long_enough, max_drop: 10pp}
sampling: {temperature: 0, max_tokens: 0}
"""
SAID = {
    4: "no trainer named 'sftt'. Did you mean 'sft'?",
    5: "trainer 'sft': 'lora_rank' is 'sixteen', wanted a whole number",
    7: "no parameter 'scor'. Did you mean 'score'?",
    8: "no parameter 'min_wordz'. Did you mean 'min_words'?",
    9: "no probe named 'lipogramm'. Did you mean 'lipogram'?",
    10: "unknown key 'max_tokenz'. Did you mean 'max_tokens'?",
    12: "no metric 'contians'. Did you mean 'contains'?",
    13: "'max_drop' needs a unit, found 10: for 10 points write 10pp",
    15: "'sampling.max_tokens' should be greater than or equal to 1, found 0",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.jsonl").write_text('{"id": "a", "prompt": "1 + 1?", "target": "two"}\n', encoding="utf-8")
    return tmp_path


def test_a_file_with_nine_mistakes_is_told_of_all_nine_and_of_nothing_else(here: Path) -> None:
    (here / "fteval.yaml").write_text(BAD, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        checked(experiment_of(None))
    lines = caught.value.what.split("\n")
    for number, text in SAID.items():
        (line,) = [line for line in lines if line.startswith(f"fteval.yaml:{number}: ")]
        assert text in line
    assert len(lines) == len(SAID)
    assert [int(line.split(":")[1]) for line in lines] == sorted(SAID)


def test_mistakes_in_names_and_parameters_are_said_together_where_the_yaml_is_sound(here: Path) -> None:
    text = BAD.replace("max_tokenz", "max_tokens").replace("max_tokens: 0}", "max_tokens: 9}")
    (here / "fteval.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        checked(experiment_of(None))
    assert len(caught.value.what.split("\n")) == len(SAID) - 2


def test_one_mistake_keeps_its_own_words_and_its_exit_code(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "h.jsonl").write_text("", encoding="utf-8")
    (here / "fteval.yaml").write_text("version: 1\nbase: nano\nprobes: {a: {use: holdout, data: h.jsonl}}\n")
    assert cli.call(["config", "check"]) == 5
    assert "h.jsonl holds no rows" in capsys.readouterr().err


def test_a_probe_has_its_own_sampling_and_limit_and_the_report_says_so(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i)} for i in range(30)]
    (here / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (here / "o.jsonl").write_text("".join(json.dumps({"id": r["id"], "output": r["target"]}) + "\n" for r in rows))
    (here / "fteval.yaml").write_text(
        "version: 1\nbase: replay:o.jsonl\nsampling: {max_tokens: 64}\nprobes:\n"
        "  few: {use: holdout, data: h.jsonl, score: exact, sampling: {max_tokens: 400}, limit: 12}\n"
        "  all: {use: holdout, data: h.jsonl, score: exact}\n"
    )
    assert cli.call(["run", "-o", "r.md"]) == 0
    text = (here / "r.md").read_text()
    assert "few with max_tokens 400" in text
    assert "at most 64 tokens" in text
    assert "SUBSET" not in text
    (manifest,) = [json.loads(path.read_text()) for path in here.glob(".fteval/runs/*/manifest.json")]
    assert {name: probe["samples"] for name, probe in manifest["plan"]["probes"].items()} == {"few": 12, "all": 30}
    assert cli.call(["run", "--max-tokens", "9"]) == 0  # what is said outside the file wins
    newest = max(here.glob(".fteval/runs/*/manifest.json"), key=lambda path: path.stat().st_mtime_ns)
    assert json.loads(newest.read_text())["plan"]["sampling"]["max_tokens"] == 9
    assert "probes" not in json.loads(newest.read_text())["plan"]["sampling"]
    capsys.readouterr()
