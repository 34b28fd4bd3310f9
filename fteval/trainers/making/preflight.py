"""What a training will really see, looked at before its first step: which tokens are learnt, which rows are lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fteval.engines import refs
from fteval.engines.local.chat import Chat, stop_ids
from fteval.errors import UserError
from fteval.records import Message
from fteval.trainers.making.base import Base
from fteval.trainers.making.bench import Bench

MASKED = -100
"""The label that the loss leaves out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of tokens that are all trained, or all only read."""

    text: str
    n_tokens: int
    trained: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """The first row with its loss mask, and what became of the rows."""

    pieces: tuple[Piece, ...]
    """Empty for a method that learns no given tokens, as from rewards."""
    rows: int
    dropped: tuple[int, ...]
    """Numbers (from 1) of the rows whose prompt alone fills `max_length`: nothing of them would be learnt."""
    truncated: tuple[int, ...]
    """Numbers of the rows whose answer is cut at `max_length`: they teach no stop."""
    max_length: int
    """In effect: the recipe's, or the model's context where that is shorter."""
    same_prompt: bool = True
    """Whether the model will be asked with the very tokens that it was trained after."""
    said: str = ""
    """What is learnt, in words, where there are no pieces to show."""
    copies: int = 0
    """Rows that stand there before, word for word."""

    def __str__(self) -> str:
        return self.text()

    @property
    def used(self) -> int:
        return self.rows - len(self.dropped)

    @property
    def counts(self) -> dict[str, Any]:
        """What became of the rows and why, for candidate.json."""
        lost = {"dropped": len(self.dropped), "truncated": len(self.truncated)}
        return {"rows": self.rows, "used": self.used, **lost, **({"why": why} if (why := self._lost()) else {})}

    def warnings(self) -> list[str]:
        """What a reader should know before the result; empty when all is well."""
        found = []
        if self.copies:
            found.append(f"{self.copies} of {self.rows} rows are copies of another one: what stands twice counts twice")
        if self.rows == 1 and self.pieces:
            found.append("one row alone: it is learnt by heart, and little else")
        found += self._lost().values()
        if not self.same_prompt:
            found.append("the chat template renders a prompt differently with its answer: training and asking differ")
        return found

    def _lost(self) -> dict[str, str]:
        """What was dropped and what truncated, and why; nothing of what did not happen."""
        found = {}
        if self.dropped:
            found["dropped"] = (
                f"{len(self.dropped)} of {self.rows} rows dropped: their prompt alone fills {self.max_length} tokens"
                f" ({_some(self.dropped)})"
            )
        if self.truncated:
            found["truncated"] = (
                f"{len(self.truncated)} of {self.used} answers are cut at {self.max_length} tokens and teach no stop"
                f" ({_some(self.truncated)})"
            )
        return found

    def text(self, *, color: bool = False, longest: int = 600) -> str:
        """The first row as the model sees it, and the warnings.

        Trained tokens are bold green, or in [[ ]] without colour. Stretches of more than `longest` characters are
        shown by their ends, control characters escaped.
        """
        if not self.pieces:
            said = self.said or f"{self.used} training rows"
            return "\n".join([said, *("warning: " + warning for warning in self.warnings())])
        before, after = ("\x1b[1;32m", "\x1b[0m") if color else ("[[", "]]")
        mark = "bold" if color else "in [[ ]]"
        trained = sum(piece.n_tokens for piece in self.pieces if piece.trained)
        total = sum(piece.n_tokens for piece in self.pieces)
        row = ""
        for piece in self.pieces:
            text = _visible(piece.text, longest)
            if piece.trained:
                stem = text.rstrip("\n")
                text = before + stem + "\\n" * (len(text) - len(stem)) + after
            row += text
        lines = [
            f"first of {self.used} training rows, {total} tokens, the {trained} that are learnt {mark}:",
            *("  " + line for line in row.split("\n")),
            *("warning: " + warning for warning in self.warnings()),
        ]
        return "\n".join(lines)


def look_at_answers(bench: Bench[Any], trainer: Any) -> Preflight:
    """What a trainer of TRL will see of rows that are a prompt and an answer. Raises UserError as `look` does."""
    return look_at(bench, trainer, trainer.train_dataset.select_columns(["row", "input_ids", "labels"]))


def look_at_pairs(bench: Bench[Any], trainer: Any, *columns: str) -> Preflight:
    """The same of rows of a prompt and an answer in each of these columns, which are looked at one after the other."""
    longest, seen = trainer.args.max_length, list[Preflight]()
    for column in columns:
        prepared = []
        for row in trainer.train_dataset:
            ids, asked = (row["prompt_ids"] + row[column])[:longest], len(row["prompt_ids"])
            prepared.append({"row": row["row"], "input_ids": ids, "labels": [MASKED] * asked + ids[asked:]})
        seen.append(look_at(bench, trainer, prepared))
    return dataclasses.replace(seen[0], truncated=tuple(sorted({n for one in seen for n in one.truncated})))


def look_at(bench: Bench[Any], trainer: Any, prepared: Any) -> Preflight:
    """The same of `prepared` rows, see `look`."""
    chat = bench.chat
    first = bench.rows[prepared[0]["row"] if len(prepared) else 0]["prompt"]
    return look(
        prepared,
        chat.tokenizer,
        rows=len(bench.rows),
        max_length=trainer.args.max_length,
        stops=stops_of(chat, bench.base),
        n_embeddings=trainer.model.get_input_embeddings().weight.shape[0],
        first_prompt=chat.prompt([Message(turn["role"], turn["content"]) for turn in first]).token_ids or (),
    )


def stops_of(chat: Chat, base: Base) -> dict[int, str]:
    """The tokens that end an answer of this base, and how they are written."""
    settings = base.located.folder / "generation_config.json"
    stops = stop_ids(chat.tokenizer, refs.read_json(settings) if settings.exists() else {}, base.located.config)
    return {token: str(chat.tokenizer.convert_ids_to_tokens(token)) for token in sorted(stops)}


def look(
    prepared: Any,
    tokenizer: Any,
    *,
    rows: int,
    max_length: int,
    stops: Mapping[int, str],
    n_embeddings: int,
    first_prompt: Sequence[int],
) -> Preflight:
    """What TRL made of `rows` rows: the dataset `prepared` has `input_ids`, `labels` and `row` (from 0) of those left.

    `stops` end an answer; `first_prompt` are the tokens that the first row's prompt is asked with. Raises UserError
    when nothing is left, a prompt would be learnt, no stop token would be, or a token has no embedding.
    """
    left, truncated = set(), []
    for row in prepared:
        number, ids, labels = row["row"] + 1, row["input_ids"], row["labels"]
        left.add(number)
        _check_tokens(number, ids, labels, n_embeddings)
        if not any(label in stops for label in labels):
            if len(ids) < max_length:
                raise _no_stop(tokenizer, labels, stops, f"row {number}")
            truncated.append(number)
    _check_left(rows, len(left), len(truncated), max_length)
    ids, labels = prepared[0]["input_ids"], prepared[0]["labels"]
    start = next(place for place, label in enumerate(labels) if label != MASKED)
    return Preflight(
        pieces=_pieces(tokenizer, ids, labels),
        rows=rows,
        dropped=tuple(number for number in range(1, rows + 1) if number not in left),
        truncated=tuple(truncated),
        max_length=max_length,
        same_prompt=list(first_prompt) == list(ids[:start]),
    )


def _check_tokens(number: int, ids: Sequence[int], labels: Sequence[int], n_embeddings: int) -> None:
    if labels[0] != MASKED or any(label not in (MASKED, token) for label, token in zip(labels, ids, strict=True)):
        raise UserError(f"the prompt of row {number} would be learnt too", fix="report this: it is a bug")
    if max(ids) >= n_embeddings:
        raise UserError(
            f"row {number} has the token {max(ids)}, the model has embeddings for {n_embeddings} only",
            fix="the tokenizer is another model's, or the embeddings were never resized: put the two together",
        )


def _check_left(rows: int, left: int, truncated: int, max_length: int) -> None:
    if not left:
        raise UserError(
            f"none of {rows} rows can be trained on: each prompt alone fills {max_length} tokens",
            fix="set a higher max_length, within the model's context, or shorten the prompts",
        )
    if truncated == left:
        raise UserError(
            f"all {truncated} answers are cut at {max_length} tokens: the model would never learn to stop",
            fix="set a higher max_length, within the model's context, or shorten the rows",
        )


def _no_stop(tokenizer: Any, labels: Sequence[int], stops: Mapping[int, str], where: str) -> UserError:
    learnt = [label for label in labels if label != MASKED]
    ends = tokenizer.decode(learnt, skip_special_tokens=False)[-20:]
    known = " or ".join(repr(text) for text in stops.values()) or "no token at all"
    return UserError(
        f"the stop token is masked: the model stops at {known}, but what it would learn ends in {ends!r},"
        " so it would never learn to stop",
        where=where,
        fix="use a base whose chat template ends each answer with its stop token (its *-Instruct variant),"
        " or name that token in eos_token_id of the base's generation_config.json",
    )


def _pieces(tokenizer: Any, ids: Sequence[int], labels: Sequence[int]) -> tuple[Piece, ...]:
    pieces = []
    for trained, group in groupby(zip(ids, labels, strict=True), key=lambda pair: pair[1] != MASKED):
        tokens = [token for token, _ in group]
        text = tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        pieces.append(Piece(text, len(tokens), trained))
    return tuple(pieces)


def _visible(text: str, longest: int) -> str:
    if len(text) > longest:
        text = f"{text[: longest // 2]} … {len(text) - longest // 2 * 2} characters … {text[-(longest // 2) :]}"
    # A training row is text from anywhere: it must not command the terminal.
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _some(numbers: Sequence[int], most: int = 5) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    word = "row" if len(numbers) == 1 else "rows"
    return f"{word} {shown}" + (f" and {len(numbers) - most} more" if len(numbers) > most else "")
