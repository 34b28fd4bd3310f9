"""`fteval diff`: the answers of two runs side by side, where their scores differ."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options, paged


@click.command("diff")
@click.argument("runs", metavar="[COMPARISON|RUN RUN]", nargs=-1, shell_complete=complete.saved)
@click.option(
    "--probe",
    metavar="PROBE[.METRIC]",
    help="Only answers to this one, by its headline or this metric.",
    shell_complete=complete.probes,
)
@click.option("--candidate", help="Of a comparison with several.  [default: the one that its verdict is about]")
@click.option("--worse", "which", flag_value="worse", help="Only what got worse.")
@click.option("--better", "which", flag_value="better", help="Only what got better.")
@click.option("--same", "which", flag_value="same", help="Only what scored the same.")
@click.option("-n", "--limit", type=click.IntRange(1), help="At most so many samples.")
@options.store
@options.as_json
@options.output_flags
def command(
    runs: tuple[str, ...],
    probe: str | None,
    candidate: str | None,
    which: str | None,
    limit: int | None,
    store: Path | None,
    as_json: bool,
    display: options.Display,
) -> None:
    """Show answers of two saved runs side by side, the largest loss first: of a comparison, or of any two.

    Without --worse or --better: what got worse, then what got better.

    \b
    Example:  fteval diff
              fteval diff latest --probe facts --worse
    """
    from fteval.experiment import answered

    wanted = answered.Difference(which or "changed", probe, candidate, limit)
    found = answered.difference(runs, wanted, store or options.DEFAULT_STORE)
    if not found.rows and not display.quiet:
        click.echo(f"no answer is {wanted.which if which else 'better or worse'} here", err=True)
    paged.show(found, as_json=as_json, display=display)
