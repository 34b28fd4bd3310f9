"""`fteval run`: the whole thing, from models and probes to a verdict."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import options
from fteval.commands import parts as in_parts
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.errors import OK
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import DEFAULT_CONFIG, Experiment
from fteval.experiment.place import placed
from fteval.records import Plan


@click.command("run")
@options.asked("model", "against", "probes", "benchmarks", "include", "holdouts", "scorers", "settings")
@options.asked("reference", "config", "yardstick", "store")
@options.outputs
@options.asked(
    "limit", "allow_subset", "allow_same", "of", "allow_code", "sequential", "seed", "temperature", "max_tokens",
    "repeats", "device", "dtype", "batch_tokens", "concurrency", "timeout", "max_retries", "max_usd",
    "max_total_tokens", "offline", "launch", "vllm", "resume",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and what the gates could see.")
@in_parts.options
@options.as_json
@options.output_flags
def command(
    asked: Asked,
    outputs: tuple[Path, ...],
    dry_run: bool,
    parts: in_parts.Parts,
    as_json: bool,
    display: options.Display,
) -> int:
    """Measure a model on held-out samples; with a base, say what changed and whether it should ship.

    With a config: trains the candidates that do not exist yet, runs base and candidates, compares, judges, reports.
    What is already there (same content) is not done again.

    \b
    Example:  fteval run --model nano+out/sft --against nano --probe iso_date --probe facts -o report.md
              fteval run -c fteval.yaml
    """
    from fteval.experiment.measure import measure

    check_writable(outputs)
    parts.check(asked, outputs)
    experiment = _experiment(asked, display.quiet)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = placed(asked, experiment, listener, options.typed())
        if dry_run:
            from fteval.experiment.plan import plan

            return _show_plan(plan(experiment, place), as_json)
        if parts.any:
            return parts.run(experiment, place, outputs, as_json=as_json, display=display)
        result = measure(experiment, place)
    return present(result, outputs=outputs, as_json=as_json, display=display, store=place.store)


def _experiment(asked: Asked, quiet: bool) -> Experiment:
    """What the options and the config say is to be measured. Raises UserError for what is wrong with it."""
    from fteval.experiment.describe import find_config
    from fteval.experiment.yardstick import described

    config = find_config(asked.config, wanted=not (asked.probes or asked.benchmarks or asked.holdouts))
    if config is None and DEFAULT_CONFIG.is_file() and not quiet:
        note = "is not used, because --probe or --holdout says what to measure; with -c its gates judge too"
        click.echo(f"fteval: {DEFAULT_CONFIG} {note}", err=True)
    return described(asked, config)


def _show_plan(plan: Plan, as_json: bool) -> int:
    import dataclasses
    import json

    from fteval.reports.terminal import plain

    click.echo(json.dumps(dataclasses.asdict(plan), indent=1) if as_json else plain.plan(plan), nl=as_json)
    return OK
