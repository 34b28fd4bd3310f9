"""Progress of work that takes longer than two seconds: a bar on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import functools
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from fteval.commands import output
from fteval.experiment.place import Listener

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

PATIENCE = 2.0
"""Seconds of silence before anything is shown."""
LINE_EVERY, IN_CI = 10.0, 60.0
"""Seconds between plain lines, where there is no terminal, and in CI. The first comes as soon as patience ends."""


class Progress(Listener):
    """Draws what it hears. A context manager: the bar is gone when it ends, the notes stay."""

    def __init__(self, *, quiet: bool = False, color: bool = True) -> None:
        self.quiet, self.color = quiet, color
        self.bar: Bar | None = None
        self.tasks: dict[str, tuple[float, float]] = {}
        self.clock: threading.Thread | None = None
        self.ended = threading.Event()
        self.line_every = IN_CI if os.environ.get("CI") else LINE_EVERY

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    @functools.cached_property
    def console(self) -> Console:
        """stderr; made when there is something to show, because most runs begin with nothing."""
        from rich.console import Console

        return Console(file=sys.stderr, no_color=not self.color, highlight=False)

    def note(self, text: str) -> None:
        """A line that stays."""
        if not self.quiet:
            from fteval.reports.escape import for_terminal

            self.console.print(for_terminal(text), markup=False, soft_wrap=True)

    def waiting(self) -> None:
        output.load()

    @contextmanager
    def busy(self, label: str) -> Iterator[None]:
        """Says that this goes on, and for how long already, until there is progress to show of it."""
        self._quieten()
        ended = self.ended = threading.Event()
        clock = threading.Thread(target=self._clock, args=(label, ended), daemon=True)
        self.clock = clock
        clock.start()
        try:
            yield
        finally:
            self._quieten()

    def _quieten(self) -> None:
        """Two lines that are drawn anew cannot share a terminal."""
        self.ended.set()
        if self.clock is not None:
            self.clock.join()
            self.clock = None

    def _clock(self, label: str, ended: threading.Event) -> None:
        began = time.monotonic()
        if self.quiet or ended.wait(PATIENCE):
            return
        if self.console.is_terminal:
            from rich.progress import Progress as Bar
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            with Bar(*columns, console=self.console, transient=True) as bar:
                bar.add_task(label, total=None)
                bar.tasks[0].start_time = began
                ended.wait()
            return
        while True:
            self.console.print(f"{label}: for {time.monotonic() - began:.0f} s", markup=False, soft_wrap=True)
            if ended.wait(self.line_every):
                return

    def progress(self, label: str, done: int, total: int, detail: str = "") -> None:
        """Shows `label` at `done` of `total`, once it has taken more than two seconds."""
        now = time.monotonic()
        if not done:
            self.tasks.pop(label, None)  # the same work once more, for another model perhaps
        began, shown = self.tasks.setdefault(label, (now, -math.inf))
        if self.quiet or now - began < PATIENCE:
            return
        self._quieten()
        rate = done / (now - began)
        if self.console.is_terminal:
            self._draw(label, done, total, rate, detail)
        elif now - shown >= self.line_every and done < total:
            self.tasks[label] = (began, now)
            left = f"{(total - done) / rate:.0f} s left" if rate else "just begun"
            said = f"{label}: {done} of {total}, {_per_second(rate)}, {left}{'  ' + detail if detail else ''}"
            self.console.print(said, markup=False, soft_wrap=True)

    def _draw(self, label: str, done: int, total: int, rate: float, detail: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self.bar is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}", markup=False),
                TimeRemainingColumn(),
                TextColumn("{task.fields[detail]}", markup=False),
            )
            self.bar = Bar(*columns, console=self.console, transient=True)
            self.bar.start()
        task = next((t for t in self.bar.tasks if t.description == label), None)
        if task is None:
            for old in self.bar.task_ids:
                self.bar.remove_task(old)
            self.bar.add_task(label, total=total, completed=done, detail=detail, rate=_per_second(rate))
        else:
            self.bar.update(task.id, completed=done, total=total, detail=detail, rate=_per_second(rate))
        if done >= total:
            self._clear()

    def _clear(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _per_second(rate: float) -> str:
    return f"{rate:.{0 if rate >= 10 else 1}f}/s"
