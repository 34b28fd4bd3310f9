"""Compact columns are sequences like any other: the same values, found the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fteval.records import digest
from fteval.records.columns import Digests, Kinds, Marks, Numbers, Rows, Texts, beginning_with, partners, places_of

TEXTS = st.lists(st.text(max_size=6))


def columns() -> list[tuple[Sequence[Any], list[Any]]]:
    digests = [digest(n) for n in range(4)]
    return [
        (Texts.of(["a", "", "\ud800é", "b"]), ["a", "", "\ud800é", "b"]),
        (Digests.of(digests), digests),
        (Numbers.of([0.5, None, 1.0]), [0.5, None, 1.0]),
        (Kinds.of(["x", None, "x"]), ["x", None, "x"]),
    ]


@pytest.mark.parametrize(("column", "values"), columns(), ids=["texts", "digests", "numbers", "kinds"])
def test_a_column_is_the_sequence_of_its_values(column: Sequence[Any], values: list[Any]) -> None:
    assert column == values and values == list(column) and column != values[1:] and column != "text"
    assert [column[i] for i in range(-len(values), len(values))] == values * 2
    assert tuple(column[1:]) == tuple(values[1:])
    assert values[1] in column and column.index(values[1]) == 1
    assert column == type(column)(*(getattr(column, name) for name in type(column).__slots__))
    for place in (len(values), -len(values) - 1):
        with pytest.raises(IndexError):
            column[place]


@settings(deadline=None)
@given(TEXTS, st.text(max_size=3))
def test_texts_are_found_by_their_beginning_as_startswith_finds_them(texts: list[str], text: str) -> None:
    column = Texts.of(texts)
    assert list(beginning_with(column, text)) == [i for i, one in enumerate(texts) if one.startswith(text)]
    assert list(beginning_with(texts, text)) == list(beginning_with(column, text))


@settings(deadline=None)
@given(TEXTS, st.sets(st.text(max_size=6), max_size=12))
def test_places_are_those_of_a_dict(texts: list[str], wanted: set[str]) -> None:
    unique = list(dict.fromkeys(texts))
    wanted |= set(unique[::2])
    expected = {text: unique.index(text) for text in wanted if text in unique}
    assert places_of(Texts.of(unique), wanted) == places_of(unique, wanted) == expected


def test_partners_are_a_range_where_nothing_has_to_be_looked_up() -> None:
    assert partners(Texts.of("ab"), Texts.of("ab")) == range(2)
    assert partners(Texts.of("ab"), ["b", "c"]) == (None, 0)


def test_a_digest_of_another_spelling_is_kept_as_it_is() -> None:
    given = [digest(1), "sha256:short", "DIGEST"]
    assert Digests.of(given) == given


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=300))
def test_marks_are_places_in_the_order_in_which_they_came(given: list[int]) -> None:
    marks, expected = Marks(), dict[int, list[int]]()
    for place, number in enumerate(given):
        marks.add(number, place)
        expected.setdefault(number, []).append(place)
    assert all(list(marks.places(number)) == places for number, places in expected.items())
    assert list(marks.places(12345)) == expected.get(12345, [])


def test_marks_grow() -> None:
    marks = Marks()
    for place in range(5000):
        marks.add(place * 4096 % 7919 * 1024, place)  # many begin at the same slot
    assert list(marks.places(4096 * 1024)) == [1]


def test_rows_are_a_mapping_of_texts() -> None:
    rows = Rows()
    for row, text in ((7, "a"), (3, ""), (9, "\ud800")):
        rows.add(text, row)
    assert rows == {"a": 7, "": 3, "\ud800": 9}
    assert "b" not in rows and rows.get("b") is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=3)))
def test_a_text_is_a_row_once_in_whatever_order_it_is_asked_for(texts: list[str]) -> None:
    rows, known = Rows(), dict[str, int]()
    for number, text in enumerate(texts):
        assert rows.add(text, number) == known.get(text)
        known.setdefault(text, number)
    assert dict(rows) == known
    for text in [*texts, *reversed(texts), "none of them"]:
        assert rows.row(text) == known.get(text)
