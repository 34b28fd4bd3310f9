"""The files that people bring: read, checked, written. Every error of a file is said at once, with its line.

In Python: `fteval.data.check_rows`, `split_rows` and `convert_rows`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fteval.data.given import check_rows as check_rows
    from fteval.data.given import convert_rows as convert_rows
    from fteval.data.given import split_rows as split_rows

__all__ = ["check_rows", "convert_rows", "split_rows"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("fteval.data.given"), name)
    raise AttributeError(f"module 'fteval.data' has no attribute {name!r}")
