"""`-o FILE`: the ending says the format, several at once; nothing is measured for a file that cannot be written."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import plugin
import pytest
from formats import endings

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
    names = [f"report{ending}" for ending in endings()]
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
    names = [f"report{ending}" for ending in endings()]
    only = ("--model", "replay:mine.jsonl", "--holdout", "h.jsonl", "--score", "contains")
    code, _ = fteval("run", *only, *(part for name in names for part in ("-o", name)))
    assert code == 0 and all(Path(name).read_bytes() for name in names)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.nosuch", ", ".join(f"{e} ({f.WHAT})" for e, f in registry.report_formats().usable.items())),
        ("report", "the ending says the format"),
        ("taken/report.md", "the folder taken cannot be made"),
        ("folder.md", "cannot be written"),
    ],
)
def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(fteval: Run, name: str, said: str) -> None:
    Path("folder.md").mkdir()
    Path("taken").touch()
    code, shown = fteval("run", *MODELS, "-o", name, "-o", "also.pdf")
    assert code == 2 and said in shown and "-o also.pdf" in shown
    assert not Path(".fteval").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_is_full_keeps_the_run_and_a_failed_gate_s_code(fteval: Run) -> None:
    Path("report.csv").symlink_to("/dev/full")
    code, shown = fteval("run", *MODELS, "--score", "contains", "-o", "report.csv")
    assert code == 1 and "the run is kept: fteval report" in shown and "Traceback" not in shown
    assert fteval("report", "latest", "-o", "report.csv")[0] == 3
    same = ("run", "--model", "replay:base.jsonl", *MODELS[2:], "--score", "contains")
    ships = fteval(*same, "--allow-same")[0]
    assert (ships, fteval(*same, "--allow-same", "-o", "report.csv")[0]) == (0, 3)


# --- formats of other packages ------------------------------------------------------------------------

ENTRY = "[fteval.reports]\nword = acme_word\n"


def test_a_format_of_another_package_is_one_like_any_other(
    fteval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.on_path(plugin.install(tmp_path / "packages", {"acme_word.py": plugin.FORMAT}, ENTRY), monkeypatch)
    code, shown = fteval("run", *MODELS, "--score", "contains", "-o", "report.acme", "-o", "report.md")
    assert code == 1, shown
    assert Path("report.acme").read_text() == "do_not_ship\n" and Path("report.md").exists()
    fteval("run", *MODELS[:2], *MODELS[4:], "--score", "contains", "-o", "single.acme")
    # 100 of the 300 answers are wrong; the report of a single run shows some of them.
    single = Path("single.acme").read_text()
    assert single.startswith("measured, ") and "0 answers" not in single
    assert ".acme (the verdict alone)" in " ".join(fteval("report", "--help")[1].split())


BROKEN: dict[str, tuple[str, str]] = {
    # what is wrong: (the module, what is said)
    "a library is missing": ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
    "no ending": (plugin.FORMAT.replace("ENDING, WHAT", "OTHER, WHAT"), "its module needs a text ENDING"),
    "no render": (plugin.FORMAT.replace("def render", "def other"), "and a function render"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_one_that_cannot_be_used_is_said_where_its_ending_is_asked_for_and_takes_no_other_down(
    fteval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    source, said = BROKEN[wrong]
    plugin.on_path(plugin.install(tmp_path / "packages", {"acme_word.py": source}, ENTRY), monkeypatch)
    code, shown = fteval("run", *MODELS, "-o", "report.acme")
    assert code == 2 and "report 'word' of the package acme-probes 1.0 cannot be used (acme_word)" in shown
    assert said in shown and ".md (markdown)" in shown
    assert fteval("run", *MODELS, "--score", "contains", "-o", "report.md")[0] == 1
    assert fteval("run", "--help")[0] == 0


@pytest.mark.parametrize("name", ["word", "markdown"])
def test_an_ending_that_two_claim_is_nobody_s(
    fteval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = plugin.FORMAT.replace(".acme", ".md")
    entry = f"[fteval.reports]\n{name} = acme_word\n"
    plugin.on_path(plugin.install(tmp_path / "packages", {"acme_word.py": source}, entry), monkeypatch)
    code, shown = fteval("run", *MODELS, "-o", "report.md")
    assert code == 2 and "claimed by fteval and by the package acme-probes 1.0" in shown


def test_a_format_that_fails_keeps_the_run(fteval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = plugin.FORMAT.replace("return getattr", "return {}['x'] + getattr")
    plugin.on_path(plugin.install(tmp_path / "packages", {"acme_word.py": source}, ENTRY), monkeypatch)
    code, shown = fteval("run", *MODELS, "--score", "contains", "-o", "report.acme", "-o", "report.md")
    assert code == 1 and "KeyError: 'x'" in shown and "the run is kept: fteval report" in shown
    assert "do not ship" in shown.lower()


def test_every_file_of_the_folder_is_a_format_with_an_ending_of_its_own() -> None:
    from fteval.reports import files

    modules = {path.stem for path in Path(files.__path__[0]).glob("[!_]*.py")}
    formats = registry.report_formats()
    assert not formats.unusable
    made = [one for one in formats.usable.values() if isinstance(one, ModuleType)]
    assert {one.__name__.rpartition(".")[2] for one in made} == modules


def test_the_longest_ending_says_the_format() -> None:
    formats = registry.report_formats()
    made = {name: formats.of(name) for name in ("verdict.json", "chart.json", "a.chart.json", "x.svg", "x.doc")}
    assert [one and one.ENDING for one in made.values()] == [".json", ".chart.json", ".chart.json", ".svg", None]


@pytest.mark.skipif(".png" in endings(), reason="vl-convert is here")
def test_a_picture_that_cannot_be_drawn_here_is_said_before_anything_is_measured(fteval: Run) -> None:
    code, said = fteval("run", *MODELS, "-o", "charts.png")
    assert code == 2 and "pip install 'fteval[report]'" in said
