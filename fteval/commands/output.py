"""Shows a result and writes it to files: the last step of every command that measures."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import click

from fteval import registry
from fteval.commands import streams
from fteval.commands.options import Display
from fteval.errors import INCOMPLETE, OK, Incomplete, UserError
from fteval.records import Comparison, RunRecord


def check_writable(outputs: Sequence[Path]) -> None:
    """Raises UserError before any work for a report file that could not be written, naming all of them."""
    problems: list[str] = []
    formats = registry.report_formats() if outputs else registry.Formats({}, ())
    for path in outputs:
        if path.suffix not in formats.usable:
            known = ", ".join(f"{ending} ({one.WHAT})" for ending, one in formats.usable.items())
            problems += [f"-o {path}: the ending says the format: {known}", *formats.unusable]
        elif (why := _without_folder(path.parent)) is not None:
            problems.append(f"-o {path}: {why}")
        elif path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            problems.append(f"-o {path}: cannot be written")
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))


def _without_folder(folder: Path) -> str | None:
    """Makes the folder of a file; why that cannot be, else None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"the folder {folder} cannot be made: {error.strerror}"
    return None


def present(
    result: Comparison | RunRecord, *, outputs: Sequence[Path], as_json: bool, display: Display, store: Path
) -> int:
    """Writes the report files, prints the result, and returns the exit code that the result means.

    Raises Incomplete for a file that could not be written, with the result's own code where that is not 0.

    Files first: whoever reads the page may go away (`| head`, a terminal that hangs up, a full disk behind stdout),
    and neither they nor the code depend on that.
    """
    from fteval.experiment import saved
    from fteval.reports.files.verdict_json import as_data
    from fteval.reports.terminal import terminal

    worst = () if isinstance(result, Comparison) else saved.worst(result)
    with contextlib.suppress(ValueError):  # not the main thread: a signal is then not ours to ignore
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    unwritten = [problem for path in outputs if (problem := _unwritten(result, path, store))]
    if as_json:
        unread = streams.write(lambda: click.echo(json.dumps(as_data(result), indent=1)))
    else:
        unread = streams.write(lambda: terminal.show(result, worst, color=display.color))
    if unread is not None:
        click.echo(f"fteval: the result could not be printed ({unread}): fteval report {result.id}", err=True)
    if isinstance(result, Comparison):
        code = result.exit_code
    else:
        code = OK if result.complete and not result.errors else INCOMPLETE
    if unwritten:
        # The run is kept whatever happens to its reports, and a failed gate is worse than a missing file.
        fix = f"the run is kept: fteval report {result.id} --store {store} -o FILE"
        lost = Incomplete("\n".join(unwritten), fix=fix)
        lost.exit_code = code or INCOMPLETE
        raise lost
    return code


def _unwritten(result: Comparison | RunRecord, path: Path, store: Path) -> str | None:
    """Writes one report file; why it could not be, else None."""
    from fteval.experiment.reporting import report

    try:
        path.write_text(report(result, path.suffix, store), encoding="utf-8", newline="")
    except Exception as error:  # another's format may fail in any way, and neither the other files nor the page with it
        why = error.strerror if isinstance(error, OSError) else None
        return f"{path}: the report could not be written: {why or f'{type(error).__name__}: {error}'}"
    return None
