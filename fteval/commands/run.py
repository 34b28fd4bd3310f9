"""`fteval run`: the whole thing, from models and probes to a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fteval.commands import options
from fteval.errors import OK, UserError
from fteval.records import Plan

if TYPE_CHECKING:
    from fteval.experiment.experiment import Experiment
    from fteval.experiment.place import Listener, Place


@click.command("run")
@click.option(
    "--model",
    "model",
    metavar="REF",
    help="What to measure: nano, a folder, BASE+ADAPTER, ft:…, http://HOST/v1#NAME, replay:FILE, or a name.",
)
@click.option("--against", metavar="REF|baseline", help="The base, or the accepted scores of an earlier one.")
@options.probes
@click.option(
    "--holdout", "holdouts", multiple=True, type=click.Path(path_type=Path), help="Your own hold-out file; repeatable."
)
@click.option(
    "--score",
    "scorers",
    multiple=True,
    metavar="SCORER",
    help="How to judge the hold-out: exact, contains, regex, number, chrf.",
)
@options.settings
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="A fteval.yaml.  [default: the one in this folder, if any]"
)
@options.store
@options.outputs
@options.limit
@options.allow_subset
@click.option("--sequential", is_flag=True, help="Stop each probe as soon as its gates are decided.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and what the gates could see.")
@click.option("--seed", type=int, help="Of sampling.")
@click.option("--temperature", type=float, help="0 is greedy.")
@click.option("--answer-tokens", type=int, help="Longest answer.  [default: 256]")
@click.option("--repeats", type=int, help="Answers per sample; they are averaged.")
@options.device
@options.dtype
@click.option("--batch-tokens", type=int, help="Padded tokens per batch.")
@options.server
@options.offline
@click.option("--resume", metavar="RUN", is_flag=False, flag_value="latest", help="Go on with an interrupted run.")
@click.option(
    "--shards", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write batch files; ask nobody."
)
@click.option("--shard-size", type=click.IntRange(min=1), help="Requests per batch file.  [default: 2000]")
@click.option("--batch-api", is_flag=True, help="Have the provider run the files of --shards, and wait for them.")
@options.as_json
@options.output_flags
def command(
    outputs: tuple[Path, ...],
    dry_run: bool,
    resume: str | None,
    shards: Path | None,
    shard_size: int | None,
    batch_api: bool,
    as_json: bool,
    display: options.Display,
    **asked: Any,
) -> int:
    """Measure a model on held-out samples; with a base, say what changed and whether it should ship.

    With a config: trains the candidates that do not exist yet, runs base and candidates, compares, judges, reports.
    What is already there (same content) is not done again.

    \b
    Example:  fteval run --model nano+out/sft --against nano --probe iso_date --probe facts -o report.md
              fteval run -c fteval.yaml
    """
    from fteval.commands.output import check_writable, present
    from fteval.commands.progress import Progress
    from fteval.experiment.measure import measure
    from fteval.experiment.plan import plan

    check_writable(outputs)
    _check_shards(shards, shard_size, batch_api, resume)
    planned = described(quiet=display.quiet, **asked)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = placed(planned, listener, options.typed(), **asked)
        if dry_run:
            return _show_plan(plan(planned, place), as_json)
        if shards is None:
            result = measure(planned, replace(place, resume=resume))
        else:
            from fteval.commands.collect import show_state
            from fteval.shards import work

            state = work.write(planned, place, shards, options.arguments(), shard_size)
            if not batch_api:
                return show_state(state, shards, as_json=as_json, quiet=display.quiet)
            from fteval.shards import submit

            submit.follow(state.todo, shards, place, planned.servers)
            result = work.collect(planned, place, shards)
    return present(result, outputs=outputs, as_json=as_json, display=display, store=place.store)


def described(
    *,
    config: Path | None,
    model: str | None,
    against: str | None,
    probes: tuple[str, ...],
    holdouts: tuple[Path, ...],
    scorers: tuple[str, ...],
    settings: tuple[str, ...],
    limit: int | None,
    allow_subset: bool,
    sequential: bool,
    seed: int | None,
    temperature: float | None,
    answer_tokens: int | None,
    repeats: int | None,
    server: dict[str, float | None],
    quiet: bool,
    **_: Any,
) -> Experiment:
    """What the options say is to be measured. Raises UserError for what is wrong with it."""
    from fteval.experiment.describe import describe, find_config
    from fteval.experiment.experiment import DEFAULT_CONFIG

    found = find_config(config, wanted=not (probes or holdouts))
    if found is None and DEFAULT_CONFIG.is_file() and not quiet:
        note = "is not used, because --probe or --holdout says what to measure; with -c its gates judge too"
        click.echo(f"fteval: {DEFAULT_CONFIG} {note}", err=True)
    return describe(
        config=found,
        model=model,
        against=against,
        probes=probes,
        holdouts=holdouts,
        scorers=scorers,
        settings=options.parse_settings(settings),
        sampling={"seed": seed, "temperature": temperature, "max_tokens": answer_tokens},
        repeats=repeats,
        limit=limit,
        sequential=sequential,
        allow_subset=allow_subset,
        server=server,
    )


def placed(
    planned: Experiment,
    listener: Listener,
    typed: str,
    *,
    store: Path | None,
    device: str,
    dtype: str,
    batch_tokens: int | None,
    offline: bool,
    **_: Any,
) -> Place:
    """Where the options say the work happens."""
    from fteval.experiment.place import Place

    return Place(
        store=store or planned.store,
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        offline=offline,
        command=typed,
        listener=listener,
    )


def _check_shards(shards: Path | None, shard_size: int | None, batch_api: bool, resume: str | None) -> None:
    if shards is None and (batch_api or shard_size is not None):
        raise UserError("--batch-api and --shard-size are for --shards", fix="add --shards DIR")
    if shards is not None and resume is not None:
        raise UserError(
            "--shards finds its runs by the folder, so that there is nothing to name with --resume",
            fix="leave --resume out",
        )


def _show_plan(plan: Plan, as_json: bool) -> int:
    import dataclasses
    import json

    from fteval.reports.terminal import plain

    click.echo(json.dumps(dataclasses.asdict(plan), indent=1) if as_json else plain.plan(plan), nl=as_json)
    return OK
