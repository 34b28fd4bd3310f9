"""What a passage supports, by words. The limits were set on answers that people labelled; these are small laws."""

from __future__ import annotations

import pytest

from fteval.evals.answer.support import support

PASSAGE = "In 1921 Ada Pell opened a mill with 30 workers near Arlen. By 1950 it had 45, and a school."


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Ada Pell opened a mill in 1921.", 1),
        ("Ada Pell opened a mill near Vienna.", 0),
        ("Ada Pell opened a mill in 1922.", 0),
        ("It had 15 workers more by 1950.", None),  # 45 - 30 follows
        ("It had 17 workers more by 1950.", 0),
        ("Ada Pell had a school.", None),  # together here, apart there
        ("I love old mills near Arlen.", 0),
        ("Yes, it is.", None),
    ],
)
def test_numbers_names_and_neighbours_must_stand_in_the_passage(answer: str, value: float | None) -> None:
    assert support(answer, PASSAGE).value == value


def test_an_invented_extra_beside_what_stands_there_is_partly() -> None:
    assert support("Ada Pell opened a mill. Her brother Karl painted famous ships.", PASSAGE).partly
    assert not support("Karl painted famous ships.", PASSAGE).partly


def test_names_of_the_question_may_be_said_again() -> None:
    assert support("The mill of Tornio opened in 1921.", PASSAGE, "When did the mill of Tornio open?").value == 1
    assert support("The mill of Tornio opened in 1921.", PASSAGE).value == 0
