"""`fteval compare`: pair saved runs sample by sample."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import options


@click.command("compare")
@click.argument("base", metavar="BASE")
@click.argument("candidates", metavar="CANDIDATE...", nargs=-1, required=True)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="The fteval.yaml whose gates judge.  [default: this folder's]",
)
@options.allow_subset
@options.allow_same
@options.store
@options.outputs
@options.as_json
@options.output_flags
def command(
    base: str,
    candidates: tuple[str, ...],
    config: Path | None,
    allow_subset: bool,
    allow_same: bool,
    store: Path | None,
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
    from fteval.commands.output import check_writable, present
    from fteval.experiment import saved

    check_writable(outputs)
    root = options.root(store, config)
    result = saved.compare(
        base, *candidates, store=root, config=config, allow_subset=allow_subset, allow_same=allow_same
    )
    return present(result, outputs=outputs, as_json=as_json, display=display, store=root)
