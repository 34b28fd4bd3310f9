"""Work shared among processes: the same results in the same order as in one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from fteval.experiment.processes import CHUNK, ordered


def squares_until(last: int) -> Iterator[int]:
    yield from range(last)
    raise ValueError(f"line {last + 1} is broken")


@pytest.mark.parametrize("n", [0, 1, CHUNK, CHUNK + 1, 40 * CHUNK])
def test_results_come_in_the_order_of_the_items(n: int) -> None:
    assert list(ordered(lambda item: item**2, range(n), patience=0)) == [i**2 for i in range(n)]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_long_work_is_done_by_other_processes_and_short_work_here() -> None:
    here = os.getpid()
    assert here not in list(ordered(lambda _: os.getpid(), range(4 * CHUNK), patience=0))[1:]
    assert set(ordered(lambda _: os.getpid(), range(4 * CHUNK), patience=60)) == {here}


@pytest.mark.parametrize("bad", [0, 1, 3 * CHUNK + 5, 20 * CHUNK - 1])
def test_an_error_comes_after_the_results_before_it(bad: int) -> None:
    def work(item: int) -> int:
        if item == bad:
            raise LookupError(f"item {item}")
        return item

    seen: list[int] = []
    with pytest.raises(LookupError, match=f"item {bad}"):
        seen.extend(ordered(work, range(20 * CHUNK), patience=0))
    assert seen == list(range(bad))


@pytest.mark.parametrize("last", [1, 2, 5 * CHUNK + 1, 6 * CHUNK])
def test_a_source_that_breaks_gives_all_that_it_gave(last: int) -> None:
    seen: list[int] = []
    with pytest.raises(ValueError, match=f"line {last + 1} is broken"):
        seen.extend(ordered(lambda item: item, squares_until(last), patience=0))
    assert seen == list(range(last))


def test_a_killed_process_loses_nothing() -> None:
    here = os.getpid()

    def work(item: int) -> int:
        if item == 3 * CHUNK and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert list(ordered(work, range(30 * CHUNK), patience=0)) == list(range(30 * CHUNK))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_no_process_is_left_when_somebody_stops_listening() -> None:
    pids: set[int] = set()
    for pid in ordered(lambda _: os.getpid(), range(100 * CHUNK), patience=0):
        pids.add(pid)
        if len(pids) == 2:
            break
    (other,) = pids - {os.getpid()}
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)
