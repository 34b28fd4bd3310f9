"""scripts/shape.py counts what is there: a small checkout, counted by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import shape

ROOT = Path(__file__).resolve().parent.parent

FILES = {
    "fteval/__init__.py": "",
    "fteval/records.py": "import fteval\n",
    "fteval/api.py": "from fteval.runs import a\n\n\ndef run(one, two, *rest, three=3, **more):\n    return a.used()\n",
    "fteval/runs/__init__.py": "from fteval.runs.a import unasked\n",
    "fteval/runs/a.py": "def used():\n    import fteval.runs.b\n\n\ndef unasked():\n    pass\n\n\n"
    "def tested():\n    pass\n",
    "fteval/runs/b.py": "import fteval.runs.a\n\nclass B(list):\n    def append(self, one):\n        pass\n",
    "fteval/evals/__init__.py": "",
    "fteval/evals/length.py": "class Length:\n    metrics: tuple = ()\n",
    "fteval/evals/inherits.py": "class Other(Length):\n    @property\n    def metrics(self):\n        return ()\n",
    "fteval/evals/helper.py": "CONSTANT = 1\n",
    "fteval/evals/find/__init__.py": "",
    "fteval/evals/data/rows.jsonl": "",
    "fteval/evals/__pycache__/length.pyc": "",
    "tests/test_all.py": "from fteval.runs.a import tested\n\ntested()\napi.run()\n" + "\n" * 18,
    "pyproject.toml": '[project.scripts]\nfteval = "fteval.api:run"\n',
}
# Lines: records 1, api 5, runs 1 + 10 + 5, evals 2 + 4 + 1. Every function has two.
EXPECTED = {
    "circles, module level": "0",
    "circles, with TYPE_CHECKING": "0",
    "circles, with late imports": "1 (of 2)",
    "circles between rooms": "0",
    "upward imports": "1",
    "imports between rooms": "2",
    "late imports of fteval's own": "1",
    "evals/: probes, other files, folders": "2, 1, 2",
    "modules in the root": "3",
    "largest file": "10 lines (fteval.runs.a)",
    "function length, median": "2 lines",
    "function length, p90": "2 lines",
    "functions with more than 8 parameters": "0",
    "lines of fteval/": "29",
    "lines of tests per line": "0.76",
    "functions used by nobody, by tests alone": "1, 1",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_table_is_what_a_hand_counts(checkout: Path) -> None:
    assert dict(shape.table(checkout)) == EXPECTED


def test_functions_that_nobody_calls_are_told_from_those_that_tests_call(checkout: Path) -> None:
    """Handed on by `__init__` is not used; what pyproject.toml installs is."""
    assert shape.unused(checkout) == (["fteval.runs.a.unasked"], ["fteval.runs.a.tested"])


def test_the_script_prints_the_table_of_any_checkout_without_importing_it(checkout: Path) -> None:
    (checkout / "fteval" / "records.py").write_text("import fteval\nraise SystemExit('imported')\n")
    command = [sys.executable, str(ROOT / "scripts" / "shape.py"), str(checkout), "--imports", "--unused"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=checkout)
    assert "circles, with late imports                1 (of 2)" in done.stdout
    assert "fteval.runs.a:2 imports fteval.runs.b in a function" in done.stdout
    assert "fteval.records:1 imports fteval" in done.stdout
    assert "fteval.runs.a.unasked" in done.stdout


def test_this_checkout_has_a_table() -> None:
    assert [what for what, _ in shape.table(ROOT)] == list(EXPECTED)
