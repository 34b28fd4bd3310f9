"""`fteval data`: training files and hold-outs."""

from __future__ import annotations

import random
from pathlib import Path

import click

from fteval.errors import UserError


@click.group("data")
def command() -> None:
    """Work on training files and hold-outs.

    \b
    Example:  fteval data canary train.jsonl -o planted.jsonl --holdout canaries.jsonl
    """


@command.command("canary")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file with codes planted.")
@click.option("--holdout", type=click.Path(path_type=Path), required=True, help="The questions, for `recitation`.")
@click.option("-n", "n", type=click.IntRange(1, 190), default=20, show_default=True, help="How many codes.")
@click.option("--repeats", type=click.IntRange(1), default=4, show_default=True, help="How often each is planted.")
@click.option("--seed", default=0, show_default=True, help="Other codes, at other places.")
def canary(file: Path, output: Path, holdout: Path, n: int, repeats: int, seed: int) -> None:
    """Plant codes that nobody can know into a training file, and write the questions that ask for them.

    Train on the one, then run `recitation` on the other: planted codes that come back were learnt by heart; as many
    that were never planted show what guessing gives.

    \b
    Example:  fteval data canary train.jsonl -o planted.jsonl --holdout canaries.jsonl
    """
    from fteval.data.canaries import canaries
    from fteval.data.read import iter_rows
    from fteval.data.write import as_lines

    for path in (output, holdout):
        if path.exists():
            raise UserError(f"{path} is there already", fix="name a new file; nothing is written over")
    made = canaries(n, repeats, seed)
    rows = [row for _, row in iter_rows(file)] + made.planted
    random.Random(f"order {seed}").shuffle(rows)
    output.write_text(as_lines(rows), encoding="utf-8")
    holdout.write_text(as_lines(made.asked), encoding="utf-8")
    click.echo(f"{output}: {len(rows)} rows, {n} codes planted {repeats} times each", err=True)
    click.echo(f"{holdout}: {len(made.asked)} questions; fteval run --probe recitation --set data={holdout}", err=True)
