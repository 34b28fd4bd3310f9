"""`fteval data noise`: prompts as people and strangers spoil them, among the rows that are learnt."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.commands import complete, options
from fteval.commands.data_amplify import disturbed, tell
from fteval.errors import OK, NothingToEvaluate, UserError
from fteval.experiment.asked import Asked

if TYPE_CHECKING:
    from fteval.data.amplify.rows import Source


@click.command("noise")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The given rows and the new.")
@click.option("--robust", metavar="SHARE", help="So many more rows with a disturbed prompt and the right answer: 10%.")
@click.option(
    "--by",
    default="all",
    show_default=True,
    metavar="NAME,…",
    shell_complete=complete.disturbances,
    help="Disturbances, as `robustness` has them.",
)
@click.option("--broken", metavar="SHARE", help="So many more with a prompt that cannot be answered; needs --answer.")
@click.option("--answer", help="To broken prompts: 'What would you like to know?'")
@click.option("--seed", default=0, show_default=True, help="Other rows, other noise.")
@options.asked("config", holdouts="What no new row may come near, beside the config's; repeatable.")
@options.as_json
@options.output_flags
def command(
    file: Path, output: Path, asked: Asked, seed: int, as_json: bool, display: options.Display, **given: str | None
) -> int:
    """Add rows with disturbed, hostile and broken prompts to training rows.

    The given rows stay as they are; a new one says in its metadata which row it is `from` and `how`. Whether it helps
    is seen with `robustness` before and after.

    \b
    Example:  fteval data noise train.jsonl --robust 20% -o noisy.jsonl
              fteval data noise train.jsonl --robust 10% --broken 5% --answer "What is your question?" -o noisy.jsonl
    """
    from fteval.data.amplify.amplify import Wanted, amplify, apart
    from fteval.data.amplify.broken import broken
    from fteval.data.amplify.rows import sources, written
    from fteval.data.write import write_lines
    from fteval.evals.language.typos import DISTURBANCES
    from fteval.experiment.holdout_rows import holdouts
    from fteval.experiment.human import check_apart

    options.check_new(output)
    answer = given["answer"]
    if (given["broken"] is None) != (answer is None):
        raise UserError("--broken and --answer belong together", fix='--broken 5% --answer "What is your question?"')
    if answer is not None and not answer.strip():
        raise UserError("--answer is empty", fix='--answer "What is your question?"')
    if given["robust"] is None and given["broken"] is None:
        raise UserError("no noise is asked for", fix="--robust 10%, or --broken 5% --answer TEXT")
    way = disturbed(given["by"] or "all")
    held, rows = holdouts(asked), sources(file)
    check_apart(file, rows, held)
    if answer is not None and (pair := next((row for row in rows if row.one.rejected is not None), None)):
        raise UserError("--broken has no answer to reject, and this is a preference", where=pair.where)
    against = [row for of in held.rows.values() for row in of]
    found = amplify(_drawn(rows, given["robust"], f"robust {seed}"), [way], against, Wanted(1, None, seed))
    if answer is not None:
        spoilt = _drawn(rows, given["broken"], f"broken {seed}")
        found.made += apart([*broken(spoilt, answer, DISTURBANCES["hostile"], seed)], against, found)
    if not found.made:
        raise NothingToEvaluate("no row could be made", where=str(file))
    write_lines(output, written(rows, found.made))
    tell(output, rows, found, as_json, display)
    return OK


def _drawn(rows: Sequence[Source], share: str | None, seed: str) -> list[Source]:
    """So many of the rows, each once. Raises UserError for what is no share."""
    if share is None:
        return []
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", share)
    if found is None or not 0 < float(found[1]) <= 100:
        raise UserError(f"{share!r} is no share of the rows", fix="a number of percent up to 100: 10%")
    n = max(1, round(float(found[1]) / 100 * len(rows)))
    return random.Random(seed).sample(list(rows), n)
