"""The nouns of `fteval.records` by their short names: found when asked for, each where the type checker finds it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from fteval import records


def test_each_name_is_found_where_the_type_checker_finds_it() -> None:
    tree = ast.parse(Path(str(records.__file__)).read_text(encoding="utf-8"))
    told = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "fteval" in str(node.module)]
    assert {alias.name: node.module for node in told for alias in node.names} == records._HOME
    assert all(hasattr(records, name) for name in records.__all__)


def test_a_name_that_is_none_is_an_error() -> None:
    code = "from fteval.records import Smaple"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 1 and "ImportError: cannot import name 'Smaple'" in done.stderr


def test_one_noun_loads_no_other_family() -> None:
    code = "import sys; from fteval.records import Sample; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name for name in done.stdout.split() if name.startswith("fteval.records.")}
    assert loaded == {"fteval.records.samples", "fteval.records.digests"}
