"""Digests of what is spelt, against those of the values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fteval.records.digests import canonical, digest, digest_of_list, encoder, value_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=5))
def test_a_list_that_is_not_held_has_the_digest_of_one_that_is(values: list[object]) -> None:
    assert digest_of_list(map(canonical, values)) == digest(values)


def test_what_holds_itself_has_no_spelling() -> None:
    value: list[object] = []
    value.append({"x": value})
    with pytest.raises(ValueError, match="holds itself"):
        canonical(value)


@given(VALUES | st.just("\ud800"))
def test_a_spelling_is_read_as_json_reads_it(value: object) -> None:
    assert value_of(canonical(value)) == json.loads(canonical(value)) == value


HOSTILE = [
    "", "\ud800", "\x00\x7f\x80", 'a"b\\c/d\u2028\n', "\U0001f600", True, None, 0, -1, 10**40, 0.1, -0.0, 5e-324,
    (), ("a", [1]), {}, {1: "a", 0.5: 3}, {"b": {"a": [{}]}}, "</script>",
]  # fmt: skip


@pytest.mark.parametrize("how", [{}, {"sort_keys": True, "separators": (",", ":")}, {"allow_nan": False}])
@given(VALUES | st.sampled_from(HOSTILE))
def test_an_encoder_spells_as_json_does(how: dict[str, object], value: object) -> None:
    assert encoder(**how)(value) == json.dumps(value, **how)


def test_an_encoder_refuses_what_json_refuses() -> None:
    spelt = encoder(allow_nan=False)
    for value in (float("nan"), [float("inf")], {"a": -float("inf")}):
        with pytest.raises(ValueError, match="Out of range float"):
            spelt(value)
    for value in (b"a", {1, 2}, {"a": object()}):
        with pytest.raises(TypeError, match="is not JSON serializable"):
            spelt(value)
    assert spelt(["after"]) == '["after"]'
