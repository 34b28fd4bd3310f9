"""A range says what it holds, and holds no number that means nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import given
from hypothesis import strategies as st

from fteval.config.models import SamplingSpec, ServerSpec
from fteval.records import Limits, Range, Sampling, out_of_range


@pytest.mark.parametrize(
    ("within", "inside", "outside", "words"),
    [
        (Range(1), (1, 2, 10**9), (0, -1), "1 or more"),
        (Range(0, least_is="greedy"), (0, 0.5), (-0.1,), "0 (greedy) or more"),
        (Range(above=0, most=1), (1e-9, 1), (0, 1.001), "more than 0 and at most 1"),
        (Range(0, 2**32 - 1), (0, 2**32 - 1), (2**32,), "0 or more and at most 4294967295"),
        (Range(0, below=2**63), (0, 2**63 - 1025), (2**63,), "0 or more and less than 9.22337e+18"),
    ],
)
def test_a_range_holds_what_it_says(within: Range, inside: tuple, outside: tuple, words: str) -> None:
    assert all(value in within for value in inside)
    assert not any(value in within for value in (*outside, float("nan"), float("inf"), float("-inf")))
    assert str(within) == words


def test_every_field_out_of_range_is_named_at_once() -> None:
    wrong = replace(Sampling(), temperature=-1.0, top_p=2.0, max_tokens=0)
    assert list(out_of_range(wrong)) == [
        "temperature is -1.0, wanted 0 (greedy) or more",
        "top_p is 2.0, wanted more than 0 and at most 1",
        "max_tokens is 0, wanted 1 or more",
    ]
    assert not list(out_of_range(Sampling())) and not list(out_of_range(Limits()))


@pytest.mark.parametrize(("spec", "record"), [(SamplingSpec, Sampling), (ServerSpec, Limits)])
def test_a_config_has_the_defaults_and_ranges_of_the_records(spec: type, record: type) -> None:
    fields = {f.name: f for f in record.__dataclass_fields__.values()}
    for name, field in fields.items():
        known = spec.model_fields[name]
        if name == "stop":
            continue  # a list in YAML, and without a range
        if "range" not in field.metadata:
            assert known.default == field.default, name
            continue
        assert known.default == field.default, name
        found = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt"}
        bounds = {found[type(m)]: getattr(m, found[type(m)]) for m in known.metadata if type(m) in found}
        assert bounds == field.metadata["range"].bounds, name


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_nothing_that_is_no_number_is_inside(value: float) -> None:
    assert (value in Range(0, most=1)) == (0 <= value <= 1)
