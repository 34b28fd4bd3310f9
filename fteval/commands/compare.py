"""`fteval compare`: pair saved runs sample by sample."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.output import check_writable, present
from fteval.commands.progress import Progress
from fteval.experiment.asked import Asked


@click.command("compare")
@click.argument("base", metavar="BASE", shell_complete=complete.saved)
@click.argument("candidates", metavar="CANDIDATE...", nargs=-1, required=True, shell_complete=complete.saved)
@options.asked(
    "allow_subset", "allow_same", "of", "store", config="The fteval.yaml whose gates judge.  [default: this folder's]"
)
@options.outputs
@options.as_json
@options.output_flags
def command(
    base: str,
    candidates: tuple[str, ...],
    asked: Asked,
    outputs: tuple[Path, ...],
    as_json: bool,
    display: options.Display,
) -> int:
    """Compare saved runs on the same samples. BASE and CANDIDATE are run ids, their beginnings, or refs run before;
    BASE may be `baseline`.

    Exits with the verdict: 0 ship, 1 do not ship, 3 incomplete, 4 cannot tell.

    \b
    Example:  fteval compare 20261120T101756Z-7f3a 20261120T102001Z-91bc -o report.md
    """
    from fteval.experiment import rejudge

    check_writable(outputs)
    root = options.root(asked.store, asked.config)
    with Progress(quiet=display.quiet, color=display.color).busy("comparing"):
        result = rejudge.compare(
            base, *candidates, store=root, config=asked.config, of=asked.of or 0,
            allow_subset=asked.allow_subset, allow_same=asked.allow_same,
        )  # fmt: skip
    return present(result, outputs=outputs, as_json=as_json, display=display, store=root)
