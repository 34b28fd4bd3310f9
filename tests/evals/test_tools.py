"""Tools reach the model, and rows say them as the chat fine-tuning format does; what is judged stands in the cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from servers.fake import Server

from fteval import cli, registry
from fteval.errors import UserError
from fteval.experiment.score import score_rows
from fteval.records import Generation, Message, Prompt, Request, Sample, Sampling, sample_from_row
from fteval.runs.asking import identity, suite
from fteval.runs.asking.plan import plan

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"properties": {"city": {"type": "string"}}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
ROW = {
    "messages": [{"role": "user", "content": "Rain in Rome?"}, {"role": "assistant", "tool_calls": [CALL]}],
    "tools": [TOOL],
}
RIGHT = '{"name": "weather", "arguments": {"city": "Rome"}}'


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {"prompt": "Rain in Rome?", "tools": [TOOL], "target": {"tool_calls": [CALL]}},
        {"prompt": "Rain in Rome?", "functions": [TOOL["function"]], "target": RIGHT},
        {"prompt": "Rain in Rome?", "functions": TOOL["function"], "target": {"weather": {"city": ["Rome", "Roma"]}}},
    ],
)
def test_a_row_says_its_tools_and_calls_in_any_of_the_forms_in_use(row: dict[str, Any]) -> None:
    (right, wrong) = score_rows([{**row, "output": RIGHT}, {**row, "output": "Yes."}], registry.probe("tools"))
    assert right["scores"] == {"call_correct": 1, "name": 1, "arguments": 1}
    assert wrong["scores"]["call_correct"] == 0
    assert sample_from_row(row, tools=True).tools == (TOOL,)


def test_other_probes_refuse_a_row_with_tools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**ROW, "output": RIGHT}) + "\n", encoding="utf-8")
    assert cli.call(["score", str(file), "--probe", "tools", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["call_correct"] == 1
    assert cli.call(["score", str(file), "--probe", "stops", "--json"]) == 2
    assert "tools, messages[1].tool_calls cannot be honoured" in capsys.readouterr().err


def test_tools_can_be_set_once_for_all_rows() -> None:
    probe = registry.probe("tools", {"schema": [TOOL["function"]]})
    (bare, own) = probe.variants([Sample("a", ()), Sample("b", (), tools=({"x": 1},))])
    assert (bare.tools, own.tools) == ((TOOL,), ({"x": 1},))
    with pytest.raises(UserError, match="a tool is an object with a 'name'"):
        registry.probe("tools", {"schema": [{"type": "function"}]})


def test_other_tools_are_another_sample_another_answer_and_no_copy() -> None:
    some, others = (sample_from_row({**ROW, "id": i, "tools": [t]}, tools=True) for i, t in OTHER.items())
    assert some.content_digest != others.content_digest
    assert len({identity.input_digest(Prompt(s.messages, tools=s.tools)) for s in (some, others)}) == 2
    (built,) = suite.build([("tools", registry.probe("tools"), [some, others])]).probes
    assert [s.group for s in built.samples] == [None, None]


OTHER = {"a": TOOL, "b": {"type": "function", "function": {"name": "rain"}}}


class Deaf:
    """An engine that cannot be offered anything."""

    ref = "deaf:"

    def identity(self) -> dict[str, Any]:
        return {"engine": "deaf"}

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        yield from ()

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        return []

    def close(self) -> None: ...


def test_an_engine_that_cannot_offer_tools_is_never_asked_without_them() -> None:
    asked = suite.build([("tools", registry.probe("tools"), [sample_from_row({**ROW, "id": "a"}, tools=True)])])
    with pytest.raises(UserError, match="'a' offers tools"):
        plan(asked, Deaf(), Sampling(), 1)


def test_a_server_is_sent_the_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    with Server() as server:
        args = ["run", "--model", server.ref, "--probe", "tools", "--set", "data=rows.jsonl", "--json"]
        assert cli.call(args) == 0
        sent = [seen.body for seen in server.completions if seen.prompt == "Rain in Rome?"]
    assert sent and all(body["tools"] == [TOOL] for body in sent)
