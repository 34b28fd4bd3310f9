"""`fteval train`: make a candidate."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.progress import Progress
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import ModelUse
from fteval.experiment.place import Place


@click.command("train")
@click.argument("trainer", metavar="TRAINER", shell_complete=complete.trainers)
@click.option("--base", required=True, metavar="REF", help="The model to change: nano, a folder, hf:…, openai:NAME.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="Rows to learn from: chat, whose answers are learnt, or what the trainer takes (text, prompts, pairs).",
)
@click.option("--name", help="The candidate's name.  [default: the data file's]")
@click.option("--cancel", is_flag=True, help="End the hosted job of this base, data and recipe.")
@options.asked("store", "offline", "launch", "allow_code", settings="A field of the recipe: lora_rank=0, epochs=5.")
@options.as_json
@options.output_flags
def command(
    trainer: str,
    base: str,
    data: Path,
    name: str | None,
    cancel: bool,
    asked: Asked,
    as_json: bool,
    display: options.Display,
) -> None:
    """Fine-tune BASE on rows. The candidate is kept in the store and has an ft: id that every command takes.

    The same record (recipe, data, base, versions, seed) gives the same weights, byte for byte, and is trained once.
    `hosted` has a provider train, with the key in OPENAI_API_KEY: Ctrl-C ends the following, --cancel the job.

    \b
    Example:  fteval train sft --base nano --data train.jsonl --name iso-dates --set epochs=10
              fteval train grpo --base nano --data prompts.jsonl --set rewards=lipogram.compliant,laziness.long_enough
              fteval train hosted --base openai:gpt-4.1-mini-2025-04-14 --data train.jsonl
    """
    from fteval.experiment import train

    use = ModelUse(trainer=trainer, recipe=asked.settings or {}, data=data, where="--set")
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = Place(
            store=asked.store or options.DEFAULT_STORE, offline=asked.offline, launch=asked.launch, listener=listener
        )
        if cancel:
            job = train.cancel(use, base, place)
            click.echo(json.dumps({"cancelled": job}) if as_json else f"cancelled: {job}")
            return
        candidate = train.train(name or data.stem, use, base, place, asked.allow_code)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(candidate), indent=1))
    else:
        click.echo(candidate.id)
        if not display.quiet and candidate.kind != "reward":
            click.echo(f"next:  fteval run --model {candidate.id} --against {candidate.base} --holdout FILE", err=True)
