"""The constraint of an engine at work: one mask over the vocabulary for every row of a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import torch

from fteval.engines.local.chat import Chat
from fteval.engines.local.constraint.guidance import Grammar, Matchers
from fteval.engines.local.constraint.letters import Letters
from fteval.engines.local.constraint.vocabulary import token_bytes
from fteval.engines.local.constraint.words import Words
from fteval.errors import UserError
from fteval.records import Constraint


class Automaton(Protocol):
    """What may come next, by what came before: few states, many rows in each."""

    @property
    def start(self) -> Any: ...

    def allowed(self, state: Any) -> Any:
        """(vocabulary,) of bool."""

    def next(self, state: Any, token: int) -> Any:
        """The state after a token, hashable."""


class Constrainer:
    """A constraint on one vocabulary; made once, for all batches."""

    def __init__(self, constraint: Constraint, chat: Chat, stop_ids: Collection[int]) -> None:
        """Raises UserError where no answer would be left."""
        self.automata: list[Automaton] = []
        self._on: dict[tuple[int, Any, Any], Any] = {}
        if constraint.forbid_letters or constraint.words:
            self._forbid(constraint, token_bytes(chat), stop_ids)
        self._grammar = Grammar(constraint, chat, stop_ids) if constraint.grammar_kind else None

    def _forbid(self, constraint: Constraint, tokens: Sequence[bytes], stop_ids: Collection[int]) -> None:
        if constraint.forbid_letters:
            self.automata.append(Letters(constraint.forbid_letters, tokens, stop_ids))
        if constraint.words:
            self.automata.append(Words(constraint.words, tokens, stop_ids))
        left = torch.stack([one.allowed(one.start) for one in self.automata]).all(0).nonzero().flatten().tolist()
        if not any(c.isalpha() for i in left if i not in stop_ids for c in tokens[i].decode("utf-8", "ignore")):
            raise UserError("the constraint leaves no letter to write with", fix="forbid less")

    def batch(self, rows: int) -> Masks:
        """Masks for so many answers, all at their beginning."""
        return Masks(self, rows, None if self._grammar is None else self._grammar.batch(rows))

    def forbidden(self, which: int, state: Any, like: Any) -> Any:
        """(vocabulary of the logits,) of bool, on their device; ids beyond the tokenizer's write nothing."""
        key = which, state, like.device
        if key not in self._on:
            mask = torch.zeros(like.shape[-1], dtype=torch.bool)
            allowed = self.automata[which].allowed(state)
            mask[: len(allowed)] = ~allowed[: like.shape[-1]]
            self._on[key] = mask.to(like.device)
        return self._on[key]


class Masks:
    """The states of a batch's rows, which shrink with it."""

    def __init__(self, of: Constrainer, rows: int, matchers: Matchers | None) -> None:
        self._of, self._matchers = of, matchers
        self._states = [[one.start] * rows for one in of.automata]

    def __call__(self, scores: Any) -> Any:
        """Scores (rows, vocabulary) with -inf where a row must not go."""
        for which, states in enumerate(self._states):
            kinds = {state: n for n, state in enumerate(dict.fromkeys(states))}
            masks = [self._of.forbidden(which, state, scores) for state in kinds]
            if len(masks) == 1:
                scores = scores.masked_fill(masks[0], -torch.inf)
            else:
                at = torch.tensor([kinds[state] for state in states], device=scores.device)
                scores = scores.masked_fill(torch.stack(masks)[at], -torch.inf)
        return scores if self._matchers is None else self._matchers(scores)

    def add(self, tokens: Sequence[int]) -> None:
        """What every row took; those that are done may have taken anything."""
        for one, states in zip(self._of.automata, self._states, strict=True):
            states[:] = [one.next(s, t) if t >= 0 else s for s, t in zip(states, tokens, strict=True)]
        if self._matchers is not None:
            self._matchers.add(tokens)

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows."""
        self._states = [[states[row] for row in rows] for states in self._states]
        if self._matchers is not None:
            self._matchers.keep(rows)
