"""`fteval report`: show what was measured earlier. Needs no engine, so that it works years later."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.output import check_writable, present
from fteval.errors import INCOMPLETE, OK, Incomplete, UserError
from fteval.reports.escape import for_terminal


@click.command("report")
@click.argument("what", metavar="RUN|COMPARISON|latest", default="latest", shell_complete=complete.saved)
@options.by_labels
@options.store
@options.outputs
@click.option(
    "--model-card", "card", type=click.Path(path_type=Path, dir_okay=False), metavar="README.md",
    help="Write the results into a model card's `model-index`; the rest of it stays as it is.",
)  # fmt: skip
@click.option("--candidate", metavar="NAME", help="Of --model-card.  [default: the chosen or only one]")
@options.as_json
@options.output_flags
def command(
    what: str,
    by_labels: bool,
    store: Path | None,
    outputs: tuple[Path, ...],
    card: Path | None,
    candidate: str | None,
    as_json: bool,
    display: options.Display,
) -> int:
    """Show a saved run or comparison, or write it to a file. `latest` is the last thing that `run` or `compare` made.

    Exits with 0 whatever the saved verdict was; `fteval run` and `fteval compare` exit with the verdict.

    \b
    Example:  fteval report latest -o report.md
              fteval report latest --by-labels
              fteval report latest --model-card README.md
    """
    from fteval.experiment import saved

    check_writable(outputs)
    root = store or options.DEFAULT_STORE
    if candidate is not None and card is None:
        raise UserError("--candidate is for --model-card", fix="add --model-card README.md")
    if card is not None:
        from fteval.experiment.model_card import update

        name = update(card, what, root, candidate)
        click.echo(f"{card}: the results of {for_terminal(name)} are in its model-index", err=True)
        if not outputs and not as_json:
            return OK
    try:
        found = saved.saved(what, root)
        if by_labels:
            from fteval.experiment.by_labels import with_labels  # judges again: with it come the statistics

            found = with_labels(found, root)
        present(found, outputs=outputs, as_json=as_json, display=display, store=root)
    except Incomplete as error:
        error.exit_code = INCOMPLETE  # the saved verdict is not this command's
        raise
    return OK
