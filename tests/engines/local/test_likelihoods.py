"""Likelihoods of the beginning of a text: the same sums, cut, with what all prompts begin with read once."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from engine_helpers import conversations, plain, requests

from fteval.engines import Pool
from fteval.records import Generation, Message, Prompt, Sampling
from fteval.records.readings import READ


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


@pytest.mark.parametrize("sampling", [Sampling(max_tokens=30), Sampling(temperature=1.0, max_tokens=130)])
def test_what_a_model_writes_has_the_likelihood_that_reading_gives_it(pool: Pool, sampling: Sampling) -> None:
    engine = pool.open("nano")
    asked = {r.key: r for r in requests(engine, conversations(20))}
    made = [g for group in engine.generate(list(asked.values()), sampling) for g in group]
    read = engine.likelihoods([(asked[g.key].prompt, g.text or "") for g in made], READ)
    known = [(g.likelihood, one) for g, one in zip(made, read, strict=True) if g.likelihood is not None]
    assert len(known) >= 10
    for told, one in known:
        assert (told.tokens, told.size) == (one.tokens, one.size)
        assert told.nats == pytest.approx(one.nats, abs=1e-3)


def test_a_text_that_reads_as_other_tokens_than_it_was_written_in_has_none(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    made = [
        g
        for group in engine.generate(requests(engine, conversations(40)), Sampling(temperature=1.5, max_tokens=20))
        for g in group
    ]
    other = [g for g in made if len(engine.chat.encode(g.text or "")) not in (g.completion_tokens, _stopped(g))]
    assert other and all(g.likelihood is None for g in other)


def _stopped(generation: Generation) -> int:
    """Its tokens without the one that ended it."""
    return (generation.completion_tokens or 0) - (generation.finish_reason == "stop")
