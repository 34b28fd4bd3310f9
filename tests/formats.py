"""Endings of report files that can be written here: one that needs a package that is not there is not among them."""

from __future__ import annotations

import contextlib

from fteval import registry
from fteval.errors import UserError
from fteval.records import CheckedFormat


def endings() -> list[str]:
    """Of every format that works."""
    found = []
    for ending, made in registry.report_formats().usable.items():
        with contextlib.suppress(UserError):
            if isinstance(made, CheckedFormat):
                made.check()
            found.append(ending)
    return found
