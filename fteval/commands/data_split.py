"""`fteval data split`: training, development and hold-out parts that share nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from fteval.commands import options
from fteval.commands.progress import Progress
from fteval.errors import OK, UserError

_GUARD = 0.02
"""The drop that a run without gates allows."""
_CHANGED = (0.05, 0.15, 0.30)


@click.command("split")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder for the parts.")
@click.option("--holdout", default=0.2, show_default=True, type=click.FloatRange(0), help="A share, or how many rows.")
@click.option("--dev", default=0.0, show_default=True, type=click.FloatRange(0), help="The same of a dev part.")
@click.option("--by", metavar="KEY", help="What belongs together.  [default: group, conversation_id, document, …]")
@click.option("--time", metavar="KEY", help="The newest rows are the hold-out.")
@click.option("--stratify", metavar="KEY", help="Its values come in each part as often as in all rows.")
@click.option("--seed", default=0, show_default=True, help="Other rows in each part.")
@options.as_json
def command(file: Path, output: Path, as_json: bool, **given: Any) -> int:
    """Split rows into train, dev and hold-out, and keep together what would be a leak if it were apart.

    Rows of one group, rows that ask the same and rows that ask nearly the same are in one part. `split.json` beside the
    parts records how they came about. How many hold-out samples gates need is said.

    \b
    Example:  fteval data split rows.jsonl -o data --holdout 0.2 --dev 0.1
    """
    from fteval.data.check.rows import read
    from fteval.data.read import iter_rows
    from fteval.data.split import Wanted, parts
    from fteval.data.write import write_lines

    names = ("train", "dev", "holdout")
    there = [path for name in names if (path := output / f"{name}.jsonl").exists()]
    if there:
        raise UserError(f"{there[0]} is there already", fix="name a new folder; nothing is written over")
    rows = [row for _, row in iter_rows(file)]
    held = read([file])
    if held.n_broken or not rows or len(rows) != len(held.rows):
        raise UserError("\n".join(held.broken) or "no rows to split", where=str(file), fix="fteval data convert")
    wanted = Wanted(**given)
    with Progress().busy(f"looking for rows that are alike among {len(rows):,}"):
        chosen = parts(rows, held.rows, wanted)
    made = sum(row.made and part != "train" for row, part in zip(held.rows, chosen, strict=True))
    if made:
        n = f"{made:,} row{'' if made == 1 else 's'}"
        click.echo(f"warning: {n} outside train made of others: split what people wrote, then amplify train", err=True)
    output.mkdir(parents=True, exist_ok=True)
    counts = Counter(chosen)
    for name in (name for name in names if counts[name]):
        write_lines(output / f"{name}.jsonl", (row for row, part in zip(rows, chosen, strict=True) if part == name))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    record = {"source": str(file), "sha256": digest, **dataclasses.asdict(wanted), "rows": dict(counts)}
    (output / "split.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if as_json:
        click.echo(json.dumps({**record, "needed": _needed()}, indent=1))
    else:
        told = ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])
        click.echo(f"{output}: {told}", err=True)
        needed = ", ".join(f"{n:,} ({share})" for share, n in _needed().items() if n)
        told = "hold-out samples with which a gate of 2 pp decides in 4 of 5 cases, by the share of answers that change"
        click.echo(f"{told}: {needed}", err=True)
    return OK


def _needed() -> dict[str, int | None]:
    """Share of answers that change -> hold-out samples for the gate of a run without gates, when nothing is lost."""
    from fteval.stats.planning import plan_n

    return {f"{100 * changed:.0f} %": plan_n(changed, 0.0, -_GUARD) for changed in _CHANGED}
