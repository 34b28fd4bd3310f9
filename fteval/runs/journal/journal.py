"""Append-only files that survive kill -9 and a full disk. Lines are as `lines.py` says, and are never rewritten.

A record counts once `append` has returned: its bytes were written and synced. After a crash the last line may be torn;
it is moved to a side file before the next append. A damaged line anywhere else is an error, never skipped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from fteval.errors import Incomplete
from fteval.runs.journal import lines
from fteval.runs.journal.files import cannot_write, kill_point, sync_folder
from fteval.runs.journal.repair import move_torn_tail

T = TypeVar("T")

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Journal:
    """A journal open for appending; hold the run's lock. After a failed write or sync it takes nothing more."""

    def __init__(self, path: Path, hear: Callable[[lines.Line], object] = lambda _: None) -> None:
        """Checks the whole file first and moves a torn last line away; `torn` names where to. `hear` is told the lines
        that are there.

        Raises Incomplete for a damaged line, UserError for a newer fteval's file: nothing is modified then.
        """
        self.path = path
        self.torn = move_torn_tail(path, hear)
        self.seconds = 0.0
        """Time spent on encoding, writing and syncing; perf/journal.py compares it with the time of generating."""
        self._synced_at = self._last_sync = 0.0
        self._failure: Incomplete | None = None
        try:
            created = not path.exists()
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if created:
                sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, error) from error

    def append(self, records: Iterable[lines.Record]) -> None:
        """Writes and syncs; when it returns, the records are safe and may be acknowledged."""
        self.write(records)
        self.sync()

    def write(self, records: Iterable[lines.Record]) -> None:
        """Hands records to the system: safe from a killed process, not yet from a power cut. Do not acknowledge."""
        self._refuse_if_failed()
        began = time.perf_counter()
        data = memoryview(b"".join(map(lines.encode, records)))
        kill_point("before-write")
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            raise self._give_up(error) from error
        kill_point("after-write")
        self.seconds += time.perf_counter() - began

    def sync(self) -> None:
        """Makes everything that was written so far last."""
        self._refuse_if_failed()
        began = time.perf_counter()
        try:
            _sync(self._fd)
        except OSError as error:
            raise self._give_up(error) from error
        kill_point("after-sync")
        self._synced_at = time.perf_counter()
        self._last_sync = self._synced_at - began
        self.seconds += self._last_sync

    def due(self) -> bool:
        """Whether it is time to sync again: a sync like the last one is 2 % of the time since, or a second has passed.

        A slow model's batches are each synced as they come; a thousand tiny ones a second share a sync.
        """
        return time.perf_counter() - self._synced_at >= min(1.0, 50 * self._last_sync)

    @property
    def failed(self) -> bool:
        """Whether a write or sync has failed: nothing more is taken then."""
        return self._failure is not None

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _give_up(self, error: OSError) -> Incomplete:
        # After a failed fsync Linux may drop the dirty pages and report success the next time:
        # a descriptor that failed once is not asked again.
        self._failure = cannot_write(self.path, error)
        self.close()
        return self._failure

    def _refuse_if_failed(self) -> None:
        if self._failure is not None:
            raise self._failure


def chunks(records: Iterable[T], size: int = 1000) -> Iterator[Sequence[T]]:
    """Records in lists of `size`: what one write takes, so that memory stays flat."""
    left = iter(records)
    while batch := list(islice(left, size)):
        yield batch


def timestamp() -> str:
    """Now, in UTC, as events and manifests spell it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
