"""Loops are found, verse and lists are not. Numbers are counted by hand or by brute force."""

import random

import pytest
from evals.pace import soon

from fteval.evals.answer.repetition import longest_repeat, repetition, stuck

VERSES = ["The quay is dark.", "Our lamps burn low.", "A heron calls.", "My father waits.", "Dawn comes."]


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
        "1. Lamps - They give us light.\n2. Lamps - They give us light.\n3. Lamp - They give us light.",
        "4. all of the time: 5. all of the time: 6. all of the time:",
        "The roof leaks when it rains. Call the owner now. Call the owner now. Call the owner now. Call the",
        "a cab a cab, I b a caf a caf, a caz caz a caz, caz a caf a a caz, cau a",
        "It is al cat and al it al cat al is al it and al cat is al",
        "Buy oats. Buy milk today. Buy oats. Sell hay. " + "Buy milk today. Buy oats. Feed the hens. " * 4,
        "0 " * 40,
        "x" * 20 + " and " + "9" * 200,
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
        # sums, proofs, grids, tables, code, hashtags, rhymes, links: they say few words, and these again
        "The cost of the pens is the number of pens times the cost of a pen: 4 times 3 is 12. The cost of the books is "
        "the number of books times the cost of a book: 2 times 9 is 18. The cost of all is 12 and 18, which is 30.",
        "If x > 0, then x + 1 > 1. If x + 1 > 1, then x + 2 > 2. Since x > 0, x + 1 > 1 and x + 2 > 2. So x + 2 > 2.",
        "|1|2|3|\n|2|3|1|\n|3|1|2|\n\n|1|2|3|\n|2|3|1|\n|3|1|2|",
        "| size | 3 cm | 4 cm | 3 cm | 5 cm | 3 cm |\n| price | 2 euros | 2 euros | 3 euros | 2 euros | 4 euros |",
        "```\na = f(x)\nb = f(y)\nprint(a)\nprint(b)\n```\nor\n```\na = g(x)\nb = g(y)\nprint(a)\nprint(b)\n```",
        "#GreenTea #GreenTeaTime #GreenTeaLover #GreenTeaDaily #GreenTeaPot #GreenTeaCup #GreenTeaLeaf #GreenTeaShop",
        "we feel glad\nwe feel merry\nwe feel content\nwe feel thrilled\nwe feel pleased\nwe feel elated",
        "For want of a nail the shoe was lost; for want of a shoe the horse was lost; for want of a horse I lost.",
        "\n".join(f"{i}. https://example.org/questions/{i * 7919}/remove-an-item" for i in range(1, 9)),
        "\n".join(f"7 x {i} = {7 * i}" for i in range(1, 16)),
        " ".join(f"Step {i} takes {minutes} minutes." for i, minutes in enumerate((5, 10, 15, 5, 20, 5, 10, 45), 1)),
        "\n".join(
            f"INSERT INTO towns (id, name) VALUES ({i}, '{n}');" for i, n in enumerate(("Bern", "Oslo", "Rome", "Lund"))
        ),
        "1. True\n2. False\n3. True\n4. True\n5. False\n6. True\n7. False\n8. False",
    ],
)
def test_emphasis_verse_tables_and_numbers_are_not(text: str) -> None:
    assert stuck(text) is None


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Write the word ho twelve times.", "ho " * 12),
        (
            "Write a song with a long refrain.",
            "".join(f"{line} Row on, row on, the night is long, row on, row on, I sing. " for line in VERSES),
        ),
    ],
)
def test_what_the_prompt_asks_to_be_said_again_is_not_stuck(prompt: str, text: str) -> None:
    assert stuck(text, prompt) is None
    assert stuck(text)


@pytest.mark.parametrize("unit", ["a ", "ab", "one two ", "x = 1\n", "\u72ac", "1. a\n", "a b a c ", "(", "-\n"])
def test_a_long_text_is_judged_soon(unit: str) -> None:
    soon(lambda: repetition(unit * (200_000 // len(unit))))


def test_random_words_are_judged_soon() -> None:
    draw = random.Random(1)
    soon(lambda: repetition(" ".join(draw.choices("abcd", k=100_000))))
