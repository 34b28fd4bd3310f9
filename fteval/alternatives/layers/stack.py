"""A model with alternatives on it, each on top of the one before."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fteval import registry
from fteval.errors import UserError
from fteval.records import Change, Engine, RemarkingEngine, Shelf, ShelvedAlternative, bare

LONGEST = 72
"""Characters of what a ref says of one change; behind them comes a digest."""


def changed(engine: Engine, changes: Sequence[Change], shelf: Shelf | None = None) -> Engine:
    """The engine with these changes, in their order. Loads no weights; what is made first is kept on the shelf.

    Its ref is the engine's, and behind it what was changed. Raises UserError for a change that this engine cannot have,
    and for whatever is wrong with one.
    """
    if changes and isinstance(bare(engine), RemarkingEngine):
        raise UserError(
            f"the answers of {engine.ref} are saved: nobody is asked, so that nothing can be asked otherwise",
            where=changes[0].where,
            fix="put the alternative on a model that can be asked",
        )
    for change in changes:
        below, alternative = engine, registry.alternative(change)
        try:
            if isinstance(alternative, ShelvedAlternative):
                engine = alternative.on_with(below, shelf)
            else:
                engine = alternative.on(below)
        except UserError as error:
            raise type(error)(error.what, where=error.where or change.where, fix=error.fix) from None
        if engine is below:
            raise UserError(f"'{change.name}' gave back the engine that it was to change", where=change.where)
        engine.ref = f"{below.ref} {in_words(change)}"
    return engine


def in_words(change: Change) -> str:
    """`{prompt: Never use the letter e.}`: as a config would have it, on one short line."""
    said = change.value if isinstance(change.value, str) else json.dumps(change.value, ensure_ascii=False, default=str)
    line = " ".join(said.replace('"', "").split())
    return f"{{{change.name}: {line if len(line) <= LONGEST else f'{line[: LONGEST - 9]}… {change.digest[7:15]}'}}}"
