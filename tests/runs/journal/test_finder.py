"""Places of values, found as by looking at each of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fteval.runs.journal.finder import Finder, are_apart

VALUES = st.lists(st.sampled_from([bytes([n]) * 8 + bytes([m]) * 2 for n in range(4) for m in range(3)]))


@settings(deadline=None)
@given(VALUES, VALUES)
def test_places_are_those_at_which_a_value_stands(values: list[bytes], wanted: list[bytes]) -> None:
    finder = Finder(b"".join(values), 10)
    for value in [*values, *wanted, b"x" * 10]:
        assert list(finder.places(value)) == [at for at, one in enumerate(values) if one == value]
    heads = [value[:8] for value in values]
    assert finder.twice == (len(set(heads)) < len(heads))


@settings(deadline=None)
@given(st.lists(st.text()))
def test_texts_that_are_apart_are_all_different(texts: list[str]) -> None:
    assert are_apart(texts) == (len(set(texts)) == len(texts))
