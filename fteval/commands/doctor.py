"""`fteval doctor`: can this model be measured? Finds in seconds what would spoil hours."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import options
from fteval.errors import OK, USAGE
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Listener, placed
from fteval.reports.escape import for_terminal


@click.command("doctor")
@click.option("--model", metavar="REF", required=True, help="The model, or BASE+ADAPTER.")
@click.option("-c", "--config", metavar="FILE", type=click.Path(path_type=Path), help="What it says of servers.")
@options.asked("store", "device", "dtype", "offline", against="The base; an adapter's own base is checked anyway.")
@options.as_json
@options.output_flags
def command(model: str, config: Path | None, asked: Asked, as_json: bool, display: options.Display) -> int:
    """Check that a model can be measured: its adapter has an effect and is on its base, base and candidate see the
    same prompt, one BOS, a stop token that is emitted, room in the context, room on the disk.

    \b
    Example:  fteval doctor --model nano+out/sft --against nano
    """
    import dataclasses
    import json

    from fteval.experiment.describe import experiment_of
    from fteval.experiment.doctor import doctor

    experiment = experiment_of(config) if config else Experiment()
    checks = doctor(model, asked.against, placed(asked, experiment, Listener()), experiment)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(check) for check in checks], indent=1))
    else:
        for check in checks:
            sign = {True: "ok  ", False: "FAIL", None: "?   "}[check.ok]
            click.echo(for_terminal(f"{sign}  {check.name}: {check.message}"))
            if check.ok is False and check.fix:
                click.echo(for_terminal(f"      do: {check.fix}"))
    return USAGE if any(check.ok is False for check in checks) else OK
