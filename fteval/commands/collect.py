"""`fteval collect`: the outputs of batch files, taken up into the runs that asked for them."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fteval.commands import options
from fteval.errors import OK, UserError

if TYPE_CHECKING:
    from fteval.shards.work import State


@click.command("collect")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.outputs
@options.as_json
@options.output_flags
def command(folder: Path, outputs: tuple[Path, ...], as_json: bool, display: options.Display) -> int:
    """Complete what `fteval run --shards DIR` planned, with the outputs that lie in DIR by now.

    Outputs are found by their fields, whatever they are called, in folders of DIR too. When all answers are there this
    ends as `fteval run` would have, with the reports that it was given. When some are missing, those that came are kept
    (exit 3), and files for the rest are written.

    \b
    Example:  fteval collect work/ -o report.md
    """
    from fteval.commands.output import check_writable, present
    from fteval.commands.progress import Progress
    from fteval.commands.run import command as run
    from fteval.commands.run import described, placed
    from fteval.shards import work

    folder = folder.absolute()
    record = work.planned(folder)
    check_writable(outputs)
    given = [path.absolute() for path in outputs]
    asked: dict[str, Any] = run.make_context("run", list(record.arguments)).params
    asked["server"] = {name: asked.pop(name) for name in options.SERVER_FIELDS}
    asked["store"] = Path(record.store)
    with _in(Path(record.folder)), Progress(quiet=display.quiet, color=display.color) as listener:
        reports = given or list(asked["outputs"])
        check_writable(reports)
        planned = described(**asked | {"quiet": True})
        place = placed(planned, listener, record.command, **asked)
        result = work.collect(planned, place, folder)
        return present(result, outputs=reports, as_json=as_json, display=display, store=place.store)


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
        click.echo(_said(state, folder, bool(commands)), err=True)
    return OK


def _said(state: State, folder: Path, vllm: bool) -> str:
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


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Works in the folder where the run was planned: paths in its arguments start there."""
    if not folder.is_dir():
        raise UserError(
            f"the run was planned in {folder}, which is gone",
            where=str(folder),
            fix="call `fteval run … --shards` again from where the hold-outs are now: it finds the plan",
        )
    with contextlib.chdir(folder):
        yield
