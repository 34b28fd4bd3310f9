"""`fteval init`: a first fteval.yaml, a hold-out to fill in, and a CI workflow, which run as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fteval.errors import UserError

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


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("."))
def command(folder: Path) -> None:
    """Write fteval.yaml, its schema for editors, data/train.jsonl, data/holdout.jsonl and a GitHub workflow.

    Into FOLDER; never overwrites a file.

    \b
    Example:  fteval init my-project
    """
    from fteval.config import schema

    files = {folder / place: (FIRST / name).read_text(encoding="utf-8") for name, place in PLACES.items()}
    files[folder / SCHEMA] = json.dumps(schema(), indent=1) + "\n"
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UserError(
            f"{', '.join(there)} already there; nothing was written", fix="give another folder, or move the file away"
        )
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(error.filename)) from None
    for path in files:
        click.echo(f"wrote {path}")
    click.echo(f"next:  put your rows into {folder / 'data'}, then: fteval run -c {folder / 'fteval.yaml'}")
