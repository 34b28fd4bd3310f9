from __future__ import annotations

import random

import pytest

from fteval.engines.remote.budget import Budget
from fteval.engines.remote.prices import Price, price_of

PRICE = Price(1.0, 2.0, "test")  # dollars per million


def test_never_more_than_allowed_is_spent_whatever_answers_cost():
    luck = random.Random(1)
    budget = Budget(max_usd=0.01, max_total_tokens=700)
    open_: list[int] = []
    for _ in range(2000):
        number = budget.reserve(10, 50, PRICE)
        if number is not None:
            open_.append(number)
        if open_ and luck.random() < 0.5:
            done = open_.pop(luck.randrange(len(open_)))
            if luck.random() < 0.1:
                budget.release(done)
            else:
                budget.settle(done, 10, luck.randint(0, 50), PRICE)
        assert budget.spent_tokens <= 700 and budget.spent_usd <= 0.01
    assert budget.spent_tokens > 600  # and it is used


def test_an_answer_without_a_count_costs_the_most_that_it_can():
    budget = Budget(max_total_tokens=100)
    number = budget.reserve(10, 50, None)
    assert number is not None
    budget.settle(number, None, None, None)
    assert budget.spent_tokens == 60
    assert budget.reserve(10, 50, None) is None


def test_without_limits_everything_may_be_asked():
    budget = Budget()
    assert all(budget.reserve(10**9, 10**9, PRICE) is not None for _ in range(3))


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc123", "ft:gpt-4o-mini"),
        ("ft:gpt-4.1-2025-04-14:acme:x:abc:ckpt-step-10", "ft:gpt-4.1"),
    ],
)
def test_a_dated_snapshot_or_fine_tune_costs_what_its_kind_costs(model: str, same_as: str):
    assert price_of(model, hosted=True) == price_of(same_as, hosted=True)
    assert price_of(model, hosted=True) is not None


def test_a_fine_tune_never_has_its_bases_cheaper_price():
    assert price_of("ft:gpt-5-2025-08-07:acme::x", hosted=True) is None
    own = {"gpt-5": PRICE}
    assert price_of("ft:gpt-5-2025-08-07:acme::x", own, hosted=True) is None


def test_ones_own_price_wins_and_counts_for_ones_own_server():
    own = {"gpt-4o-mini": PRICE}
    assert price_of("gpt-4o-mini", own, hosted=True) == PRICE
    assert price_of("gpt-4o-mini", own, hosted=False) == PRICE
    assert price_of("gpt-4o-mini", hosted=False) is None  # the list price is the provider's, not of any server


def test_a_price_is_per_million_tokens():
    assert PRICE.usd(1_000_000, 500_000) == 2.0
