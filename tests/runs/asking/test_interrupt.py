"""Ctrl-C and SIGTERM (A6, A7, A8), sent to a real process in the middle of its run."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import echo
import pytest

from fteval.errors import Interrupted
from fteval.records import Generation, Request, Sample, Sampling, Scores
from fteval.runs.asking import interrupt, suite
from fteval.runs.asking.execute import execute
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store, verify_run
from fteval.runs.reading import results

N = 30


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(text):
            return
    raise AssertionError(f"{process.args} ended without {text!r}")


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    """As in a process of its own: a command that another test interrupted left signals ignored in this one."""
    before = {number: signal.getsignal(number) for number in interrupt.STOPS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 1), (signal.SIGINT, 3), (signal.SIGTERM, 1), (signal.SIGTERM, 3)]
)
def test_a_signal_stops_the_run_at_once_keeps_everything_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, times: int
) -> None:
    log = tmp_path / "log"
    process = echo.start_child(tmp_path / "store", N, log, "--hang", "1")
    wait_for(process, "acknowledged 3")
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.002)
    _, err = process.communicate(timeout=300)  # it would hang for ten minutes if what is in flight were waited for
    assert process.returncode == 128 + number, err
    store = Store(tmp_path / "store")
    run = store.find("latest")
    assert err.strip().splitlines() == [
        f"stopping: what is done is being saved. To go on: fteval run --resume {run.id}",
        f"error: interrupted by {number.name}: 3 of {N} answers are kept",
        f"  where: {run.path}",
        f"  do:    fteval run --resume {run.id}",
    ]
    assert verify_run(run)[1] == []
    assert [row["event"] for row in lines.read(run.events)] == ["started", "interrupted"]
    assert sum(1 for _ in lines.read(run.generations)) == 3
    assert not results.load(store, run.id).complete

    again = echo.start_child(tmp_path / "store", N, log, "--resume", run.id)
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert f"run {run.id} {N} {N} 0 True" in out
    assert len(log.read_text().splitlines()) == N


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def test_the_work_in_flight_is_cancelled_and_after_a_while_the_handlers_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hangs(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            yield [self._one(requests[0])]
            threading.Timer(0.1, send, [signal.SIGINT]).start()
            time.sleep(600)

    with pytest.raises(Interrupted) as caught:
        execute(suite.build([("w", echo.Words(), None)]), Hangs(), Sampling(), Store(tmp_path))
    assert caught.value.exit_code == 130
    assert "1 of 3 answers are kept" in caught.value.what
    send(signal.SIGINT)  # the same impatience
    monkeypatch.setattr(interrupt, "GRACE", 0.0)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)
        time.sleep(60)
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_a_run_that_was_not_interrupted_leaves_the_handlers_as_they_were(tmp_path: Path) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    execute(suite.build([("w", echo.Words(), None)]), echo.Echo(), Sampling(), Store(tmp_path))
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_while_a_scorer_hangs_stops_too_and_the_answers_are_there(tmp_path: Path) -> None:
    class Hangs(echo.Words):
        def score(self, sample: Sample, generation: Generation) -> Scores:
            try:
                threading.Timer(0.1, send, [signal.SIGTERM]).start()
                time.sleep(600)
            except Exception as error:  # a probe that swallows everything does not swallow this
                raise AssertionError from error
            raise AssertionError

    with pytest.raises(Interrupted) as caught:
        execute(suite.build([("w", Hangs(), None)]), echo.Echo(), Sampling(), Store(tmp_path))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
    assert caught.value.exit_code == 143
    assert "3 of 3 answers are kept" in caught.value.what


def test_in_another_thread_a_run_works_and_touches_no_handler(tmp_path: Path) -> None:
    done = []

    def work() -> None:
        done.append(execute(suite.build([("w", echo.Words(), None)]), echo.Echo(), Sampling(), Store(tmp_path)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done[0].complete
    assert signal.getsignal(signal.SIGINT) == before
