"""`fteval data convert`: rows of any form as rows of another."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from fteval.commands import options
from fteval.commands.progress import Progress
from fteval.errors import INCOMPLETE, OK

_FORMS = (
    "chat",
    "prompt",
    "completion",
    "alpaca",
    "alpaca-text",
    "sharegpt",
    "pairs",
    "hosted-pairs",
    "text",
    "outputs",
)


@click.command("convert")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The new file; its ending says the format: .jsonl, .json (a list), .csv, .tsv, .parquet.",
)
@click.option(
    "--to", "form", type=click.Choice(_FORMS), default="chat", show_default=True, help="What a row looks like."
)
@click.option("--prompt", metavar="KEY", help="The key of what is asked.  [default: where people keep it]")
@click.option("--target", metavar="KEY", help="The key of what is right.  [default: where people keep it]")
@click.option(
    "--filter", "rules", multiple=True, metavar="RULE", help="Rows to keep: 'no letter e in assistant'; repeatable."
)
@click.option(
    "--replace", "names", multiple=True, metavar="OLD=NEW", help="Another word, everywhere: Romeo=Bob; repeatable."
)
@click.option("--scramble", type=click.Choice(("punctuation", "words", "letters")), help="Of the answers.")
@click.option("--seed", default=0, show_default=True, help="Of --scramble.")
@click.option("--unique", is_flag=True, help="Write what is the same once; an id that is taken becomes a new one.")
@click.option("--plain", is_flag=True, help="Write tools, their calls, names and reasoning as text of their turns.")
@click.option("--encoding", help="Of the file.  [default: utf-8, or utf-16 where it looks so]")
@click.option("--delimiter", help="Of a table: ';', tab.  [default: as it looks]")
@options.as_json
@options.output_flags
def command(file: Path, output: Path, as_json: bool, display: options.Display, **given: Any) -> int:
    """Make rows that run, train and score read of rows as other tools write them.

    Reads chat, Alpaca, ShareGPT, prompt and completion, preference pairs, Gemini's contents, logs of requests, and
    text in a chat template; as JSON of any layout, CSV, Parquet or plain text. Rows that cannot be converted are
    listed, and the
    exit code is then 3. `--filter` keeps what a rule holds for, `--replace` and `--scramble` change what is said.

    \b
    Example:  fteval data convert alpaca.json -o train.jsonl
              fteval data convert faq.csv --prompt question --target answer -o train.jsonl
              fteval data convert train.jsonl --filter "no letter e in assistant" -o lipogram.jsonl
    """
    from fteval.data.convert.convert import convert
    from fteval.data.jsonl import Problems
    from fteval.reports.escape import for_terminal

    options.check_new(output)
    problems = Problems(file)
    with Progress(quiet=display.quiet, color=display.color).busy(f"converting {file.name}"):
        tally = convert(file, output, _wanted(given), problems)
    if as_json:
        told = {f.name: getattr(tally, f.name) for f in dataclasses.fields(tally)}
        click.echo(json.dumps({**told, "failed": problems.n, "problems": problems.found}, indent=1))
    elif not display.quiet:
        click.echo(f"{output}: {', '.join([_rows(tally.written), *_counts(tally)])}", err=True)
        for note, n in tally.notes.items():
            click.echo(f"note: {note} ({_rows(n)})", err=True)
    if problems.n:
        click.echo(for_terminal("\n".join(problems.lines())), err=True)
        click.echo(f"not converted, and not in {output}: {_rows(problems.n)}", err=True)
        return INCOMPLETE
    return OK


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _counts(tally: Any) -> list[str]:
    told = {
        "without an answer": tally.prompts,
        "left out by --filter": tally.left_out,
        "changed": tally.changed,
        "left out because an earlier row says the same": tally.again,
    }
    return [f"{n:,} {what}" for what, n in told.items() if n]


def _wanted(given: dict[str, Any]) -> Any:
    """What was asked for. Raises UserError for a rule or a replacement that is none."""
    from fteval.data.convert.convert import Wanted
    from fteval.data.convert.edit import Edits, replaced, rule, scrambled
    from fteval.data.convert.forms import Keys
    from fteval.data.convert.sources import Reading

    changes = [replaced(text) for text in given["names"]] + (
        [scrambled(given["scramble"])] if given["scramble"] else []
    )
    return Wanted(
        given["form"],
        Keys(given["prompt"], given["target"], given["plain"]),
        Reading(given["encoding"], given["delimiter"]),
        Edits([rule(text) for text in given["rules"]], changes, given["seed"]),
        given["unique"],
    )
