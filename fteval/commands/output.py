"""Shows a result and writes it to files: the last step of every command that measures."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import click

from fteval.commands import streams
from fteval.commands.options import Display
from fteval.errors import INCOMPLETE, OK, Incomplete, UserError
from fteval.records import Comparison, Judged, RunRecord

FORMATS = {".md": "markdown", ".json": "the numbers", ".xml": "JUnit, a case per gate", ".csv": "a row per metric"}
"""Ending of a report file -> what is written."""


def check_writable(outputs: Sequence[Path]) -> None:
    """Raises UserError before any work for a report file that could not be written, naming all of them."""
    problems = []
    for path in outputs:
        if path.suffix not in FORMATS:
            formats = ", ".join(f"{ending} ({what})" for ending, what in FORMATS.items())
            problems.append(f"-o {path}: the ending says the format: {formats}")
        elif not path.parent.is_dir():
            problems.append(f"-o {path}: no folder {path.parent}")
        elif path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            problems.append(f"-o {path}: cannot be written")
    if problems:
        raise UserError("\n".join(problems))


def present(
    result: Comparison | RunRecord, *, outputs: Sequence[Path], as_json: bool, display: Display, store: Path
) -> int:
    """Writes the report files, prints the result, and returns the exit code that the result means.

    Files first: whoever reads the page may go away (`| head`, a terminal that hangs up, a full disk behind stdout),
    and neither they nor the code depend on that.
    """
    from fteval.experiment import saved
    from fteval.reports import as_data
    from fteval.reports.terminal import terminal

    worst = () if isinstance(result, Comparison) else saved.worst(result)
    with contextlib.suppress(ValueError):  # not the main thread: a signal is then not ours to ignore
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for path in outputs:
        try:
            path.write_text(_as_file(result, worst, path.suffix), encoding="utf-8", newline="")
        except OSError as error:
            # The run is kept whatever happens to its report.
            raise Incomplete(
                f"the report could not be written: {error.strerror or error}",
                where=str(path),
                fix=f"the run is kept: fteval report {result.id} --store {store} -o FILE",
            ) from None
    if as_json:
        unread = streams.write(lambda: click.echo(json.dumps(as_data(result), indent=1)))
    else:
        unread = streams.write(lambda: terminal.show(result, worst, color=display.color))
    if unread is not None:
        click.echo(f"fteval: the result could not be printed ({unread}): fteval report {result.id}", err=True)
    if isinstance(result, Comparison):
        return result.exit_code
    return OK if result.complete and not result.errors else INCOMPLETE


def _as_file(result: Comparison | RunRecord, worst: Sequence[Judged], ending: str) -> str:
    from fteval.reports import as_data
    from fteval.reports.files import csv_table, junit
    from fteval.reports.markdown import markdown

    if ending == ".json":
        return json.dumps(as_data(result), indent=1) + "\n"
    if ending == ".xml":
        return junit.render(result)
    return csv_table.render(result) if ending == ".csv" else markdown.render(result, worst)
