"""`fteval noise`: what changes when nothing was changed."""

from __future__ import annotations

from dataclasses import replace

import click

from fteval.commands import options
from fteval.commands.progress import Progress
from fteval.errors import INCOMPLETE, OK
from fteval.experiment.asked import Asked
from fteval.experiment.place import placed


@click.command("noise")
@options.asked(
    "model", "probes", "holdouts", "settings", "reference", "config", "store", "temperature", "max_tokens", "repeats",
    "limit", "device", "dtype", "batch_tokens", "concurrency", "timeout", "max_retries", "max_usd", "max_total_tokens",
    "offline",
)  # fmt: skip
@click.option("--other-seed", "other_seeds", type=int, multiple=True, help="Ask again with this seed; repeatable.")
@click.option(
    "--other-batch-tokens",
    "other_batch_tokens",
    type=click.IntRange(1),
    multiple=True,
    help="Ask again in batches of so many padded tokens; repeatable.",
)
@options.as_json
@options.output_flags
def command(
    asked: Asked,
    other_seeds: tuple[int, ...],
    other_batch_tokens: tuple[int, ...],
    as_json: bool,
    display: options.Display,
) -> int:
    """Ask a model twice, the second time with another seed or in other batches, and count the scores that change.

    A gate whose margin is smaller than what a metric moved by is incomplete from then on. Below float32 greedy answers
    rest on the batch that they are computed in.

    The model is the config's base where none is named. Kept in the store; reports of this base show it under their
    table: no smaller difference means anything.

    \b
    Example:  fteval noise --model nano --probe facts
    """
    import dataclasses
    import json

    from fteval.experiment.describe import describe, find_config
    from fteval.experiment.noise import Again, noise
    from fteval.reports.terminal import plain

    config = find_config(asked.config, wanted=not (asked.probes or asked.holdouts))
    experiment = describe(replace(asked, model=None, against=asked.model), config)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = placed(asked, experiment, listener, options.typed())
        run, floors = noise(experiment, place, Again(other_seeds, other_batch_tokens))
    data = [dataclasses.asdict(floor) for floor in floors]
    click.echo(json.dumps(data, indent=1) if as_json else plain.noise(floors), nl=as_json)
    return OK if run.complete else INCOMPLETE
