"""What other repositories include: the action, GitLab's template, pre-commit's hook; and what docs/ci.md shows."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from variants import first

from fteval import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "ci.md"


def yaml(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(text))


ACTION = yaml((ROOT / "action.yml").read_text(encoding="utf-8"))[0]
SPEC, JOBS = yaml((ROOT / "templates" / "fteval.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
SHOWN = [block for text in re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.S) for block in yaml(text)]


def steps(value: Any) -> Iterator[dict[str, Any]]:
    """Every step of whatever was read."""
    if isinstance(value, dict):
        if "run" in value or "uses" in value:
            yield value
        for inner in value.values():
            yield from steps(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from steps(inner)


@pytest.mark.parametrize("value", [ACTION, *SHOWN], ids=lambda value: str(list(value))[:40])
def test_no_step_makes_shell_code_of_what_a_pull_request_names(value: Any) -> None:
    assert [step["run"] for step in steps(value) if "${{" in step.get("run", "")] == []


def test_the_action_pins_what_it_uses_and_installs_itself() -> None:
    used = [step["uses"] for step in steps(ACTION) if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[a-z/-]+@v\d+", name) for name in used)
    (own,) = (step["run"] for step in steps(ACTION) if "constraints.txt" in step.get("run", ""))
    assert '"$GITHUB_ACTION_PATH${EXTRAS:+[$EXTRAS]}"' in own
    assert all(step["shell"] == "bash" for step in steps(ACTION) if "run" in step)


def test_every_input_of_the_action_is_used_and_explained() -> None:
    named = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert named == set(ACTION["inputs"])
    assert all(f"`{name}`" in DOCS.read_text("utf-8") or f"{name}:" in DOCS.read_text("utf-8") for name in named)


@pytest.mark.parametrize(("wrong", "code", "word"), first([(0, 0, "ship"), (60, 1, "do not ship")]))
def test_the_action_runs_as_a_runner_would_run_it(
    wrong: int, code: int, word: str, here: Path, job: Any, hub: Any, write: Any
) -> None:
    write(here, wrong)
    (here / "bin").mkdir()
    (here / "bin" / "fteval").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fteval "$@"\n')
    (here / "bin" / "fteval").chmod(0o755)
    outside = {**os.environ, **job(), "PATH": f"{here / 'bin'}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    context = {f"inputs.{name}": str(one["default"]) for name, one in ACTION["inputs"].items()}
    context |= {"inputs.yardstick": "", "inputs.token": outside.pop("GITHUB_TOKEN")}  # there is no commit here
    codes = []
    for step in steps(ACTION):
        if "pip install" in step.get("run", "pip install"):
            continue  # another machine's matter
        env = {k: re.sub(r"\$\{\{ *(\S+) *\}\}", lambda m: context[m[1]], v) for k, v in step["env"].items()}
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        codes.append(subprocess.run(bash, cwd=here, env={**outside, **env}, capture_output=True).returncode)
    assert codes == [code, 0]
    assert f"fteval: {word} `mine`" in hub.by_robot()[0]
    assert {path.name for path in (here / "out").iterdir()} == {"report.md", "verdict.json", "junit.xml"}


STEP = next(step["run"] for step in steps(ACTION) if "fteval run" in step.get("run", ""))
LINES = "\n".join(JOBS["fteval"]["script"])


@pytest.mark.parametrize(("lines", "verdict"), [(STEP, "out/verdict.json"), (LINES, "verdict.json")])
def test_a_verdict_that_was_committed_is_not_told_as_this_jobs(lines: str, verdict: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, code in (("fteval", 2), ("pip", 0), ("git", 0)):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / verdict).parent.mkdir(exist_ok=True)
    (tmp_path / verdict).write_text("{}")
    outside = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "OUTPUT": "out"}
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines]
    assert subprocess.run(bash, cwd=tmp_path, env=outside).returncode == 2
    assert not (tmp_path / verdict).exists()


def test_gitlabs_template_asks_for_its_inputs_and_quotes_what_a_merge_request_names() -> None:
    text = (ROOT / "templates" / "fteval.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(SPEC["spec"]["inputs"])
    (job,) = JOBS.values()
    for line in (*job["script"], *job["after_script"]):
        assert "[[" not in line and not re.search(r'(?<!")\$', line)


def test_the_hook_checks_each_config_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, text in (
        ("a", "version: 1\nbase: nano\nprobes: {facts: {}}\n"),
        ("b", "version: 1\nbase: nano\nprobes: {fact: {}}\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "fteval.yaml").write_text(text)
    words = HOOK["entry"].split()[1:]
    assert re.search(HOOK["files"], "a/fteval.yaml") and not re.search(HOOK["files"], "a/my-fteval.yaml")
    assert cli.call([*words, "a/fteval.yaml"]) == 0
    assert cli.call([*words, "a/fteval.yaml", "b/fteval.yaml"]) == 2
    told = capsys.readouterr()
    assert "a/fteval.yaml: ok" in told.out and "b/fteval.yaml" in told.err and "facts" in told.err


SCHEMAS = {"vendor.github-actions": "action.yml", "vendor.gitlab-ci": "templates/fteval.yml"}


@pytest.mark.slow
@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_schemas_of_github_and_gitlab_take_them(schema: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("needs check-jsonschema: pip install check-jsonschema")
    # The schema is of one document: what GitLab makes of a template once it has filled in the inputs.
    body = (ROOT / SCHEMAS[schema]).read_text(encoding="utf-8").rpartition("\n---\n")[2]
    (tmp_path / "it.yml").write_text(body, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(tmp_path / "it.yml")]
    more = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    done = subprocess.run([*command, *more], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_pre_commit_runs_the_hook(tmp_path: Path) -> None:
    if shutil.which("pre-commit") is None:
        pytest.skip("needs pre-commit: pip install pre-commit")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false"]
    (tmp_path / "fteval.yaml").write_text("version: 1\nbase: nano\nprobes: {fact: {}}\n")
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    command = ["pre-commit", "try-repo", str(ROOT), "fteval-config-check", "--all-files", "--verbose"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "Did you mean 'facts'?" in done.stdout, done.stdout + done.stderr
