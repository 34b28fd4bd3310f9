"""Shows a result and writes it to files: the last step of every command that measures."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from fteval import registry
from fteval.commands import streams
from fteval.commands.options import Display
from fteval.errors import INCOMPLETE, OK, Incomplete, UserError
from fteval.records import CheckedFormat, Comparison, RunRecord


def check_writable(outputs: Sequence[Path]) -> None:
    """Raises UserError before any work for a report that could not be written, naming all of them."""
    problems: list[str] = []
    for path in outputs:
        try:
            problems += _unusable(path)
        except UserError as error:
            problems.append(f"{error.what}: {error.fix}" if error.fix else error.what)
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))


def _unusable(path: Path) -> list[str]:
    """Why a report cannot be written there. Raises UserError for what does not work here."""
    sent = registry.export_of(str(path))
    if sent is not None:
        registry.exporter(sent[0]).check(sent[1])
        return []
    formats = registry.report_formats()
    made = formats.of(path.name)
    if made is None:
        known = ", ".join(f"{ending} ({one.WHAT})" for ending, one in formats.usable.items())
        tools = ", ".join(registry.export_places())
        return [f"-o {path}: the ending says the format: {known}; or {tools}", *formats.unusable]
    if isinstance(made, CheckedFormat):
        made.check()
    if (why := _without_folder(path.parent)) is not None:
        return [f"-o {path}: {why}"]
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        return [f"-o {path}: cannot be written"]
    return []


def _without_folder(folder: Path) -> str | None:
    """Makes the folder of a file; why that cannot be, else None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"the folder {folder} cannot be made: {error.strerror}"
    return None


def load() -> None:
    """Imports what `present` will need, where there is time for it."""
    for name in ("experiment.saved", "reports.files.verdict_json", "reports.terminal.terminal"):
        import_module(f"fteval.{name}")


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
    """Writes one report file, or hands the result on; why that could not be, else None."""
    from fteval.experiment.reporting import export, report

    try:
        if registry.export_of(str(path)) is not None:
            click.echo(f"fteval: {path}: {export(result, str(path), store)}", err=True)
        else:
            path.write_bytes(report(result, path.name, store))
    except Exception as error:  # another's format may fail in any way, and neither the other files nor the page with it
        why = error.strerror if isinstance(error, OSError) else None
        return f"{path}: the report could not be written: {why or f'{type(error).__name__}: {error}'}"
    return None
