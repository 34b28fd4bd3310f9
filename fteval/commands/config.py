"""`fteval config`: check a fteval.yaml, or print the schema that editors use to check it while typing."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group("config")
def command() -> None:
    """Check a config, or print its JSON Schema.

    \b
    Example:  fteval config check fteval.yaml
              fteval config schema > fteval.schema.json
    """


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=Path("fteval.yaml"))
def check(path: Path) -> None:
    """Read the config, its hold-outs and its gates; all errors at once, no model needed."""
    from fteval import api

    experiment, _ = api.experiment(config=path)
    suite = api.build_suite(experiment)
    api.check_gates(experiment.gates, suite)
    n_samples = sum(len(p.samples) for p in suite.probes)
    click.echo(
        f"{path}: ok: {len(experiment.candidates)} candidates, {len(suite.probes)} probes with {n_samples} samples,"
        f" {len(experiment.gates)} gates"
    )


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of fteval.yaml."""
    from fteval.config import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))
