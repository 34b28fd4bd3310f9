"""Rows as hosted fine-tuning takes them. The forms are those of OpenAI's guides for supervised, DPO and reinforcement
fine-tuning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fteval.data.hosted import read_hosted
from fteval.data.write import as_lines
from fteval.errors import UserError


def turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


ASKED, SAID, WORSE = turn("user", "What is a car?"), turn("assistant", "A thing."), turn("assistant", "A vehicle.")
TALK = [turn("user", "Hi"), turn("assistant", "Yo"), ASKED]


@pytest.mark.parametrize(
    ("method", "row", "uploaded", "prompts"),
    [
        ("supervised", {"messages": [ASKED, SAID], "id": 3}, {"messages": [ASKED, SAID]}, [[ASKED]]),
        ("supervised", {"prompt": "What is a car?", "target": "A thing."}, {"messages": [ASKED, SAID]}, [[ASKED]]),
        (  # an answer inside a prompt was said before
            "supervised",
            {"prompt": TALK, "completion": [SAID]},
            {"messages": [TALK[0], turn("assistant", "Yo", weight=0), ASKED, SAID]},
            [TALK],
        ),
        (  # both answers are learnt, in one row: the provider is paid by the token
            "supervised",
            {"messages": [*TALK, SAID]},
            {"messages": [*TALK, SAID]},
            [TALK[:1], TALK],
        ),
        (  # a provider wants the answer at the end
            "supervised",
            {"messages": [ASKED, SAID, turn("user", "Thanks")]},
            {"messages": [ASKED, SAID]},
            [[ASKED]],
        ),
        (
            "dpo",
            {"prompt": "What is a car?", "chosen": "A thing.", "rejected": [WORSE]},
            {
                "input": {"messages": [ASKED], "tools": [], "parallel_tool_calls": True},
                "preferred_output": [SAID],
                "non_preferred_output": [WORSE],
            },
            [[ASKED]],
        ),
        (
            "dpo",
            {"input": {"messages": TALK}, "preferred_output": [SAID], "non_preferred_output": [WORSE]},
            {
                "input": {"messages": TALK, "tools": [], "parallel_tool_calls": True},
                "preferred_output": [SAID],
                "non_preferred_output": [WORSE],
            },
            [TALK],
        ),
        (
            "reinforcement",
            {"messages": [ASKED, SAID], "topic": "cars"},
            {"messages": [ASKED], "topic": "cars", "target": "A thing."},
            [[ASKED]],
        ),
        (
            "reinforcement",
            {"prompt": "What is a car?", "target": ["A thing."]},
            {"messages": [ASKED], "target": ["A thing."]},
            [[ASKED]],
        ),
    ],
)
def test_a_row_is_uploaded_in_the_form_of_its_method(
    tmp_path: Path, method: str, row: dict[str, Any], uploaded: dict[str, Any], prompts: list[Any]
) -> None:
    (tmp_path / "train.jsonl").write_text(as_lines([row]))
    found = read_hosted(tmp_path / "train.jsonl", method)
    assert (found.rows, found.prompts) == ([uploaded], prompts)
    assert [json.loads(line) for line in found.content.splitlines()] == [uploaded]


@pytest.mark.parametrize(
    ("method", "rows", "said"),
    [
        (
            "supervised",
            [{"messages": [ASKED]}, {"messages": [ASKED, SAID]}, {"text": "a"}, {"messages": [turn("tool", "x")]}],
            {1: "no answer to learn", 3: "wanted 'messages'", 4: "no answer to learn"},
        ),
        (
            "dpo",
            [
                {"prompt": "a", "chosen": "b"},
                {"prompt": "a", "chosen": "b", "rejected": "b"},
                {"prompt": [ASKED, SAID], "chosen": "b", "rejected": "c"},
                {"prompt": "a", "chosen": [ASKED], "rejected": "c"},
                {"prompt": "a", "chosen": " ", "rejected": "c"},
                {"input": "a", "preferred_output": "b", "non_preferred_output": "c"},
                {"messages": [ASKED, SAID]},
            ],
            {
                1: "wanted 'prompt' with 'chosen' and 'rejected'",
                2: "both answers are the same",
                3: "must end with what the user says",
                4: "'chosen' must be one turn of the assistant, found user",
                5: "'chosen' is an empty answer",
                6: "wanted 'prompt'",
                7: "keys: messages",
            },
        ),
        (
            "reinforcement",
            [{"target": 1}, {"messages": [SAID]}, {"messages": []}],
            {1: "wanted 'messages' or 'prompt'", 2: "must end with what the user says", 3: "at least one turn"},
        ),
    ],
)
def test_everything_wrong_with_a_file_is_said_at_once_with_its_line(
    tmp_path: Path, method: str, rows: list[dict[str, Any]], said: dict[int, str]
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(as_lines(rows))
    with pytest.raises(UserError) as caught:
        read_hosted(path, method)
    lines = caught.value.what.splitlines()
    assert [line.split(":")[1] for line in lines] == [str(number) for number in said]
    for line, what in zip(lines, said.values(), strict=True):
        assert what in line


def test_a_file_without_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("\n")
    with pytest.raises(UserError, match="no rows to learn from"):
        read_hosted(tmp_path / "train.jsonl", "supervised")


def test_half_a_character_is_sent_as_a_replacement(tmp_path: Path) -> None:
    # Half a surrogate pair, as broken exports have it; U+FFFD is what Unicode has for it.
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "target": "\\ud83d ok"}\n')
    assert b"\\ufffd ok" in read_hosted(tmp_path / "train.jsonl", "supervised").content
