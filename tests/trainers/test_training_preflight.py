"""How the first row and its loss mask are shown."""

from __future__ import annotations

from fteval.trainers.making.preflight import Piece, Preflight


def preflight(*pieces: Piece) -> Preflight:
    return Preflight(pieces, rows=1, dropped=(), truncated=(), max_length=100)


ASKED = Piece("<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n", 9, trained=False)


def test_without_colour_the_learnt_tokens_stand_in_brackets() -> None:
    shown = str(preflight(ASKED, Piece("Romeo.<|im_end|>\n", 4, trained=True)))
    assert shown == (
        "first of 1 training rows, 13 tokens, the 4 that are learnt in [[ ]]:\n"
        "  <|im_start|>user\n"
        "  Who?<|im_end|>\n"
        "  <|im_start|>assistant\n"
        "  [[Romeo.<|im_end|>\\n]]\n"
        "warning: one row alone: it is learnt by heart, and little else"
    )


def test_with_colour_the_learnt_tokens_are_bold_green() -> None:
    shown = preflight(ASKED, Piece("Romeo.<|im_end|>", 3, trained=True)).text(color=True)
    assert "\x1b[1;32mRomeo.<|im_end|>\x1b[0m" in shown
    assert "[[" not in shown


def test_a_row_cannot_command_the_terminal() -> None:
    shown = str(preflight(Piece("\x1b[2J\x07\u202e\r", 4, trained=False), Piece("\ud800ok\x9b", 3, trained=True)))
    assert "\\x1b[2J\\x07\\u202e\\r" in shown
    assert "\\ud800ok\\x9b" in shown
    assert all(c == "\n" or c.isprintable() for c in shown)


def test_a_long_stretch_is_shown_by_its_ends() -> None:
    text = "a" * 400 + "b" * 5000 + "c" * 400
    shown = preflight(Piece(text, 99, trained=False), Piece("x", 1, trained=True)).text(longest=600)
    assert "a" * 300 + " … 5200 characters … " + "c" * 300 in shown


def test_a_method_that_learns_no_given_tokens_says_how_many_rows_there_are() -> None:
    assert str(Preflight((), rows=12, dropped=(), truncated=(), max_length=8)) == "12 training rows"
    lost = str(Preflight((), rows=12, dropped=(3,), truncated=(), max_length=8))
    assert lost.splitlines() == [
        "11 training rows",
        "warning: 1 of 12 rows dropped: their prompt alone fills 8 tokens (row 3)",
    ]


def test_lost_rows_are_named_up_to_five() -> None:
    lost = Preflight((), rows=10, dropped=(1, 2, 3, 4, 5, 6, 7), truncated=(), max_length=8)
    assert lost.used == 3
    assert lost.warnings() == [
        "7 of 10 rows dropped: their prompt alone fills 8 tokens (rows 1, 2, 3, 4, 5 and 2 more)"
    ]
