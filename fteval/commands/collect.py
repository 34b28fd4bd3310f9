"""`fteval collect`: the outputs of batch files, taken up into the runs that asked for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from fteval.commands import options
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.errors import UserError
from fteval.experiment.place import Place


@click.command("collect")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.outputs
@options.as_json
@options.output_flags
def command(folder: Path, outputs: tuple[Path, ...], as_json: bool, display: options.Display) -> int:
    """Complete what `fteval run --shards DIR` planned, with the outputs that lie in DIR by now.

    Outputs are found by their fields, whatever they are called. With all answers this ends as `fteval run` would have;
    when some are missing, those that came are kept (exit 3), and files for the rest are written.

    \b
    Example:  fteval collect work/ -o report.md
    """
    from fteval.shards import work

    folder = folder.absolute()
    record = work.planned(folder)
    check_writable(outputs)
    given = [path.absolute() for path in outputs]
    with _in(Path(record.folder)), Progress(quiet=display.quiet, color=display.color) as listener:
        reports = given or [Path(report) for report in record.reports]
        check_writable(reports)
        place = Place(store=Path(record.store), command=record.command, listener=listener, **record.place)
        result = work.collect(place, folder)
        return present(result, outputs=reports, as_json=as_json, display=display, store=place.store)


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Works in the folder where the run was planned: paths in its arguments start there."""
    if not folder.is_dir():
        raise UserError(
            f"the run was planned in {folder}, which is gone",
            where=str(folder),
            fix="call `fteval run … --shards` again from where the hold-outs are now: it finds the plan",
        )
    with contextlib.chdir(folder):
        yield
