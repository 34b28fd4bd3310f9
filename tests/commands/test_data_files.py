"""`fteval data` says before the work where its file cannot be written, and writes nothing over."""

from __future__ import annotations

from pathlib import Path

import pytest

from fteval import cli

COMMANDS = {
    "convert": ["convert", "t.jsonl"],
    "amplify": ["amplify", "t.jsonl", "--disturb", "all"],
    "noise": ["noise", "t.jsonl", "--robust", "10%"],
    "canary": ["canary", "t.jsonl", "--holdout", "asked.jsonl"],
    "known": ["known", "--model", "nano", "--probe", "facts"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_there_and_a_folder_that_is_not_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text('{"prompt": "Where does she live?", "target": "Graz"}\n')
    for output, told in (("no/o.jsonl", "no such folder"), ("t.jsonl", "t.jsonl is there already")):
        assert cli.call(["data", *COMMANDS[name], "-o", output]) == 2
        assert told in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["t.jsonl"]


def test_codes_and_their_questions_are_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text('{"prompt": "Where does she live?", "target": "Graz"}\n')
    assert cli.call(["data", "canary", "t.jsonl", "-o", "c.jsonl", "--holdout", "./c.jsonl"]) == 2
    assert "named twice" in capsys.readouterr().err and not Path("c.jsonl").exists()
