"""`fteval view`: browse a saved result, however many samples it has."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.errors import OK, UserError


@click.command("view")
@click.argument("what", metavar="RUN|COMPARISON|latest", default="latest", shell_complete=complete.saved)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [default: any that is free]"
)
@click.option("--no-browser", is_flag=True, help="Only say the address.")
@options.store
@options.output_flags
def command(what: str, port: int, no_browser: bool, store: Path | None, display: options.Display) -> int:
    """Browse a saved run or comparison: the page of `-o report.html`, with all its samples, 500 at a time.

    Served on this machine alone, read-only, at an address that changes with each start. Ctrl-C ends it.

    \b
    Example:  fteval view
    """
    from fteval.commands.serve import serve
    from fteval.experiment.browsing import browsing

    found = browsing(what, store or options.DEFAULT_STORE)

    def ready(address: str) -> None:
        click.echo(address)
        if not display.quiet:
            click.echo(f"{len(found.order):,} samples on {found.pages:,} pages; Ctrl-C ends this", err=True)
        if not no_browser:
            webbrowser.open(address)

    try:
        serve(found, port, ready)
    except KeyboardInterrupt:
        return OK
    except OSError as error:
        raise UserError(f"port {port} cannot be had: {error.strerror or error}", fix="leave --port out") from error
    return OK
