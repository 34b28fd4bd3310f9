"""A word with what its language glues on is still the word; another that begins alike is not. Made-up sentences."""

from __future__ import annotations

import pytest
from evals.pace import soon

from fteval.evals.find.statement import holds, said

HELD = [
    ("저는 서울에서 삽니다", "서울"), ("서울입니다.", "서울"), ("서울은 큽니다", "서울"), ("Java는 언어다", "Java"),
    ("모두 12원입니다", "12"),
    ("Ankara'da yaşıyor", "Ankara"), ("İstanbul'dur", "İstanbul"), ("Ağaçta kediler var", "kedi"),
    ("New York'ta yaşıyor", "New York"),
    ("هي تعيش بالقاهرة", "القاهرة"), ("والقاهرة كبيرة", "القاهرة"), ("ذهب للقاهرة", "القاهرة"), ("مُحَمَّد", "محمد"),
    ("أحمد", "احمد"),
    ("הוא גר בירושלים", "ירושלים"), ("וירושלים", "ירושלים"), ("שָׁלוֹם", "שלום"),
    ("เมืองหลวงคือกรุงเทพมหานคร", "กรุงเทพ"), ("ราคาไม้แพง", "ไม้"),
    ("वह दिल्ली में है", "दिल्ली"), ("東京に住んでいます", "東京"),
    ("Il vit en l'Italie", "Italie"), ("dell'Aquila", "Aquila"), ("Paris's river", "Paris"),
    ("**Paris**", "Paris"), ("New-York", "New York"), ("Dr Smith", "Dr. Smith"), ("two dogs", "dog"),
    ("I write C++ and Go", "C++"), ("C/C++", "C"), ("in F#.", "F#"), ("-5", "-5"), ("it is −5", "-5"), ("2-5", "5"),
    ("5+3", "5"), ("1,234", "1234"), 
]  # fmt: skip
NOT_HELD = [
    ("서울대학교", "서울"), ("C++", "C"), ("I like C#", "C"), ("an A+", "A"), ("-5", "5"), ("x = −5", "5"), ("5", "-5"),
    ("ไม้", "ไม"), ("दिल्ली", "दिल्ल"), ("Parisian", "Paris"), ("I can't", "can"), ("5.2", "5"), ("52", "5"),
    ("le", "€"), ("Romania", "Roma"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), HELD)
def test_the_word_is_there(text: str, wanted: str) -> None:
    assert holds(text, wanted)[0] is not None
    assert said(text, [wanted])[0] == 1.0 or text == "C/C++"  # facts wants one answer, not two


@pytest.mark.parametrize(("text", "wanted"), NOT_HELD)
def test_another_word_is_not_it(text: str, wanted: str) -> None:
    assert holds(text, wanted) == (None, "")
    assert said(text, [wanted])[0] == 0.0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("כלב", "לב"), ("Bu evdir, ağaç değil", "ev"), ("كتابه جديد", "كتاب"), ("ঢাকার লোক", "ঢাকা"), ("சென்னையில்", "சென்னை")],
)
def test_a_short_word_with_a_letter_more_is_open(text: str, wanted: str) -> None:
    found, why = holds(text, wanted)
    assert found is None and "may be" in why
    value, _, reason = said(text, [wanted])
    assert value is None and reason


def test_a_mark_is_found_as_it_stands() -> None:
    assert holds("It costs €.", "€") == ("€", "")


def test_the_very_words_are_said_whatever_they_say() -> None:
    for text in ("not Paris", "Paris or Rome", "No wait, Rome", "Rome, Paris, Oslo and London"):
        assert said(text, [text])[0] == 1.0


@pytest.mark.parametrize("piece", ["a ", "c+", "กรุง", "서울에", "-5", "وال", "a'", "ל", "ğ a"])
def test_no_input_takes_long(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    for wanted in ("서울", "القاهرة", "a a a b", "c", "กรุงเทพ", "5"):
        soon(lambda wanted=wanted: holds(text, wanted), piece)
