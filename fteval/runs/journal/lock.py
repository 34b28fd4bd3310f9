"""One writer per run: flock, and who holds it written inside for people."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

from fteval.errors import Incomplete
from fteval.runs.journal.files import cannot_write
from fteval.runs.journal.journal import timestamp


class Lock:
    """Held from construction to `release`, or to the end of the process, however that comes.

    `notice` says so when a lock was taken over that a dead process had left behind.
    Raises Incomplete when somebody else holds it.
    """

    def __init__(self, path: Path) -> None:
        self.notice: str | None = None
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            self._take(path)
        except BaseException:
            os.close(self._fd)
            raise

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked(_holder(self._fd), path, "wait for it, or start a new run: it reuses what is there") from None
        except OSError as error:
            raise Incomplete(
                f"the filesystem of the store has no locks: {os.strerror(error.errno or 0)}",
                where=str(path),
                fix="use a --store on a local disk",
            ) from error
        left = _holder(self._fd)
        if left and left.get("host") != socket.gethostname() and left.get("boot_id") != _boot_id():
            # Some cluster filesystems lock within one machine only: the kernel's word is not enough here.
            raise _locked(left, path, f"if that machine is gone, delete {path}")
        if left:
            self.notice = f"took over the lock of pid {left.get('pid')}, which ended without releasing it"
        me = {"pid": os.getpid(), "host": socket.gethostname(), "boot_id": _boot_id(), "started": timestamp()}
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, json.dumps(me).encode(), 0)
        except OSError as error:
            raise cannot_write(path, error) from error

    def release(self) -> None:
        """Gives the lock back; the file stays, empty: unlinking a lock is a race."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def held(path: Path) -> str | None:
    """Who holds a lock now, for people; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(_holder(descriptor))
    except OSError:
        return None  # no locks here, and none that anybody could hold
    finally:
        os.close(descriptor)
    return None


def _named(holder: dict[str, Any]) -> str:
    return f"pid {holder.get('pid', '?')} on host {holder.get('host', '?')} since {holder.get('started', '?')}"


def _locked(holder: dict[str, Any], path: Path, fix: str) -> Incomplete:
    return Incomplete(f"locked by {_named(holder)}", where=str(path.parent), fix=fix)


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:  # empty: released, or its writer died between creating and writing it
        return {}
    return holder if isinstance(holder, dict) else {}


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
