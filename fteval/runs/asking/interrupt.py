"""What Ctrl-C, SIGTERM and SIGHUP do to a run: stop soon, keep everything acknowledged, say how to go on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a scheduler's end, a terminal that hangs up."""


class Stop(BaseException):
    """Raised where work may be cancelled. Not an Exception: engines and probes must not swallow it."""


GRACE = 3.0
"""Seconds after the first signal in which another one is taken for the same impatience."""


class Signals:
    """While it is open, the first of STOPS says so at once and stops the work; later ones are ignored.

    Installs nothing outside the main thread, where Python does not allow it. Gives back what was there when it closes;
    after a signal only with the next one after GRACE, so that a hammered Ctrl-C does not hit whoever shows the message.
    """

    def __init__(self, message: str) -> None:
        self.number: int | None = None
        """The signal that came, if one did."""
        self.patient = False
        """Whether the first signal waits for the next `check`, as amid a write; another one after GRACE does not."""
        self._message = f"\n{message}\n".encode(errors="backslashreplace")
        self._since = 0.0
        self._open = False
        self._cancellable = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        self._open = True
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                    continue  # nohup: the terminal may go
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if self.number is None:
            self._give_back()

    @contextlib.contextmanager
    def cancelling(self) -> Iterator[None]:
        """Inside, a signal raises Stop where the work stands; outside, at the next `check` or `cancelling`."""
        self._cancellable = True
        try:
            self.check()
            yield
        finally:
            self._cancellable = False

    def check(self) -> None:
        """Raises Stop when a signal has come."""
        if self.number is not None:
            raise Stop

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            if time.monotonic() - self._since > GRACE:
                self._receive_again(number)
            return
        self.number, self._since = number, time.monotonic()
        with contextlib.suppress(OSError):
            os.write(2, self._message)  # not print: its buffer may be the very thing that was interrupted
        if self._cancellable and not self.patient:
            raise Stop

    def _receive_again(self, number: int) -> None:
        if not self._open:
            self._give_back()
            os.kill(os.getpid(), number)
        elif self._cancellable and self.patient:
            self.patient = False
            raise Stop

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def guarded(steps: Iterator[T], guard: Callable[[], AbstractContextManager[None]]) -> Iterator[T]:
    """Each step under the guard: a signal stops it between two writes."""
    while True:
        with guard():
            try:
                one = next(steps)
            except StopIteration:
                return
        yield one
