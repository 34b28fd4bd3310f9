"""Picking tokens: the distribution is transformers' own, the draw follows it, and only the row's seed decides."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from fteval.engines.local.sampling import BROKEN, Picker, draw, probabilities
from fteval.records import Sampling


def logits(rows: int = 6, vocabulary: int = 50, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [0, 1, 7, 500])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.3, 0.01])
def test_the_distribution_is_that_of_transformers_warpers(temperature: float, top_k: int, top_p: float):
    warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)] if temperature != 1.0 else [])
    if top_k:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    scores = logits()
    expected = warpers(torch.zeros((6, 1), dtype=torch.long), scores.clone()).softmax(-1)
    found = probabilities(scores, Sampling(temperature=temperature, top_k=top_k, top_p=top_p))
    torch.testing.assert_close(found.float(), expected, rtol=1e-5, atol=1e-7)
    assert torch.equal(found > 0, expected > 0)  # the same tokens are cut


def test_the_penalty_is_that_of_transformers_and_counts_what_was_written():
    prompts = [[1, 2, 3], [4, 4, 40], [7]]
    sampling = Sampling(repetition_penalty=1.7)
    picker = Picker(sampling, prompts, [0, 0, 0], 5)
    said = [list(p) for p in prompts]
    processor = RepetitionPenaltyLogitsProcessor(1.7)
    for step in range(5):
        scores = logits(3, 50, seed=step)
        expected = [
            processor(torch.tensor([ids]), scores[row : row + 1].clone()).argmax(-1).item()
            for row, ids in enumerate(said)
        ]
        found = picker(scores).tolist()
        assert found == expected
        for ids, token in zip(said, found, strict=True):
            ids.append(token)


def test_draws_follow_the_distribution():
    """Chi-square over 20,000 rows of one distribution, each with its own seed; the level leaves 1 in 10^4 to chance."""
    scores = logits(1, 12).repeat(20_000, 1)
    picker = Picker(Sampling(temperature=1.0), [[0]] * 20_000, list(range(20_000)), 1)
    counts = picker(scores).bincount(minlength=12)
    expected = scores[0].double().softmax(-1) * 20_000
    assert stats.chisquare(counts.numpy(), expected.numpy()).pvalue > 1e-4


def test_draws_of_one_row_are_independent_of_each_other():
    """Two tokens of one row, over 20,000 seeds: no correlation beyond chance (5 standard errors)."""
    scores = torch.zeros(20_000, 2)
    picker = Picker(Sampling(temperature=1.0), [[0]] * 20_000, list(range(20_000)), 2)
    first, second = picker(scores).double(), picker(scores).double()
    assert abs(torch.corrcoef(torch.stack([first, second]))[0, 1].item()) < 5 / 20_000**0.5


def test_only_the_seed_and_the_step_decide():
    sampling = Sampling(temperature=1.0)
    scores = [logits(4, 50, seed=step) for step in range(3)]
    together = Picker(sampling, [[0]] * 4, [10, 11, 12, 13], 3)
    all_tokens = torch.stack([together(s) for s in scores])
    alone = Picker(sampling, [[0]], [12], 3)
    assert [alone(s[2:3]).item() for s in scores] == all_tokens[:, 2].tolist()
    shrinking = Picker(sampling, [[0]] * 4, [10, 11, 12, 13], 3)
    shrinking(scores[0])
    shrinking.keep(torch.tensor([1, 2]))
    assert shrinking(scores[1][1:3]).tolist() == all_tokens[1, 1:3].tolist()
    other = Picker(sampling, [[0]] * 4, [20, 21, 22, 23], 3)
    assert torch.stack([other(s) for s in scores]).tolist() != all_tokens.tolist()


def test_a_number_near_one_draws_a_possible_token():
    probable = torch.tensor([[0.5, 0.5, 0.0, 0.0]], dtype=torch.float64)
    assert draw(probable, torch.tensor([1 - 2**-53], dtype=torch.float64)).item() == 1
    assert draw(probable, torch.tensor([0.0], dtype=torch.float64)).item() == 0
    assert draw(probable, torch.tensor([0.5], dtype=torch.float64)).item() == 1
    impossible_first = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    assert draw(impossible_first, torch.tensor([0.0], dtype=torch.float64)).item() == 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_broken_logits_are_told_and_touch_no_other_row(temperature: float, poison: float):
    scores = logits(4)
    sampling = Sampling(temperature=temperature)
    expected = Picker(sampling, [[0]] * 4, [1, 2, 3, 4], 1)(scores).tolist()
    scores[2, 17] = poison
    found = Picker(sampling, [[0]] * 4, [1, 2, 3, 4], 1)(scores).tolist()
    assert found == [*expected[:2], BROKEN, expected[3]]


def test_minus_infinity_is_a_way_to_forbid_a_token_unless_all_are():
    scores = logits(2)
    scores[0, :10] = -torch.inf
    scores[1] = -torch.inf
    found = Picker(Sampling(), [[0]] * 2, [0, 0], 1)(scores).tolist()
    assert found[0] >= 10
    assert found[1] == BROKEN
