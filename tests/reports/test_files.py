"""`-o FILE`: the ending says the format, several at once; nothing is measured for a file that cannot be written."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fteval import cli, registry

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def fteval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line in a folder with a hold-out of 300 sums, of which the candidate gets a third wrong."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i)} for i in range(300)]
    base = [{"id": f"q{i}", "output": f"It is {2 * i}."} for i in range(300)]
    mine = [{"id": f"q{i}", "output": f"{2 * i}" if i % 3 else "=1+1 <b>]]>\x1b[31m"} for i in range(300)]
    for name, found in (("h", rows), ("base", base), ("mine", mine)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")

    def call(*args: str) -> tuple[int, str]:
        capfd.readouterr()
        code = cli.call(list(args))
        out, err = capfd.readouterr()
        return code, out + err

    return call


MODELS = ("--model", "replay:mine.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl")


def test_one_run_writes_every_format(fteval: Run) -> None:
    names = [f"report{ending}" for ending in registry.report_formats().usable]
    code, _ = fteval("run", *MODELS, "--score", "contains", *(part for name in names for part in ("-o", name)))
    assert code == 1
    assert Path("report.md").read_text(encoding="utf-8").split("\n")[2].startswith("### ❌ fteval: do not ship")
    assert json.loads(Path("report.json").read_bytes())["verdict"] == "do_not_ship"
    (failure,) = ET.parse("report.xml").getroot().iter("failure")
    assert failure.get("type") == "regression"
    with Path("report.csv").open(encoding="utf-8", newline="") as file:
        (row, *_) = csv.DictReader(file)
    assert (row["result"], row["worse"]) == ("fail", "100")


def test_a_saved_comparison_is_written_as_it_was_at_first(fteval: Run) -> None:
    fteval("run", *MODELS, "--score", "contains", "-o", "first.xml", "-o", "first.csv", "-o", "first.md")
    code, _ = fteval("report", "latest", "-o", "again.xml", "-o", "again.csv", "-o", "again.md")
    assert code == 0
    for ending in ("xml", "csv", "md"):
        assert Path(f"first.{ending}").read_bytes() == Path(f"again.{ending}").read_bytes()


def test_a_single_run_is_written_in_every_format_too(fteval: Run) -> None:
    names = [f"report{ending}" for ending in registry.report_formats().usable]
    only = ("--model", "replay:mine.jsonl", "--holdout", "h.jsonl", "--score", "contains")
    code, _ = fteval("run", *only, *(part for name in names for part in ("-o", name)))
    assert code == 0 and all(Path(name).stat().st_size > 100 for name in names)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.html", ".md (markdown), .json (the numbers), .xml (JUnit"),
        ("report", "the ending says the format"),
        ("nowhere/report.md", "no folder nowhere"),
        ("folder.md", "cannot be written"),
    ],
)
def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(fteval: Run, name: str, said: str) -> None:
    Path("folder.md").mkdir()
    code, shown = fteval("run", *MODELS, "-o", name, "-o", "also.pdf")
    assert code == 2 and said in shown and "-o also.pdf" in shown
    assert not Path(".fteval").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_is_full_keeps_the_run(fteval: Run) -> None:
    Path("report.csv").symlink_to("/dev/full")
    code, shown = fteval("run", *MODELS, "--score", "contains", "-o", "report.csv")
    assert code == 3 and "the run is kept: fteval report" in shown and "Traceback" not in shown
