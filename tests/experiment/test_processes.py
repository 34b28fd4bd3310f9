"""Work shared among processes: the same results in the same order as in one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fteval.experiment.processes import CHUNK, ordered, shared


def squares_until(last: int) -> Iterator[int]:
    yield from range(last)
    raise ValueError(f"line {last + 1} is broken")


@pytest.mark.parametrize("n", [0, 1, CHUNK, CHUNK + 1, 40 * CHUNK])
def test_results_come_in_the_order_of_the_items(n: int) -> None:
    assert list(shared(lambda item: item**2, iter(range(n)), 2)) == [i**2 for i in range(n)]


def test_long_work_is_done_by_other_processes_and_short_work_here() -> None:
    here = os.getpid()
    assert here not in list(shared(lambda _: os.getpid(), iter(range(4 * CHUNK)), 2))
    assert set(ordered(lambda _: os.getpid(), range(4 * CHUNK), patience=60)) == {here}


@pytest.mark.parametrize("bad", [0, 1, 3 * CHUNK + 5, 20 * CHUNK - 1])
def test_an_error_comes_after_the_results_before_it(bad: int) -> None:
    def work(item: int) -> int:
        if item == bad:
            raise LookupError(f"item {item}")
        return item

    seen: list[int] = []
    with pytest.raises(LookupError, match=f"item {bad}"):
        seen.extend(shared(work, iter(range(20 * CHUNK)), 2))
    assert seen == list(range(bad))


@pytest.mark.parametrize("last", [1, 2, 5 * CHUNK + 1, 6 * CHUNK])
def test_a_source_that_breaks_gives_all_that_it_gave(last: int) -> None:
    seen: list[int] = []
    with pytest.raises(ValueError, match=f"line {last + 1} is broken"):
        seen.extend(shared(lambda item: item, squares_until(last), 2))
    assert seen == list(range(last))


def test_few_cores_or_many_give_the_same() -> None:
    code = (
        "import os, sys\nfrom fteval.experiment.processes import ordered\ncores = os.sched_getaffinity(0)\n"
        "os.sched_setaffinity(0, {min(cores)} if sys.argv[1] == 'one' else cores)\n"
        "print(sum(i * n for i, n in enumerate(ordered(lambda n: n * n, range(1000), patience=0))))"
    )
    said = [subprocess.check_output([sys.executable, "-c", code, cores]) for cores in ("one", "all")]
    assert said[0] == said[1] == b"%d\n" % sum(n**3 for n in range(1000))


def test_a_killed_process_loses_nothing() -> None:
    here = os.getpid()

    def work(item: int) -> int:
        if item == 3 * CHUNK and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert list(shared(work, iter(range(30 * CHUNK)), 2)) == list(range(30 * CHUNK))


def test_no_process_is_left_when_somebody_stops_listening() -> None:
    pids: set[int] = set()
    for pid in shared(lambda _: os.getpid(), iter(range(100 * CHUNK)), 2):
        pids.add(pid)
        break
    (other,) = pids
    assert other != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)
