"""Preferences: every form of a row is read as one, and what prefers nothing is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fteval.data.preferences import read_labelled, read_pairs
from fteval.errors import UserError


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


ASKED, BETTER, WORSE = turn("user", "Who?"), turn("assistant", "Nobody."), turn("assistant", "A king.")
PAIR = {"prompt": [ASKED], "chosen": [BETTER], "rejected": [WORSE]}


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Who?", "chosen": "Nobody.", "rejected": "A king."},
        PAIR,
        {"chosen": [ASKED, BETTER], "rejected": [ASKED, WORSE]},
        {"input": {"messages": [ASKED]}, "preferred_output": [BETTER], "non_preferred_output": [WORSE]},
    ],
)
def test_every_form_of_a_pair_is_read_as_one(tmp_path: Path, row: dict[str, Any]) -> None:
    assert read_pairs(written(tmp_path / "rows.jsonl", row)) == [PAIR]
    good, bad = read_labelled(tmp_path / "rows.jsonl")
    assert good == {"prompt": [ASKED], "completion": [BETTER], "label": True}
    assert bad == {"prompt": [ASKED], "completion": [WORSE], "label": False}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"chosen": [ASKED, BETTER], "rejected": [BETTER, WORSE]}, "do not begin with the same prompt"),
        ({"chosen": [BETTER], "rejected": [WORSE]}, "wanted 'prompt' with 'chosen' and 'rejected'"),
        ({"prompt": [ASKED, BETTER], "chosen": "a", "rejected": "b"}, "must end with what the user says"),
        ({"prompt": "a", "chosen": " ", "rejected": "b"}, "'chosen' is an empty answer"),
        ({"prompt": "a", "chosen": [ASKED], "rejected": "b"}, "must be one turn of the assistant, found user"),
    ],
)
def test_what_is_no_pair_is_said_with_its_line(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=f"rows.jsonl:2: .*{said}"):
        read_pairs(written(tmp_path / "rows.jsonl", PAIR, row))


def test_a_file_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no preferences to learn from"):
        read_pairs(written(tmp_path / "rows.jsonl"))
