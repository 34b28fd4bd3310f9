"""`fteval export`: make of a candidate what ships, and prove that it is the candidate still."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fteval.commands import complete, options
from fteval.commands.progress import Progress
from fteval.experiment.asked import Asked
from fteval.experiment.place import placed
from fteval.trainers.exporting.how import BITS, DTYPES, GGUF, How


def _how(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is made, for a command that gets them as one `how`."""

    @click.option("--merge", is_flag=True, help="Put the adapter into the weights; the others imply it.")
    @click.option("--dtype", type=click.Choice(DTYPES), help="Numbers to write.  [default: the base's own]")
    @click.option("--quantise", type=click.Choice(BITS), help="Fewer bits for the linear layers (torchao).")
    @click.option("--gguf", type=click.Choice(GGUF), help="One GGUF file, by llama.cpp's converter.")
    @functools.wraps(command)
    def wrapped(*args: Any, merge: bool, dtype: str | None, quantise: str | None, gguf: str | None, **more: Any) -> Any:
        return command(*args, how=How(merge, dtype, quantise, gguf), **more)

    return wrapped


@click.command("export")
@click.argument("candidate", metavar="CANDIDATE", shell_complete=complete.candidates)
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where it is to lie; a folder that is not there yet.")  # fmt: skip
@_how
@options.asked(
    "probes", "benchmarks", "include", "holdouts", "scorers", "settings", "reference", "config", "store", "allow_code",
    "max_tokens", "device", "batch_tokens", "offline",
    limit="At most so many samples of each probe.  [default: 400]",
)  # fmt: skip
@options.as_json
@options.output_flags
def command(
    candidate: str,
    folder: Path,
    how: How,
    asked: Asked,
    as_json: bool,
    display: options.Display,
) -> int:
    """Merge, cast or quantise CANDIDATE, and write what comes out if it answers as CANDIDATE does.

    Both answer the same samples: of the config, of --probe and --holdout, or of the candidate's last run. The gates
    say how much may be lost; without any 2 points of each probe's primary share.
    Exits with 0 where FOLDER was written; 1 it is worse, 3 incomplete, 4 cannot tell: nothing is written.

    \b
    Example:  fteval export ft:nano:local:iso-dates:3f9a1c -o shipped --merge --probe iso_date --probe facts
              fteval export sft -o shipped --dtype bfloat16 -c fteval.yaml
    """
    from dataclasses import replace

    from fteval.experiment import export
    from fteval.experiment.export_suite import described

    how.check()
    with Progress(quiet=display.quiet, color=display.color) as listener:
        experiment, of_run = described(replace(asked, model=candidate))
        place = placed(asked, experiment, listener, options.typed())
        found = export.export(export.Order(folder, how), experiment, place, of_run)
    if as_json:
        import json

        from fteval.reports.files import verdict_json

        click.echo(json.dumps(verdict_json.exported(found), indent=1))
    else:
        from fteval.reports.terminal import exported

        click.echo(exported.page(found), nl=False)
    return found.exit_code
