"""What processes tell, and which of their errors is shown."""

from __future__ import annotations

import os

import pytest

from fteval.errors import Incomplete, Interrupted, UserError
from fteval.trainers.launch import channel, processes
from fteval.trainers.launch.config import Launch
from fteval.trainers.making.progress import diverged

TORCHRUN = """Root Cause (first observed failure):
[0]:
  time      : 2026-11-30_11:27:01
  host      : localhost
  rank      : 1 (local_rank: 1)
  exitcode  : {code} (pid: 13779)  (SIGKILL)
  error_file: <N/A>
"""
"""As torch 2.13 writes it."""


@pytest.fixture
def two(tmp_path: os.PathLike[str]) -> Launch:
    from pathlib import Path

    return Launch(Path(tmp_path, "two.yaml"), {"num_processes": 2})


def test_what_is_told_is_heard_and_what_a_library_prints_is_not() -> None:
    read, write = os.pipe()
    channel.tell(write, progress=[1, 4, 0.5, None, None])
    os.close(write)
    with open(read) as lines:
        (line,) = lines
    assert channel.told(line) == {"progress": [1, 4, 0.5, None, None]}
    for other in ("Loading weights\n", '{"progress": []}\n', channel.MARK + "{\n", channel.MARK + "[1]\n"):
        assert channel.told(other) is None


@pytest.mark.parametrize("kind", [UserError, Incomplete])
def test_an_error_that_a_process_met_is_raised_as_if_it_were_met_here(kind: type[UserError]) -> None:
    met = kind("all rows are too long", where="a.jsonl", fix="set a higher max_length")
    found = channel.as_raised(channel.as_told(met, 1), 2)
    assert type(found) is kind and found.lines() == met.lines()


def test_a_training_that_leads_nowhere_is_told_as_such() -> None:
    """To train it anew, as is said of a crash, would end the same way."""
    met = diverged("the loss is nan at step 3 of 4", 1e-3)
    found = channel.as_raised(channel.as_told(met, 0), 2)
    assert isinstance(found, Incomplete) and found.lines() == met.lines()


def test_an_error_that_can_be_acted_on_stands_before_a_death_and_a_death_before_what_it_led_to(two: Launch) -> None:
    interrupted = channel.as_told(Interrupted("interrupted", signal_number=15), 0)
    broken, full = channel.as_told(RuntimeError("Connection closed"), 0), channel.as_told(Incomplete("disk full"), 1)
    died = TORCHRUN.format(code=-9)
    assert processes.why([interrupted, broken, full], died, two).what == "disk full"
    assert "process 1 of 2 was killed by signal 9 (the memory" in processes.why([interrupted, broken], died, two).what
    assert "process 1 of 2 was killed by signal 11;" in processes.why([], TORCHRUN.format(code=-11), two).what
    assert "process 0 of 2 failed: RuntimeError: Connection" in processes.why([broken], "", two).what


def test_processes_that_never_started_are_explained_by_the_last_that_was_said(two: Launch) -> None:
    said = "Traceback (most recent call last):\nValueError: Unknown keys ['nodes']\n\n"
    found = processes.why([], said, two)
    assert "Unknown keys ['nodes']" in found.what and found.where == str(two.file)
    assert "it said nothing" in processes.why([], "", two).what
