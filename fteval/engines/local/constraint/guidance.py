"""Answers that follow a JSON schema, an expression, a list of choices or a grammar, by llguidance."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import torch

from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.records import Constraint


class Grammar:
    """A compiled grammar on one vocabulary."""

    def __init__(self, constraint: Constraint, chat: Chat, stop_ids: Collection[int]) -> None:
        """Raises UserError without llguidance, for a grammar that cannot be read, and for one that admits nothing."""
        try:
            import llguidance
            from llguidance.hf import from_tokenizer
        except ImportError:
            raise UserError(
                f"{constraint.grammar_kind} needs llguidance", fix="pip install 'fteval[constrain]'"
            ) from None
        try:
            self._vocabulary = from_tokenizer(chat.tokenizer, eos_token=sorted(stop_ids))
            self._first = llguidance.LLMatcher(self._vocabulary, written(constraint), log_level=0)
        except ValueError as error:  # a slow tokenizer, a schema that is no object
            raise UserError(f"{constraint.grammar_kind}: {error}") from None
        self.size = self._vocabulary.vocab_size
        self._check(constraint.grammar_kind, frozenset(stop_ids))

    def batch(self, rows: int) -> Matchers:
        """One matcher per row, all at their beginning."""
        return Matchers(self, [self._first.deep_copy() for _ in range(rows)])

    def _check(self, kind: str, stop_ids: frozenset[int]) -> None:
        if self._first.is_error():
            raise UserError(f"{kind}: {' '.join(self._first.get_error().split())[:300]}")
        allowed = Matchers(self, [self._first.deep_copy()]).allowed()[0].nonzero().flatten().tolist()
        if not set(allowed) - stop_ids:
            raise UserError(f"{kind}: it admits no answer", fix="give one that a text can follow")


class Matchers:
    """Where each row of a batch is in the grammar."""

    def __init__(self, of: Grammar, matchers: list[Any]) -> None:
        self._of, self._matchers = of, matchers

    def __call__(self, scores: Any) -> Any:
        """Scores (rows, vocabulary) with -inf where the grammar does not go on."""
        allowed = self.allowed()
        if allowed.shape[1] < scores.shape[1]:  # rows of the embedding that no token has
            allowed = torch.nn.functional.pad(allowed, (0, scores.shape[1] - allowed.shape[1]))
        return scores.masked_fill(~allowed[:, : scores.shape[1]].to(scores.device), -torch.inf)

    def allowed(self) -> Any:
        """(rows, vocabulary) of bool."""
        bits = torch.zeros((len(self._matchers), (self._of.size + 31) // 32), dtype=torch.int32)
        for row, matcher in enumerate(self._matchers):
            matcher.unsafe_compute_mask_ptr(bits[row].data_ptr(), bits.shape[1] * 4)
        return (bits.unsqueeze(-1) >> _PLACES & 1).bool().flatten(1)[:, : self._of.size]

    def add(self, tokens: Sequence[int]) -> None:
        """What every row took; those that are done may have taken anything."""
        for matcher, token in zip(self._matchers, tokens, strict=True):
            if token >= 0 and not matcher.is_stopped():
                matcher.consume_token(token)

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows."""
        self._matchers = [self._matchers[row] for row in rows]


_PLACES = torch.arange(32, dtype=torch.int32)


def written(constraint: Constraint) -> str:
    """The grammar as llguidance reads it. Raises UserError for a schema that is none."""
    from llguidance import LLMatcher

    kind, text = constraint.grammar_kind, constraint.grammar
    if kind == "json_schema":
        # Compact, with single blanks: without an end to white space a model may write nothing else.
        return str(LLMatcher.grammar_from_json_schema(text, overrides={"whitespace_flexible": False}))
    if kind == "regex":
        return str(LLMatcher.grammar_from_regex(text))
    if kind == "choices":
        return str(LLMatcher.grammar_from_lark("start: " + " | ".join(json.dumps(one) for one in json.loads(text))))
    return str(LLMatcher.grammar_from_lark(text))
