"""Imports only go down the floors of the house; the package docstring says which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "fteval"
FLOORS = {
    "records": 0, "errors": 0, "version": 0,
    "config": 1, "registry": 1,
    "runs": 2, "alternatives": 2, "engines": 2, "evals": 2, "data": 2, "stats": 2,
    "reports": 3, "trainers": 3, "benchmarks": 3, "releases": 3, "nano": 3,
    "experiment": 4, "shards": 4, "api": 4,
    "ci": 5, "commands": 5, "cli": 5, "__main__": 5, "__init__": 5,
}  # fmt: skip
# Who may import whom on the same floor, beside itself.
SAME_FLOOR = {
    "config": {"registry"}, "runs": {"alternatives", "engines"}, "alternatives": {"engines"},
    "shards": {"experiment"}, "api": {"experiment", "shards"},
    "commands": {"ci"}, "cli": {"commands"}, "__main__": {"cli"},
}  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "fteval":
            parts = node.module.split(".")
            # `from fteval import errors` names rooms; `from fteval import __version__` names none.
            found |= {parts[1]} if len(parts) > 1 else {a.name for a in node.names if a.name in FLOORS}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("fteval.")}
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import; say the whole path"
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_go_down(path: Path) -> None:
    here = room(path)
    for other in imported_rooms(path) - {here}:
        allowed = FLOORS[other] < FLOORS[here] or other in SAME_FLOOR.get(here, set())
        assert allowed, f"{path.name} ({here}, floor {FLOORS[here]}) imports {other} (floor {FLOORS[other]})"


def test_the_watcher_sees_an_upward_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from fteval.reports.markdown import render\nimport fteval.cli\nfrom fteval import runs\n")
    assert imported_rooms(bad) == {"reports", "cli", "runs"}
