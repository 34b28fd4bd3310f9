"""Numbers as people and models write them; expected values by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from evals.pace import soon
from hypothesis import given, settings
from hypothesis import strategies as st

from fteval.evals.find.number import Result, alone, is_identifier, result, same, wanted
from fteval.evals.find.numeral import Numeral, numerals, plain


def read(text: str) -> Numeral:
    (one,) = numerals(plain(text))
    return one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-5", -5), ("−5", -5), ("+5", 5), ("$12", 12), ("-$5", -5), ("$-5", -5), ("€1.50", "3/2"),
        ("1,200", 1200), ("1,234,567.5", "2469135/2"), ("12,34,567", 1234567), ("1'200", 1200), ("1 200 €", 1200),
        ("1\u202f200\u00a0€", 1200), ("1.234,56", "30864/25"), ("1 234,5", "2469/2"), ("3,5", "7/2"), (".5", "1/2"),
        ("1.234.567", 1234567), ("9{,}500", 9500), (r"9\,500", 9500), (r"\$9{,}500", 9500),
        ("3/4", "3/4"), (r"\frac{3}{4}", "3/4"), (r"\dfrac34", "3/4"), (r"\frac{-3}{4}", "-3/4"), ("½", "1/2"),
        ("1½", "3/2"), ("1 1/2", "3/2"), (r"1\frac{1}{2}", "3/2"),
        ("10^3", 1000), ("10³", 1000), ("10^{-2}", "1/100"), ("2.5e3", 2500), ("3 × 10^5", 300000),
        (r"3 \times 10^{5}", 300000), ("2·10⁶", 2000000),
        ("1.2 million", 1200000), ("3 Millionen", 3000000), ("2 Mio. Euro", 2000000), ("5 bn", 5 * 10**9),
        ("4 lakh", 400000), ("1.5 crore", 15000000), ("12 тысяч", 12000), ("$5M", 5000000), ("7k", 7000),
        ("3万", 30000), ("3万5千", 35000), ("1億2000万", 120000000), ("1억 2000만", 120000000), ("5백", 500),
        ("１２３", 123), ("１，２００", 1200), ("٣٫٥", "7/2"), ("١٢", 12), ("१२", 12), ("๑๒", 12), ("۱۲", 12),
        ("答案是12", 12), ("12원", 12), ("USD100", 100), ("12km", 12), ("Rs.500", 500), ("No.7", 7), ("12 cm²", 12),
        ("12 m^2", 12), ("50%", 50), ("50 Prozent", 50), ("x_1 = 5", 5), ("x₁=5", 5), ("GPT-4", 4), ("-7°C", -7),
        ("minus 5", -5), ("negative 5", -5), ("about ~12", 12), ("≈12", 12),
    ],
)  # fmt: skip
def test_a_number_is_read_whatever_it_is_written_like(text: str, value: int | str) -> None:
    assert read(text).value == Fraction(value)


@pytest.mark.parametrize(
    ("text", "values"),
    [("12:30", {12, 30}), ("5-7", {5, 7}), ("5–7", {5, 7}), ("2021-03-04", {2021, 3, 4}), ("1.2.3", {1, 2, 3}),
     ("3/4/2021", {3, 4, 2021}), ("1,2,3", {1, 2, 3}), ("1/0", set()), ("1e999", set())],
)  # fmt: skip
def test_what_is_several_numbers_is_none(text: str, values: set[int]) -> None:
    assert read(text).value is None
    assert read(text).also == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The answer is 42.", 42),
        ("3 + 4 = 7", 7),
        ("#### 12\nThat was easy, 3 steps.", 12),
        ("So \\boxed{5} of 9", 5),
        ("\\boxed{x = \\frac{3}{4}}", "3/4"),
        ("\\boxed{5\\text{ cm}} or so, 2 times", 5),
        ("First 3, then 4, at last 5", 5),
        ("Answer: **18** apples, not 20", 18),
        ("The answer to 5 + 3 is 8, as 2 people know.", 8),
        ("The answer is 3 × 4 = 12 for 2 people.", 12),
        ("The answer is not 5 but 7.", 7),
        ("The answer is 5. No: the answer is 6.", 6),
        ("Answer:\n\n**42**\n\nSee page 3.", 42),
        ("10 minus 5 apples", 5),
        ("The answer would be 12 since 3 × 4 is that.", 12),
        ("答案是12，共3步。", 12),
        ("答えは12個です。手順は3つ。", 12),
        ("정답: 12개 (3단계)", 12),
        ("Die Antwort lautet 3,5 km, in 2 Tagen.", "7/2"),
        ("La réponse est 12 pour 3 personnes", 12),
        ("Ответ: 12, за 3 шага", 12),
        ("The answer is 7.\n\nQuestion: Tom has 12 apples. How many?\nAnswer: 13", 7),
        ("#### 7\n\nQ: And 5 + 5?\nA: 10", 7),
        ("It is 7. Human: and 5 + 5?", 7),
        ("7<|im_start|>user\nand 5 + 5?", 7),
        ("Question: what is 3 + 4?\nAnswer: 7", 7),
        ("1. Add 3 and 4 to get 7\n2. Done", 7),
        ("42. That is the sum.", 42),
        ("It is 12 m2 of H2O", 12),
        ("9**9**9", 9),
        ("B12", 12),
        ("none", None),
        ("1. Add\n2. Multiply", None),
    ],
)
def test_the_number_that_an_output_comes_to(text: str, value: int | str | None) -> None:
    found = result(text)
    if value is None:
        assert found is None
    else:
        assert isinstance(found, Result)
        assert found.numeral.value == Fraction(value)


@pytest.mark.parametrize("text", ["twelve", "It is seven hundred.", "十二", r"\boxed{2\sqrt{3}}", "The answer is 2π"])
def test_what_is_no_plain_number_is_open_with_a_reason(text: str) -> None:
    assert isinstance(result(text), str)


@pytest.mark.parametrize(
    ("output", "target", "equal"),
    [
        ("4915140348", "4915140891", False),  # within 1e-6 of each other
        ("4915140891", "4915140891", True),
        ("4915140348.0", "4915140891", False),
        ("1234567.89", "1234567.12", False),
        ("6.1e-34", "6.6e-34", False),
        ("3", "3/4", False),
        ("0.75", "3/4", True),
        ("0.3333333", "1/3", True),
        ("0.33", "1/3", False),
        ("12.0", "12", True),
        ("12.01", "12", False),
        ("-5", "5", False),
        ("1.2 million", "1200000", True),
        ("1,200", "1200", True),
        ("1.200", "1200", None),  # so in Germany
        ("1.200", "1.2", True),
        ("1,200", "1.2", None),
        ("room 1 200", "200", None),
        ("50%", "50", True),
        ("50%", "0.5", None),
        ("5m", "5", True),
        ("5m", "5000000", None),
        ("5 billion", "5000000000000", None),  # so in Spain
        ("12:30", "12", None),
        ("12:30", "13", False),
        ("5-7", "6", False),
        ("7", "007", None),
        ("007", "007", True),
        ("007", "7", True),
        ("1e400", "5", False),
    ],
)
def test_whole_numbers_compare_exactly_and_what_may_be_two_is_open(
    output: str, target: str, equal: bool | None
) -> None:
    found, right = result(output), wanted(target)
    assert isinstance(found, Result) and right is not None
    value, why = same(found.numeral, right)
    assert value is equal
    assert why or value


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("12원", 12), ("She has 3 and gets 4.\n#### 7", 7), ("3 and 4, so the answer is 7", 7),
     ("It is 12 apples", 12), ("3 or 4", None), ("12:30", None), ("Paris", None), ("twelve", None), ("", None)],
)  # fmt: skip
def test_a_target_has_one_number_or_announces_it(text: str, value: int | None) -> None:
    found = wanted(text)
    assert (found.value if found else None) == value


@pytest.mark.parametrize(
    ("text", "whole"),
    [("12", True), ("$1,200.50", True), ("50 %", True), ("−3", True), ("12a", False), ("12 apples", False),
     ("1-2", False), ("", False), ("True", False)],
)  # fmt: skip
def test_a_text_that_is_a_number_says_nothing_else(text: str, whole: bool) -> None:
    assert (alone(text) is not None) is whole


@pytest.mark.parametrize(
    ("text", "names"), [("007", True), ("4915140891", True), ("123456", False), ("0.5", False), ("1,200,000", False)]
)
def test_a_leading_zero_or_seven_digits_name_something(text: str, names: bool) -> None:
    assert is_identifier(read(text)) is names


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12))
def test_every_whole_number_is_read_in_every_grouping(n: int) -> None:
    for text in (str(n), f"{n:,}", f"{n:_}", f"{n:,}".replace(",", "\u202f"), f"{n:,}".replace(",", "'")):
        assert read(text).value == n


@settings(deadline=None)
@given(st.text("0123456789.,'- /^:%kM万√\\frac{}×e", max_size=30))
def test_nothing_breaks_it(text: str) -> None:
    found = result(text)
    assert found is None or isinstance(found, str | Result)


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "1,", "1/", "1-", "1^", "1x10^", "5k ", "1 000 ", "三万", "٣٫٥ ", "answer ", "answer is 5 ", "####\n",
     "\\boxed{", "\\frac{", "\\frac{1}{", "{", "$", "Q:\n", "5 \nQ:", "1. a\n", "1 million ", " ", "minus ", "minus 5"],
)  # fmt: skip
def test_no_input_takes_long(piece: str) -> None:
    soon(lambda: result(piece * (100_000 // len(piece))), piece)
