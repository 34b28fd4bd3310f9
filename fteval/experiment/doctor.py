"""The preflight of a model and its base."""

from __future__ import annotations

from dataclasses import replace

from fteval.engines import preflight
from fteval.experiment.place import Place, opened_pool
from fteval.records import Check, Engine, Message
from fteval.runs.journal.store import Store


def doctor(model: str, against: str | None, place: Place) -> list[Check]:
    """The preflight's findings on a model, and on its base where one is given."""
    store = Store(place.store)
    with opened_pool(store, place) as pool:
        engine = pool.open(model)
        base = pool.open(against) if against else None
        found = preflight.checks(engine, pool)
        if base is not None:
            found += [replace(check, name=f"base: {check.name}") for check in preflight.checks(base, pool)]
            found.append(_same_prompt(engine, base))
        return found


def _same_prompt(engine: Engine, base: Engine) -> Check:
    asked = [Message("user", "What is a dog?")]
    ours, theirs = engine.prompt(asked).token_ids, base.prompt(asked).token_ids
    if ours is None or theirs is None:
        return Check("same question", None, "what is behind a server or in a file renders its prompts itself")
    same = ours == theirs
    message = f"model and base read {'the same' if same else 'different'} tokens for one question"
    return Check("same question", same, message, None if same else "compare models of one tokenizer and chat template")
