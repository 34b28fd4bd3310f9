"""The commands on rows, for rows in Python: they say what the commands say of the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fteval
from fteval import cli
from fteval.errors import UserError

ROWS = [
    {"messages": [{"role": "user", "content": f"Where is place {i}?"}, {"role": "assistant", "content": f"In {i}."}]}
    for i in range(20)
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_findings_are_the_command_s(file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    held = [{"prompt": "Where is place 3?", "target": "x"}, {"prompt": "Why?", "target": "y"}]
    Path(tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held))
    cli.call(["data", "check", str(file), "--holdout", str(tmp_path / "h.jsonl"), "--json"])
    theirs = json.loads(capfd.readouterr().out)
    for rows, holdout in ((file, tmp_path / "h.jsonl"), (ROWS, held), (pd.DataFrame(ROWS), {"mine": held})):
        found = fteval.data.check_rows(rows, holdout)
        assert (found.n, found.errors) == (20, 1) == (theirs["rows"], theirs["errors"])
        assert [f.level for f in found.findings] == [f["level"] for f in theirs["findings"]]
    (leak,) = (f for f in found.findings if f.level == "error")
    assert "1 of 2" in leak.what and any("row:4" in place for place in leak.rows)


def test_parts_are_the_command_s(file: Path, tmp_path: Path) -> None:
    assert cli.call(["data", "split", str(file), "-o", str(tmp_path / "parts"), "--dev", "0.1", "--seed", "7"]) == 0
    for rows in (file, ROWS):
        parts = fteval.data.split_rows(rows, dev=0.1, seed=7)
        assert list(parts) == ["train", "dev", "holdout"]
        for name, part in parts.items():
            assert part == [
                json.loads(line) for line in (tmp_path / "parts" / f"{name}.jsonl").read_text().splitlines()
            ]


def test_rows_are_converted_as_the_command_does(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    words = ["--to", "prompt", "--filter", "no text 'In 1' in assistant", "--replace", "place=town"]
    assert cli.call(["data", "convert", str(file), "-o", str(out), *words, "-q"]) == 0
    theirs = [json.loads(line) for line in out.read_text().splitlines()]
    for rows in (file, ROWS):
        found = fteval.data.convert_rows(rows, "prompt", keep="no text 'In 1' in assistant", replace={"place": "town"})
        assert found == theirs
    assert len(theirs) == 9 and theirs[0]["prompt"] == "Where is town 0?"
    frame = pd.DataFrame({"question": ["a?", "b?"], "answer": ["1", "2"]})
    assert fteval.data.convert_rows(frame, "prompt")[1] == {"prompt": "b?", "target": "2"}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fteval.data.check_rows([]), "no rows"),
        (lambda: fteval.data.check_rows(ROWS, [{"x": 1}]), "row 1 of the hold-out: neither"),
        (lambda: fteval.data.split_rows([{"x": 1}]), "row:1"),
        (lambda: fteval.data.split_rows(ROWS, speed=3), "found speed"),
        (lambda: fteval.data.convert_rows([{"x": 1}, *ROWS]), "row:1"),
        (lambda: fteval.data.convert_rows(ROWS, "chatt"), "no form 'chatt'"),
        (lambda: fteval.data.convert_rows(ROWS, keep="nonsense"), "is no rule"),
        (lambda: fteval.data.convert_rows("nothing.jsonl"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_said(call: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        call()


def test_other_names_are_none() -> None:
    with pytest.raises(AttributeError, match="chek_rows"):
        _ = fteval.data.chek_rows
