"""Dates in any writing. What a day is comes from the standard library's strftime, not from our patterns."""

import datetime
import random

import pytest

from fteval.evals.find import dates

DAY = datetime.date(1578, 3, 4)
WRITINGS = """
1578-03-04
March 4, 1578
4 March 1578
4th of March 1578
the fourth of March, 1578
Mar. 4th 1578
March the 4th, 1578
Sunday, March 4, 1578
1578 March 4
4-Mar-1578
4/Mar/1578
On the 4th day of March in the year 1578
MARCH 4 1578
1578/03/04
1578.3.4
15780304
March fourth, fifteen seventy-eight
March 4 in 1578
4 mars 1578
4. März 1578
4 de marzo de 1578
4 marzo 1578
1578年3月4日
１５７８-０３-０４
In 1578, on the 4th of March
March 4th, fifteen hundred and seventy eight
1578-03-04T10:00
*March 4, 1578*
1578-Mar-04
March, 4 1578
"""


@pytest.mark.parametrize("text", WRITINGS.strip().splitlines())
def test_every_usual_writing_is_read(text: str) -> None:
    assert [f.day for f in dates.find(text)] == [DAY]
    assert dates.is_day(text, DAY) == (1.0, "")
    assert dates.is_day(text, DAY + datetime.timedelta(1))[0] == 0


def test_random_days_are_read_in_every_format() -> None:
    draw = random.Random(0)
    formats = (
        "%Y-%m-%d",
        "%B %d, %Y",
        "%d %B %Y",
        "%b %d %Y",
        "%d-%b-%Y",
        "%Y/%m/%d",
        "%A, %d %B %Y",
        "It was on %B %d, %Y.",
        "%Y%m%d",
    )
    for _ in range(300):
        day = datetime.date.fromordinal(
            draw.randint(datetime.date(1000, 1, 1).toordinal(), datetime.date(2999, 12, 31).toordinal())
        )
        text = day.strftime(draw.choice(formats))
        assert [f.day for f in dates.find(text)] == [day], text


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("03/04/2021", {"2021-03-04", "2021-04-03"}),
        ("4.3.1578", {"1578-03-04", "1578-04-03"}),
        ("04/04/1578", {"1578-04-04"}),
        ("13/04/1578", {"1578-04-13"}),
        ("2021-02-30", set()),
        ("April 31, 1999", set()),
        ("Feb 29, 1900", set()),
        ("Feb 29, 2000", {"2000-02-29"}),
    ],
)
def test_a_date_can_mean_two_days_or_none(text: str, days: set[str]) -> None:
    assert [{d.isoformat() for d in f.days} for f in dates.find(text)] == [days]


@pytest.mark.parametrize(
    "text",
    [
        "March 4",
        "1578",
        "March 1578",
        "version 1.2.3.4",
        "10.0.0.1",
        "call 555-12-34-5678",
        "It may be 4 or 5 in 2021 cases",
        "May 4, 10 am",
        "21578-03-045",
        "12345678",
        "1/2/3",
        "march 3 miles in 10 hours",
        "",
        "the day after",
    ],
)
def test_what_is_no_whole_date_is_not_found(text: str) -> None:
    assert dates.find(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("not March 5, 1578 but March 4, 1578", 1),
        ("It was not March 4, 1578.", 0),
        ("March 4, 1578 (1578-03-04)", 1),
        ("March 4, 1578 or March 5, 1578", 0),
        ("04/03/1578", None),
        ("05/06/1578", 0),
        ("March 4, '78", None),
        ("nothing", 0),
    ],
)
def test_is_day_reads_denials_and_leaves_open_what_is_open(text: str, value: float | None) -> None:
    found, why = dates.is_day(text, DAY)
    assert found == value
    assert bool(why) is (value != 1)


def test_iso_form_is_asked_for_to_the_letter() -> None:
    assert dates.iso_day("1578-03-04") == DAY
    for text in ("1578-3-4", "1578-03-04 ", "1578-02-30", "１５７８-03-04", "0000-01-01", "+1578-03-04"):
        assert dates.iso_day(text) is None, text
    for text, holds in (
        ("on 1578-03-04.", True),
        ("1578-03-04T10", True),
        ("x-1578-03-04-7", False),
        ("15780304", False),
    ):
        assert dates.holds_iso(text) is holds, text
