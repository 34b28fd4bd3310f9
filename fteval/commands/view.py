"""`fteval view`: browse a saved result, however many samples it has."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.errors import OK, UserError


@click.command("view")
@click.argument("what", metavar="[RUN|COMPARISON|latest]...", nargs=-1, shell_complete=complete.saved)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [default: any that is free]"
)
@click.option("--no-browser", is_flag=True, help="Only say the address.")
@options.store
@options.output_flags
def command(what: tuple[str, ...], port: int, no_browser: bool, store: Path | None, display: options.Display) -> int:
    """Browse saved runs and comparisons: the page of `-o report.html` with all samples, to filter, sort and search.

    Served on this machine alone, at an address that changes with each start. Of several a list comes first. Ctrl-C
    ends it.

    \b
    Example:  fteval view
              fteval view 20261120T101756Z-7f3a9c1e5b2d40aa latest
    """
    from fteval.commands.serve import serve
    from fteval.experiment.browsing import browsing

    root = store or options.DEFAULT_STORE
    found = {one.subject.id: one for one in (browsing(name, root) for name in what or ("latest",))}

    def ready(address: str) -> None:
        click.echo(address)
        if not display.quiet:
            many = f"{len(found)} results" if len(found) > 1 else f"{next(iter(found))}"
            click.echo(f"{many}; Ctrl-C ends this", err=True)
        if not no_browser:
            webbrowser.open(address)

    try:
        serve(list(found.values()), port, ready)
    except KeyboardInterrupt:
        return OK
    except OSError as error:
        raise UserError(f"port {port} cannot be had: {error.strerror or error}", fix="leave --port out") from error
    return OK
