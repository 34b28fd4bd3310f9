"""`fteval init`: a first fteval.yaml, a hold-out to fill in, and a CI workflow, which run as they stand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.commands.progress import Progress
from fteval.errors import UserError

if TYPE_CHECKING:
    from fteval.experiment.first.first import First

SCHEMA = "fteval.schema.json"
FIRST = Path(__file__).with_name("first")
"""What is written, as it stands."""
PLACES = {
    "fteval.yaml": "fteval.yaml",
    "train.jsonl": "data/train.jsonl",
    "holdout.jsonl": "data/holdout.jsonl",
    "workflow.yml": ".github/workflows/fteval.yml",
    "requirements.txt": "fteval-requirements.txt",
}


OWN = ("fteval.yaml", "data/train.jsonl", "data/dev.jsonl", "data/holdout.jsonl")
"""What `--from` writes of somebody's rows, as far as there is something to write."""


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("."))
@click.option(
    "--from",
    "rows",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your rows, of any form: they are looked at.",
)
@click.option("--force", is_flag=True, help="Write over what is there.")
def command(folder: Path, rows: Path | None, force: bool) -> None:
    """Write fteval.yaml, its schema for editors, data/train.jsonl, data/holdout.jsonl and a GitHub workflow.

    Into FOLDER; never overwrites a file without --force. With --from the config fits your rows: probes for what the
    answers are, gates with margins that so many samples can decide, and train, dev and hold-out parts that share
    nothing. It asks nothing, and says what it saw.

    \b
    Example:  fteval init my-project
              fteval init my-project --from tickets.jsonl
    """
    from fteval.config import schema

    files = {place: (FIRST / name).read_text(encoding="utf-8") for name, place in PLACES.items()}
    there = [str(folder / place) for place in (*files, *OWN[2:3], SCHEMA) if (folder / place).exists()]
    if there and not force:
        what = f"{', '.join(there)} already there; nothing was written"
        raise UserError(what, fix="give another folder, move the file away, or add --force")
    found = None
    if rows is not None:
        from fteval.experiment.first.first import first

        if rows.resolve() in {(folder / place).resolve() for place in files | dict.fromkeys((*OWN, SCHEMA))}:
            fix = "move your rows to another place, or give another folder"
            raise UserError("your rows lie where one of the files would be written", where=str(rows), fix=fix)
        with Progress().busy(f"looking at {rows.name}"):
            found = first(rows)
        files = {place: text for place, text in files.items() if place not in OWN} | found.files
    _write(folder, {**files, SCHEMA: json.dumps(schema(), indent=1) + "\n"})
    if found is not None:
        _tell(found)
    config = shlex.quote(str(folder / "fteval.yaml"))
    if found is None:
        click.echo(f"next:  put your rows into {folder / 'data'}, then: fteval run -c {config}")
    else:
        click.echo(
            f"next:  read {config}, name your base in it, and see what it would do: fteval run -c {config} --dry-run"
        )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes each file, and what stood there before is away: a part of older rows would be a leak."""
    try:
        for place in OWN:
            (folder / place).unlink(missing_ok=True)
        for place, text in files.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
            click.echo(f"wrote {folder / place}")
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(error.filename)) from None


def _tell(found: First) -> None:
    """What was seen, and why each probe is there."""
    click.echo("seen")
    for line in found.seen:
        click.echo(f"  {line}")
    click.echo("probes")
    for line in found.probes:
        click.echo(f"  {line}")
