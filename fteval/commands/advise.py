"""`fteval advise`: would something cheaper than the fine-tune do?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.commands import options
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.errors import OK, UserError
from fteval.experiment.asked import Asked
from fteval.experiment.place import placed
from fteval.records import Plan

if TYPE_CHECKING:
    from fteval.experiment.usual.usual import Usual


@click.command("advise")
@options.asked("config", "store")
@options.outputs
@options.asked(
    "limit", "allow_subset", "allow_code", "seed", "max_tokens", "device", "dtype", "batch_tokens", "concurrency",
    "max_usd", "max_total_tokens", "offline",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be tried, and what it would take.")
@options.as_json
@options.output_flags
def command(asked: Asked, outputs: tuple[Path, ...], dry_run: bool, as_json: bool, display: options.Display) -> int:
    """Measure the usual alternatives beside a config's candidates, and say whether a fine-tune is needed.

    Tried are a system prompt, examples from the training rows, and a constraint, as far as the probes and the model
    allow; what is left out is said. All answer the samples that the fine-tune answers. Exits with the verdict.

    \b
    Example:  fteval advise -c fteval.yaml -o advice.md
    """
    from fteval.experiment.describe import describe, find_config
    from fteval.experiment.measure import measure
    from fteval.experiment.plan import plan
    from fteval.experiment.usual.usual import with_usual

    check_writable(outputs)
    config = find_config(asked.config, wanted=True)
    if config is None:
        raise UserError("no fteval.yaml in this folder", fix="name a config with -c; `fteval init` writes a first one")
    experiment = describe(asked, config)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = placed(asked, experiment, listener, options.typed())
        usual = with_usual(experiment, place)
        if dry_run:
            return _show(usual, plan(usual.experiment, place), as_json)
        for name, what in usual.added:
            listener.note(f"also tried: '{name}', {what}")
        for name, why in usual.left_out:
            listener.note(f"not tried: '{name}', {why}")
        result = measure(usual.experiment, place)
    return present(result, outputs=outputs, as_json=as_json, display=display, store=place.store)


def _show(usual: Usual, found: Plan, as_json: bool) -> int:
    import dataclasses
    import json

    from fteval.reports.terminal import plain

    if as_json:
        said = {"added": dict(usual.added), "left_out": dict(usual.left_out), "plan": dataclasses.asdict(found)}
        click.echo(json.dumps(said, indent=1))
        return OK
    rows = [*(("tried", *one) for one in usual.added), *(("left out", *one) for one in usual.left_out)]
    click.echo(plain.table(["Usual", "name", ""], rows) + "\n\n" + plain.plan(found), nl=False)
    return OK
