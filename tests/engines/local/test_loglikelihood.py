"""Log-likelihoods: sums over the continuation's tokens, whatever shares the batch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from engine_helpers import conversations, plain
from variants import first

from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message, Prompt

TEXTS = ["Verona.", " a dog is an animal with a tail", "1990-03-14", "no", "\n\n", "é~", "x" * 90]


@pytest.mark.parametrize("adapted", [False, True], ids=["base", "adapter"])
@pytest.mark.parametrize("batch_tokens", first([64, None]))
def test_they_equal_a_plain_forward(tiny_model: Path, tiny_adapter: Path, adapted: bool, batch_tokens: int | None):
    with Pool(device="cpu", batch_tokens=batch_tokens) as pool:
        engine = pool.open(f"{tiny_model}+{tiny_adapter}" if adapted else str(tiny_model))
        pairs = [(engine.prompt(t), TEXTS[i % len(TEXTS)]) for i, t in enumerate(conversations(30))]
        values = engine.loglikelihood(pairs)
        for (prompt, text), value in zip(pairs, values, strict=True):
            ids, more = engine.chat.continuation(prompt, text)
            assert more
            assert value == pytest.approx(plain(engine, ids, more), abs=1e-4)


def test_probabilities_of_all_next_tokens_sum_to_one(tiny_model: Path, pool: Pool):
    """A law that needs no reference: exp of the log-likelihoods of every single token is a distribution."""
    from fteval.engines.local.loglikelihood import loglikelihoods

    engine = pool.open(str(tiny_model))
    ids = list(engine.prompt([Message("user", "Where does Juliet live?")]).token_ids)
    model = engine.weights().use(None)
    values = loglikelihoods(model, [(ids, [token]) for token in range(512)], vocabulary=512, tokens=10_000)
    assert sum(math.exp(nats) for nats, _ in values) == pytest.approx(1.0, abs=1e-5)


def test_a_continuation_is_split_where_the_prompt_s_tokens_end(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    prompt = engine.prompt([Message("user", "dog")])
    ids, more = engine.chat.continuation(prompt, "Verona is far")
    assert ids == list(prompt.token_ids)
    assert engine.chat.decode(more) == "Verona is far"
    # "\n" + "\n…" merges into one token across the border: then the text is tokenised alone.
    ids, more = engine.chat.continuation(prompt, "\nVerona")
    assert ids == list(prompt.token_ids)
    assert engine.chat.decode(more) == "\nVerona"


def test_an_empty_continuation_is_certain_and_no_pairs_are_no_values(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    prompt = engine.prompt([Message("user", "dog")])
    assert engine.loglikelihood([(prompt, "")]) == [0.0]
    assert engine.loglikelihood([]) == []
    assert not pool.loads or engine.loglikelihood([(prompt, "a")])[0] < 0


def test_what_does_not_fit_the_context_is_an_error(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    with pytest.raises(UserError, match=r"do not fit the context \(5\d\d > 512\)"):
        engine.loglikelihood([(Prompt((), tuple([5] * 500)), "~" * 20)])


def test_out_of_memory_halves_the_batch(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    pairs = [(engine.prompt(t), "Verona") for t in conversations(20)]
    expected = engine.loglikelihood(pairs)
    module = engine.weights().module
    forward = module.forward

    def cramped(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[0] > 2:
            raise MemoryError
        return forward(*args, **kwargs)

    module.forward = cramped
    assert engine.loglikelihood(pairs) == pytest.approx(expected, abs=1e-4)
