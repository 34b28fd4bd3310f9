"""`fteval config`: check a fteval.yaml, or print the schema that editors use to check it while typing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from fteval.experiment.describe import experiment_of


@click.group("config")
def command() -> None:
    """Check a config, or print its JSON Schema.

    \b
    Example:  fteval config check fteval.yaml
              fteval config schema > fteval.schema.json
    """


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=Path("fteval.yaml"))
@click.option("--allow-code", is_flag=True, help="Run the Python of `score: FILE.py:NAME`.")
def check(path: Path, allow_code: bool) -> None:
    """Read the config, its hold-outs and its gates; all errors at once, no model needed."""
    from fteval.experiment.check import checked

    planned = replace(experiment_of(path), allow_code=allow_code)
    suite, gates = checked(planned)
    for text in (*suite.oddities(), *suite.notes()):
        click.echo(f"{path}: warning: {text}", err=True)
    click.echo(
        f"{path}: ok: {len(planned.candidates)} candidates, {len(suite.probes)} probes with {suite.n_samples} samples,"
        f" {len(gates)} gates"
    )


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of fteval.yaml, with the parameters of every probe and trainer that is installed.

    Editors check a config while it is typed whose first line is: # yaml-language-server: $schema=fteval.schema.json

    \b
    Example:  fteval config schema > fteval.schema.json
    """
    from fteval.config import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))
