"""`fteval data check`: what is wrong with training data, before anybody trains on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.commands import options
from fteval.errors import GATE_FAILED, OK, NothingToEvaluate
from fteval.experiment.asked import Asked

if TYPE_CHECKING:
    from fteval.data.check.check import Checked
    from fteval.data.check.rows import Row

_BAR = 40


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@options.asked("config", holdouts="A file that must not be trained on, beside the config's; repeatable.")
@click.option("--seed", default=0, show_default=True, help="Of clusters and of rows that are drawn.")
@options.as_json
@options.output_flags
def command(files: tuple[Path, ...], asked: Asked, seed: int, as_json: bool, display: options.Display) -> int:
    """Look at training rows: format, copies, answers that contradict, what is private, and how lopsided they are.

    Beside the hold-outs of a config: which of their prompts are trained on, and which have no neighbour there. The exit
    code is 1 where something must be mended first: rows that cannot be read, hold-out prompts in the data, keys.

    \b
    Example:  fteval data check train.jsonl -c fteval.yaml
              fteval data check train.jsonl more.jsonl --holdout holdout.jsonl
    """
    from importlib.util import find_spec

    from fteval.data.check.check import as_data, check
    from fteval.data.check.rows import read
    from fteval.reports.escape import for_terminal

    rows = read(files)
    if not rows.rows and not rows.n_broken:
        raise NothingToEvaluate("no rows", where=", ".join(map(str, files)))
    clusters = find_spec("sklearn") is not None
    checked = check(rows, dict(_holdouts(asked)), clusters, seed)
    if as_json:
        click.echo(json.dumps(as_data(checked), indent=1))
    else:
        click.echo(for_terminal("\n".join(_shown(checked))))
        if not clusters and not display.quiet:
            click.echo("note: clusters and neighbours were not looked at: pip install 'fteval[data]'", err=True)
    return GATE_FAILED if checked.errors else OK


def _holdouts(asked: Asked) -> Iterator[tuple[str, list[Row]]]:
    """(name, rows) of each hold-out, those of a config's probes too. Raises UserError for one that cannot be read."""
    from fteval.data.check.rows import of_sample
    from fteval.data.read import read_samples
    from fteval.experiment.describe import describe, find_config
    from fteval.experiment.suite import build_suite

    config = find_config(asked.config, wanted=True)
    found = {str(path): tuple(read_samples(path, tools=True)) for path in asked.holdouts}
    if config is not None:
        experiment = describe(replace(asked, holdouts=()), config)
        found |= {spec.name: spec.samples for spec in build_suite(experiment).probes}
    for name, samples in found.items():
        yield name, [of_sample(f"{name}/{sample.id}", sample) for sample in samples]


def _shown(checked: Checked) -> Iterator[str]:
    yield f"{checked.n:,} rows"
    for level in ("error", "warning", "note"):
        for one in (f for f in checked.findings if f.level == level):
            yield f"{level + ':':<9}{one.what}"
            yield from (f"           {row}" for row in one.rows)
    if checked.coverage is not None:
        yield ""
        yield from _picture(checked)


def _picture(checked: Checked) -> Iterator[str]:
    """A bar for each cluster, and the share of the hold-out that lies in it."""
    assert checked.coverage is not None
    clusters = checked.coverage.clusters
    with_holdout = any(one.asked is not None for one in clusters)
    yield f"{'rows':>5}  {'hold-out' if with_holdout else '':<9}clusters, by their words"
    for one in clusters:
        bar = "█" * max(1, round(_BAR * one.share)) if one.share else ""
        beside = f"{100 * one.asked:.0f} %" if one.asked is not None else ""
        yield f"{100 * one.share:>3.0f} %  {beside:>8} {bar} {' '.join(one.words) or 'small ones'}".rstrip()
