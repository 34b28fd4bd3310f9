"""How far a folder of batch files, or a shard, is, and what is to be run now."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.errors import INCOMPLETE, OK
from fteval.reports.escape import for_terminal

if TYPE_CHECKING:
    from fteval.records import Shard
    from fteval.shards.share import Asked
    from fteval.shards.work import State


def show_state(state: State, folder: Path, *, as_json: bool, quiet: bool) -> int:
    """Says what is to be run now: on stdout nothing but the commands, a line for each file."""
    import json

    if as_json:
        todo = [
            {"file": str(t.path), "rows": t.rows, "sha256": t.sha256, "run": t.run, "model": t.engine.model(t.name)}
            | {"command": t.command}
            for t in state.todo
        ]
        click.echo(json.dumps({"planned": state.planned, "open": state.open, "todo": todo}, indent=1))
        return OK
    commands = [todo.command for todo in state.todo if todo.command]
    for line in commands:
        click.echo(line)
    if not quiet:
        click.echo(_next_steps(state, folder, bool(commands)), err=True)
    return OK


def show_asked(shard: Shard, asked: tuple[Asked, ...], store: Path, *, as_json: bool) -> int:
    """Says what a shard has of its answers. Exits with 3 where some are in error: the same command asks them again."""
    import json

    whole = all(one.done == one.planned for one in asked)
    if as_json:
        models = {one.name: {"run": one.run, "planned": one.planned, "done": one.done} for one in asked}
        click.echo(json.dumps({"shard": str(shard), "models": models}, indent=1))
    else:
        for one in asked:
            click.echo(for_terminal(f"shard {shard} of {one.name}: {one.done:,} of {one.planned:,} answers, {one.run}"))
        then = f"when all {shard.of} are there: fteval merge {shlex.quote(str(store))}"
        click.echo(f"nothing is judged yet; {then}" if whole else "the same command asks what is missing", err=True)
    return OK if whole else INCOMPLETE


def _next_steps(state: State, folder: Path, vllm: bool) -> str:
    then = f"fteval collect {shlex.quote(str(folder))}"
    if not state.todo:
        return f"all {state.planned:,} answers are there; next: {then}"
    hosted = sum(todo.command is None for todo in state.todo)
    steps = ["run the commands above, anywhere, in any order"] if vllm else []
    if hosted:
        steps.append(f"have the provider run {hosted} files: the same command with --batch-api, or by hand")
    files = f"{len(state.todo)} file{'s' * (len(state.todo) != 1)}"
    return (
        f"{state.open:,} of {state.planned:,} requests are open, in {files} in {folder}; nobody was asked\n"
        f"next: {'; '.join(steps)}; put the outputs anywhere under {folder}\n"
        f"then: {then}"
    )
