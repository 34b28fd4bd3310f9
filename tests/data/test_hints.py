"""Rows that others write: what cannot be honoured is refused, what can be mended comes with the line that does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fteval.data.chat import read_conversations
from fteval.data.hosted import read_hosted
from fteval.data.preferences import read_labelled, read_pairs
from fteval.data.prompts import read_prompts
from fteval.data.read import read_samples
from fteval.engines.pool import Pool
from fteval.errors import UserError

ASKED = [{"role": "user", "content": "How warm is it in Graz?"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Graz"}'}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


UNHONOURED = {
    "tools": {"messages": [*ASKED, {"role": "assistant", "content": "Warm."}], "tools": [TOOL]},
    "functions": {"prompt": "a", "target": "b", "functions": [{"name": "f"}]},
    "parallel_tool_calls": {"prompt": "a", "target": "b", "parallel_tool_calls": False},
    "messages[1].tool_calls": {
        "messages": [*ASKED, {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}]
    },
    "messages[1].function_call": {"messages": [*ASKED, {"role": "assistant", "function_call": {"name": "f"}}]},
    "messages[0].name": {"messages": [{**ASKED[0], "name": "ann"}, {"role": "assistant", "content": "Warm."}]},
    "messages[1].reasoning_content": {
        "messages": [*ASKED, {"role": "assistant", "reasoning_content": "Hm.", "content": "Warm."}]
    },
    "messages[1] of a tool": {
        "messages": [*ASKED, {"role": "tool", "content": "21"}, {"role": "assistant", "content": "21"}]
    },
}


@pytest.mark.parametrize("field", UNHONOURED)
@pytest.mark.parametrize("read", [read_samples, read_conversations])
def test_a_field_that_cannot_be_honoured_is_refused_with_its_row(tmp_path: Path, field: str, read: Any) -> None:
    path = written(tmp_path, {"prompt": "a", "target": "b"}, UNHONOURED[field])
    with pytest.raises(UserError, match="cannot be honoured") as raised:
        read(path)
    assert f"{path}:2: {field}" in raised.value.what


@pytest.mark.parametrize("empty", [{"tools": []}, {"tools": None}, {"functions": []}])
def test_a_field_that_says_nothing_is_fine(tmp_path: Path, empty: dict[str, Any]) -> None:
    assert len(read_samples(written(tmp_path, {"prompt": "a", "target": "b", **empty}))) == 1


def test_a_provider_gets_tools_and_speakers_whole(tmp_path: Path) -> None:
    row = {
        "messages": [
            {**ASKED[0], "name": "ann"},
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "21 \ud83d"},
            {"role": "assistant", "content": "21 degrees."},
            {"role": "user", "content": "Thanks."},
        ],
        "tools": [TOOL],
        "parallel_tool_calls": False,
    }
    found = read_hosted(written(tmp_path, row), "supervised")
    (sent,) = found.rows
    assert sent["tools"] == [TOOL] and sent["parallel_tool_calls"] is False
    assert sent["messages"][:2] == row["messages"][:2] and len(sent["messages"]) == 4
    assert sent["messages"][2]["content"] == "21 \ufffd"
    assert [len(prompt) for prompt in found.prompts] == [1, 2], "what stands before each answer, as far as it is text"


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"role": "assistant", "reasoning_content": "x", "content": "y"}, "reasoning_content"),
        ({"role": "robot"}, "role"),
    ],
)
def test_a_provider_is_sent_nothing_that_it_would_not_read(tmp_path: Path, turn: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_hosted(written(tmp_path, {"messages": [*ASKED, turn], "tools": [TOOL]}), "supervised")


def test_preferences_keep_their_tools(tmp_path: Path) -> None:
    answers = {"preferred_output": [{"role": "assistant", "content": "a"}], "non_preferred_output": "b"}
    row = {"input": {"messages": ASKED, "tools": [TOOL], "parallel_tool_calls": False}, **answers}
    (sent,) = read_hosted(written(tmp_path, row), "dpo").rows
    assert sent["input"]["tools"] == [TOOL] and sent["input"]["parallel_tool_calls"] is False


def test_what_never_ends_is_refused_and_a_shell_s_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")  # nobody writes into it: opening it would wait for ever
    with pytest.raises(UserError, match="named pipe"):
        read_samples(tmp_path / "pipe.jsonl")
    with pytest.raises(UserError, match="named pipe"):
        Pool().open(f"replay:{tmp_path}/pipe.jsonl")
    with pytest.raises(UserError, match="device"):
        Pool().open("replay:/dev/zero")
    with pytest.raises(UserError, match="device"):
        read_samples(Path("/dev/zero"))
    code = (
        "import sys; from pathlib import Path; from fteval.data.read import read_samples; "
        "print(len(read_samples(Path(sys.argv[1]))))"
    )
    command = f"""{shutil.which("python3")} -c '{code}' <(echo '{{"prompt": "a"}}')"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(__import__("sys").path)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment)
    assert done.stdout == "1\n", done.stderr


@pytest.mark.parametrize(
    ("read", "row", "said"),
    [
        (read_conversations, {"prompt": "a", "chosen": "b", "rejected": "c"}, "these are preferences: dpo, kto and"),
        (read_conversations, {"text": "a"}, "these are plain texts: continue_pretraining takes them"),
        (read_conversations, {"prompt": "a"}, "these are prompts without an answer: grpo, rloo and distill take them"),
        (read_conversations, {"messages": [{"role": "user", "content": "a"}]}, None),
        (read_pairs, {"messages": []}, "these are conversations: sft takes them"),
        (read_pairs, {"prompt": "a", "chosen": "b", "rejected": "b"}, None),
        (read_labelled, {"messages": []}, "these are conversations: sft takes them"),
        (read_prompts, {"text": "a"}, "these are plain texts: continue_pretraining takes them"),
    ],
)
def test_rows_for_another_trainer_are_called_by_their_name(
    tmp_path: Path, read: Callable[[Path], object], row: dict[str, object], said: str | None
) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError) as raised:
        read(tmp_path / "rows.jsonl")
    assert raised.value.fix is None if said is None else said in str(raised.value.fix)


def test_labelled_answers_are_asked_for_as_kto_takes_them(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "answer": "b"}\n')
    with pytest.raises(UserError, match="wanted 'prompt', 'completion' and 'label', or a pair; keys: answer, prompt"):
        read_labelled(tmp_path / "rows.jsonl")
