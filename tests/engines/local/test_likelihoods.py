"""Likelihoods of the beginning of a text: the same sums, cut, with what all prompts begin with read once."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from engine_helpers import conversations, plain

from fteval.engines import Pool
from fteval.records import Message, Prompt


@pytest.mark.parametrize("most", [3, 1000])
def test_they_are_the_sums_over_the_first_tokens_and_say_how_many(tiny_model: Path, pool: Pool, most: int) -> None:
    engine = pool.open(str(tiny_model))
    pairs = [(engine.prompt(t), "Verona is a town, and a dog is an animal with a tail.") for t in conversations(20)]
    for (prompt, text), found in zip(pairs, engine.likelihoods(pairs, most), strict=True):
        ids, more = engine.chat.continuation(prompt, text)
        assert found.tokens == min(most, len(more))
        assert found.size == len(engine.chat.decode(more[:most]).encode())
        assert found.nats == pytest.approx(plain(engine, ids, more[:most]), abs=1e-4)


def test_one_prompt_for_all_texts_is_read_once_and_changes_nothing(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    prompt = engine.prompt([Message("user", "Tell me a long story about the town of Verona and a loyal dog.")])
    texts = ["Verona.", "A dog is an animal with a tail", "no", "1990-03-14"]
    model = engine.weights().use(None)
    before = model.positions_read
    found = engine.likelihoods([(prompt, text) for text in texts], 100)
    assert model.positions_read - before < 2 * len(prompt.token_ids or ()) + 4 * 40
    for text, one in zip(texts, found, strict=True):
        ids, more = engine.chat.continuation(prompt, text)
        assert one.nats == pytest.approx(plain(engine, ids, more), abs=1e-4)


def test_what_does_not_fit_the_context_is_no_number_and_spoils_no_other(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    good = engine.prompt([Message("user", "dog")])
    long, short = engine.likelihoods([(Prompt((), tuple([5] * 500)), "~" * 20), (good, "Verona")], 100)
    assert math.isnan(long.nats) and short.nats < 0
