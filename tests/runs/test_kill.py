"""SIGKILL at any moment (A1), two at once (A11, A12): what was acknowledged is there, and is never asked for again."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path

import echo
import pytest

from fteval.errors import INCOMPLETE
from fteval.runs.journal import lines
from fteval.runs.journal.store import Run, Store, verify_run
from fteval.runs.reading import results

N = 24


def acknowledged(process: subprocess.Popen[str]) -> int:
    """The highest count that the process said was safe before it ended."""
    out, _ = process.communicate(timeout=600)
    whole = out.split("\n")[:-1]  # a kill may tear the last line
    return max([int(line.split()[1]) for line in whole if line.startswith("acknowledged")], default=0)


def answered(run: Run) -> set[str]:
    return {row["key"] for row in lines.read(run.generations) if row["status"] == "ok"}


def asked(log: Path) -> Counter[str]:
    return Counter(log.read_text().splitlines()) if log.exists() else Counter()


def kill_and_check(folder: Path, kills: int, seed: int, new_runs: bool) -> None:
    """Starts, kills, starts again until `kills` processes died; then lets one finish. Checks after every death."""
    generator = random.Random(seed)
    store, log = Store(folder / "store"), folder / "log"
    done = 0
    while done < kills:
        runs = store.runs()
        resume = ("--resume", runs[-1].id) if runs and not new_runs else ()
        known = set().union(*(answered(run) for run in runs))
        before = asked(log)
        process = echo.start_child(store.root, N, log, "--pause", "0.02", *resume)
        killer = threading.Timer(generator.uniform(0, 0.25), process.kill)
        killer.start()
        safe = acknowledged(process)
        killer.cancel()
        runs = store.runs()
        repeated = (asked(log) - before).keys() & known
        assert not repeated, f"asked again for {len(repeated)} answers that were there (seed {seed})"
        if runs:
            assert len(answered(runs[-1])) >= safe, f"{safe} acknowledged, fewer there (seed {seed})"
            assert results.record(runs[-1]).generated + results.record(runs[-1]).reused == len(answered(runs[-1]))
        if process.returncode == -signal.SIGKILL:
            done += 1
        else:  # it was faster: begin a new chain
            assert process.returncode == 0
            folder = folder / "next"
            folder.mkdir()
            store, log = Store(folder / "store"), folder / "log"
    runs = store.runs()
    last = echo.start_child(store.root, N, log, *(("--resume", runs[-1].id) if runs and not new_runs else ()))
    assert acknowledged(last) == N
    assert last.returncode == 0
    whole = results.load(store, "latest")
    assert whole.complete
    assert whole.probes[0].scores["exact"] == [1.0] * N
    assert verify_run(store.find("latest"))[1] == []


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "new_runs"), [(16, False), (16, True)])
def test_killed_at_random_moments_nothing_acknowledged_is_lost_or_asked_again(
    tmp_path: Path, kills: int, new_runs: bool
) -> None:
    kill_and_check(tmp_path, kills, seed=20261120 + new_runs, new_runs=new_runs)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_many_more_random_moments(tmp_path: Path, seed: int) -> None:
    kill_and_check(tmp_path, 20, seed, new_runs=seed % 2 == 0)


WRITES = 9
"""the event `started`, samples, four groups, the head of the scoring pass, scores, the event `finished`"""
SYNCS = 6
"""`started`, samples, the first group, the last, scores, `finished`; groups between may share one"""
RENAMES = 3
"""manifest.json, index and summary.json"""
POINTS = [("before-write", WRITES), ("after-write", WRITES), ("after-sync", SYNCS), ("during-rename", RENAMES)]


@pytest.mark.parametrize("point", [f"{name}:{i + 1}" for name, n in POINTS for i in range(n)])
def test_killed_at_the_worst_points_the_run_goes_on(tmp_path: Path, point: str) -> None:
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    dies = echo.start_child(store.root, 12, log, FTEVAL_TEST_KILL_AT=point)
    safe = acknowledged(dies)
    assert dies.returncode == -signal.SIGKILL, "the point was not reached"
    runs = store.runs()
    known = answered(runs[-1]) if runs else set()
    assert len(known) >= safe
    before = asked(log)
    again = echo.start_child(store.root, 12, log, *(("--resume", runs[-1].id) if runs else ()))
    assert acknowledged(again) == 12
    assert again.returncode == 0
    assert not (asked(log) - before).keys() & known
    whole = results.load(store, "latest")
    assert whole.complete
    assert whole.probes[0].scores["exact"] == [1.0] * 12
    leftovers = [p.name for p in Path(whole.path).iterdir() if p.name.endswith(".tmp")]
    assert len(leftovers) == (point in ("during-rename:2", "during-rename:3"))


def test_eight_at_once_in_one_store_are_eight_whole_runs(tmp_path: Path) -> None:
    processes = [echo.start_child(tmp_path / "store", N, tmp_path / f"log{i}", "--pause", "0.01") for i in range(8)]
    assert [acknowledged(process) for process in processes] == [N] * 8
    assert [process.returncode for process in processes] == [0] * 8
    store = Store(tmp_path / "store")
    runs = store.runs()
    assert len({run.id for run in runs}) == 8
    for run in runs:
        assert verify_run(run)[1] == []
        record = results.record(run)
        assert record.complete
        assert record.probes[0].scores["exact"] == [1.0] * N
        assert record.reused + record.generated == N


def test_two_cannot_continue_the_same_run_and_a_dead_one_s_lock_is_taken_over(tmp_path: Path) -> None:
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    first = echo.start_child(store.root, N, log, "--hang", "1")
    assert first.stdout is not None
    assert first.stdout.readline() == "acknowledged 3\n"
    run_id = store.find("latest").id
    second = echo.start_child(store.root, N, log, "--resume", run_id)
    _, err = second.communicate(timeout=600)
    assert second.returncode == INCOMPLETE
    assert f"locked by pid {first.pid} on host" in err
    first.kill()
    first.wait()
    third = echo.start_child(store.root, N, log, "--resume", run_id)
    assert acknowledged(third) == N
    assert third.returncode == 0
    whole = results.load(store, run_id)
    assert whole.complete
    assert any(f"took over the lock of pid {first.pid}" in warning for warning in whole.warnings)
    assert sum(asked(log).values()) == N
