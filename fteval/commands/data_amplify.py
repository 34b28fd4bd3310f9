"""`fteval data amplify`: a small set of rows made larger, each new row with where it comes from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fteval.commands import complete, options
from fteval.errors import OK, NothingToEvaluate, UserError
from fteval.experiment.asked import Asked

if TYPE_CHECKING:
    from fteval.data.amplify.amplify import Amplified
    from fteval.data.amplify.rows import Source
    from fteval.data.amplify.ways import Way


@click.command("amplify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The rows, and those made of them."
)
@click.option("--slots", multiple=True, metavar="NAME=V1,V2|FILE.yaml", help="Values for one another; repeatable.")
@click.option(
    "--disturb",
    metavar="NAME,…",
    shell_complete=complete.disturbances,
    help="Prompts mistyped, in lower case, …: as `robustness` has them; or all.",
)
@click.option("--paraphrase", metavar="REF", help="A model that puts prompts in other words.")
@click.option("--back", multiple=True, metavar="'FROM: {} => TO: {}'", help="The way back of a conversion; repeatable.")
@click.option("--each", default=2, show_default=True, type=click.IntRange(1), help="Most rows of one way from each.")
@click.option("--rows", type=click.IntRange(1), help="Most rows in all, the given ones too.")
@click.option("--seed", default=0, show_default=True, help="Other values, typos and wordings.")
@options.asked("config", "store", "device", "offline", holdouts="What no new row may come near, beside the config's.")
@options.as_json
@options.output_flags
def command(file: Path, output: Path, asked: Asked, as_json: bool, display: options.Display, **given: Any) -> int:
    """Make more rows of a few: other values, disturbed prompts, other words, and the way back.

    The given rows come first, as they are. A new row says in its metadata which one it is `from` and `how`, and has its
    `group`, so that a split keeps them together. What comes near a hold-out, says what is there already or has lost a
    number or a name is left out and counted. A hold-out itself is refused: it stays as people wrote it.

    \b
    Example:  fteval data amplify train.jsonl -o more.jsonl --disturb typos,lower_case --slots name=Ann,Ben,Cem
              fteval data amplify train.jsonl -o more.jsonl --paraphrase hf:Qwen/Qwen2.5-0.5B-Instruct --each 3
    """
    from fteval.data.amplify.amplify import Wanted, amplify
    from fteval.data.amplify.rows import sources, written
    from fteval.data.write import write_lines
    from fteval.experiment.holdout_rows import holdouts
    from fteval.experiment.human import check_apart

    options.check_new(output)
    held = holdouts(asked)
    rows = sources(file)
    check_apart(file, rows, held)
    ways = list(_ways(rows, asked, display, given))
    if not ways:
        raise UserError("no way to make rows", fix="--slots, --disturb, --paraphrase or --back")
    wanted = Wanted(given["each"], given["rows"], given["seed"])
    found = amplify(rows, ways, [row for of in held.rows.values() for row in of], wanted)
    if not found.made:
        raise NothingToEvaluate("\n".join(["no row could be made", *_left_out(found)]), where=str(file))
    write_lines(output, written(found.given, found.made))
    tell(output, found.given, found, as_json, display)
    return OK


def _ways(rows: Sequence[Source], asked: Asked, display: options.Display, given: dict[str, Any]) -> Iterator[Way]:
    """What was asked for, cheap ones first. Raises UserError for what is none."""
    from fteval.data.amplify.slots import slots
    from fteval.data.amplify.ways import Backs, back

    made = [slots(given["slots"])] if given["slots"] else []
    yield from made
    if given["disturb"] is not None:
        yield disturbed(given["disturb"])
    if given["back"]:
        yield Backs([back(text) for text in given["back"]])
    if given["paraphrase"] is not None:
        yield _paraphrased(rows, asked, display, given)


def disturbed(names: str) -> Way:
    """The disturbances of these names, with a comma between them, or all. Raises UserError for one that is none."""
    from fteval.data.amplify.ways import Disturbed
    from fteval.errors import suggest
    from fteval.evals.language.typos import DISTURBANCES

    chosen = list(DISTURBANCES) if names == "all" else [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in DISTURBANCES:
            raise UserError(f"no disturbance '{name}'. {suggest(name, DISTURBANCES)}")
    return Disturbed({name: DISTURBANCES[name] for name in chosen})


def _paraphrased(rows: Sequence[Source], asked: Asked, display: options.Display, given: dict[str, Any]) -> Way:
    from fteval.commands.progress import Progress
    from fteval.engines.pool import Pool
    from fteval.experiment.paraphrase import paraphrased
    from fteval.runs.journal.store import Store

    store = Store(options.root(asked.store, asked.config, wanted=True))
    with (
        Progress(quiet=display.quiet, color=display.color) as listener,
        Pool(store.candidates_dir, device=asked.device, offline=asked.offline) as pool,
    ):

        def told(done: int, total: int) -> None:
            listener.progress("other words", done, total)

        return paraphrased(rows, given["paraphrase"], pool, given["each"], given["seed"], told)


def _left_out(found: Amplified) -> Iterator[str]:
    for (kind, why), n in found.left_out.most_common():
        yield f"left out: {kind}: {why} ({n:,})"


def tell(output: Path, rows: Sequence[Source], found: Amplified, as_json: bool, display: options.Display) -> None:
    """What was made and what was left out, and why."""
    made = Counter(one.kind for one in found.made)
    if as_json:
        left = [{"way": kind, "why": why, "n": n} for (kind, why), n in found.left_out.most_common()]
        click.echo(json.dumps({"given": len(rows), "made": dict(made), "left_out": left}, indent=1))
    elif not display.quiet:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in made.items())
        click.echo(f"{output}: {len(rows):,} rows as they were, {len(found.made):,} made ({kinds})", err=True)
        for line in _left_out(found):
            click.echo(line, err=True)
