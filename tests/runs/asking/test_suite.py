"""Suites: B6, B8, E1 of the fault list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import echo
import pytest

from fteval.errors import NOTHING, USAGE, NothingToEvaluate, UserError
from fteval.records import Sample
from fteval.runs.asking import suite


def ids(built: suite.Suite) -> list[str]:
    return [s.id for s in built.probes[0].samples]


def test_a_probe_s_own_samples_are_used_where_none_are_given() -> None:
    built = suite.build([("own", echo.Words(3), None), ("given", echo.Words(3), echo.samples(5))])
    assert [len(p.samples) for p in built.probes] == [3, 5]
    assert built.n_samples == 8
    assert not built.subset
    assert built.probes[1].sample_digests == tuple(s.content_digest for s in echo.samples(5))


@pytest.mark.parametrize(("n", "limit"), [(0, None), (0, 5), (5, 0)])
def test_nothing_to_evaluate_is_exit_5_not_a_pass(n: int, limit: int | None) -> None:
    with pytest.raises(NothingToEvaluate, match="probe 'w' has no samples") as caught:
        suite.build([("w", echo.Words(), echo.samples(n))], limit=limit)
    assert caught.value.exit_code == NOTHING


def test_no_probes_are_nothing_to_evaluate_too() -> None:
    with pytest.raises(NothingToEvaluate):
        suite.build([])


def test_duplicate_ids_are_an_error_that_names_id_and_both_places() -> None:
    twice = (*echo.samples(3), echo.sample("s1", "another question"))
    for limit in (None, 1):
        with pytest.raises(UserError, match=r"samples 2 and 4 have the same id 's1'") as caught:
            suite.build([("w", echo.Words(), twice)], limit=limit)
        assert caught.value.exit_code == USAGE


def test_the_same_id_in_two_probes_is_fine_the_same_name_is_not() -> None:
    suite.build([("a", echo.Words(), echo.samples(2)), ("b", echo.Words(), echo.samples(2))])
    with pytest.raises(UserError, match="probe 'a' is named twice"):
        suite.build([("a", echo.Words(), echo.samples(2)), ("a", echo.Words(), echo.samples(2))])


def test_a_limit_draws_the_same_samples_whatever_the_order_of_the_file() -> None:
    many = echo.samples(200)
    drawn = suite.build([("w", echo.Words(), many)], limit=20)
    backwards = suite.build([("w", echo.Words(), many[::-1])], limit=20)
    assert drawn.subset
    assert len(ids(drawn)) == 20
    assert ids(drawn) == ids(backwards)[::-1]
    assert ids(drawn) != [s.id for s in many[:20]], "not just the head of the file"
    assert ids(drawn) != ids(suite.build([("w", echo.Words(), many)], limit=20, seed=1))


def test_a_smaller_limit_is_part_of_a_larger_one_so_that_its_answers_are_reused() -> None:
    built = [set(ids(suite.build([("w", echo.Words(), echo.samples(100))], limit=n))) for n in (10, 30)]
    assert built[0] < built[1]


def test_a_limit_that_leaves_nothing_out_is_no_subset() -> None:
    assert not suite.build([("w", echo.Words(), echo.samples(5))], limit=5).subset


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
def test_a_value_that_json_has_no_word_for_is_an_error_that_names_the_sample(value: object) -> None:
    with pytest.raises(UserError, match="sample 'bad' holds a value") as caught:
        suite.build([("w", echo.Words(), [echo.sample("bad", "?", metadata={"score": value})])])
    assert caught.value.exit_code == USAGE


def test_a_negative_limit_is_an_error() -> None:
    with pytest.raises(UserError, match="-1"):
        suite.build([("w", echo.Words(), None)], limit=-1)


def test_the_order_of_samples_does_not_change_the_suite_and_everything_else_does() -> None:
    one = echo.samples(3)

    def digest(samples: Sequence[Sample], n: int = 3, name: str = "w") -> str:
        return suite.build([(name, echo.Words(n), samples)]).digest

    assert digest(one) == digest(one[::-1])
    others = [
        digest(one[:2]),
        digest((*one[:2], replace(one[2], target="another"))),
        digest((*one[:2], replace(one[2], id="another"))),
        digest((*one[:2], replace(one[2], slices={"language": "de"}))),
        digest((*one[:2], replace(one[2], group="g"))),
        digest(one, n=4),
        digest(one, name="other"),
    ]
    assert len({digest(one), *others}) == 8


@dataclass(frozen=True, slots=True)
class Longest(echo.Words):
    """A probe whose judgement follows from its hold-out."""

    longest: int = 0

    def for_samples(self, samples: Sequence[Sample]) -> Longest:
        return replace(self, longest=max(len(s.prompt_text) for s in samples))


def test_a_probe_that_follows_from_its_hold_out_sees_all_of_it_even_with_a_limit() -> None:
    samples = (*echo.samples(5), echo.sample("long", "x" * 100))
    built = [suite.build([("w", Longest(), samples)], limit=n).probes[0] for n in (None, 1)]
    assert [p.probe.longest for p in built] == [100, 100]  # type: ignore[attr-defined]
    assert built[0].digest == built[1].digest
