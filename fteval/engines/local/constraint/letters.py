"""Answers without some letters, in whatever form, from whichever pieces a tokenizer would put them together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch

from fteval.engines.local.constraint.folding import letters_in
from fteval.engines.local.constraint.vocabulary import going_on, whole


class Letters:
    """Forbids letters. Its state is what was written of a character of several bytes that is not whole yet."""

    start = b""

    def __init__(self, letters: str, tokens: Sequence[bytes], always: Collection[int]) -> None:
        """`tokens` are the bytes of every token; those of `always` (that end an answer) stay allowed."""
        self.letters, self._tokens, self._always = frozenset(letters), tokens, frozenset(always)
        # All that a begun character changes is what comes of the tokens that may go on with it.
        self._going_on = going_on(tokens)
        self._ends = {i: rest for i, data in enumerate(tokens) if (rest := whole(b"", data)[1])}
        self._masks: dict[bytes, Any] = {}

    def allowed(self, state: bytes) -> Any:
        """(vocabulary,) what may come next."""
        if state not in self._masks:
            self._masks[state] = self._first() if not state else self._within(state)
        return self._masks[state]

    def next(self, state: bytes, token: int) -> bytes:
        """The state after a token."""
        return (
            whole(state, self._tokens[token])[1] if state and token < len(self._tokens) else self._ends.get(token, b"")
        )

    def _first(self) -> Any:
        return torch.tensor([i in self._always or self._is_clean(b"", data) for i, data in enumerate(self._tokens)])

    def _within(self, state: bytes) -> Any:
        mask = self.allowed(b"").clone()
        for i in self._going_on:
            mask[i] = i in self._always or self._is_clean(state, self._tokens[i])
        return mask

    def _is_clean(self, state: bytes, data: bytes) -> bool:
        return all(self.letters.isdisjoint(letters_in(c)) for c in set(whole(state, data)[0]))
