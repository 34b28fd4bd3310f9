"""Baseline and history files: what is read back is what was written, and what is not whole is an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made import CORRECT, probe

from fteval.errors import INCOMPLETE, USAGE, Incomplete, UserError
from fteval.records import AnchorPoint, Baseline, Metric, Point, Release, Step, digest
from fteval.releases import baseline, baseline_file, history

WORDS = Metric("words", unit="words", better="lower")
NASTY = [
    "\x1b[31m",
    "::error::x",
    "a\nb",
    "\u2028",
    '"}',
    "\ud800",
    "日本",
    "../../etc/passwd",
    "",
    " ",
    "<<<<<<< HEAD",
]


def a_baseline(ids: list[str] | None = None, **fields: Any) -> Baseline:
    chosen = ids or ["c", "a", "b"]
    scores = {
        "correct": [1.0, None, *[0.1 + 0.2] * (len(chosen) - 2)],
        "words": [float(i) for i in range(len(chosen))],
    }
    result = probe(
        scores,
        metrics=[CORRECT, WORDS],
        ids=chosen,
        contents=[repr(i) for i in chosen],
        groups=[None, "g", *[None] * (len(chosen) - 2)],
        slices=[{"language": "de", "kind": "x"}, *[{}] * (len(chosen) - 1)],
        within={"correct": 0.03125},
        unscored={"correct": 1, "words": 0},
        truncated=1,
    )
    ordinary: dict[str, Any] = {
        "suite": "facts",
        "suite_digest": digest("suite"),
        "anchor": None,
        "accepted": "2026-11-21T07:00:00.000000Z",
        "reason": None,
        "run": "20261121T000000Z-0123456789abcdef",
        "ref": "nano+out/sft",
        "digest": digest("model"),
        "fteval": "0.1.0",
        "engine": {"engine": "transformers", "version": {"torch": "2.13.0"}},
        "sampling": {"temperature": 0.7, "max_tokens": 64, "stop": []},
        "repeats": 2,
        "versions": {"facts": 3},
        "probes": (result,),
        "outputs": {("facts", i): (digest([i, 0]), digest([i, 1])) for i in chosen},
    }
    return Baseline(**{**ordinary, **fields})


def in_id_order(kept: Baseline) -> dict[str, tuple[Any, ...]]:
    (p,) = kept.probes
    rows = zip(p.sample_ids, p.sample_digests, p.groups, p.slices, *p.scores.values(), strict=True)
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("ids", [["c", "a", "b"], NASTY])
def test_what_is_read_back_is_what_was_written(tmp_path: Path, ids: list[str]) -> None:
    kept = a_baseline(ids, ref=NASTY[0], reason="\ud800 because", anchor="v1")
    baseline_file.write(tmp_path / "b.json", kept)
    found = baseline_file.read(tmp_path / "b.json")
    assert in_id_order(found) == in_id_order(kept)
    assert found.outputs == kept.outputs
    (old,), (new,) = kept.probes, found.probes
    assert (new.digest, new.metrics, new.within, new.unscored) == (old.digest, old.metrics, old.within, old.unscored)
    assert (new.truncated, new.answer_tokens) == (1, 12.5)
    assert replace(found, probes=(), outputs={}) == replace(kept, probes=(), outputs={})


def test_the_file_is_ascii_json_with_one_sample_a_line_in_order(tmp_path: Path) -> None:
    baseline_file.write(tmp_path / "b.json", a_baseline(NASTY))
    data = (tmp_path / "b.json").read_bytes()
    assert data.isascii() and data.endswith(b"\n")
    samples = json.loads(data)["samples"]
    assert [s["id"] for s in samples] == sorted(NASTY)
    assert [list(s["slices"]) for s in samples if s["slices"]] == [["kind", "language"]]
    lines = data[data.index(b'"samples": [') :].splitlines()[1:-2]
    assert [json.loads(line.strip().rstrip(b",")) for line in lines] == samples


def test_one_changed_score_is_one_changed_line_for_git_beside_the_checksum(tmp_path: Path) -> None:
    kept = a_baseline([f"q{i:03}" for i in range(50)])
    (p,) = kept.probes
    words = list(p.scores["words"])
    words[17] = 99.0
    changed = replace(kept, probes=(replace(p, scores={**p.scores, "words": words}),))
    for name, one in (("old.json", kept), ("new.json", changed)):
        baseline_file.write(tmp_path / name, one)
    command = ["git", "diff", "--no-index", "--unified=0", "old.json", "new.json"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    moved = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    samples = [line for line in moved if '"checksum"' not in line]
    assert (len(moved), len(samples)) == (4, 2)
    assert all('"id": "q017"' in line for line in samples)


def test_a_baseline_stands_in_a_comparison_like_a_complete_run() -> None:
    record = baseline.as_run(a_baseline(), Path("evals/baseline/facts.json"))
    assert (record.id, record.ref, record.path) == ("baseline:facts", "nano+out/sft", "evals/baseline/facts.json")
    assert (record.complete, record.subset, record.errors) == (True, False, 0)
    assert (record.planned, record.generated) == (6, 6)  # three samples, two answers each
    assert {"engine", "sampling", "repeats", "suite"} <= record.manifest["plan"].keys()
    assert "requests" not in record.manifest["plan"]  # it can never be taken for the same model asked in the same way
    assert record.warnings == ()


def test_a_forced_baseline_says_so_wherever_it_is_used() -> None:
    (warning,) = baseline.as_run(a_baseline(reason="known gap"), Path("b.json")).warnings
    assert "known gap" in warning


@pytest.mark.parametrize(
    "suite",
    ["facts", "facts+iso_date", "a.b-c_d", "../../x", "a/b", "a b", ".hidden", "", "é", "\ud800", "x" * 64, "y" * 300,
     "a@b", "a\nb", "CON:", "facts@v1", "-rf", "日本語" * 40],
)  # fmt: skip
def test_a_suites_file_name_is_safe_and_its_own(tmp_path: Path, suite: str) -> None:
    name = baseline.file_name(suite)
    assert "/" not in name and "@" not in name and name.isascii() and name[0] not in ".-+"
    assert len(name) <= 64
    (tmp_path / f"{name}.history.jsonl").touch()
    assert os.listdir(tmp_path) == [f"{name}.history.jsonl"]


def test_ordinary_suite_names_are_their_file_names() -> None:
    assert [baseline.file_name(s) for s in ("facts", "facts+iso_date")] == ["facts", "facts+iso_date"]
    assert baseline.file_name("a b") != baseline.file_name("a_b") != baseline.file_name("a/b")


# --- damaged --------------------------------------------------------------------------------------

Edit = Callable[[dict[str, Any]], Any]


def _set(*keys: Any, to: Any) -> Edit:
    def edit(value: dict[str, Any]) -> None:
        inner: Any = value
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda v: v.pop("suite_digest"), "no suite_digest"),
        (lambda v: v.pop("v"), "no version"),
        (_set("v", to="1"), "no version"),
        (_set("v", to=True), "no version"),
        (lambda v: (v.pop("run"), v.pop("ref")), "no run, ref"),
        (_set("suite", to=3), "suite"),
        (_set("suite_digest", to="abc"), "suite_digest is no digest"),
        (_set("repeats", to=0), "repeats is 0"),
        (_set("probes", to=[]), "no probes"),
        (_set("probes", 0, "metrics", to=[]), "no metrics"),
        (_set("probes", 0, "metrics", 0, "better", to="up"), "better is 'up'"),
        (lambda v: v["probes"].append(v["probes"][0]), "twice"),
        (lambda v: v["probes"][0].pop("digest"), "digest"),
        (lambda v: v["samples"].append(v["samples"][0]), "'a' stands there twice"),
        (lambda v: v["samples"].pop(), "holds 2 samples and says 3"),
        (lambda v: v["samples"].clear(), "no samples"),
        (_set("samples", to={}), "samples"),
        (_set("samples", 0, to="text"), "sample 1: it is not an object"),
        (_set("samples", 0, "scores", "correct", to=1), "scored samples and says 2"),
        (_set("samples", 0, "scores", "correct", to="1"), "is '1'"),
        (_set("samples", 0, "scores", "correct", to=True), "is True"),
        (_set("samples", 0, "scores", "correct", to=10**400), "too large"),
        (_set("samples", 0, "scores", to={}), "not those of correct, words"),
        (lambda v: v["samples"][0].pop("scores"), "not those of correct, words"),
        (_set("samples", 0, "scores", "extra", to=1), "not those of correct, words"),
        (_set("samples", 0, "probe", to="other"), "not among the probes"),
        (_set("samples", 0, "id", to=7), "no id"),
        (_set("samples", 0, "digest", to="sha256:short"), "digest"),
        (_set("samples", 0, "group", to=5), "group"),
        (_set("samples", 0, "slices", to={"language": 5}), "slices"),
        (_set("samples", 0, "slices", to=None), "slices"),
        (_set("samples", 0, "scores", "words", to=7.5), "not as fteval wrote it"),
        (_set("samples", 0, "slices", to={"language": "de"}), "not as fteval wrote it"),
        (_set("digest", to="sha256:" + 64 * "0"), "not as fteval wrote it"),
        (_set("sampling", to={}), "not as fteval wrote it"),
        (_set("checksum", to=None), "checksum"),
        (lambda v: v.pop("checksum"), "no checksum"),
        (_set("samples", 0, "outputs", to=[]), "not 2 digests"),
        (_set("samples", 0, "outputs", to=["a", "b"]), "not 2 digests"),
    ],
)
def test_a_damaged_baseline_is_an_error_that_names_file_fault_and_remedy(tmp_path: Path, edit: Edit, said: str) -> None:
    path = tmp_path / "facts.json"
    baseline_file.write(path, a_baseline())
    value = json.loads(path.read_bytes())
    edit(value)
    path.write_text(json.dumps(value))
    with pytest.raises(Incomplete) as caught:
        baseline_file.read(path)
    assert said in caught.value.what
    assert (caught.value.where, caught.value.exit_code) == (str(path), INCOMPLETE)
    assert "fteval baseline accept" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: b"", "not JSON"),
        (lambda d: d[: len(d) // 2], "not JSON"),
        (lambda d: b"[1, 2]", "not an object"),
        (lambda d: b"[" * 100_000, "not JSON"),
        (lambda d: b"\xff\xfe" + d, "not UTF-8"),
        (lambda d: d.replace(b'"words": 0.0', b'"words": NaN'), "NaN"),
        (lambda d: d.replace(b'"words": 0.0', b'"words": -Infinity'), "Infinity"),
        (lambda d: d.replace(b'"words": 0.0', b'"words": 1e999'), "1e999"),
        (lambda d: d.replace(b' "run":', b' "run": "x",\n "run":'), "'run' stands twice"),
        (lambda d: b"<<<<<<< HEAD\n" + d, "merge conflict"),
        (lambda d: d.replace(b' "run":', b"<<<<<<< HEAD\n=======\n>>>>>>> x\n" + b' "run":'), "merge conflict"),
    ],
)
def test_bytes_that_are_no_baseline_are_named(tmp_path: Path, change: Callable[[bytes], bytes], said: str) -> None:
    path = tmp_path / "facts.json"
    baseline_file.write(path, a_baseline())
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    with pytest.raises(Incomplete, match=r"damaged facts\.json") as caught:
        baseline_file.read(path)
    assert said in caught.value.what


@pytest.mark.parametrize(("version", "fix"), [(2, "upgrade"), (0, "fteval baseline accept")])
def test_a_file_of_another_version_is_a_usage_error(tmp_path: Path, version: int, fix: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"v": version, "everything": "else"}))
    with pytest.raises(UserError) as caught:
        baseline_file.read(path)
    assert caught.value.exit_code == USAGE
    assert fix in str(caught.value.fix)


def test_of_many_problems_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    baseline_file.write(path, a_baseline([f"q{i}" for i in range(30)]))
    value = json.loads(path.read_bytes())
    for row in value["samples"]:
        row["group"] = 1
    path.write_text(json.dumps(value))
    with pytest.raises(Incomplete, match="and 26 more"):  # 30 samples and their probe, which then has none; 5 are told
        baseline_file.read(path)


def test_a_disk_that_takes_no_more_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    baseline_file.write(path, a_baseline())
    before = path.read_bytes()
    code = (
        "import resource, signal, sys\nsys.dont_write_bytecode = True\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
        "from fteval.releases import baseline_file as f\nfrom pathlib import Path\n"
        "p = Path('facts.json')\nkept = f.read(p)\n"
        "try:\n    f.write(p, kept)\nexcept Exception as e:\n    print(type(e).__name__, e.where)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Incomplete", "facts.json"]
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["facts.json"]


# --- history --------------------------------------------------------------------------------------


def a_release(**fields: Any) -> Release:
    step = Step(-0.01, -0.03, 0.01, 0.95, 200)
    ordinary: dict[str, Any] = {
        "time": "2026-11-21T07:00:00Z",
        "run": "20261121T000000Z-0123456789abcdef",
        "ref": "\x1b[31m \ud800",
        "model": digest("m"),
        "suite": digest("s"),
        "probes": {"facts": digest("p")},
        "fteval": "0.1.0",
        "points": (
            Point("facts", CORRECT, 0.9, 0.85, 0.93, 200, step),
            Point("facts", WORDS, 9.5, None, None, 2, None),
        ),
        "breaks": {"other": "scorer changed"},
        "anchored": (AnchorPoint("v1", "r0", "facts", CORRECT, step),),
        "forced": "because",
    }
    return Release(**{**ordinary, **fields})


def test_a_history_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    releases = [a_release(), a_release(anchor="v1", replaced="r0")]
    history.write(tmp_path / "h.jsonl", releases)
    assert history.read(tmp_path / "h.jsonl") == releases
    assert (tmp_path / "h.jsonl").read_bytes().count(b"\n") == 2
    assert history.read(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2: it is not JSON"),
        (b"<<<<<<< HEAD", "line 2: it holds a merge conflict"),
        (b'{"v": 1}', "line 2: Release"),
        (b'{"time": "x"}', "line 2: it has no version"),
        (b"[]", "line 2: it is not an object"),
        (b'{"v": 1, "x": NaN}', "line 2: NaN"),
    ],
)
def test_a_damaged_line_of_a_history_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "h.jsonl"
    history.write(path, [a_release()])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(Incomplete) as caught:
        history.read(path)
    assert said in caught.value.what


def test_a_line_of_a_newer_version_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text('{"v": 2, "what": "ever"}\n')
    with pytest.raises(UserError, match="newer version") as caught:
        history.read(tmp_path / "h.jsonl")
    assert caught.value.exit_code == USAGE
