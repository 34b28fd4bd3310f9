"""Digests of what is spelt, against those of the values."""

import json

from hypothesis import given
from hypothesis import strategies as st

from fteval.records.digests import canonical, digest, digest_of_list, value_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=5))
def test_a_list_that_is_not_held_has_the_digest_of_one_that_is(values: list[object]) -> None:
    assert digest_of_list(map(canonical, values)) == digest(values)


@given(VALUES | st.just("\ud800"))
def test_a_spelling_is_read_as_json_reads_it(value: object) -> None:
    assert value_of(canonical(value)) == json.loads(canonical(value)) == value
