"""Conversations to learn from: what is prompt, what is learnt. The conversion table is training-stack.md, section 4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonlines
import pytest

from fteval.data.chat import read_conversations
from fteval.data.write import as_lines
from fteval.errors import UserError


def turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def read(path: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    (path / "train.jsonl").write_text(as_lines(rows))
    return read_conversations(path / "train.jsonl")


def test_every_answer_with_a_weight_becomes_a_row(tmp_path: Path) -> None:
    talk = [turn("user", "1"), turn("assistant", "one"), turn("user", "2"), turn("assistant", "two")]
    assert read(tmp_path, {"messages": talk}) == [
        {"prompt": talk[:1], "completion": [talk[1]]},
        {"prompt": talk[:3], "completion": [talk[3]]},
    ]


def test_a_weight_of_0_is_context_and_not_learnt(tmp_path: Path) -> None:
    talk = [
        turn("user", "1"),
        turn("assistant", "one", weight=0),
        turn("user", "2"),
        turn("assistant", "two", weight=1),
    ]
    (row,) = read(tmp_path, {"messages": talk})
    assert row["completion"] == [turn("assistant", "two")]
    assert row["prompt"] == [turn("user", "1"), turn("assistant", "one"), turn("user", "2")]


@pytest.mark.parametrize("key", ["completion", "target"])
def test_a_prompt_with_its_answer_is_a_conversation(tmp_path: Path, key: str) -> None:
    (row,) = read(tmp_path, {"prompt": "Hi", key: "Yo"})
    assert row == {"prompt": [turn("user", "Hi")], "completion": [turn("assistant", "Yo")]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"messages": [turn("user", "a")]}, "no answer to learn"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", weight=0)]}, "no answer to learn"),
        ({"messages": [turn("assistant", "b")]}, "nothing to answer"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", weight=0.5)]}, "weight is 0 or 1"),
        ({"messages": "a"}, "list"),
        ({"prompt": "a"}, "wanted 'messages'"),
        ({"prompt": "a", "completion": None}, "completion"),
    ],
)
def test_rows_that_teach_nothing_are_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, {"prompt": "Hi", "completion": "Yo"}, row)
    assert "train.jsonl:2: " in str(caught.value)
    assert message in str(caught.value)


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no rows to learn from"):
        read(tmp_path)


def test_rows_are_written_as_lines_that_any_reader_takes() -> None:
    text = as_lines([{"a": "\u2028é"}, {"b": 1}])
    assert text == '{"a": "\\u2028\\u00e9"}\n{"b": 1}\n'
    assert list(jsonlines.Reader(text.splitlines())) == [{"a": "\u2028é"}, {"b": 1}]
    with pytest.raises(ValueError, match="JSON compliant"):
        as_lines([{"a": 1}, {"a": float("nan")}])
