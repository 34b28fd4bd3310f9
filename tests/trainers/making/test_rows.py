"""What rows are before they are learnt from."""

from __future__ import annotations

from fteval.trainers.making.rows import cleaned, copies, rows_digest

ROW = {"prompt": [{"role": "user", "content": "Who is \ud83d?"}], "label": True, "weights": [1, None]}


def test_half_a_character_anywhere_is_the_replacement_character_and_nothing_else_changes() -> None:
    assert cleaned([ROW]) == [
        {"prompt": [{"role": "user", "content": "Who is \ufffd?"}], "label": True, "weights": [1, None]}
    ]
    assert ROW["prompt"][0]["content"] == "Who is \ud83d?"  # type: ignore[index]


def test_the_digest_is_of_rows_in_their_order_not_of_keys_in_theirs() -> None:
    a, b = {"prompt": "p", "target": "t"}, {"prompt": "q", "target": "t"}
    assert rows_digest([a, b]) == rows_digest([dict(reversed(a.items())), b]) != rows_digest([b, a])
    # printf '{"prompt":"p","target":"t"}\n' | sha256sum
    assert rows_digest([a]) == "sha256:5c5e7f18a2b504c74031a4ffc9760bb9aa2863448872927e793a1d9b6f83df00"


def test_what_stands_there_before_is_a_copy() -> None:
    a, b = {"prompt": "p", "target": "t"}, {"prompt": "q", "target": "t"}
    assert copies([a, b, dict(reversed(a.items())), a]) == 2 and copies([a, b]) == 0
