"""`fteval data check`: what is wrong with training data, before anybody trains on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.commands import options
from fteval.commands.progress import Progress
from fteval.errors import GATE_FAILED, OK, NothingToEvaluate, UserError
from fteval.experiment.asked import Asked

if TYPE_CHECKING:
    from fteval.data.check.check import Checked, Finding

_BAR = 40


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@options.asked(
    "config", "store", "device", "offline",
    holdouts="A file that must not be trained on, beside the config's; repeatable.",
    model="The base: how long the rows are in its tokens, and what it knows of their facts.",
    limit="Of --model: at most so many facts are asked.  [default: 100]",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE.svg", help="A picture of how the prompts lie."
)
@click.option("--seed", default=0, show_default=True, help="Of clusters and of rows that are drawn.")
@options.as_json
@options.output_flags
def command(
    files: tuple[Path, ...], asked: Asked, output: Path | None, seed: int, as_json: bool, display: options.Display
) -> int:
    """Look at training rows: format, copies, answers that contradict, what is private, and how lopsided they are.

    Beside the hold-outs of a config: which of their prompts are trained on, and which have no neighbour there. The exit
    code is 1 where something must be mended first: rows that cannot be read, hold-out prompts in the data, keys.

    \b
    Example:  fteval data check train.jsonl -c fteval.yaml
              fteval data check train.jsonl more.jsonl --holdout holdout.jsonl
              fteval data check train.jsonl --model nano
    """
    from importlib.util import find_spec

    from fteval.data.check.check import as_data, check
    from fteval.data.check.rows import read
    from fteval.experiment.holdout_rows import holdouts
    from fteval.reports.escape import for_terminal

    if output is not None:
        _check_picture(output)
    if asked.limit is not None and (asked.model is None or asked.limit < 0):
        raise UserError(
            f"--limit {asked.limit}: how many facts --model is asked, from 0 on", fix="--model nano --limit 50"
        )
    listener = Progress(quiet=display.quiet, color=display.color)
    with listener.busy("reading rows"):
        rows = read(files)
    if not rows.rows and not rows.n_broken:
        raise NothingToEvaluate("no rows", where=", ".join(map(str, files)))
    clusters, held = find_spec("sklearn") is not None, holdouts(asked)
    # First, so that a model that is none is said before the work is done.
    of_model = tuple(_of_model(files, asked, seed, display)) if asked.model is not None else ()
    with listener.busy(f"looking at {len(rows.rows):,} rows"):
        checked = check(rows, held.rows, clusters, seed, mapped=output is not None)
    checked = replace(checked, findings=(*checked.findings, *of_model))
    if output is not None:
        _draw(checked, output)
    if as_json:
        click.echo(json.dumps(as_data(checked), indent=1))
    else:
        click.echo(for_terminal("\n".join(_shown(checked))))
        if not clusters and not display.quiet:
            click.echo("note: clusters and neighbours were not looked at: pip install 'fteval[data]'", err=True)
    return GATE_FAILED if checked.errors else OK


def _check_picture(output: Path) -> None:
    """Raises UserError, before the work is done, for what cannot be drawn."""
    from importlib.util import find_spec

    if output.suffix.lower() != ".svg":
        raise UserError(f"-o {output}: the picture is an SVG", fix="name a FILE.svg")
    if find_spec("sklearn") is None:
        raise UserError("a picture of clusters needs scikit-learn", fix="pip install 'fteval[data]'")
    options.check_folder(output)


def _draw(checked: Checked, output: Path) -> None:
    from fteval.reports.coverage_svg import picture

    if checked.coverage is None:
        click.echo(f"note: {output} was not written: too few prompts, or no words that only some have", err=True)
        return
    output.write_text(picture(checked.coverage), encoding="utf-8")


def _of_model(files: tuple[Path, ...], asked: Asked, seed: int, display: options.Display) -> Iterator[Finding]:
    """What the base makes of the rows. Raises UserError for one that cannot be asked."""
    from fteval.data.check.check import Finding
    from fteval.data.check.learnt import learnt
    from fteval.engines import refs
    from fteval.experiment.describe import describe, find_config
    from fteval.experiment.known_rows import ASKED, known_of
    from fteval.experiment.place import placed
    from fteval.experiment.row_tokens import max_length, tokens_of
    from fteval.runs.journal.store import Store
    from fteval.trainers.making.base import find_base

    config = find_config(asked.config, wanted=True)
    experiment = describe(replace(asked, model=None, against=asked.model, holdouts=(), limit=None, probes=("facts",)))
    assert asked.model is not None
    rows, store = list(learnt(files)), Store(asked.store or experiment.store)
    if not rows:
        yield Finding("note", f"no answers for {asked.model} to learn")
        return
    if refs.parse(asked.model, store.candidates_dir).base.kind in ("scheme", "server"):
        yield Finding("note", f"lengths in tokens were not counted: {asked.model} has no tokenizer here")
    else:
        base = find_base(asked.model, store.candidates_dir, offline=asked.offline)
        longest = max_length(
            describe(replace(asked, model=None, holdouts=(), limit=None), config) if config else None, files
        )
        yield from tokens_of(rows, base, asked.model, longest, seed)
    with Progress(quiet=display.quiet, color=display.color) as listener:
        place = placed(asked, experiment, listener, options.typed())
        yield from known_of(rows, experiment, place, ASKED if asked.limit is None else asked.limit, seed)


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
