"""The workflow that `fteval init` writes, run step by step as a runner would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from ruamel.yaml import YAML

from fteval import cli
from fteval.runs.journal.store import Store
from fteval.runs.reading import results

MARKER = "<!-- fteval:report suite="


@dataclass
class Step:
    what: str
    code: int | None
    """None where it was not started."""
    out: str
    err: str


def steps_of(folder: Path) -> list[dict[str, Any]]:
    workflow = YAML(typ="safe", pure=True).load(folder / ".github" / "workflows" / "fteval.yml")
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


def run_job(folder: Path, environ: dict[str, str]) -> tuple[str, list[Step]]:
    """The job's conclusion, and its `run:` steps; the actions and the installation are another machine's matter."""
    conclusion, done = "success", []
    for what in ("the branch", "the change"):
        commit(folder, what)
    context = {"github.token": environ["GITHUB_TOKEN"]}
    bare = {k: v for k, v in environ.items() if k != "GITHUB_TOKEN"}  # a step has it only where its `env` says so
    for step in steps_of(folder):
        command = step.get("run")
        if command is None or command.startswith("pip install"):
            continue
        condition = re.sub(r"^\$\{\{ *(.*?) *\}\}$", r"\1", step.get("if", "success()"))
        assert condition in ("success()", "!cancelled()", "always()")
        if condition == "success()" and conclusion != "success":
            done.append(Step(command, None, "", ""))
            continue
        env = {k: re.sub(r"\$\{\{ *(\S+) *\}\}", lambda m: context[m[1]], v) for k, v in step.get("env", {}).items()}
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=folder, env={**bare, **env}, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        done.append(Step(command, ran.returncode, ran.stdout, ran.stderr))
        if ran.returncode:
            conclusion = "failure"
    return conclusion, done


def commit(folder: Path, what: str) -> None:
    """What lies in the folder, but for the store and what jobs write, as a commit."""
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / ".git" / "info" / "exclude").write_text(".fteval\nout\nbin\nevent.json\nsummary.md\n")
    who = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", what], cwd=folder, check=True)


@pytest.fixture
def runner(here: Path, job: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The environment of a runner, with this fteval on the path."""
    bin_folder = here / "bin"
    bin_folder.mkdir()
    (bin_folder / "fteval").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fteval "$@"\n')
    (bin_folder / "fteval").chmod(0o755)
    return {**os.environ, **job(), "PATH": f"{bin_folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def test_the_workflow_asks_for_what_it_needs_and_no_more(here: Path) -> None:
    assert cli.call(["init"]) == 0
    workflow = YAML(typ="safe", pure=True).load(here / ".github" / "workflows" / "fteval.yml")
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert set(workflow["on"]) == {"pull_request", "push"}  # not pull_request_target: a fork's code would have secrets
    steps = steps_of(here)
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", name) for name in used)
    assert not any("${{" in step.get("run", "") for step in steps)  # what a pull request names is no shell code
    kept, restored = (next(s["with"] for s in steps if s.get("uses", "").startswith(f"actions/cache/{verb}"))
                      for verb in ("save", "restore"))  # fmt: skip
    assert kept["path"] == restored["path"] == ".fteval" and kept["key"] == restored["key"]


@pytest.mark.parametrize(("wrong", "conclusion", "word"), [(0, "success", "ship"), (60, "failure", "do not ship")])
def test_a_pull_request_gets_its_verdict_and_the_job_its_colour(
    here: Path, runner: dict[str, str], hub: Any, write: Any, wrong: int, conclusion: str, word: str
) -> None:
    assert cli.call(["init"]) == 0
    write(here, wrong)  # in place of the config that trains
    found, steps = run_job(here, runner)
    assert (found, [s.code for s in steps]) == (conclusion, [0, int(wrong > 0), 0])
    (body,) = hub.by_robot()
    assert body.startswith(MARKER) and f"fteval: {word} `mine`" in body
    assert f"fteval: {word} `mine`" in (here / "summary.md").read_text(encoding="utf-8")
    annotations = [line for line in steps[-1].out.splitlines() if line]
    assert len(annotations) == int(wrong > 0)
    assert all(line.startswith("::error file=fteval.yaml,line=8,") for line in annotations)
    assert {p.name for p in (here / "out").iterdir()} == {"report.md", "verdict.json", "junit.xml"}
    assert JUnitXml.fromfile(str(here / "out" / "junit.xml")).failures == int(wrong > 0)


def test_the_next_push_edits_the_comment_and_asks_the_base_nothing_twice(
    here: Path, runner: dict[str, str], hub: Any, write: Any
) -> None:
    assert cli.call(["init"]) == 0
    write(here, 60)
    run_job(here, runner)
    (here / "mine.jsonl").write_text((here / "base.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    assert run_job(here, runner)[0] == "success"
    written = json.loads((here / "out" / "verdict.json").read_text(encoding="utf-8"))
    base = results.load(Store(here / ".fteval", readonly=True), written["base"]["run"])
    assert (base.reused, base.generated) == (400, 0)
    assert hub.methods() == ["POST", "PATCH"]
    assert "fteval: ship" in hub.by_robot()[0]


def test_a_run_that_could_not_start_leaves_no_old_verdict_standing(
    here: Path, runner: dict[str, str], hub: Any, write: Any
) -> None:
    assert cli.call(["init"]) == 0
    write(here, 0)
    run_job(here, runner)
    shutil.rmtree(here / "out")  # another job's folder is empty; the store comes from the cache
    (here / "fteval.yaml").write_text("version: 1\nbase: nano\ngate: []\n")
    found, steps = run_job(here, runner)
    assert (found, [s.code for s in steps]) == ("failure", [0, 2, 2])
    (body,) = hub.by_robot()
    assert "no result" in body and "fteval: ship" not in body


def test_a_fork_gets_summary_and_annotations(here: Path, runner: dict[str, str], hub: Any, write: Any) -> None:
    hub.writes = False
    assert cli.call(["init"]) == 0
    write(here, 60)
    found, steps = run_job(here, runner)
    assert (found, [s.code for s in steps]) == ("failure", [0, 1, 0])
    assert "warning: no comment: refused (403): a pull request from a fork has a read-only token" in steps[-1].err
    assert "do not ship" in (here / "summary.md").read_text(encoding="utf-8")
    assert steps[-1].out.startswith("::error ")


@pytest.mark.slow
def test_the_config_of_init_trains_and_is_told_as_it_stands(here: Path, runner: dict[str, str], hub: Any) -> None:
    assert cli.call(["init"]) == 0
    found, steps = run_job(here, runner)
    assert [s.code for s in steps] == [0, 0, 0], steps[1].err
    assert found == "success"
    (body,) = hub.by_robot()
    assert body.startswith(MARKER) and "ship `sft`" in body
