"""The store: A11, A13, A15, G1 and I10 of the fault list."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import echo
import made
import pytest

from fteval.errors import USAGE, Incomplete, UserError
from fteval.records import CandidateResult, Comparison, Flip, Gate, GateResult, MetricChange, RunRecord, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.journal.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def a_run(store: Store, weights: str = "0", engine: echo.Echo | None = None) -> RunRecord:
    built = suite.build([("w", echo.Words(), echo.samples(3))])
    return execute(built, engine or echo.Echo(weights=weights), Sampling(), store)


def test_a_new_store_is_private_and_ignored_by_git(store: Store) -> None:
    assert store.root.stat().st_mode & 0o777 == 0o700
    assert (store.root / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("root", ["/proc/fteval-store", "/dev/null/store"])
def test_a_place_that_cannot_be_written_is_a_usage_error(root: str) -> None:
    with pytest.raises(UserError, match="cannot write to the store") as caught:
        Store(Path(root))
    assert caught.value.exit_code == USAGE
    assert "--store" in str(caught.value.fix)


def test_a_file_in_the_place_of_the_store_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot write to the store"):
        Store(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_can_be_read_but_not_opened_for_writing(store: Store) -> None:
    run = a_run(store)
    store.root.chmod(0o500)
    try:
        assert Store(store.root, readonly=True).find("latest").id == run.id
        with pytest.raises(UserError, match="cannot write to the store"):
            Store(store.root)
    finally:
        store.root.chmod(0o700)


def test_reading_writes_nothing_and_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no store at"):
        Store(tmp_path / "absent", readonly=True)
    assert not (tmp_path / "absent").exists()


def test_a_disk_that_cannot_hold_the_answers_is_refused_before_anything_is_asked(store: Store) -> None:
    free = shutil.disk_usage(store.root).free
    engine = echo.Echo()
    built = suite.build([("w", echo.Words(), echo.samples(3))])
    with pytest.raises(UserError, match="not enough disk space") as caught:
        execute(built, engine, Sampling(max_tokens=free), store)
    assert caught.value.exit_code == USAGE
    assert not engine.asked
    assert store.runs() == []
    store.check_space(10, 256, 1000)


def test_run_ids_are_utc_time_and_64_random_bits(store: Store) -> None:
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{16}", a_run(store).id)


def test_a_run_is_found_by_id_by_a_unique_beginning_and_as_latest(store: Store) -> None:
    runs = [a_run(store, str(i)).id for i in range(3)]
    assert [run.id for run in store.runs()] == runs
    assert store.find("latest").id == runs[-1]
    for run in runs:
        assert store.find(run).id == run
        assert store.find(run.partition("-")[2][:8]).id == run
    with pytest.raises(UserError, match="is the beginning of 3 runs"):
        store.find("2")
    with pytest.raises(UserError, match="no run 'nonsense'") as caught:
        store.find("nonsense")
    assert runs[-1] in str(caught.value.fix)
    with pytest.raises(UserError) as caught:
        store.find(runs[0][:-2] + "zz")
    assert f"did you mean {runs[0]}" in str(caught.value.fix)


def test_latest_is_what_was_made_last_whatever_the_clock_said(store: Store) -> None:
    first, second = a_run(store), a_run(store, weights="1")
    saved = store.save_comparison(Comparison("", first, (), "measured", 0))
    # A clock that was set back: the newest names and times belong to what was made first.
    early = store.runs_dir / "20991231T235959Z-00000000000000ff"
    (store.runs_dir / first.id).rename(early)
    names = (store.root / "order").read_text().replace(first.id, early.name)
    (store.root / "order").write_text(names)
    os.utime(store.comparisons_dir / f"{saved}.json", (0, 0))
    assert [run.path.name for run in store.runs()] == [early.name, second.id]
    assert store.latest() == ("comparison", saved)
    third = a_run(store, weights="2")
    assert store.latest() == ("run", third.id)


def test_a_store_without_the_list_is_read_by_its_times(store: Store) -> None:
    first = a_run(store)
    saved = store.save_comparison(Comparison("", first, (), "measured", 0))
    (store.root / "order").unlink()
    assert store.latest() == ("comparison", saved)
    a_run(store, weights="1")  # an older store that is written to again
    assert store.latest()[0] == "run"


def test_an_empty_store_has_no_latest(store: Store) -> None:
    with pytest.raises(UserError, match="no run 'latest'"):
        store.find("latest")


HOSTILE = [
    "../../etc",
    "..",
    ".",
    "",
    "/etc/passwd",
    "C:\\windows",
    "a\x00b",
    "x" * 400,
    "CON",
    "runs/../..",
    "*",
    "latest/..",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_hostile_id_leads_out_of_the_store(store: Store, text: str) -> None:
    a_run(store)
    outside = store.root.parent
    (outside / "manifest.json").write_text('{"v": 1, "plan": {}}')
    before = sorted(str(p) for p in outside.rglob("*"))
    for look in (store.find, store.load_comparison):
        with pytest.raises(UserError):
            look(text)
    assert sorted(str(p) for p in outside.rglob("*")) == before


def test_a_comparison_under_a_hostile_id_is_not_saved(store: Store) -> None:
    with pytest.raises(ValueError, match="not an id"):
        store.save_comparison(replace(comparison(), id="../../x"))
    assert os.listdir(store.comparisons_dir) == []


def test_a_folder_without_a_manifest_is_no_run(store: Store) -> None:
    run = a_run(store)
    (store.runs_dir / "20991231T235959Z-0000000000000000").mkdir()
    (store.runs_dir / "notes").mkdir()
    assert [r.id for r in store.runs()] == [run.id]
    assert store.find("latest").id == run.id


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"plan": {}}', "[" * 100_000])
def test_a_damaged_manifest_is_an_error_that_names_it(store: Store, text: str) -> None:
    path = Path(a_run(store).path) / "manifest.json"
    path.write_text(text)
    with pytest.raises(Incomplete, match=r"damaged manifest\.json") as caught:
        store.runs()
    assert caught.value.where == str(path)


def test_a_store_of_a_newer_version_is_a_usage_error_and_nothing_is_modified(store: Store) -> None:
    path = Path(a_run(store).path) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "v": 99}))
    before = {p: p.read_bytes() for p in store.root.rglob("*") if p.is_file()}
    engine = echo.Echo()
    with pytest.raises(UserError, match="written by a newer version") as caught:
        a_run(store, engine=engine)
    assert caught.value.exit_code == USAGE
    assert not engine.asked
    assert {p: p.read_bytes() for p in store.root.rglob("*") if p.is_file()} == before


def comparison() -> Comparison:
    base, run = made.run(made.probe(made.ones(10, 8))), made.run(made.probe(made.ones(10, 5)), ref="nano+sft")
    change = MetricChange(
        "facts", made.CORRECT, 0.8, 0.5, -0.3, -0.6, -0.01, 10, 0, 3, 10, 10, 0, 0, slice={"language": "de"}
    )
    gate = Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:14")
    flip = Flip(
        "facts", "correct", echo.sample("s1", "lone \ud800", {"a": [1, None]}), 1.0, 0.0, "\u2028", "\x1b[31m\udfff"
    )
    candidate = CandidateResult(
        name="sft",
        run=run,
        verdict="do_not_ship",
        reason="facts dropped",
        gates=(GateResult(gate, "fail", "30 pp lost", change, -0.6, None, n_needed=40),),
        changes=(change,),
        slices=(),
        flips=(flip,),
        behaviour=(),
        warnings=("first",),
    )
    return Comparison("", base, (candidate,), "do_not_ship", 1, chosen=None, command="fteval run …")


def test_a_saved_comparison_comes_back_the_same_but_for_the_per_sample_columns(store: Store) -> None:
    original = comparison()
    saved = store.save_comparison(original)
    back = store.load_comparison(saved)
    candidate = original.candidates[0]
    assert back == replace(
        original,
        id=saved,
        base=replace(original.base, probes=()),
        candidates=(replace(candidate, run=replace(candidate.run, probes=())),),
    )
    assert store.load_comparison("latest") == back
    assert store.comparisons() == [saved]
    assert store.save_comparison(back) == saved
    assert (store.comparisons_dir / f"{saved}.json").read_bytes().isascii()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"verdict": "do_not_ship"', '"verdict": "ship"'),
        ('"exit_code": 1', '"exit_code": 0'),
        ('"result": "fail"', '"result": "pass"'),
        ('"verdict": "do_not_ship"', '"verdict": 7'),
        ('"digest": "', '"digest_": "'),
    ],
)
def test_a_comparison_that_was_edited_is_refused_with_what_makes_it_anew(store: Store, old: str, new: str) -> None:
    saved = store.save_comparison(comparison())
    path = store.comparisons_dir / f"{saved}.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(Incomplete, match="edited") as caught:
        store.load_comparison(saved)
    assert "fteval compare" in str(caught.value)


def test_a_comparison_that_was_written_another_way_is_the_same(store: Store) -> None:
    saved = store.save_comparison(comparison())
    path = store.comparisons_dir / f"{saved}.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    assert store.load_comparison(saved).verdict == "do_not_ship"
