"""`fteval config`: check a fteval.yaml, or print the schema that editors use to check it while typing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from fteval.errors import UserError
from fteval.experiment.describe import experiment_of


@click.group("config")
def command() -> None:
    """Check a config, or print its JSON Schema.

    \b
    Example:  fteval config check fteval.yaml
              fteval config schema > fteval.schema.json
    """


@command.command("check")
@click.argument("paths", nargs=-1, metavar="[FILE…]", type=click.Path(path_type=Path))
@click.option("--allow-code", is_flag=True, help="Run the Python of `score: FILE.py:NAME`.")
def check(paths: tuple[Path, ...], allow_code: bool) -> None:
    """Read the config, its hold-outs and its gates; all errors at once, no model needed.

    Without FILE it is fteval.yaml. As a hook of pre-commit: docs/ci.md.

    \b
    Example:  fteval config check fteval.yaml
    """
    from fteval.experiment.check import lines

    problems: list[str] = []
    for path in paths or (Path("fteval.yaml"),):
        try:
            _check(path, allow_code)
        except UserError as error:
            if len(paths) < 2:
                raise
            problems += [line if line.startswith(str(path)) else f"{path}: {line}" for line in lines(error)]
    if problems:
        raise UserError("\n".join(problems))


def _check(path: Path, allow_code: bool) -> None:
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
