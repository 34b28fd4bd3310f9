"""A probe is another when a file that decides its scores is another; the files are edited, and the digest looked at."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import plugin
import pytest

from fteval import registry
from fteval.runs.asking import identity
from fteval.runs.asking.sources import source_files

LEAST = "LEAST = 3\n"
PACKAGE = {"acme/__init__.py": "", "acme/probes/__init__.py": "", "acme/rules/__init__.py": ""}

IMPORTS: dict[str, tuple[str, str, str, str]] = {
    # what is tried: (import at the top, in the function, the expression, the file that decides)
    "absolute": ("from acme.rules.least import LEAST", "pass", "LEAST", "acme/rules/least.py"),
    "import of a module": ("import acme.rules.least", "pass", "acme.rules.least.LEAST", "acme/rules/least.py"),
    "import under another name": ("import acme.rules.least as l", "pass", "l.LEAST", "acme/rules/least.py"),
    "a module as a package's member": ("from acme.rules import least", "pass", "least.LEAST", "acme/rules/least.py"),
    "relative": ("from .least import LEAST", "pass", "LEAST", "acme/probes/least.py"),
    "a relative module": ("from . import least", "pass", "least.LEAST", "acme/probes/least.py"),
    "relative, one up": ("from ..rules.least import LEAST", "pass", "LEAST", "acme/rules/least.py"),
    "relative, a member one up": ("from ..rules import least", "pass", "least.LEAST", "acme/rules/least.py"),
    "relative, a package one up": ("from .. import common", "pass", "common.LEAST", "acme/common.py"),
    "late": ("", "from acme.rules.least import LEAST", "LEAST", "acme/rules/least.py"),
    "late and relative": ("", "from ..rules import least", "least.LEAST", "acme/rules/least.py"),
    "late in a try": ("", "from ..rules import least", "least.LEAST", "acme/rules/least.py"),
    "by its name": ("import importlib", 'm = importlib.import_module("acme.rules.least")', "m.LEAST",
                    "acme/rules/least.py"),
    "by its relative name": ("import importlib", 'm = importlib.import_module("..common", __package__)', "m.LEAST",
                             "acme/common.py"),
    "a folder without __init__": ("from acme.bare.least import LEAST", "pass", "LEAST", "acme/bare/least.py"),
    "another top level of the distribution": ("from acme_rules import LEAST", "pass", "LEAST", "acme_rules.py"),
}  # fmt: skip


def digests(folder: Path, file: str, module: str, before: str, after: str) -> list[str]:
    """The probe's digest before and after an edit of a file."""
    cls = importlib.import_module(module).Length
    both = []
    for text in (before, after):
        (folder / file).write_text(text, encoding="utf-8")
        both.append(identity.source_digest(cls))
    return both


@pytest.mark.parametrize("how", IMPORTS)
def test_an_edited_helper_makes_another_probe_however_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    top, late, expression, file = IMPORTS[how]
    files = {**PACKAGE, "acme/probes/length.py": plugin.probe(top, late, expression), file: LEAST}
    plugin.install(tmp_path / "site-packages", files, "[fteval.probes]\nlength = acme.probes.length:Length\n")
    plugin.on_path(tmp_path / "site-packages", monkeypatch)
    before, after = digests(tmp_path / "site-packages", file, "acme.probes.length", LEAST, "LEAST = 300\n")
    assert before != after


@pytest.mark.parametrize(
    "chain",
    [
        {"acme/rules/__init__.py": "from .least import LEAST\n"},
        {"acme/rules/__init__.py": "from .middle import LEAST\n", "acme/rules/middle.py": "from .least import LEAST\n"},
        {"acme/rules/__init__.py": "from . import least\nLEAST = least.LEAST\n"},
    ],
)
def test_what_a_helper_imports_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: dict[str, str]
) -> None:
    files = {**PACKAGE, **chain, "acme/rules/least.py": LEAST}
    files["acme/probes/length.py"] = plugin.probe("from acme.rules import LEAST")
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    before, after = digests(tmp_path, "acme/rules/least.py", "acme.probes.length", LEAST, "LEAST = 300\n")
    assert before != after


def test_a_package_that_python_runs_on_the_way_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**PACKAGE, "acme/rules/least.py": LEAST}
    files["acme/probes/length.py"] = plugin.probe("from acme.rules.least import LEAST")
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    before, after = digests(tmp_path, "acme/rules/__init__.py", "acme.probes.length", "", "import acme.rules.patches\n")
    assert before != after
    before, after = digests(tmp_path, "acme/rules/__init__.py", "acme.probes.length", "", '"""What it is for."""\n')
    assert before == after, "a docstring decides nothing"


def test_a_lone_module_beside_another_counts_where_the_folder_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an editable install, whose list of files names none of them."""
    files = {"acme_length.py": plugin.probe("from acme_least import LEAST"), "acme_least.py": LEAST}
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    before, after = digests(tmp_path, "acme_least.py", "acme_length", LEAST, "LEAST = 300\n")
    assert before != after


def test_another_distribution_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version is not the probe's: where it moves a number, the probe's version goes up."""
    shared = tmp_path / "site-packages"
    plugin.install(shared, {"acme_least.py": LEAST}, name="acme-other")
    plugin.install(
        shared,
        {"acme_length.py": plugin.probe("from acme_least import LEAST")},
        "[fteval.probes]\nlength = acme_length:Length\n",
    )
    plugin.on_path(shared, monkeypatch)
    before, after = digests(shared, "acme_least.py", "acme_length", LEAST, "LEAST = 300\n")
    assert before == after


def test_what_a_plugin_takes_from_fteval_s_probes_counts_and_from_its_records_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"acme_length.py": plugin.probe("from fteval.evals.language.text import words", least="len(words(''))")}
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    importlib.import_module("acme_length")
    assert set(source_files("acme_length")) == {"acme_length", *source_files("fteval.evals.language.text")}


def test_nothing_is_imported_to_be_digested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**PACKAGE, "acme/heavy/__init__.py": "raise SystemExit\n", "acme/heavy/least.py": LEAST}
    files["acme/probes/length.py"] = plugin.probe("", "from ..heavy.least import LEAST")
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    importlib.import_module("acme.probes.length")
    loaded = set(sys.modules)
    assert {"acme.heavy", "acme.heavy.least"} <= set(source_files("acme.probes.length"))
    assert set(sys.modules) == loaded


# --- data files -------------------------------------------------------------------------------------

DATA: dict[str, tuple[str, str]] = {
    # what reads it: (the source, the file)
    "resources, joined": ('LEAST = len(resources.files("acme").joinpath("data", "least.txt").read_text())',
                          "acme/data/least.txt"),
    "resources, divided": ('LEAST = len((resources.files(__package__) / "least.txt").read_text())',
                           "acme/rules/least.txt"),
    "beside the module": ('LEAST = len(Path(__file__).with_name("least.txt").read_text())', "acme/rules/least.txt"),
    "pkgutil": ('LEAST = len(pkgutil.get_data("acme", "data/least.txt"))', "acme/data/least.txt"),
    "a folder, its files by name": ('LEAST = [f.read_text() for f in (resources.files("acme") / "words").iterdir()]',
                                    "acme/words/de.txt"),
    "a folder as a package": ('LEAST = resources.files("acme.words").joinpath(f"{language}.txt")',
                              "acme/words/de.txt"),
}  # fmt: skip


@pytest.mark.parametrize("how", DATA)
def test_a_data_file_that_a_module_names_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    source, file = DATA[how]
    imports = "import pkgutil\nfrom importlib import resources\nfrom pathlib import Path\n\nlanguage = 'de'\n"
    files = {**PACKAGE, "acme/rules/least.py": imports + source + "\n", file: "abc", "acme/other.txt": "abc"}
    files["acme/probes/length.py"] = plugin.probe("from acme.rules import least", least="least.LEAST")
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    before, after = digests(tmp_path, file, "acme.probes.length", "abc", "abcd")
    assert before != after
    before, after = digests(tmp_path, "acme/other.txt", "acme.probes.length", "abc", "abcd")
    assert before == after, "a file that nobody names decides nothing"


def test_rows_that_samples_reads_count_by_their_own_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold-out that grew by one row judges the others as before."""
    source = plugin.probe(least="3").replace("return [Sample", 'open("rows.jsonl")\n        return [Sample')
    files = {**PACKAGE, "acme/probes/length.py": source, "acme/probes/rows.jsonl": "{}\n"}
    plugin.on_path(plugin.install(tmp_path, files), monkeypatch)
    before, after = digests(tmp_path, "acme/probes/rows.jsonl", "acme.probes.length", "{}\n", "{}\n{}\n")
    assert before == after


@pytest.mark.parametrize("name", registry.probe_names())
def test_a_probe_of_fteval_rests_on_probe_code_and_on_no_hold_out(name: str) -> None:
    files = source_files(registry.probe_class(name).__module__)
    own = ("fteval.evals", "fteval/evals/data/", "fteval.records.rea", "fteval.records.verdicts")
    assert all(file.startswith(own) for file in files), "else every edit counts"
    assert not [file for file in files if file.endswith(".jsonl") and "/phrases/" not in file]
    assert not [file for file in files if "/examples/" in file]


def test_the_corpora_of_style_count() -> None:
    assert "fteval/evals/data/style/plain.txt" in source_files("fteval.evals.style")


# --- and what a user sees ---------------------------------------------------------------------------


def test_runs_before_and_after_an_edited_helper_are_not_compared_and_a_mended_one_judges_anew(tmp_path: Path) -> None:
    installed = plugin.install(
        tmp_path / "site-packages",
        {**PACKAGE, "acme/rules/least.py": LEAST, "acme/probes/length.py": plugin.probe("from ..rules.least import *")},
        "[fteval.probes]\nlength = acme.probes.length:Length\n",
    )
    outputs = tmp_path / "outputs.jsonl"
    outputs.write_text("".join(json.dumps({"id": f"s{i}", "output": "a long answer"}) + "\n" for i in range(6)))
    other = tmp_path / "other.jsonl"
    other.write_text(outputs.read_text().replace("a long answer", "another answer"))

    def measured(*args: str) -> subprocess.CompletedProcess[str]:
        return plugin.fteval(*args, "--no-color", folder=tmp_path, installed=installed)

    assert (first := measured("run", "--model", "replay:outputs.jsonl", "--probe", "length")).returncode == 0, first
    runs = tmp_path / ".fteval/runs"
    (old,) = (run.name for run in runs.iterdir())
    helper = installed / "acme/rules/least.py"
    helper.write_text("LEAST = 300\n")
    assert measured("run", "--model", "replay:other.jsonl", "--probe", "length").returncode == 0
    (new,) = {run.name for run in runs.iterdir()} - {old}  # both may be of one second, so that no name is the later
    compared = measured("compare", old, new)
    assert compared.returncode == 2, compared.stdout + compared.stderr
    assert "probe 'length' is not the same in both runs" in compared.stderr
    assert "do not ship" not in (compared.stdout + compared.stderr).lower()

    helper.write_text(LEAST)
    again = measured("score", new)
    assert again.returncode == 0, again.stderr
    compared = measured("compare", old, new)
    assert compared.returncode in (0, 4), compared.stdout + compared.stderr
    scores = [json.loads(line) for line in (tmp_path / ".fteval/runs" / new / "scores.jsonl").read_text().splitlines()]
    assert len([row for row in scores if "sample" in row]) == 12, "judged once by each"
