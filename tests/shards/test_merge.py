"""A run in parts is the run in one process: nothing lost, nothing asked twice, no verdict before it is whole."""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from engines.asking import finish, start
from shards.parts import CONFIG, Project, verdict

from fteval.cli import call
from fteval.errors import Incomplete, UserError
from fteval.experiment import rejudge, saved
from fteval.records import Comparison, Shard
from fteval.runs.journal import lines
from fteval.runs.journal.lock import Lock
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.shards.share import read_shard


def test_every_key_is_in_one_shard_and_shards_are_of_like_size() -> None:
    keys = [f"{random.Random(i).getrandbits(256):064x}" for i in range(3000)]
    parts = [[key for key in keys if Shard(i, 8).has(key)] for i in range(1, 9)]
    assert sorted(key for part in parts for key in part) == sorted(keys)
    # Binomial(3000, 1/8): mean 375, standard deviation 18.1; five of them are 1 in 3,500,000.
    assert all(abs(len(part) - 375) < 91 for part in parts)


@pytest.mark.parametrize("text", ["", "2", "0/8", "9/8", "-1/8", "1/0", "a/b", "1/8/2", "1 /8", "٢/٨"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        read_shard(text)


def test_a_scheduler_that_counts_from_0_is_told_how_to_say_it() -> None:
    with pytest.raises(UserError) as caught:
        read_shard("0/8")
    assert "$((INDEX + 1))/8" in str(caught.value)
    assert read_shard("8/8") == Shard(8, 8)


def test_three_shards_merge_to_the_verdict_of_one_process(project: Project) -> None:
    asked = [one for i in (3, 1, 2) for one in project.ask(i, 3)]
    assert sum(one.done for one in asked) == sum(one.planned for one in asked) == 2 * project.n
    stores = [f"shard{i}" for i in (2, 3, 1)]
    assert max(project.answered(*stores).values()) == 1
    merged = project.merge(*stores)
    assert verdict(merged) == verdict(project.whole())
    assert project.answered("whole") == project.answered("one")
    assert isinstance(merged, Comparison) and merged.base.complete


def test_shards_may_share_a_store_which_gets_the_whole_too(project: Project) -> None:
    for i in (1, 2):
        project.ask(i, 2, "shared")
    assert verdict(project.merge("shared", into="shared")) == verdict(project.whole())


def test_missing_shards_are_named_and_what_is_there_is_kept(project: Project) -> None:
    project.ask(1, 3)
    project.ask(3, 3)
    with pytest.raises(Incomplete) as caught:
        project.merge("shard1", "shard3")
    said = str(caught.value)
    assert "base 2/3: " in said and "good 2/3: " in said and "nobody has begun it" in said
    assert "1/3:" not in said and "3/3:" not in said and "fteval run --shard 2/3 --store x" in said
    _, there = saved.runs(project.store("whole"))
    assert not there["complete"] and there["done"] == project.n - _of_shard_2(project)
    project.ask(2, 3)
    merged = project.merge("shard1", "shard2", "shard3")
    assert isinstance(merged, Comparison) and merged.base.id == there["id"]  # the same run, gone on with
    assert verdict(merged) == verdict(project.whole())


def called(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line, in this process."""
    code = call(list(args))
    return code, *capsys.readouterr()


def _of_shard_2(project: Project) -> int:
    project.whole()
    (run, _) = Store(project.store("one"), readonly=True).runs()
    return sum(Shard(2, 3).has(row["key"]) for row in lines.read(run.generations))


def test_a_shard_given_twice_and_other_cuts_count_once(project: Project) -> None:
    for i in (1, 2, 3):
        project.ask(i, 3)
    project.ask(1, 3, "again")
    project.ask(2, 2, "halves")
    merged = project.merge("again", "halves", "shard1", "shard1", "shard2", "shard3")
    assert verdict(merged) == verdict(project.whole())
    assert max(project.answered("whole").values()) == 1


def test_merging_again_says_the_same_and_takes_nothing_twice(project: Project) -> None:
    for i in (1, 2):
        project.ask(i, 2)
    first = project.merge("shard1", "shard2")
    assert verdict(project.merge("shard2", "shard1")) == verdict(first)
    assert len(Store(project.store("whole"), readonly=True).runs()) == 2
    assert max(project.answered("whole").values()) == 1


def test_a_shard_is_never_taken_for_a_whole_run(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    asked = project.ask(1, 1, "one shard of one")
    store = project.store("one shard of one")
    listed = saved.runs(store)
    assert [line["shard"] for line in listed] == ["1/1", "1/1"] and not any(line["complete"] for line in listed)
    assert all(line["done"] == line["planned"] == project.n for line in listed)
    base, good = (one.run for one in asked)
    for refused in (
        lambda: rejudge.compare(base, good, store=store),
        lambda: saved.saved(base, store),
        lambda: saved.saved("latest", store),
        lambda: results.load(Store(store, readonly=True), good),
    ):
        with pytest.raises(UserError):
            refused()
    assert results.latest_incomplete(Store(store, readonly=True)) is None
    config = str(project.folder / "fteval.yaml")
    code, _, err = called(capsys, "run", "-c", config, "--store", str(store), "--resume", base)
    assert code == 2 and "say --shard 1/1" in err, err


def test_the_list_says_how_far_a_shard_is(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    asked = project.ask(2, 3, "store")
    _, out, err = called(capsys, "runs", "list", "--store", "store")
    for one in asked:
        assert f"{one.run}  SHARD 2/3 {one.done} of {one.done}  " in out, err
    assert "complete" not in out.lower()


def test_what_a_shard_has_is_not_asked_again(project: Project) -> None:
    first = project.ask(1, 2)
    assert project.ask(1, 2) == first
    assert max(project.answered("shard1").values()) == 1


def test_two_processes_are_never_at_one_shard(project: Project) -> None:
    project.ask(1, 2)
    (lock,) = project.store("shard1").glob(".shard-*")
    with Lock(lock), pytest.raises(Incomplete, match="locked by pid"):
        project.ask(1, 2)
    project.ask(1, 2)


def test_a_shard_at_work_is_named_with_its_process(project: Project) -> None:
    project.ask(1, 2)
    project.ask(2, 2)
    runs = Store(project.store("shard2"), readonly=True).runs()
    for run in runs:  # as it stands in the middle of the work
        whole = run.generations.read_bytes().splitlines(keepends=True)
        run.generations.write_bytes(b"".join(whole[:3]) + whole[3][:20])
    with runs[0].lock(), pytest.raises(Incomplete) as caught:
        project.merge("shard1", "shard2")
    assert "base 2/2" in str(caught.value) and "it is at work: pid" in str(caught.value)
    assert "good 2/2" in str(caught.value) and "it was stopped before its end" in str(caught.value)
    project.ask(2, 2)
    assert verdict(project.merge("shard1", "shard2")) == verdict(project.whole())


def test_shards_of_two_plans_are_told_apart(project: Project) -> None:
    project.ask(1, 2)
    other = project.ask(2, 2, max_tokens=7)
    with pytest.raises(UserError) as caught:
        project.merge("shard1", "shard2")
    assert "base differs in sampling.max_tokens: 256 → 7" in str(caught.value)
    with pytest.raises(Incomplete, match="base 1/2"):
        project.merge("shard1", "shard2", which=other[0].run)


def test_a_hold_out_that_changed_since_is_said(project: Project) -> None:
    for i in (1, 2):
        project.ask(i, 2)
    rows = (project.folder / "words.jsonl").read_text().splitlines()
    (project.folder / "words.jsonl").write_text("\n".join(rows[:-1]) + "\n")
    with pytest.raises(UserError) as caught:
        project.merge("shard1", "shard2")
    assert "base: probes.words.samples: 60 → 59" in str(caught.value)
    assert not saved.runs(project.store("whole"))


def test_another_version_of_the_engine_is_said(project: Project) -> None:
    project.ask(1, 2)
    for run in Store(project.store("shard1"), readonly=True).runs():  # as an older one would have left it
        manifest = json.loads((run.path / "manifest.json").read_text())
        manifest["plan"]["engine"]["version"], manifest["shard"]["job"] = 0, "sha256:" + "0" * 64
        (run.path / "manifest.json").write_text(json.dumps(manifest))
    project.ask(2, 2)
    with pytest.raises(UserError) as caught:
        project.merge("shard1", "shard2")
    assert "base differs in engine.version: 0 → 1" in str(caught.value)
    with pytest.raises(UserError, match=r"base: engine.version: 0 → 1"):
        project.merge("shard1")


def test_a_full_disk_in_the_middle_loses_nothing_and_the_merge_is_repeated(project: Project) -> None:
    for i in (1, 2):
        project.ask(i, 2)
    before = {path: path.read_bytes() for i in (1, 2) for path in project.store(f"shard{i}").rglob("*.jsonl")}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # Room for samples.jsonl (16 kB), and not for the answers of both shards (19 kB).
        resource.setrlimit(resource.RLIMIT_FSIZE, (17_000, hard))
        with pytest.raises(Incomplete, match="free some space"):
            project.merge("shard1", "shard2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert {path: path.read_bytes() for path in before} == before
    assert verdict(project.merge("shard1", "shard2")) == verdict(project.whole())
    assert max(project.answered("whole").values()) == 1


def test_an_answer_in_error_is_one_of_the_whole_too(project: Project) -> None:
    rows = [json.loads(line) for line in (project.folder / "good.jsonl").read_text().splitlines()]
    rows[5]["output"] = None
    (project.folder / "good.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [one for i in (1, 2) for one in project.ask(i, 2)]
    assert sum(one.planned - one.done for one in asked) == 1
    project.ask(1, 2)
    merged = project.merge("shard1", "shard2")
    again = project.merge("shard1", "shard2")
    for found in (merged, again):
        assert isinstance(found, Comparison)
        assert (found.exit_code, found.candidates[0].run.errors) == (3, 1)
    assert verdict(again) == verdict(project.whole())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sequential": True}, "--sequential"),
        ({"max_usd": 1.0}, "budget"),
        ({"candidates": {"sft": {"train": "sft", "data": "words.jsonl"}}}, "still to be made (sft)"),
    ],
)
def test_what_cannot_be_done_in_parts_is_refused(project: Project, change: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        project.ask(1, 2, **change)
    assert said in str(caught.value)
    assert not project.store("shard1").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--shards", "work"), "leave one of them out"),
        (("--resume", "latest"), "leave --resume out"),
        (("-o", "report.md"), "give -o to `fteval merge`"),
    ],
)
def test_what_belongs_to_a_whole_run_is_refused(
    project: Project, args: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "run", "--shard", "1/2", *args)
    assert code == 2 and said in err, err


def test_stores_without_shards_are_said(project: Project) -> None:
    project.whole()
    with pytest.raises(UserError, match="no shards here"):
        project.merge("one")
    with pytest.raises(UserError, match="no store at"):
        project.merge("nowhere")


@pytest.mark.parametrize("told", [3, [1, 2], {"index": 3, "of": 2, "job": "j", "name": "n"}, {"index": "1", "of": 2}])
def test_a_manifest_whose_shard_is_none_is_named(
    project: Project, told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    project.ask(1, 2)
    manifest = next(project.store("shard1").glob("runs/*/manifest.json"))
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "shard": told}))
    for args in (("merge", "shard1"), ("run", "--shard", "1/2", "--store", "shard1")):
        code, _, err = called(capsys, *args)
        assert code == 2 and "'shard' is " in err and "manifest.json" in err, (args, err)


def test_python_of_a_config_is_not_run_on_a_stores_word(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.folder / "scores.py").write_text("def right(output, target):\n    return output == target\n")
    config = CONFIG.replace("score: [exact]", "score: ['scores.py:right']").replace("metric: exact", "metric: right")
    (project.folder / "fteval.yaml").write_text(config)
    for i in (1, 2):
        project.ask(i, 2, allow_code=True)
    with pytest.raises(UserError, match="--allow-code"):
        project.merge("shard1", "shard2")
    code, out, err = called(capsys, "merge", "shard1", "shard2", "--allow-code", "--json")
    assert code == 0 and json.loads(out)["verdict"] == "ship", err


@pytest.mark.slow
def test_eight_processes_killed_and_repeated_at_random_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 samples, replayed: 8 shards, two at a time, each killed up to twice while it works."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, 20_000)
    project.write()
    chance = random.Random(0)

    def begin(i: int) -> Any:
        config = str(tmp_path / "fteval.yaml")
        return start("run", "-c", config, "--shard", f"{i}/8", "--store", f"shard{i}", "-q", folder=tmp_path)

    def lines_of(i: int) -> int:
        return sum(path.stat().st_size for path in (tmp_path / f"shard{i}").glob("runs/*/generations.jsonl"))

    todo, kills = list(range(1, 9)), dict.fromkeys(range(1, 9), 0)
    while todo:
        pair = chance.sample(todo, min(2, len(todo)))
        at_work = {i: begin(i) for i in pair}
        for i, process in at_work.items():
            if kills[i] < 2:
                before = lines_of(i)
                while process.poll() is None and lines_of(i) == before:  # until it has written something new
                    time.sleep(0.01)
                process.kill()
                kills[i] += process.wait() == -signal.SIGKILL
        for i, process in at_work.items():
            done = finish(process)
            if done.code == 0:
                todo.remove(i)
            else:
                assert done.code == -signal.SIGKILL, done.said
    assert sum(kills.values()) >= 8
    shards = [f"shard{i}" for i in range(1, 9)]
    answered = project.answered(*shards)
    assert len(answered) == 40_000 and max(answered.values()) == 1
    merged = project.merge(*chance.sample(shards, 8))
    assert isinstance(merged, Comparison) and merged.base.complete
    said = json.loads(verdict(merged))
    for candidate in said["candidates"]:  # that processes were killed is told, and changes nothing else
        kept = [w for w in candidate["warnings"] if not re.search("took over the lock|unfinished last line", w)]
        assert len(kept) < len(candidate["warnings"])
        candidate["warnings"] = kept
    assert said == json.loads(verdict(project.whole()))
