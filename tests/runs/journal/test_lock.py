"""One writer per run (A12): real second processes, really killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import echo
import pytest

from fteval.errors import INCOMPLETE, Incomplete
from fteval.runs.journal.lock import Lock

HOLD = """
import sys, time
from pathlib import Path
from fteval.runs.journal.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / ".lock")], env=echo.child_env(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_told_who_holds_it_and_since_when(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Incomplete) as caught:
        Lock(tmp_path / ".lock")
    assert f"locked by pid {holder.pid} on host {os.uname().nodename} since 20" in caught.value.what
    assert caught.value.exit_code == INCOMPLETE


def test_the_lock_of_a_killed_process_is_taken_over_with_a_notice(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with Lock(tmp_path / ".lock") as lock:
        assert lock.notice is not None
        assert f"pid {holder.pid}" in lock.notice
    with Lock(tmp_path / ".lock") as lock:
        assert lock.notice is None  # it was released this time


def test_within_one_process_too_there_is_one_writer(tmp_path: Path) -> None:
    with Lock(tmp_path / ".lock"), pytest.raises(Incomplete, match=f"locked by pid {os.getpid()} "):
        Lock(tmp_path / ".lock")
    Lock(tmp_path / ".lock").release()


def test_a_lock_left_by_another_machine_is_respected(tmp_path: Path) -> None:
    left = {"pid": 1, "host": "elsewhere", "boot_id": "other", "started": "2026-11-20T10:00:00Z"}
    (tmp_path / ".lock").write_text(json.dumps(left))
    with pytest.raises(Incomplete, match="locked by pid 1 on host elsewhere since 2026-11-20") as caught:
        Lock(tmp_path / ".lock")
    assert "delete" in str(caught.value.fix)


def test_a_lock_left_before_a_reboot_of_this_machine_is_taken_over(tmp_path: Path) -> None:
    left = {"pid": 1, "host": os.uname().nodename, "boot_id": "an earlier one", "started": "2026-11-20T10:00:00Z"}
    (tmp_path / ".lock").write_text(json.dumps(left))
    with Lock(tmp_path / ".lock") as lock:
        assert lock.notice is not None
