"""`fteval data`: training files and hold-outs."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import click

from fteval.commands import data_amplify, data_check, data_convert, data_noise, data_split, options
from fteval.errors import OK, UserError
from fteval.experiment.asked import Asked


@click.group("data")
def command() -> None:
    """Work on training files and hold-outs.

    \b
    Example:  fteval data convert chats.json -o train.jsonl
              fteval data check train.jsonl --holdout holdout.jsonl
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
        options.check_new(path)
    if output.resolve() == holdout.resolve():
        raise UserError(f"{output} is named twice", fix="rows with -o, questions with --holdout: two files")
    made = canaries(n, repeats, seed)
    rows = [row for _, row in iter_rows(file)] + made.planted
    random.Random(f"order {seed}").shuffle(rows)
    output.write_text(as_lines(rows), encoding="utf-8")
    holdout.write_text(as_lines(made.asked), encoding="utf-8")
    click.echo(f"{output}: {len(rows)} rows, {n} codes planted {repeats} times each", err=True)
    click.echo(f"{holdout}: {len(made.asked)} questions; fteval run --probe recitation --set data={holdout}", err=True)


@command.command("known")
@options.asked(
    "model", "probes", "settings", "store", "max_tokens", "limit", "device", "dtype", "batch_tokens", "concurrency",
    "max_usd", "max_total_tokens", "offline",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The hold-out with its slices.")
@options.output_flags
def known(asked: Asked, output: Path, display: options.Display) -> int:
    """Ask a model what it knows, and write the questions with the slice `known`: highly, maybe, weakly or unknown.

    Ask the base before it is changed; then run the file, and the slices say whether a fine-tune lost what was known,
    or makes up what never was. Each question is answered five times, once without chance.

    \b
    Example:  fteval data known --model nano --probe facts -o facts.known.jsonl
    """
    from collections import Counter

    from fteval.commands.progress import Progress
    from fteval.data.write import as_lines
    from fteval.experiment import known as knowledge
    from fteval.experiment.describe import describe
    from fteval.experiment.place import placed

    options.check_new(output)
    experiment = describe(replace(asked, model=None, against=asked.model), None)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        rows = knowledge.known(experiment, placed(asked, experiment, listener, options.typed()))
    output.write_text(as_lines(rows), encoding="utf-8")
    counts = Counter(row["slices"].get(knowledge.SLICE, "open") for row in rows)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("highly", "maybe", "weakly", "unknown", "open"))
    click.echo(f"{output}: {len(rows)} questions, {told}", err=True)
    return OK


command.add_command(data_amplify.command)
command.add_command(data_check.command)
command.add_command(data_convert.command)
command.add_command(data_noise.command)
command.add_command(data_split.command)
