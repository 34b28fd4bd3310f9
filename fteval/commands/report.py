"""`fteval report`: show what was measured earlier. Needs no engine, so that it works years later."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.output import check_writable, present
from fteval.errors import INCOMPLETE, OK, Incomplete


@click.command("report")
@click.argument("what", metavar="RUN|COMPARISON|latest", default="latest", shell_complete=complete.saved)
@options.by_labels
@options.store
@options.outputs
@options.as_json
@options.output_flags
def command(
    what: str,
    by_labels: bool,
    store: Path | None,
    outputs: tuple[Path, ...],
    as_json: bool,
    display: options.Display,
) -> int:
    """Show a saved run or comparison, or write it to a file. `latest` is the last thing that `run` or `compare` made.

    Exits with 0 whatever the saved verdict was; `fteval run` and `fteval compare` exit with the verdict.

    \b
    Example:  fteval report latest -o report.md
              fteval report latest --by-labels
    """
    from fteval.experiment import saved
    from fteval.experiment.by_labels import by_labels as by_labels_of

    check_writable(outputs)
    root = store or options.DEFAULT_STORE
    try:
        found = by_labels_of(what, root) if by_labels else saved.saved(what, root)
        present(found, outputs=outputs, as_json=as_json, display=display, store=root)
    except Incomplete as error:
        error.exit_code = INCOMPLETE  # the saved verdict is not this command's
        raise
    return OK
