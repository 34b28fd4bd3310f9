"""`fteval train`: make a candidate, or a series of them that is measured at once."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.errors import OK, UserError
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import ModelUse
from fteval.experiment.place import Place, placed


@click.command("train")
@click.argument("trainer", metavar="TRAINER", shell_complete=complete.trainers)
@click.option("--base", required=True, metavar="REF", help="The model to change: nano, a folder, hf:…, openai:NAME.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Rows to learn from: chat, whose answers are learnt, or what the trainer takes (text, prompts, pairs).",
)
@click.option("--name", help="The candidate's name.  [default: the data file's]")
@click.option("--cancel", is_flag=True, help="End the hosted job of this base, data and recipe.")
@click.option("--sizes", metavar="N,N,…", help="How many rows are enough? Train on so many of them, and measure each.")
@click.option("--tasks", metavar="FILE,FILE,…", help="What does together cost? Train on each file alone, and on all.")
@click.option("--seeds", type=int, metavar="N", help="Trainings on each part: 3 say how far trainings differ.")
@options.asked("probes", "holdouts", "scorers", "config", "limit", settings="A field of the recipe: epochs=5.")
@options.asked("store", "offline", "launch", "vllm", "allow_code")
@options.outputs
@options.as_json
@options.output_flags
def command(
    trainer: str,
    base: str,
    data: Path | None,
    asked: Asked,
    display: options.Display,
    *,
    as_json: bool,
    outputs: tuple[Path, ...],
    **given: str | int | None,
) -> int:
    """Fine-tune BASE on rows. The candidate is kept in the store and has an ft: id that every command takes.

    The same record (recipe, data, base, versions, seed) gives the same weights, byte for byte, and is trained once.
    `hosted` has a provider train, with the key in OPENAI_API_KEY: Ctrl-C ends the following, --cancel the job.

    With --sizes, --tasks or --seeds it makes a series of candidates and measures them by --probe, --holdout or -c; the
    same command after Ctrl-C goes on.

    \b
    Example:  fteval train sft --base nano --data train.jsonl --name iso-dates --set epochs=10
              fteval train sft --base nano --data train.jsonl --sizes 8,16,32 --seeds 3 --probe iso_date -o curve.md
              fteval train grpo --base nano --data prompts.jsonl --set rewards=lipogram.compliant,laziness.long_enough
              fteval train hosted --base openai:NAME --data train.jsonl
    """
    use = ModelUse(trainer=trainer, recipe=asked.settings or {}, data=data, where="--set")
    name = str(given["name"] or (data.stem if data else "tasks"))
    wanted = {key: given[key] for key in ("sizes", "tasks", "seeds") if given[key] is not None}
    check_writable(outputs)
    if wanted:
        from fteval.experiment.asked_series import asked_series
        from fteval.experiment.measure import measure

        experiment = asked_series(replace(asked, against=base, settings=None), name, use, wanted)
        with Progress(quiet=display.quiet, color=display.color) as listener:
            place = placed(asked, experiment, listener, options.typed())
            result = measure(experiment, place)
        return present(result, outputs=outputs, as_json=as_json, display=display, store=place.store)
    if asked.probes or asked.holdouts or asked.config or outputs:
        raise UserError(
            "--probe, --holdout, -c and -o measure a series: one candidate is only made here",
            fix="add --sizes or --seeds, or measure the candidate with `fteval run --model ID --against BASE`",
        )
    if data is None:
        raise UserError("no rows to learn from", fix="name them with --data FILE, or several with --tasks")
    return _one(name, replace(use, data=data), base, asked, display, cancel=bool(given["cancel"]), as_json=as_json)


def _one(
    name: str, use: ModelUse, base: str, asked: Asked, display: options.Display, *, cancel: bool, as_json: bool
) -> int:
    """One candidate, or the end of its hosted job."""
    from fteval.experiment import train

    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = Place(
            store=asked.store or options.DEFAULT_STORE,
            offline=asked.offline,
            launch=asked.launch,
            vllm=asked.vllm,
            listener=listener,
        )
        if cancel:
            job = train.cancel(use, base, place)
            click.echo(json.dumps({"cancelled": job}) if as_json else f"cancelled: {job}")
            return OK
        candidate = train.train(name, use, base, place, asked.allow_code)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(candidate), indent=1))
    else:
        click.echo(candidate.id)
        if not display.quiet and candidate.kind != "reward":
            click.echo(f"next:  fteval run --model {candidate.id} --against {candidate.base} --holdout FILE", err=True)
    return OK
