"""The stand-in server does what its faults are called, seen by a plain client of the standard library."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest
from servers import faults
from servers.fake import Server
from servers.model import FORBIDDEN, IGNORED, REFUSED, Model, instance, logprob, matching


def ask(server: Server, prompt: str = "Say x.", path: str = "/v1/chat/completions", **body: Any) -> tuple[int, Any]:
    """Status and body, as JSON where it is."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=1)
    asked = {"messages": [{"role": "user", "content": prompt}]} if "chat" in path else {"prompt": prompt}
    connection.request("POST", path, json.dumps({"model": "m", "temperature": 0, **asked, **body}))
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    try:
        return reply.status, json.loads(data)
    except ValueError:
        return reply.status, data


def text(server: Server, **body: Any) -> str:
    return str(ask(server, **body)[1]["choices"][0]["message"]["content"])


@pytest.fixture
def server() -> Any:
    with Server(Model(answers={"Say x.": "one two three END four"})) as listening:
        yield listening


def test_parameters_are_honoured_ignored_or_refused(server: Server) -> None:
    assert text(server) == "one two three END four"
    assert text(server, max_tokens=2) == "one two"
    assert text(server, max_completion_tokens=1) == "one"
    assert text(server, stop=[" END"]) == text(server, stop=" END") == "one two three"
    drawn = [text(server, temperature=1, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert text(server, temperature=1) != text(server, temperature=1)
    choices = ask(server, temperature=1, seed=1, n=3)[1]["choices"]
    assert len({choice["message"]["content"] for choice in choices}) == 3
    logprobs = ask(server, logprobs=True)[1]["choices"][0]["logprobs"]["content"]
    assert [row["token"] for row in logprobs] == ["one", " two", " three", " END", " four"]
    schema = {"type": "object", "properties": {"a": {"enum": ["kiwi"]}}, "required": ["a"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert json.loads(text(server, response_format=wanted)) == {"a": "kiwi"}
    assert text(server, structured_outputs={"choice": ["kiwi", "fig"]}) == "kiwi"
    server.model.features["stop"] = IGNORED
    assert text(server, stop=[" END"]) == "one two three END four"
    server.model.features["stop"] = REFUSED
    assert ask(server, stop=["x"])[0] == 400
    assert ask(server, stop=["x"])[1]["error"]["param"] == "stop"
    server.model.features["stop"] = FORBIDDEN
    assert ask(server, stop=["x"])[0] == 422
    assert ask(server, model="other")[1]["error"]["code"] == "model_not_found"


def test_a_text_is_scored_by_echo_and_by_prompt_logprobs(server: Server) -> None:
    body = {"path": "/v1/completions", "prompt": "ab cde", "max_tokens": 0, "echo": True, "logprobs": 1}
    scored = ask(server, **body)[1]["choices"][0]["logprobs"]
    assert (scored["tokens"], scored["token_logprobs"]) == (["ab", " cde"], [None, -1.5])
    scored = ask(server, "ab cde", prompt_logprobs=0)[1]["prompt_logprobs"]
    assert [row and next(iter(row.values()))["logprob"] for row in scored] == [None, logprob("cde")]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.resets(), ConnectionResetError),
        (faults.resets(mid_body=True), (ConnectionResetError, http.client.IncompleteRead)),
        (faults.closes_early(), http.client.IncompleteRead),
        (faults.hangs(), TimeoutError),
    ],
)
def test_a_connection_breaks_as_it_was_told_to(server: Server, fault: faults.Fault, error: Any) -> None:
    server.script["Say x."] = [fault]
    with pytest.raises(error):
        ask(server)
    assert text(server) == "one two three END four"  # the second attempt
    assert server.asked("Say x.") == 2


def test_a_slow_answer_comes_whole(server: Server) -> None:
    server.script["Say x."] = [faults.drips(0.001)]
    began = time.monotonic()
    assert text(server) == "one two three END four"
    assert time.monotonic() - began > 0.2


def test_statuses_headers_and_bodies_are_as_scripted(server: Server) -> None:
    server.script["Say x."] = [faults.rate_limited("soon"), faults.quota(), faults.html(), faults.truncated()]
    assert [ask(server)[0] for _ in range(5)] == [429, 429, 200, 200, 200]
    assert server.statuses == {429: 2, 200: 3}
    server.script["Say x."] = faults.echoes_authorization(401)
    assert [ask(server)[0] for _ in range(3)] == [401] * 3


def test_it_dies_and_comes_back_on_the_same_port(server: Server) -> None:
    server.dies_at = "Die."
    assert ask(server)[0] == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(server, "Die.")
    with pytest.raises(ConnectionRefusedError):
        ask(server)
    server.listen()
    assert ask(server)[0] == 200


def test_values_fit_their_schema_and_their_pattern() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 3}, "b": {"type": "array", "items": {"const": "x"}}},
    }
    assert instance(schema) == {"a": 3, "b": ["x"]}
    assert [matching(p) for p in ("(yes|no)", "[0-9]{3}", "ab?c+", r"\d\d")] == ["yes", "000", "abc", "11"]
