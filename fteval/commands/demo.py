"""`fteval demo`: the main job, end to end, on the embedded model."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fteval.commands import options
from fteval.commands.output import present
from fteval.commands.progress import Progress
from fteval.experiment.describe import experiment_of
from fteval.experiment.place import Place
from fteval.nano import demo


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("fteval-demo"),
    show_default=True,
    help="Folder to leave it in.",
)
@options.output_flags
def command(out: Path, display: options.Display) -> None:
    """Fine-tune nano on 48 birth dates written YYYY-MM-DD, measure base and candidate, and read the verdict.

    Leaves the config, the hold-outs and the report in a folder. No account, no download, no GPU, under three minutes.

    \b
    Example:  fteval demo
    """
    from fteval.experiment.measure import measure

    began = time.monotonic()
    config = demo.write(out)
    click.echo(demo.INTRODUCTION.format(folder=out), err=True)
    planned = experiment_of(config)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = Place(store=planned.store, listener=listener, offline=True, command=f"fteval run -c {config}")
        result = measure(planned, place)
    reports = (out / "report.html", out / "report.md", out / "verdict.json")
    code = present(result, outputs=reports, as_json=False, display=display, store=planned.store)
    click.echo(demo.NEXT_STEPS.format(folder=out, code=code, seconds=time.monotonic() - began))
