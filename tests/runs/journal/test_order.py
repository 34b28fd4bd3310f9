"""The order of many values, against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from fteval.records.columns import Texts
from fteval.runs.journal.order import in_order, places_in_order

# Zeros at an end, lone surrogates, what sorts otherwise in UTF-16, and more than is laid out in one width.
TEXT = st.text(max_size=8) | st.text("\0a\ud800\uffff\U0001f600", max_size=5) | st.text(min_size=60, max_size=70)


@given(st.lists(TEXT, max_size=12))
def test_places_in_order_are_those_of_sorted(texts: list[str]) -> None:
    assert list(places_in_order(Texts.of(texts))) == sorted(range(len(texts)), key=texts.__getitem__)


def test_texts_that_are_the_same_keep_their_order() -> None:
    assert list(places_in_order(Texts.of(["b", "a", "b", "a"] * 40)))[:80] == [i for i in range(160) if i % 2]


@given(st.lists(st.binary(min_size=4, max_size=4), max_size=20))
def test_values_of_one_width_are_sorted_as_bytes(values: list[bytes]) -> None:
    assert list(in_order(b"".join(values), 4)) == sorted(values)
