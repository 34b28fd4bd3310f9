"""How long training rows are in a model's own tokens, and whether it would learn from them to end an answer."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.data.check.check import Finding, finding
from fteval.data.check.learnt import Learnt
from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.records import Message
from fteval.trainers.making.base import Base
from fteval.trainers.making.preflight import MASKED, look, stops_of
from fteval.trainers.sft import Recipe

DRAWN = 5000
"""Answers that are counted; of more, so many are drawn."""
_BAR = 30
_EVERY = 2**31
"""Where the config does not say how many tokens the model knows, any has a place."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a row may be."""

    tokens: int
    name: str
    """`max_length`, or `its context` where that is less."""


def tokens_of(
    rows: Sequence[Learnt], base: Base, model: str, longest: int | None = None, seed: int = 0
) -> Iterator[Finding]:
    """What a training of `base`, called `model`, would make of the rows.

    `longest` is the recipe's max_length; None: that of `sft`. Raises UserError for a base without a chat template.
    """
    chat = Chat(base.located.folder)
    # What is too long is counted here; the tokenizer's warning names a limit that is not the one in effect.
    chat.tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
    drawn = random.Random(f"tokens {seed}").sample(rows, DRAWN) if len(rows) > DRAWN else rows
    limit = _limit(base, longest or Recipe().max_length)
    cut = [_tokenised(chat, row, at, limit.tokens) for at, row in enumerate(drawn)]
    of = f", of {DRAWN:,} answers drawn" if len(drawn) < len(rows) else ""
    yield _lengths(sorted(one.whole for one in cut), model, limit, of)
    yield from _lost(cut, drawn, base, chat, limit, of)


def max_length(experiment: Experiment | None, files: Sequence[Path]) -> int | None:
    """The shortest that a config's trainings on these files set; None where none does."""
    uses = experiment.candidates.values() if experiment else ()
    trained = [use.recipe for use in uses if use.data and any(use.data.resolve() == file.resolve() for file in files)]
    return min((int(recipe["max_length"]) for recipe in trained if "max_length" in recipe), default=None)


def _limit(base: Base, longest: int) -> Limit:
    context = base.located.context
    return Limit(longest, "max_length") if context is None or context >= longest else Limit(context, "its context")


@dataclass(frozen=True, slots=True)
class _Cut:
    whole: int
    """Tokens before anything is cut."""
    row: dict[str, Any]
    """As TRL prepares it."""


def _tokenised(chat: Chat, row: Learnt, at: int, most: int) -> _Cut:
    """Prompt and answer by the chat template, the prompt's tokens out of the loss, cut at `most`."""
    asked = _asked(chat, row)
    turns = [*row.prompt, {"role": "assistant", "content": row.answer}]
    # As TRL renders it: with its answer, whose end the template writes.
    ids = chat.encode(str(chat.tokenizer.apply_chat_template(turns, chat_template=chat.template, tokenize=False)))
    labels = [MASKED] * len(asked) + ids[len(asked) :]
    return _Cut(len(ids), {"row": at, "input_ids": ids[:most], "labels": labels[:most]})


def _asked(chat: Chat, row: Learnt) -> tuple[int, ...]:
    return chat.prompt([Message(turn["role"], turn["content"]) for turn in row.prompt]).token_ids or ()


def _lengths(sizes: Sequence[int], model: str, limit: Limit, of: str) -> Finding:
    middle, n = sizes[len(sizes) // 2], len(sizes)
    ends, end = [], 16
    while end < sizes[-1] * 2:
        ends.append(end)
        end *= 2
    shares = [(end, sum(end // 2 < size <= end or (end == 16 and size <= 16) for size in sizes) / n) for end in ends]
    first = next(at for at, (_, share) in enumerate(shares) if share)
    bars = [f"≤ {end:>6,} {100 * share:>3.0f} % {'█' * round(_BAR * share)}".rstrip() for end, share in shares[first:]]
    what = (
        f"tokens of {model}, prompt and answer: median {middle:,}, longest {sizes[-1]:,}; {limit.name} {limit.tokens:,}"
    )
    return Finding("note", what + of, tuple(bars))


def _lost(
    cut: Sequence[_Cut], drawn: Sequence[Learnt], base: Base, chat: Chat, limit: Limit, of: str
) -> Iterator[Finding]:
    left = [one.row for one in cut if any(label != MASKED for label in one.row["labels"])]
    try:
        seen = look(
            left,
            chat.tokenizer,
            rows=len(cut),
            max_length=limit.tokens,
            stops=stops_of(chat, base),
            n_embeddings=base.located.rows() or _EVERY,
            first_prompt=_asked(chat, drawn[left[0]["row"]]) if left else (),
        )
    except UserError as error:
        yield Finding("error", error.what, (error.fix,) if error.fix else ())
        return
    told = {
        f"whose prompt alone fills {limit.tokens:,} tokens: nothing of it is learnt": seen.dropped,
        f"cut at {limit.tokens:,} tokens: the end of the answer is not learnt": seen.truncated,
    }
    for what, numbers in told.items():
        if numbers:
            word = "answer" if len(numbers) == 1 else "answers"
            yield finding("warning", f"{len(numbers):,} {word} {what}{of}", [drawn[n - 1].where for n in numbers])
    if not seen.same_prompt:
        yield Finding(
            "warning", "the chat template renders a prompt otherwise with its answer: training and asking differ"
        )
