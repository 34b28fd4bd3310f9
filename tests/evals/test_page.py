"""docs/probes.md says what the probes say of themselves; `fteval probes show` lets them judge."""

from __future__ import annotations

from pathlib import Path

import probes_doc
import pytest

from fteval import cli, registry

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow  # it judges anew what the cases' own tests judge
def test_the_page_is_what_the_script_writes() -> None:
    assert probes_doc.page() == (ROOT / "docs" / "probes.md").read_text(encoding="utf-8"), (
        "python scripts/probes_doc.py"
    )


@pytest.mark.parametrize("name", registry.probe_names())
def test_the_page_has_what_a_probe_says_of_itself(name: str) -> None:
    page = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
    assert probes_doc.section(name, None, []).rstrip() in page, "python scripts/probes_doc.py"


@pytest.mark.parametrize("name", registry.probe_names())
def test_a_probe_shows_samples_and_three_judged_answers(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["probes", "show", name]) == 0
    out = capsys.readouterr().out
    assert out.count("\n  output   ") >= 3
    assert " 1" in out and " 0" in out
    assert name == "holdout" or out.count(": ") > 3
