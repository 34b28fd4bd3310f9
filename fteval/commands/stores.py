"""--store as somebody types it: a folder, or the address of a store elsewhere, which is mirrored here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fteval.errors import OK, Incomplete, UserError

_MIRRORS = "fteval.mirrors"
"""Where a command's contexts keep the mirrors of stores elsewhere."""


class StoreName(click.ParamType):  # type: ignore[type-arg]  # older versions of click have none
    """A folder, or an address: that comes here before the command, and what the command made goes there after it."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder that the command works in."""
        if isinstance(value, Path) or not _is_address(value) or ctx is None or ctx.resilient_parsing:
            return folder(str(value))
        from fteval.runs.journal.mirror import mirror

        found = mirror(value)
        found.pull()
        ctx.meta.setdefault(_MIRRORS, []).append(found)
        return found.root


def folder(text: str) -> Path:
    """The folder of a store as it is here now; nobody is contacted."""
    if not _is_address(text):
        return Path(text)
    from fteval.runs.journal.mirror import mirror

    return mirror(text).root


def _is_address(text: str) -> bool:
    return "://" in text


@dataclass(slots=True)
class Ended:
    """How a command ended."""

    code: Any = OK


@contextlib.contextmanager
def sent_after(ctx: click.Context) -> Iterator[Ended]:
    """What the command makes is sent to the stores elsewhere that it named, however it ends.

    Raises Incomplete where that fails, with the command's own code where that is not 0.
    """
    ended = Ended()
    try:
        yield ended
    except BaseException:
        try:
            _send(ctx)
        except UserError as error:
            click.echo(f"fteval: {error}", err=True)  # what stopped the command is what its user must hear of last
        raise
    try:
        _send(ctx)
    except Incomplete as error:
        error.exit_code = ended.code or error.exit_code
        raise


def _send(ctx: click.Context) -> None:
    for mirror in ctx.meta.get(_MIRRORS, ()):
        sent = mirror.push()
        if sent:
            click.echo(f"fteval: {len(sent)} run{'s' * (len(sent) != 1)} sent to {mirror.url}", err=True)
