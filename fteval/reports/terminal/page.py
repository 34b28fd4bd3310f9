"""Renderables as plain lines: the same text in a terminal, a pipe and a log."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable

from rich.console import Console, RenderableType

WIDTH = 100


def plain(blocks: Iterable[RenderableType], width: int = WIDTH - 1) -> str:
    """Blocks one under the other, without a single control character but line feeds.

    By default a column is left for the escape that may be added after the layout.
    """
    page = io.StringIO()
    console = Console(
        file=page, width=width, color_system=None, force_terminal=False, highlight=False, emoji=False, markup=False
    )
    for block in blocks:
        console.print(block)
    lines = "\n".join(line.rstrip() for line in page.getvalue().split("\n"))
    # Once more after the layout: a long name may have been broken just before its `::error::`.
    return re.sub(r"^(\s*)::", r"\1\\::", lines, flags=re.MULTILINE)


def show(page: str) -> None:
    """Prints a page; what the terminal's encoding has no sign for becomes an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(page.encode(encoding, "backslashreplace").decode(encoding))
