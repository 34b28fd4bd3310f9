"""`fteval runs`: what is in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fteval.commands import complete, options
from fteval.commands.output import present
from fteval.errors import INCOMPLETE, OK
from fteval.reports.escape import for_terminal


@click.group("runs")
def command() -> None:
    """List, show and verify saved runs.

    \b
    Example:  fteval runs list
              fteval runs show latest
              fteval runs verify
    """


@command.command("list")
@options.store
@options.as_json
def list_runs(store: Path | None, as_json: bool) -> None:
    """The saved runs, newest first.

    \b
    Example:  fteval runs list
    """
    from fteval.experiment import saved

    found = saved.runs(store or options.DEFAULT_STORE)
    if not found and not as_json:
        click.echo("no runs yet: `fteval run` makes them", err=True)
    for line in found:
        if as_json:
            click.echo(json.dumps(line))
            continue
        state = _state(line)
        click.echo(for_terminal(f"{line['id']}  {state:<12}  {line['ref']}  {', '.join(line['probes'])}"))


def _state(line: dict[str, Any]) -> str:
    if line["complete"]:
        return "complete"
    whole = f"SHARD {line['shard']}" if "shard" in line else "INCOMPLETE"
    return f"{whole} {line['done']} of {line['planned']}"


@command.command("show")
@click.argument("run", default="latest", shell_complete=complete.saved)
@options.store
@options.as_json
@options.output_flags
def show(run: str, store: Path | None, as_json: bool, display: options.Display) -> None:
    """One run: what was measured, how, and what came out.

    \b
    Example:  fteval runs show latest
    """
    from fteval.experiment import saved

    root = store or options.DEFAULT_STORE
    present(saved.saved_run(run, root), outputs=(), as_json=as_json, display=display, store=root)


@command.command("verify")
@click.argument("run", required=False, shell_complete=complete.saved)
@options.store
@click.option("--repair", is_flag=True, help="Move damaged lines to a side file.")
def verify(run: str | None, store: Path | None, repair: bool) -> int:
    """Check every line of every journal (or of one run's) against its checksum. Exits with 3 when one is damaged.

    \b
    Example:  fteval runs verify --repair
    """
    from fteval.experiment import saved

    findings, n_lines, n_runs = saved.verify(store or options.DEFAULT_STORE, run, repair=repair)
    for finding in findings:
        click.echo(for_terminal(finding))
    moved = " and moved aside" if repair and findings else ""
    click.echo(f"{n_runs} runs, {n_lines} lines read, {len(findings)} damaged{moved}")
    return INCOMPLETE if findings and not repair else OK
