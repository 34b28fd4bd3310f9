"""The pytest plugin, in a pytest of its own: a verdict is a test, and what cannot be measured is an error of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fteval

pytest_plugins = "pytester"

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """\
version: 1
base: "replay:base.jsonl"
candidates:
  new: {model: "replay:new.jsonl"}
probes:
  sums: {use: holdout, data: h.jsonl}
gates:
  - {probe: sums, metric: number, max_drop: 5pp}
"""
TEST = """\
import pytest

@pytest.mark.fteval(config="fteval.yaml")
def test_it_may_ship(fteval_verdict):
    assert fteval_verdict.ships, fteval_verdict.why
"""


@pytest.fixture(scope="module", autouse=True)
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """pytester forgets what was imported inside it, and numpy bears to be imported once only."""
    rows = [{"id": f"q{i}", "prompt": f"{i}?", "target": str(i)} for i in range(30)]
    store = tmp_path_factory.mktemp("loaded")
    found = fteval.run(lambda m: m[-1]["content"][:-1], lambda m: "-1", holdout=rows, store=store)
    assert isinstance(found, fteval.Comparison) and found.why


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a config and outputs: the base knows 90 of 100, the candidate 90 too."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # whether fteval is installed or only here
    rows = [{"id": f"q{i}", "prompt": f"What is {i} plus 1?", "target": str(i + 1)} for i in range(400)]
    (pytester.path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers(pytester, base=360, new=360)
    (pytester.path / "fteval.yaml").write_text(CONFIG)
    return pytester


def answers(pytester: pytest.Pytester, **right: int) -> None:
    for name, n in right.items():
        rows = [{"id": f"q{i}", "output": str(i + 1 if i < n else -1)} for i in range(400)]
        (pytester.path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def ran(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(test_release=test)
    return project.runpytest("-p", "fteval.pytest_plugin", "--strict-markers", *options)


def test_a_verdict_that_ships_is_a_test_that_passes(project: pytest.Pytester) -> None:
    result = ran(project, TEST, "--junitxml=junit.xml")
    result.assert_outcomes(passed=1)
    assert 'name="fteval_verdict" value="ship"' in (project.path / "junit.xml").read_text()


def test_another_verdict_fails_the_test_and_says_why(project: pytest.Pytester) -> None:
    answers(project, new=200)
    result = ran(project, TEST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: do not ship new: sums.number lost 40.0 pp, more than*"])


def test_a_saved_comparison_is_read_and_nothing_is_run(project: pytest.Pytester) -> None:
    ran(project, TEST).assert_outcomes(passed=1)
    ran(project, TEST.replace('config="fteval.yaml"', '"latest", store=".fteval"')).assert_outcomes(passed=1)
    assert len(list((project.path / ".fteval" / "runs").iterdir())) == 2


def test_without_a_marker_it_is_the_folder_s_config_and_is_run_once_in_a_session(project: pytest.Pytester) -> None:
    test = "def test_a(fteval_verdict):\n    assert fteval_verdict.ships\n"
    ran(project, f"{test}\n{test.replace('_a', '_b')}").assert_outcomes(passed=2)
    assert len(list((project.path / ".fteval" / "comparisons").iterdir())) == 1


def test_arguments_are_those_of_run(project: pytest.Pytester) -> None:
    test = TEST.replace(
        'config="fteval.yaml"',
        'model="replay:new.jsonl", against="replay:base.jsonl", holdout="h.jsonl", '
        'gates={"probe": "h", "metric": "number", "max_drop": "5pp"}',
    )
    (project.path / "fteval.yaml").unlink()
    ran(project, test).assert_outcomes(passed=1)


def test_values_that_look_alike_have_each_a_verdict_of_their_own(project: pytest.Pytester) -> None:
    rows = """\
import pytest

class Rows(list):
    def __repr__(self):
        return "a frame, cut short"

def rows(right):
    return Rows({"id": f"q{i}", "prompt": f"{i}?", "target": str(i) if i < right else "no"} for i in range(60))

def arguments(right):
    return dict(model=new, against=old, holdout=[rows(right)])

def old(messages):
    return messages[-1]["content"][:-1]

def new(messages):
    return messages[-1]["content"][:-1]

@pytest.mark.parametrize("right", [
    pytest.param(60, marks=pytest.mark.fteval(**arguments(60))),
    pytest.param(10, marks=pytest.mark.fteval(**arguments(10))),
])
def test_it(fteval_verdict, right):
    (probe,) = fteval_verdict.base.probes
    assert sum(next(iter(probe.scores.values()))) == right
"""
    (project.path / "fteval.yaml").unlink()
    ran(project, rows).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('config="nothing.yaml"', "cannot read the config"),
        ('model="replay:nothing.jsonl", against="replay:base.jsonl", holdout="h.jsonl"', "no such file"),
        ('model="replay:new.jsonl", holdout="h.jsonl"', "replay:new.jsonl alone has no verdict"),
        ('"20990101"', "no store at .fteval"),
    ],
)
def test_what_cannot_be_measured_is_an_error_and_no_failure(
    project: pytest.Pytester, arguments: str, said: str
) -> None:
    result = ran(project, TEST.replace('config="fteval.yaml"', arguments))
    result.assert_outcomes(errors=1)
    assert said in result.stdout.str() and "During handling" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str() and "site-packages" not in result.stdout.str()


def test_an_assertion_on_the_comparison_itself_is_refused(project: pytest.Pytester) -> None:
    answers(project, new=200)
    result = ran(project, TEST.replace("assert fteval_verdict.ships, fteval_verdict.why", "assert fteval_verdict"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TypeError: a comparison is neither true nor false: ask for .ships*"])


def test_the_plugin_is_declared_and_loads_nothing() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert declared == {"fteval": "fteval.pytest_plugin"}
    code = "before = set(sys.modules)\nimport fteval.pytest_plugin\nprint(sorted(set(sys.modules) - before))"
    code = f"import sys, pytest\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['fteval', 'fteval.pytest_plugin', 'fteval.version']"
