"""Digests of the bases of a run: each is made once, and while the libraries are imported that a model needs anyway."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from fteval.engines.local import digests


class Hashed:
    """The digest of a base's weights, for it and for all adapters on it; made anew where its files were written to."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[list[Any], str]] = {}

    def __call__(self, folder: Path) -> str:
        seen = digests.signature(digests.weight_files(folder))
        if folder not in self._known or self._known[folder][0] != seen:
            found = _beside(folder)
            importlib.import_module("transformers.models.auto.tokenization_auto")  # brings torch, which takes seconds
            self._known[folder] = (seen, found.result())
        return self._known[folder][1]


def _beside(folder: Path) -> Future[str]:
    """The digest that a thread makes. Whoever is interrupted leaves without it: gigabytes take their time."""
    found: Future[str] = Future()

    def work() -> None:
        try:
            found.set_result(digests.weights_digest(folder))
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return found
