"""`fteval show`: one sample, with what each model answered to it."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options, paged


@click.command("show")
@click.argument("sample", metavar="SAMPLE")
@click.argument("what", metavar="RUN|COMPARISON|latest", default="latest", shell_complete=complete.saved)
@options.store
@options.as_json
@options.output_flags
def command(sample: str, what: str, store: Path | None, as_json: bool, display: options.Display) -> None:
    """Show one sample of a saved run or comparison: prompt, target, and each answer with its scores and reasons.

    SAMPLE is its id, or the beginning of one. A probe that asks it too is shown below.

    \b
    Example:  fteval show facts/Romeo/town/0
    """
    from fteval.experiment import answered

    found = answered.sample(sample, what, store or options.DEFAULT_STORE)
    paged.show(found, as_json=as_json, display=display)
