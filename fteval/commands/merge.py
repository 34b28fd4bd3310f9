"""`fteval merge`: the shards of a run, made whole."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from fteval.commands import options
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.commands.stores import StoreName


@click.command("merge")
@click.argument("stores", metavar="STORE…", nargs=-1, required=True, type=StoreName())
@click.option(
    "--into",
    "store",
    type=StoreName(),
    metavar="STORE",
    envvar="FTEVAL_STORE",
    help="The store that gets the whole run.",
)
@click.option("--run", "which", metavar="ID", help="A shard of the run that is meant, where the stores have several.")
@options.setting("allow_code")
@options.outputs
@options.as_json
@options.output_flags
def command(
    stores: tuple[Path, ...],
    store: Path | None,
    which: str | None,
    allow_code: bool,
    outputs: tuple[Path, ...],
    as_json: bool,
    display: options.Display,
) -> int:
    """Make a whole of what `fteval run --shard I/N` asked, and judge it.

    Shards may lie in one store or in many, in any order, and more than once: answers are taken by what they answer.
    With all answers this ends as `fteval run` would have. When some are missing, those that came are kept (exit 3).

    \b
    Example:  fteval merge shards/* --into .fteval -o report.md
    """
    from fteval.experiment.place import Place
    from fteval.shards.merge import find, merge

    check_writable(outputs)
    found = find(stores, which)
    into = (store or options.DEFAULT_STORE).absolute()
    reports = [path.absolute() for path in outputs]
    told = found.told
    folder = Path(told["folder"])  # relative paths of its config start there
    within = contextlib.chdir(folder) if folder.is_dir() else contextlib.nullcontext()
    with within, Progress(quiet=display.quiet, color=display.color) as listener:
        place = Place(store=into, command=options.typed(), listener=listener, **told["place"])
        return present(
            merge(found, place, allow_code=allow_code), outputs=reports, as_json=as_json, display=display, store=into
        )
