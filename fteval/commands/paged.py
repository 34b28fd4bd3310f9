"""Answers shown on a terminal: through a pager where they are longer than the screen, plain everywhere else."""

from __future__ import annotations

import json
import os
import sys
from shutil import get_terminal_size

import click

from fteval.commands import streams
from fteval.commands.options import Display
from fteval.records import Sheet


def show(found: Sheet, *, as_json: bool, display: Display) -> None:
    """A sheet on stdout; JSON lines with `as_json`."""
    from fteval.reports.terminal import answers, page
    from fteval.reports.view.answers import as_json as rows

    if as_json:
        text = "".join(f"{json.dumps(row)}\n" for row in rows(found))
        streams.write(lambda: click.echo(text, nl=False))
        return
    terminal = sys.stdout.isatty()
    utf8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf8")
    color = display.color and terminal and utf8 and os.environ.get("TERM") != "dumb"
    width = get_terminal_size((page.WIDTH, 0)).columns if terminal else page.WIDTH
    text = answers.render(found, width=width, color=color)
    if not terminal:
        streams.write(lambda: page.show(text))
        return
    os.environ.setdefault("LESS", "FRX")  # leaves at once what fits on the screen
    click.echo_via_pager(text, color=color)
