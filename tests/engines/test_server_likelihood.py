"""Log-likelihoods of given texts, against a server that says them as vLLM does: half a nat for a letter of a word."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from servers.fake import Server
from servers.model import IGNORED, REFUSED

from fteval import cli
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Continuation, Message, Request

TEXTS = ["a", "yes no", "one two three four five", ""]
WANTED = [-0.5 * len(text.replace(" ", "")) for text in TEXTS]


def tokens(text: str) -> list[str]:
    return re.findall(r"<\w+>|\s*[^\s<]+", text)


def logprob(token: str) -> float:
    return -0.5 * len(token.strip())


@contextmanager
def scoring(chat: bool, more: int = 0) -> Iterator[str]:
    """A server's ref. It answers chats where `chat`, else plain completions; `more` other tokens stand beside each."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/chat/completions"):
                self.answer(200 if chat else 404, chatted(body) if chat else {"detail": "Not Found"})
            else:
                self.answer(200, completed(body))

        def answer(self, status: int, found: Any) -> None:
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def chatted(body: dict[str, Any]) -> Any:
        text = "".join(f"<{m['role']}>{m['content']}" for m in body["messages"])
        text += "" if body.get("continue_final_message") else "<assistant>"
        found: dict[str, Any] = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}
        if body.get("prompt_logprobs") is not None:
            found["prompt_logprobs"] = [None] + [entry(token) for token in tokens(text)[1:]]
        return found

    def entry(token: str) -> dict[str, Any]:
        others = {str(10**10 + n): {"logprob": -0.1, "rank": 1} for n in range(more)}
        return {str(zlib.crc32(token.encode())): {"logprob": logprob(token), "rank": 2}, **others}

    def completed(body: dict[str, Any]) -> Any:
        choice: dict[str, Any] = {"text": "x", "finish_reason": "stop"}
        if body.get("echo"):
            found = re.findall(r"\s*\S+", body["prompt"]) + [" extra"]  # some servers make a token all the same
            found = ["<s>", *found]  # and count the one that begins every text
            choice["logprobs"] = {
                "tokens": found,
                "text_offset": [len("".join(found[:i])) for i in range(len(found))],
                "token_logprobs": [None, *map(logprob, found[1:])],
            }
        return {"choices": [choice]}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1#m"
    finally:
        server.shutdown()
        server.server_close()


def likelihoods(ref: str, texts: list[str]) -> list[float]:
    with Pool() as pool:
        engine = pool.open(ref)
        prompt = engine.prompt([Message("user", "Which of them is it?")])
        return engine.loglikelihood([(prompt, text) for text in texts])


@pytest.mark.parametrize("more", [0, 2])
def test_a_chat_server_is_asked_by_prompt_logprobs(here: Path, more: int) -> None:
    with scoring(chat=True, more=more) as ref:
        assert likelihoods(ref, TEXTS) == pytest.approx(WANTED)


def test_a_server_without_chat_is_asked_by_echo(here: Path) -> None:
    with scoring(chat=False) as ref:
        # As a text goes on: the blank before it belongs to it.
        assert likelihoods(ref, [" " + text for text in TEXTS if text]) == pytest.approx(WANTED[:-1])


@pytest.mark.parametrize("policy", [IGNORED, REFUSED])
def test_a_server_that_does_not_say_is_an_error(server: Server, here: Path, policy: str) -> None:
    server.model.features["prompt_logprobs"] = policy
    with pytest.raises(UserError, match=r"how likely a given text is|log-likelihoods of a given text"):
        likelihoods(server.ref, TEXTS)


def test_doctor_says_what_a_server_honours(server: Server, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.model.features["seed"] = IGNORED
    assert cli.call(["doctor", "--model", server.ref]) == 0
    lines = dict(line[6:].split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert "seed" in lines["ignored"] and "stop" in lines["honoured"]


def weighed(ref: str, events: list[dict[str, Any]] | None = None) -> list[Any]:
    with Pool() as pool:
        engine = pool.open(ref)
        if events is not None:
            engine.on_event = events.append
        prompt = engine.prompt([Message("user", "Which of them is it?")])
        requests = [
            Request(f"{i}", f"s{i}", prompt, continuations=tuple(Continuation(text) for text in TEXTS[:3]))
            for i in range(40)
        ]
        return [one for group in engine.weigh(requests) for one in group]


def test_a_server_weighs_the_texts_of_a_sample(here: Path) -> None:
    with scoring(chat=True) as ref:
        found = weighed(ref)
    assert len({one.key for one in found}) == 40 and all(one.ok for one in found)
    assert [like.nats for like in found[0].likelihoods] == pytest.approx(WANTED[:3])
    assert [like.tokens for like in found[0].likelihoods] == [1, 2, 5]
    assert found[0].text == "a"


@pytest.mark.parametrize("policy", [IGNORED, REFUSED])
def test_a_server_that_weighs_nothing_leaves_samples_unscored_and_says_so_once(
    server: Server, here: Path, policy: str
) -> None:
    server.model.features["prompt_logprobs"] = policy
    events: list[dict[str, Any]] = []
    found = weighed(server.ref, events)
    assert len(found) == 40 and all(one.ok and one.likelihoods == () for one in found)
    (warning,) = [e for e in events if e["event"] == "warning"]
    assert "40 samples that need it are not scored" in warning["text"]


def test_a_run_of_a_server_scores_what_it_weighs_and_leaves_open_what_it_cannot(
    server: Server, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.model.features["prompt_logprobs"] = IGNORED
    args = ["run", "--probe", "calibration", "-n", "3", "-q", "-o", "out.json"]
    with scoring(chat=True) as ref:
        assert cli.call([*args, "--model", ref]) == 0
    scored = {m["metric"]: m["scored"] for m in json.loads(Path("out.json").read_text())["metrics"]}
    assert scored == {"brier": 3, "correct": 3, "confidence": 3}
    Path("out.json").unlink()
    assert cli.call([*args, "--model", server.ref]) == 0
    found = json.loads(Path("out.json").read_text())
    assert found["errors"] == 0 and {m["scored"] for m in found["metrics"]} == {0}
    assert any("are not scored" in text for text in found["warnings"])
