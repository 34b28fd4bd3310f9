"""Answers side by side in the terminal: as many columns as have room, and nothing of an answer steers anything."""

from __future__ import annotations

import re

import pytest
from hostile import ATTACKS
from pages import flips, sheet
from rich.cells import cell_len

from fteval.reports.terminal import answers

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\ufeff\U000e0041\ud800]")


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_answers_do_nothing(text: str) -> None:
    plain = answers.render(sheet([text]), width=80, color=False)
    assert not CONTROL.search(plain)
    assert not [line for line in plain.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert max(map(cell_len, plain.splitlines())) <= 80
    coloured = re.sub(r"\x1b\[[\d;]*m", "", answers.render(sheet([text]), width=80, color=True))
    assert not CONTROL.search(coloured)


@pytest.mark.parametrize(("width", "across"), [(60, 1), (80, 2), (120, 3), (200, 4)])
def test_as_many_answers_stand_side_by_side_as_have_room(width: int, across: int) -> None:
    plain = answers.render(sheet(["an answer"], names=("one", "two", "three", "four")), width=width, color=False)
    (first,) = [line for line in plain.splitlines() if line.startswith("one")]
    assert len(re.findall("one|two|three|four", first)) == across
    assert all(name in plain for name in ("two", "three", "four"))


def test_words_that_differ_are_coloured_on_a_terminal_alone() -> None:
    _, found = flips(10)
    assert "\x1b[1;32mPluto" in answers.render(found, width=100, color=True)
    assert "\x1b[1;31mMercury" in answers.render(found, width=100, color=True)
    assert "\x1b" not in answers.render(found, width=100, color=False)
