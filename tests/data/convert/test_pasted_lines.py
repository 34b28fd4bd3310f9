"""Whatever rows people have: they are read, or the error has a line that, pasted, makes a file that is read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.data.chat import read_conversations
from fteval.data.read import read_samples
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe
from fteval.experiment.suite import build_suite

ASK, SAY = {"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "red"}
CALL = {"id": "c", "type": "function", "function": {"name": "paint", "arguments": '{"in": "red"}'}}
TOOL = {"type": "function", "function": {"name": "paint", "parameters": {"type": "object"}}}


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


FILES: dict[str, bytes] = {
    "alpaca.json": json.dumps([{"instruction": "Add.", "input": "1 2", "output": "3"}], indent=2).encode(),
    "alpaca.jsonl": lines({"instruction": "Name a colour.", "input": "", "output": "red"}),
    "sharegpt.jsonl": lines(
        {"conversations": [{"from": "human", "value": "Name a colour."}, {"from": "gpt", "value": "red"}]}
    ),
    "tools.jsonl": lines({"messages": [ASK, {"role": "assistant", "content": None, "tool_calls": [CALL]}]}),
    "tool_turn.jsonl": lines({"messages": [ASK, {"role": "tool", "content": "red"}, SAY], "tools": [TOOL]}),
    "function_call.jsonl": lines({"messages": [ASK, {"role": "assistant", "function_call": {"name": "paint"}}]}),
    "developer.jsonl": lines({"messages": [{"role": "developer", "content": "Be brief."}, ASK, SAY]}),
    "roles.jsonl": lines({"messages": [{**ASK, "role": "human"}, {**SAY, "role": "Model"}]}),
    "parts.jsonl": lines({"messages": [{"role": "user", "content": [{"type": "text", "text": "A colour?"}]}, SAY]}),
    "names.jsonl": lines({"messages": [{**ASK, "name": "ann"}, SAY]}),
    "reasoning.jsonl": lines({"messages": [ASK, {**SAY, "reasoning_content": "Which one?"}]}),
    "completion.jsonl": lines({"prompt": "Name a colour.", "completion": "red"}),
    "turns.jsonl": lines({"prompt": [ASK], "completion": [SAY]}),
    "evals.jsonl": lines({"input": [ASK], "ideal": "red"}),
    "inspect.jsonl": lines({"input": "Name a colour.", "target": "red"}),
    "qa.jsonl": lines({"question": "Name a colour.", "answer": "red"}),
    "reference.jsonl": lines({"prompt": "Name a colour.", "reference": "red"}),
    "choices.jsonl": lines({"question": "What follows Tuesday?", "choices": ["Monday", "Wednesday"], "answer": 1}),
    "squad.jsonl": lines({"prompt": "Who?", "target": {"text": ["Ann Lee", "A. Lee"], "answer_start": [3, 9]}}),
    "objects.jsonl": lines({"prompt": "Extract: Ann, 31", "target": {"name": "Ann", "age": 31}}),
    "bool.jsonl": lines({"prompt": "Is water wet?", "target": True}),
    "numbers.jsonl": lines({"prompt": "2+3?", "target": 5}),
    "null.jsonl": lines({"prompt": "a?", "target": None}, {"prompt": "c?", "target": "d"}),
    "empty.jsonl": lines({"messages": [ASK, {**SAY, "content": ""}]}, {"messages": [ASK, SAY]}),
    "nan.jsonl": b'{"prompt": "a?", "target": NaN}\n{"prompt": "c?", "target": "d", "score": NaN}\n',
    "pairs.jsonl": lines({"prompt": "Name a colour.", "chosen": "red", "rejected": "no"}),
    "gemini.jsonl": lines(
        {"contents": [{"role": "user", "parts": [{"text": "a?"}]}, {"role": "model", "parts": [{"text": "b"}]}]}
    ),
    "inst.jsonl": lines({"text": "<s>[INST] Name a colour. [/INST] red</s>"}),
    "wrapped.json": json.dumps({"version": "1", "data": [{"prompt": "a?", "target": "b"}]}).encode(),
    "one_line.jsonl": json.dumps([{"prompt": "a?", "target": "b"}, {"prompt": "c?", "target": "d"}]).encode(),
    "pretty.jsonl": b"".join(json.dumps({"prompt": p, "target": "b"}, indent=2).encode() + b"\n" for p in "ac"),
    "float_ids.jsonl": lines({"id": 1.0, "prompt": "a?", "target": "b"}),
    "ids_twice.jsonl": lines({"id": 1, "prompt": "a?", "target": "b"}, {"id": "1", "prompt": "c?", "target": "d"}),
    "twice.jsonl": lines({"prompt": "a?", "target": "b"}, {"prompt": "a?", "target": "b"}),
    "commas.jsonl": b'{"prompt": "a?", "target": "b",}\n{"prompt": "c?", "target": "d"},\n',
    "python.jsonl": b"{'prompt': 'a?', 'target': 'b'}\n",
    "control.jsonl": b'{"prompt": "line one\nline two\ta tab", "target": "b"}\n',
    "mac.jsonl": b'{"prompt": "a?", "target": "b"}\r{"prompt": "c?", "target": "d"}\r',
    "utf16.jsonl": '{"prompt": "a?", "target": "é"}\n'.encode("utf-16-le"),
    "table.csv": b"question,answer\nWhere?,Besan\xe7on\n",
    "semicolons.csv": "\ufeffquestion;answer\r\n\"Where;\r\nis it?\";here\r\n".encode(),
    "windows.jsonl": '{"prompt": "a?", "target": "Besançon, Orléans"}\n'.encode("windows-1252"),
    "gbk.jsonl": '{"prompt": "中国的首都是哪里", "target": "北京"}\n'.encode("gb18030"),
}  # fmt: skip


def hold_out(path: Path) -> None:
    build_suite(describe(Asked(model="http://localhost/v1#m", holdouts=(path,)), None))


@pytest.mark.parametrize("read", [hold_out, read_conversations])
@pytest.mark.parametrize("name", FILES)
def test_rows_are_read_or_answered_with_a_line_that_works(tmp_path: Path, name: str, read: Callable[..., Any]) -> None:
    path = tmp_path / f"my {name}"  # whoever pastes it has such names
    path.write_bytes(FILES[name])
    try:
        read(path)
    except UserError as error:
        line = shlex.split(error.fix[error.fix.index("fteval data convert") :])  # type: ignore[index, union-attr]
        assert cli.call(line[1:]) == (3 if name in ("null.jsonl", "empty.jsonl", "nan.jsonl") else 0)
        read(Path(line[line.index("-o") + 1]))


def test_outputs_under_another_name_come_with_a_line_too(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(lines({"id": "0", "prediction": "red"}))
    with pytest.raises(UserError) as raised:
        Pool().open(f"replay:{path}")
    line = shlex.split(raised.value.fix or "")
    assert cli.call(line[1:]) == 0
    Pool().open(f"replay:{line[-1]}")


def test_a_row_to_be_scored_keeps_its_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(lines({"instruction": "Write about a dog.", "output": "A small animal that barks at night."}))
    assert cli.call(["score", str(path), "--probe", "lipogram"]) == 2
    line = next(text for text in capsys.readouterr().err.splitlines() if "data convert" in text)
    assert cli.call(shlex.split(line[line.index("fteval data") :])[1:]) == 0
    assert cli.call(["score", str(tmp_path / "o.chat.jsonl"), "--probe", "lipogram", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["compliant"] == 1


def test_no_line_is_given_that_would_not_work(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(lines({"colour": "red"}))
    for read in (read_samples, read_conversations):
        with pytest.raises(UserError) as raised:
            read(path)
        assert raised.value.fix is None
