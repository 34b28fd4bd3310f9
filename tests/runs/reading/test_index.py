"""The index of a run is derived: gone, damaged, stale or half written, what is read is what the journals say."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import echo
import pytest

from fteval.errors import Incomplete
from fteval.records import Failure, RunRecord, Sample, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import journal, lines
from fteval.runs.journal.store import Run, Store
from fteval.runs.reading import answers, index, results

N = 40


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


@pytest.fixture
def run(store: Store) -> Run:
    built = suite.build([("words", echo.Words(), _samples()), ("more", echo.Words(), echo.samples(5))])
    engine = echo.Echo(
        answer=lambda r: Failure("no_output", "none") if r.sample_id == "s3" else r.prompt.messages[-1].content
    )
    return store.find(execute(built, engine, Sampling(), store, Terms(repeats=2)).id)


def _samples() -> list[Sample]:
    kinds = ("a", "b")
    return [
        replace(s, group=f"g{i // 3}" if i % 2 else None, slices={"kind": kinds[i % 2]})
        for i, s in enumerate(echo.samples(N))
    ]


def without_index(run: Run) -> RunRecord:
    (run.path / index.FILE).unlink(missing_ok=True)
    return results.record(run)


def settle(run: Run) -> None:
    """Makes the journals as old as they will be tomorrow, and the index of these."""
    make_old(run)
    later = time.time_ns() + 10**10
    os.utime(run.path / index.FILE, ns=(later, later))


def make_old(run: Run) -> None:
    """Gives the journals an old time, and makes the index of these."""
    for path in run.path.glob("*.jsonl"):
        then = time.time_ns() - 10**12
        os.utime(path, ns=(then, then))
    without_index(run)


def test_what_is_read_through_it_is_what_the_journals_say(run: Run) -> None:
    plain = without_index(run)
    assert (run.path / index.FILE).is_file()
    assert results.record(run) == plain
    assert plain.probes[0].slices[1] == {"kind": "b"} and plain.probes[0].groups[1] == "g0"


def test_an_index_that_is_older_than_its_journal_is_made_anew(run: Run) -> None:
    settle(run)
    before = results.record(run)
    row = {
        "probe": "more",
        "sample": "s0",
        "repeat": 0,
        "pass": 1,
        "key": "k",
        "values": {"words": 77.0},
        "reasons": {},
    }
    file = journal.Journal(run.scores)
    file.append([row])
    file.close()
    assert results.record(run) != before
    assert results.record(run) == without_index(run)


@pytest.mark.parametrize("cut", [0, 1, 20, 500, -1])
def test_a_damaged_or_half_written_index_is_made_anew(run: Run, cut: int) -> None:
    plain, path = without_index(run), run.path / index.FILE
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    assert results.record(run) == plain
    for at in range(0, len(data), 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert results.record(run) == plain


@pytest.mark.parametrize("name", ["samples.jsonl", "generations.jsonl", "scores.jsonl"])
def test_a_byte_changed_in_a_journal_is_damage_also_beside_an_index(run: Run, name: str) -> None:
    settle(run)
    path = run.path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Incomplete, match="damaged journal"):
        results.record(run)


def test_lines_that_are_read_through_it_are_checked(run: Run) -> None:
    settle(run)
    done = results.record(run)
    path = run.generations
    then, data = path.stat().st_mtime_ns, bytearray(path.read_bytes())
    data[200] ^= 1  # in the first line, and the file's time put back: by its looks nothing has happened
    path.write_bytes(data)
    os.utime(path, ns=(then, then))
    with pytest.raises(Incomplete, match="damaged journal") as caught:
        answers.answers(done, [("words", "s0")])
    assert str(caught.value.where).endswith("generations.jsonl:1")


def test_a_judgement_rewritten_under_the_old_time_counts(run: Run) -> None:
    make_old(run)
    before, then = results.record(run), run.scores.stat().st_mtime_ns
    written = run.scores.read_bytes().splitlines(keepends=True)
    at, row = next((i, lines.parse(one)) for i, one in enumerate(written) if b'"words":' in one)
    row["values"]["words"] += 1.0
    written[at] = lines.encode({key: value for key, value in row.items() if key not in ("crc", "v")})
    size = run.scores.stat().st_size
    run.scores.write_bytes(b"".join(written))
    os.utime(run.scores, ns=(then, then))
    assert run.scores.stat().st_size == size and at < len(written) - 30, "and its end is as it was"
    assert results.record(run) != before
    assert results.record(run) == without_index(run)


@pytest.mark.parametrize(
    "jump", [-(10**18), -(10**10), 10**10, 10**18], ids=["years back", "back", "ahead", "years ahead"]
)
def test_clocks_may_jump(run: Run, jump: int) -> None:
    plain = without_index(run)
    for path in [*run.path.glob("*.jsonl"), run.path / index.FILE]:
        then = path.stat().st_mtime_ns + jump * (path.name != index.FILE)
        os.utime(path, ns=(then, then))
    assert results.record(run) == plain
    os.utime(run.path / index.FILE, ns=(0, 0))
    assert results.record(run) == plain
    data = bytearray(run.scores.read_bytes())
    then = run.scores.stat().st_mtime_ns
    data[len(data) // 2] ^= 1
    run.scores.write_bytes(data)
    os.utime(run.scores, ns=(then, then))
    os.utime(run.path / index.FILE, ns=(0, 0))
    with pytest.raises(Incomplete, match="damaged journal"):
        results.record(run)


def test_a_run_copied_elsewhere_keeps_its_index(run: Run, tmp_path: Path) -> None:
    plain = without_index(run)
    shutil.copytree(run.path, tmp_path / "other" / "runs" / run.id)
    copied = Store(tmp_path / "other", readonly=True).find(run.id)
    before = (copied.path / index.FILE).read_bytes()
    assert results.record(copied).probes == plain.probes
    assert (copied.path / index.FILE).read_bytes() == before


def test_a_full_disk_costs_the_index_and_nothing_else(run: Run) -> None:
    plain = without_index(run)
    (run.path / index.FILE).unlink()
    with room_for(2000):
        assert results.record(run) == plain
        assert answers.answers(plain, [("words", "s0")])[("words", "s0")][1].text
    assert not (run.path / index.FILE).exists() and not list(run.path.glob(".index*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_is_read_all_the_same(run: Run) -> None:
    plain = without_index(run)
    (run.path / index.FILE).unlink()
    run.path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert results.record(run) == plain
    finally:
        run.path.chmod(stat.S_IRWXU)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: what a full disk does in the middle of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
