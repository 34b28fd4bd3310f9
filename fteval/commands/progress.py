"""Progress of work that takes longer than two seconds: a bar on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import functools
import math
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from fteval.experiment.place import Listener

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

PATIENCE = 2.0
"""Seconds of silence before anything is shown."""
LINE_EVERY = 10.0
"""Seconds between plain lines, where there is no terminal. The first comes as soon as patience ends."""


class Progress(Listener):
    """Draws what it hears. A context manager: the bar is gone when it ends, the notes stay."""

    def __init__(self, *, quiet: bool = False, color: bool = True) -> None:
        self.quiet, self.color = quiet, color
        self.bar: Bar | None = None
        self.tasks: dict[str, tuple[float, float]] = {}

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

    def progress(self, label: str, done: int, total: int, detail: str = "") -> None:
        """Shows `label` at `done` of `total`, once it has taken more than two seconds."""
        now = time.monotonic()
        if not done:
            self.tasks.pop(label, None)  # the same work once more, for another model perhaps
        began, shown = self.tasks.setdefault(label, (now, -math.inf))
        if self.quiet or now - began < PATIENCE:
            return
        if self.console.is_terminal:
            self._draw(label, done, total, detail)
        elif now - shown >= LINE_EVERY and done < total:
            self.tasks[label] = (began, now)
            left = (now - began) / max(done, 1) * (total - done)
            self.console.print(
                f"{label}: {done} of {total}, {left:.0f} s left{'  ' + detail if detail else ''}",
                markup=False,
                soft_wrap=True,
            )

    def _draw(self, label: str, done: int, total: int, detail: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self.bar is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[detail]}", markup=False),
            )
            self.bar = Bar(*columns, console=self.console, transient=True)
            self.bar.start()
        task = next((t for t in self.bar.tasks if t.description == label), None)
        if task is None:
            for old in self.bar.task_ids:
                self.bar.remove_task(old)
            self.bar.add_task(label, total=total, completed=done, detail=detail)
        else:
            self.bar.update(task.id, completed=done, total=total, detail=detail)
        if done >= total:
            self._clear()

    def _clear(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
