"""docs/probes.md says what the probes say of themselves; `fteval probes show` lets them judge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fteval import cli, registry

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_script_writes() -> None:
    code = "import sys; sys.path.insert(0, 'scripts'); import probes_doc; sys.stdout.write(probes_doc.page())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == (ROOT / "docs" / "probes.md").read_text(encoding="utf-8"), "python scripts/probes_doc.py"


@pytest.mark.parametrize("name", registry.probe_names())
def test_a_probe_shows_samples_and_three_judged_answers(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["probes", "show", name]) == 0
    out = capsys.readouterr().out
    assert out.count("\n  output   ") >= 3
    assert " 1" in out and " 0" in out
    assert name == "holdout" or out.count(": ") > 3
