"""The ten promises of the store (I1 to I10), a test each. Details of each are in the tests beside this file."""

from __future__ import annotations

import binascii
import itertools
import json
import resource
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import echo
import pytest

from fteval.errors import INCOMPLETE, USAGE, Incomplete, UserError
from fteval.records import Failure, Generation, Request, RunRecord, Sample, Sampling, Scores
from fteval.runs.asking import suite
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.execute import execute
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import JOURNALS, Store
from fteval.runs.reading import results


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def run(store: Store, engine: echo.Echo | None = None, n: int = 12, **options: object) -> RunRecord:
    built = suite.build([("words", echo.Words(), echo.samples(n))])
    return execute(built, engine or echo.Echo(), Sampling(), store, Terms(**options))  # type: ignore[arg-type]


def files(path: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in Path(path).iterdir()}


def test_i1_nothing_is_acknowledged_before_it_is_synced(store: Store) -> None:
    nothing = echo.Echo(answer=lambda r: Failure("no", "no"))
    first = run(store, nothing)
    journal = Path(first.path) / "generations.jsonl"
    journal.unlink()
    journal.symlink_to("/dev/null")  # takes every write, refuses every sync
    engine, seen = echo.Echo(), list[Progress]()
    with pytest.raises(Incomplete, match="cannot write"):
        run(store, engine, resume=first.id, on_progress=seen.append)
    assert engine.asked
    assert [p.done for p in seen if p.done] == []


def test_i2_no_byte_is_rewritten_in_place(store: Store) -> None:
    snapshots: list[dict[str, bytes]] = []

    class Watched(echo.Echo):
        def _one(self, request: Request) -> Generation:
            (folder,) = store.runs_dir.iterdir()
            snapshots.append(files(str(folder)))
            return super()._one(request)

    first = run(store, Watched(answer=lambda r: Failure("no", "no")))
    (Path(first.path) / "generations.jsonl").open("ab").write(b"torn")
    inode = (Path(first.path) / "summary.json").stat().st_ino
    run(store, Watched(), resume=first.id)
    snapshots.append(files(first.path))
    assert len(snapshots) == 25
    for earlier, later in itertools.pairwise(snapshots):
        for name in (*JOURNALS, "manifest.json"):
            assert later.get(name, b"").startswith(earlier.get(name, b"").removesuffix(b"torn"))
    assert (Path(first.path) / "summary.json").stat().st_ino != inode, "replaced, not rewritten"


def test_i3_every_record_is_whole_by_itself_and_checked(store: Store) -> None:
    done = run(store)
    kept = [name for name in JOURNALS if (Path(done.path) / name).exists()]
    assert set(JOURNALS) - set(kept) == {"readings.jsonl", "replies.jsonl"}, "nobody reads or judges here"
    for name in kept:
        data = (Path(done.path) / name).read_bytes()
        assert data.endswith(b"\n")
        assert data.isascii()
        for line in data[:-1].split(b"\n"):
            record = json.loads(line)
            assert record["v"] == 1
            assert int(record["crc"], 16) == binascii.crc32(line.partition(b",")[2])


def test_i4_a_torn_tail_is_moved_aside_and_reported_before_anything_is_appended(store: Store) -> None:
    first = run(store)
    journal = Path(first.path) / "generations.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-10])
    engine = echo.Echo()
    again = run(store, engine, resume=first.id)
    assert [request.sample_id for request in engine.asked] == ["s11"]
    (torn,) = Path(first.path).glob("generations.jsonl.torn-*")
    assert torn.read_bytes() == whole[whole.rindex(b"\n", 0, -1) + 1 : -10]
    assert again.warnings == (f"an unfinished last line was moved to {torn.name}",)
    assert again.complete


def test_i5_scoring_is_apart_from_generating_and_appends(store: Store) -> None:
    class Raises(echo.Words):
        def score(self, sample: Sample, generation: Generation) -> Scores:
            raise MemoryError

    engine = echo.Echo()
    first = execute(suite.build([("words", Raises(), echo.samples(12))]), engine, Sampling(), store)
    before = files(first.path)
    again = rescore(store, first.id, {"words": echo.Words()})
    after = files(first.path)
    assert (first.complete, first.errors, again.complete, len(engine.asked)) == (False, 12, True, 12)
    assert after["generations.jsonl"] == before["generations.jsonl"]
    assert after["scores.jsonl"].startswith(before["scores.jsonl"])


def test_i6_runs_are_immutable_never_reused_and_never_cleaned_up(store: Store) -> None:
    failed = run(store, echo.Echo(answer=lambda r: Failure("no", "no")))
    good = run(store)
    before = {r.id: files(r.path) for r in (failed, good)}
    third = run(store)
    assert third.id not in before
    assert {r.id: files(r.path) for r in (failed, good)} == before


def test_i7_errors_are_records_and_never_results_a_zero_is(store: Store) -> None:
    first = run(
        store, echo.Echo(answer=lambda r: Failure("oom", "no memory", True) if r.sample_id == "s1" else "wrong")
    )
    statuses = {row["sample"]: row["status"] for row in lines.read(Path(first.path) / "generations.jsonl")}
    assert statuses == {f"s{i}": "error" if i == 1 else "ok" for i in range(12)}
    engine = echo.Echo()
    second = run(store, engine)
    assert [request.sample_id for request in engine.asked] == ["s1"]
    assert second.probes[0].scores["exact"] == [0.0, 1.0] + [0.0] * 10


def test_i8_completeness_is_computed_from_the_journals_whatever_the_summary_says(store: Store) -> None:
    done = run(store)
    journal = Path(done.path) / "generations.jsonl"
    journal.write_bytes(journal.read_bytes()[:-10])
    assert json.loads((Path(done.path) / "summary.json").read_text())["complete"]
    assert not results.summary(store.find(done.id))["complete"]
    assert not results.load(store, done.id).complete


def test_i9_a_store_that_fails_stops_the_work_within_a_batch_and_resume_repeats_nothing(store: Store) -> None:
    class FillsTheDisk(echo.Echo):
        """After two groups no file may grow further: a full disk, as this process sees it."""

        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            for n, group in enumerate(super().generate(requests, sampling)):
                if n == 2:
                    (journal,) = store.runs_dir.glob("*/generations.jsonl")
                    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 300, resource.RLIM_INFINITY))
                yield group

    engine = FillsTheDisk(group=3)
    try:
        with pytest.raises(Incomplete, match=r"cannot write .*generations\.jsonl: File too large") as caught:
            run(store, engine, n=60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert caught.value.exit_code == INCOMPLETE
    assert "--resume" in str(caught.value.fix)
    assert len(engine.asked) == 9, "stopped within the batch"
    kept = results.load(store, "latest")
    assert kept.generated >= 6
    rest = echo.Echo()
    whole = run(store, rest, n=60, resume=kept.id)
    assert whole.complete
    assert len(rest.asked) == 60 - kept.generated
    assert whole.probes[0].scores["exact"] == [1.0] * 60


def test_i9_a_disk_that_is_full_when_scoring_costs_no_answer(store: Store) -> None:
    class FillsTheDisk(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            (folder,) = store.runs_dir.iterdir()
            (folder / "scores.jsonl").symlink_to("/dev/full")
            return super().generate(requests, sampling)

    with pytest.raises(Incomplete, match=r"cannot write .*scores\.jsonl: No space left on device"):
        run(store, FillsTheDisk())
    kept = store.find("latest")
    kept.scores.unlink()
    engine = echo.Echo()
    assert run(store, engine, resume=kept.id).complete
    assert engine.asked == []


def test_i10_the_disk_is_asked_before_any_model_is(store: Store, tmp_path: Path) -> None:
    class NeverAsked(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            raise AssertionError

    built = suite.build([("words", echo.Words(), echo.samples(100))])
    too_long = Sampling(max_tokens=shutil.disk_usage(tmp_path).free // 600 + 1)  # 100 answers × 6 bytes a token
    with pytest.raises(UserError, match="not enough disk space: 100 answers") as caught:
        execute(built, NeverAsked(), too_long, store)
    assert caught.value.exit_code == USAGE
    assert store.runs() == []
    assert [p for p in store.root.iterdir() if p.name.startswith(".probe")] == []
    with pytest.raises(UserError, match="cannot write to the store"):
        Store(Path("/proc/store"))
