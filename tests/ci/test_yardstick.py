"""A change is measured by the config, hold-outs, scorers and baseline of the branch that it goes to, not by its own."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]
JUDGE = ("run", "-c", "fteval.yaml", "--yardstick", "HEAD", "-o", "v.json")


def git(folder: Path, *args: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(here: Path, write: Any) -> Path:
    """A project whose candidate has 60 of 400 wrong, committed; its own outputs are not part of the repository."""
    write(here, 60)
    git(here, "init", "-q")
    (here / ".gitignore").write_text(".fteval\nmine.jsonl\nv.json\n")
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "the branch")
    return here


def verdict(here: Path) -> Any:
    return json.loads((here / "v.json").read_text())


def told(here: Path) -> str:
    return " ".join(verdict(here)["candidates"][0]["warnings"])


def test_without_an_edit_the_verdict_is_the_same_and_says_by_what(fteval: Run, repository: Path) -> None:
    code, _, err = fteval(*JUDGE)
    assert code == 1, err
    assert "measured by HEAD" in told(repository)
    assert "edits" not in told(repository)
    assert verdict(repository)["candidates"][0]["gates"][0]["where"].startswith("fteval.yaml:")
    assert fteval("run", "-c", "fteval.yaml")[0] == 1


def easier_gate(here: Path) -> str:
    text = (here / "fteval.yaml").read_text()
    (here / "fteval.yaml").write_text(text.replace("max_drop: 2pp", "max_drop: 90pp"))
    return "fteval.yaml (+1 −1 lines)"


def fewer_rows(here: Path) -> str:
    lines = (here / "h.jsonl").read_text().splitlines(keepends=True)
    (here / "h.jsonl").write_text("".join(lines[60:]))
    return "h.jsonl (+0 −60 lines)"


def easier_targets(here: Path) -> str:
    text = (here / "h.jsonl").read_text()
    (here / "h.jsonl").write_text(re.sub('"target": "=[^"]*"', '"target": "o"', text))
    return "h.jsonl (+400 −400 lines)"


def worse_base(here: Path) -> str:
    (here / "base.jsonl").write_text((here / "mine.jsonl").read_text())
    return "base.jsonl (+400 −400 lines)"


def gate_that_only_advises(here: Path) -> str:
    text = (here / "fteval.yaml").read_text()
    (here / "fteval.yaml").write_text(text.replace("max_drop: 2pp", "max_drop: 2pp, advisory: true"))
    return "fteval.yaml (+1 −1 lines)"


@pytest.mark.parametrize("edit", [easier_gate, fewer_rows, easier_targets, worse_base, gate_that_only_advises])
def test_a_change_to_the_yardstick_does_not_count_and_is_named(
    fteval: Run, repository: Path, edit: Callable[[Path], str]
) -> None:
    named = edit(repository)
    assert fteval("run", "-c", "fteval.yaml", "--allow-same")[0] != 1, "the edit would have passed"
    code, out, err = fteval(*JUDGE, "--allow-same")
    assert code == 1, err
    assert named in told(repository)
    assert named in " ".join(out.split())


@pytest.mark.parametrize("text", ["version: 1\n", "version: 1\nbase: replay:base.jsonl\ncandidates: {}\n"])
def test_a_change_that_names_no_candidate_is_not_green(fteval: Run, repository: Path, text: str) -> None:
    (repository / "fteval.yaml").write_text(text)
    code, _, err = fteval(*JUDGE)
    assert code == 2
    assert "names no candidate" in err
    assert fteval(*JUDGE, "--model", "replay:mine.jsonl")[0] == 1


def test_a_scorer_s_code_is_the_branch_s(fteval: Run, repository: Path) -> None:
    (repository / "judge.py").write_text("def right(output, target):\n    return target in output\n")
    text = (repository / "fteval.yaml").read_text()
    text = text.replace("score: [contains]", "score: ['judge.py:right']").replace("contains", "right")
    (repository / "fteval.yaml").write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a scorer of its own")
    (repository / "judge.py").write_text("def right(output, target):\n    return True\n")
    code, _, err = fteval("run", "-c", "fteval.yaml", "--allow-code")
    assert code == 0, err
    code, _, err = fteval(*JUDGE, "--allow-code")
    assert code == 1, err
    assert "judge.py (+1 −1 lines)" in told(repository)


def test_the_store_is_the_branch_s(fteval: Run, repository: Path) -> None:
    text = (repository / "fteval.yaml").read_text()
    (repository / "fteval.yaml").write_text(text + "store: kept\n")
    git(repository, "commit", "-aqm", "another store")
    (repository / "fteval.yaml").write_text(text + "store: mine\n")
    assert fteval(*JUDGE)[0] == 1
    assert (repository / "kept" / "comparisons").is_dir() and not (repository / "mine" / "comparisons").exists()


def test_a_checkout_that_came_with_the_change_is_made_anew(fteval: Run, repository: Path) -> None:
    assert fteval(*JUDGE)[0] == 1
    (kept,) = (repository / ".fteval" / "yardstick").iterdir()
    (kept / "fteval.yaml").write_text((kept / "fteval.yaml").read_text().replace("max_drop: 2pp", "max_drop: 90pp"))
    assert fteval(*JUDGE)[0] == 1


def test_a_hold_out_that_the_branch_does_not_have_is_said(fteval: Run, repository: Path) -> None:
    git(repository, "rm", "-q", "--cached", "h.jsonl")
    git(repository, "commit", "-q", "-m", "kept elsewhere")
    code, _, err = fteval(*JUDGE)
    assert code == 2
    assert "h.jsonl" in err


def test_the_candidate_is_the_change_s_own(fteval: Run, repository: Path) -> None:
    (repository / "mine.jsonl").write_text((repository / "base.jsonl").read_text())
    assert fteval(*JUDGE, "--allow-same")[0] == 0
    text = (repository / "fteval.yaml").read_text()
    (repository / "fteval.yaml").write_text(text.replace("mine.jsonl", "other.jsonl"))
    (repository / "other.jsonl").write_text((repository / "base.jsonl").read_text().replace("=2=", "no"))
    assert fteval(*JUDGE)[0] == 0
    assert verdict(repository)["candidates"][0]["ref"].endswith("other.jsonl")


def test_a_branch_without_a_config_is_measured_by_the_change_s_own_and_that_is_said(
    fteval: Run, repository: Path
) -> None:
    git(repository, "rm", "-q", "--cached", "fteval.yaml")
    git(repository, "commit", "-q", "-m", "none yet")
    assert fteval(*JUDGE)[0] == 1
    assert "has no fteval.yaml" in told(repository)


@pytest.mark.parametrize("ref", ["HEAD^7", "nowhere", "--output=x", ""])
def test_a_commit_that_is_not_there_is_said(fteval: Run, repository: Path, ref: str) -> None:
    code, _, err = fteval("run", "-c", "fteval.yaml", f"--yardstick={ref}")
    assert code == 2
    assert "fetch-depth" in err
    assert not (repository / ".fteval").exists()


def test_outside_of_git_it_is_an_error(fteval: Run, here: Path, write: Any) -> None:
    write(here, 0)
    assert fteval(*JUDGE)[0] == 2
