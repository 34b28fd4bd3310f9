"""What statuses, headers and bodies mean. Error bodies have the shapes that OpenAI, vLLM (FastAPI) and Azure send."""

from __future__ import annotations

import json

import pytest

from fteval.engines.remote.answer import answer
from fteval.engines.remote.patience import Breaker, clock, pause, retry_after
from fteval.engines.remote.reply import Reply, Trouble, from_status, parsed
from fteval.records import Prompt, Request

OPENAI = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}


@pytest.mark.parametrize(
    ("status", "error", "kind", "retriable"),
    [
        (429, {"code": "rate_limit_exceeded"}, "rate_limited", True),
        (429, {"code": "insufficient_quota"}, "quota", False),
        (429, {"type": "insufficient_quota"}, "quota", False),
        (429, {"code": "billing_hard_limit_reached"}, "quota", False),
        (401, {"code": "invalid_api_key"}, "not_authorised", False),
        (403, {}, "not_authorised", False),
        (404, {"code": "model_not_found"}, "not_found", False),
        (400, {"code": "context_length_exceeded"}, "prompt_too_long", False),
        (400, {"message": "This model's maximum context length is 4096 tokens."}, "prompt_too_long", False),
        (400, {"code": "content_filter"}, "content_filter", False),
        (400, {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}, "bad_request", False),
        (400, {}, "bad_request", False),
        (413, {}, "too_large", False),
        (422, {}, "bad_request", False),
        (408, {}, "timeout", True),
        (500, {}, "server_error", True),
        (502, {}, "server_error", True),
        (503, {}, "server_error", True),
        (529, {}, "server_error", True),
        (501, {}, "server_error", False),
        # LiteLLM 1.108, as recorded: a key that it does not know, a model that it does not have, a prompt too long
        (400, {"message": "No connected db.", "type": "no_db_connection", "code": "400"}, "not_authorised", False),
        (400, {"message": "/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view "
               "available models for your key.", "code": "400"}, "not_found", False),
        (400, {"message": "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
               "OpenAIException - request (9031 tokens) exceeds the available context size (8192 tokens), try "
               "increasing it model=alias. context_window_fallbacks=None. fallbacks=None.", "code": "400"},
         "prompt_too_long", False),
        (500, {"message": "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.",
               "type": "internal_server_error", "code": "500"}, "server_error", True),
        (429, {"type": "insufficient_quota", "code": "429"}, "quota", False),
        # llama.cpp, as recorded
        (400, {"message": "request (9031 tokens) exceeds the available context size (8192 tokens), try increasing it",
               "type": "exceed_context_size_error", "code": 400}, "prompt_too_long", False),
        # digits in prose decide nothing
        (400, {"message": "error 500 in commit 429a503"}, "bad_request", False),
        (302, {}, "redirected", False),
    ],
)  # fmt: skip
def test_a_status_has_one_meaning(status: int, error: dict, kind: str, retriable: bool):
    found = from_status(status, json.dumps({"error": {**OPENAI, **error}}), None)
    assert (found.kind, found.retriable) == (kind, retriable)


@pytest.mark.parametrize(
    "body", ["", "Internal Server Error", "<html>502 Bad Gateway</html>", '{"detail": [{"msg": "x"}]}', "[1]"]
)
def test_any_error_body_can_be_read(body: str):
    found = from_status(500, body, None)
    assert found.retriable and len(found.message) < 600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("2", 2.0), ("0.5", 0.5), (" 3 ", 3.0), ("-1", None), ("0", None), ("soon", None), ("nan", None),
        ("inf", None), ("1e400", None), ("", None),
        # RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT is 784111777 seconds after 1970
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0), ("Sun, 06 Nov 1994 08:49:00 GMT", None), ("Sun, 99 Nov 1994", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_or_nothing(header: str | None, seconds: float | None):
    assert retry_after(header, now=784111770.0) == seconds


def test_pauses_grow_spread_and_end():
    assert all(pause(0) <= 0.5 for _ in range(100))
    assert max(pause(3) for _ in range(300)) > 2
    assert all(pause(40) <= 16 for _ in range(100))
    assert 2 <= pause(0, 2.0) <= 2.2


def test_who_failed_alone_comes_back_at_once_and_later_the_second_time():
    assert pause(0, alone=True) == 0
    assert 0 < max(pause(1, alone=True) for _ in range(100)) <= 0.05
    assert max(pause(3, alone=True) for _ in range(300)) > 0.5
    assert all(pause(40, alone=True) <= 16 for _ in range(100))
    assert pause(0, 2.0, alone=True) >= 2


def test_a_breaker_opens_after_nothing_but_failures_for_too_long():
    breaker = Breaker(give_up_after=0.0)
    assert not breaker.failed()
    assert breaker.failed()
    breaker.succeeded()
    assert not breaker.failed()
    assert not breaker.failed(asked=60)  # the server asked to be left alone so long


@pytest.mark.parametrize("body", ["<html></html>", "", "{", '{"choices": [', "[1]", "null", "NaN", "[" * 100_000])
def test_what_is_no_object_is_trouble(body: str):
    assert isinstance(parsed(body), Trouble)


def test_an_error_in_a_200_is_an_error():
    found = parsed('{"error": {"message": "upstream is down", "code": 502}}')
    assert isinstance(found, Trouble) and found.retriable and "upstream is down" in found.message


def chat(content: object = "hi", reason: object = "stop", **more: object) -> dict:
    return {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": reason}],
        **more,
    }


REQUEST = Request("k" * 64, "s", Prompt(()))


@pytest.mark.parametrize(
    ("data", "text", "reason", "kind"),
    [
        (chat(), "hi", "stop", None),
        (chat(reason="length"), "hi", "length", None),
        (chat(reason="tool_calls"), "hi", None, None),
        (chat(content=""), "", "stop", None),
        (chat(content=None), None, None, "no_content"),
        (chat(content=None, reason="length"), "", "length", None),  # spent on thinking
        (chat(content=[{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]), "hi", "stop", None),
        (chat(reason="content_filter"), None, None, "content_filter"),
        ({"choices": [{"text": "hi", "finish_reason": "stop"}]}, "hi", "stop", None),
        ({"choices": [{"message": {"refusal": "I cannot."}, "finish_reason": "stop"}]}, "I cannot.", "refusal", None),
        ({"choices": []}, None, None, "bad_reply"),
        ({"choices": None}, None, None, "bad_reply"),
        ({"choices": ["x"]}, None, None, "bad_reply"),
        ({"choices": [{"message": "x"}]}, None, None, "no_content"),
        ({"choices": [{"message": {"content": 3}}]}, None, None, "no_content"),
        ({}, None, None, "bad_reply"),
    ],
)  # fmt: skip
def test_an_answer_is_text_or_a_named_failure(data: dict, text: str | None, reason: str | None, kind: str | None):
    found = answer(REQUEST, Reply(data, 0.1))
    assert (found.text, found.failure.kind if found.failure else None) == (text, kind)
    assert kind or found.finish_reason == reason


def test_calls_that_a_server_parsed_are_the_answer_as_a_model_writes_them():
    # the shape of OpenAI's and vLLM's replies: arguments are JSON in a string, content is null
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}
    for content, before in ((None, ""), ("I look.", "I look.\n")):
        data = chat(content=content, reason="tool_calls")
        data["choices"][0]["message"]["tool_calls"] = [call]
        found = answer(REQUEST, Reply(data, 0.1))
        assert found.text == before + f"<tool_call>{json.dumps(call['function'], ensure_ascii=False)}</tool_call>"
        assert found.finish_reason == "stop"


def test_what_a_server_shows_of_the_reasoning_is_kept_apart():
    data = chat(content="Verona")
    data["choices"][0]["message"]["reasoning_content"] = "She asks."
    found = answer(REQUEST, Reply(data, 0.1))
    assert (found.text, found.reasoning) == ("Verona", "She asks.")
    assert answer(REQUEST, Reply(chat(), 0.1)).reasoning is None


def test_stop_texts_that_a_server_leaves_in_are_cut():
    found = answer(REQUEST, Reply(chat("one, two; three"), 0.1), ("; ", ", two"))
    assert (found.text, found.finish_reason) == ("one", "stop")


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": "3"}, {"prompt_tokens": True}, 3])
def test_nonsense_about_tokens_is_not_counted(usage: object):
    assert answer(REQUEST, Reply(chat(usage=usage), 0.1)).prompt_tokens is None


def test_a_date_to_wait_for_is_read_by_the_servers_own_clock():
    """Its clock is an hour ahead of this one: it still means ten seconds."""
    said, until = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:47 GMT"
    assert retry_after(until, clock(said)) == 10.0
    assert clock("yesterday") is None and clock(None) is None
