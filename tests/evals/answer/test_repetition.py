"""Loops are found, verse and lists are not. Numbers are counted by hand or by brute force."""

import random

import pytest

from fteval.evals.answer.repetition import longest_repeat, repetition, stuck


def test_distinct_2_is_the_share_of_different_neighbours() -> None:
    assert repetition("a b a b a").distinct_2 == 2 / 4  # ab ba ab ba
    assert repetition("one two three").distinct_2 == 1
    assert repetition("one").distinct_2 is None
    assert repetition("").distinct_2 is None


def test_the_longest_repeat_is_what_brute_force_finds() -> None:
    draw = random.Random(0)
    for _ in range(200):
        words = [draw.choice("abc") for _ in range(draw.randint(0, 14))]
        pieces = [(tuple(words[i:j])) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]
        wanted = max((len(p) for p in pieces if pieces.count(p) > 1), default=0)
        assert longest_repeat(words) == wanted, words


@pytest.mark.parametrize(
    "text",
    [
        "-o-o-o-",
        "aaaa",
        "hahaha",
        "!!!!!!!!!!",
        "Dog dog dog dog dog",
        "A dog barks. A dog barks.",
        "A dog is a loyal animal. A dog is a loyal animal.",
        "the the the the the the dog",
        "It has fur and it has fur and it has fur and it has fur and",
        "yes yes yes no no no yes yes no no",
        "abcabcabcabcabc",
        "I think that " * 40,
        "He said it. She said no. He said it. She said no. He said it. She said no.",
        "abcdefghij" * 100,
    ],
)
def test_loops_are_found(text: str) -> None:
    assert stuck(text)


@pytest.mark.parametrize(
    "text",
    [
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
        "very very very big dog with a tail",
        "It is a big dog. It is a big cat. It is a big cow.",
        "1000000 people, 11111 dogs",
        "-----\nA list of dogs\n-----",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Bye bye",
        "10101010",
        "Hmmmm, a dog. Nooooo!",
        "To be, or not to be, that is the question.",
        "A horse is a horse, of course, of course.",
        "haha, a dog!",
        "...",
        "Mississippi",
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    ],
)
def test_emphasis_verse_tables_and_numbers_are_not(text: str) -> None:
    assert stuck(text) is None
