"""Whether somebody's training can be watched, and what a trainer knows that a watch needs."""

from __future__ import annotations

from typing import Any

from fteval.errors import UserError
from fteval.trainers.watching.observer import Turns


def check(args: Any, state: Any, model: Any, knows_base: bool) -> None:
    """Raises UserError for a training that cannot be looked at; `knows_base`, where its base is to be had."""
    if getattr(args, "world_size", 1) > 1:
        raise UserError(
            f"a training in {args.world_size} processes cannot be watched: no one of them has the whole of it",
            fix="train in one process, or leave the watch out",
        )
    if state.global_step and not hasattr(model, "get_base_model") and not knows_base:
        raise UserError(
            f"the training goes on from step {state.global_step} with all weights, so the base cannot be looked at",
            fix="watch it from its first step on, or train an adapter",
        )
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if not hasattr(inner, "generate") or not callable(getattr(inner, "can_generate", None)) or not inner.can_generate():
        raise UserError(f"{type(inner).__name__} writes no text, so there are no answers to watch")


def tokenizer(processing_class: Any) -> Any:
    """What to ask with. Raises UserError for a trainer that has none."""
    found = getattr(processing_class, "tokenizer", processing_class)
    if found is None:
        raise UserError("the trainer has no tokenizer to ask with", fix="give it one: processing_class=TOKENIZER")
    return found


def prompts(loader: Any) -> list[Turns]:
    """What a trainer's rows ask, where they still have their `prompt`."""
    rows = getattr(loader, "dataset", None)
    if rows is None or "prompt" not in (getattr(rows, "column_names", None) or ()):
        return []
    found = []
    for prompt in rows["prompt"]:
        found.append([{"role": "text", "content": prompt}] if isinstance(prompt, str) else prompt)
    return found
