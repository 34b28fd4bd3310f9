"""`fteval noise`: what changes when nothing was changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fteval.commands import options
from fteval.errors import INCOMPLETE, OK


@click.command("noise")
@click.option("--model", metavar="REF", help="The model to ask twice.  [default: the config's base]")
@options.probes
@click.option(
    "--holdout", "holdouts", multiple=True, type=click.Path(path_type=Path), help="Your own hold-out file; repeatable."
)
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="A fteval.yaml.  [default: the one in this folder, if any]"
)
@options.store
@click.option("--temperature", type=float, help="0 is greedy.")
@click.option("--repeats", type=int, help="Answers per sample; they are averaged.")
@options.limit
@options.device
@options.server
@options.offline
@options.as_json
@options.output_flags
def command(
    model: str | None,
    probes: tuple[str, ...],
    holdouts: tuple[Path, ...],
    config: Path | None,
    store: Path | None,
    temperature: float | None,
    repeats: int | None,
    limit: int | None,
    device: str,
    server: dict[str, Any],
    offline: bool,
    as_json: bool,
    display: options.Display,
) -> int:
    """Ask a model twice, the second time with another seed or in other batches, and count the scores that change.

    Kept in the store; reports of this base show it under their table: no smaller difference means anything.

    \b
    Example:  fteval noise --model nano --probe facts
    """
    import dataclasses
    import json

    from fteval.commands.progress import Progress
    from fteval.experiment import describe
    from fteval.experiment.noise import noise
    from fteval.experiment.place import Place
    from fteval.reports.terminal import plain

    planned = describe.describe(
        config=describe.find_config(config, wanted=not (probes or holdouts)),
        against=model,
        probes=probes,
        holdouts=holdouts,
        sampling={"temperature": temperature},
        repeats=repeats,
        limit=limit,
        server=server,
    )
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = Place(
            store=store or planned.store,
            device=device,
            offline=offline,
            command=options.typed(),
            listener=listener,
        )
        run, floors = noise(planned, place)
    data = [dataclasses.asdict(floor) for floor in floors]
    click.echo(json.dumps(data, indent=1) if as_json else plain.noise(floors), nl=as_json)
    return OK if run.complete else INCOMPLETE
