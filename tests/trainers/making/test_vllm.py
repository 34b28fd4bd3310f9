"""A vLLM server is asked before anything is trained on it, by its own endpoints."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import fteval
from fteval.engines.local.chat import Chat
from fteval.errors import Incomplete, UserError
from fteval.trainers.making import vllm

Serve = Callable[..., str]


@pytest.fixture
def serve(tiny_model: Path) -> Iterator[Serve]:
    """`serve(path=answer)` -> URL of a server that answers as `vllm serve` does, but for what is said otherwise.

    The forms are those of vLLM's openai api_server: /health, /server_info, /v1/models, /tokenize, /version.
    """
    servers: list[ThreadingHTTPServer] = []

    def start(**otherwise: Any) -> str:
        tokens = Chat(tiny_model).tokenizer.encode(vllm.TEXT, add_special_tokens=False)
        answers: dict[str, Any] = {
            "/health": b"",
            "/server_info": {"vllm_config": {"weight_transfer_config": {"backend": "nccl"}}},
            "/v1/models": {"object": "list", "data": [{"id": "served", "object": "model"}]},
            "/tokenize": {"count": len(tokens), "max_model_len": 512, "tokens": tokens},
            "/version": {"version": "0.31.0"},
        } | {f"/{name}": answer for name, answer in otherwise.items()}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers[self.path.partition("?")[0]]
                self.send_response(404 if answer is None else 200)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert asked == {"model": "served", "prompt": vllm.TEXT, "add_special_tokens": False}
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_server_of_the_base_that_takes_weights_says_its_version(serve: Serve, tiny_model: Path) -> None:
    assert vllm.check_server(serve(), Chat(tiny_model)) == "0.31.0"


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"server_info": None}, "answers 404 to /server_info: it was not started as TRL wants it"),
        ({"server_info": {"vllm_config": {"weight_transfer_config": None}}}, "takes no weights while it serves"),
        ({"server_info": {}}, "answers are of another form"),
        ({"tokenize": {"tokens": [1, 2, 3]}}, "another model than the base: served reads text as other tokens"),
        ({"version": []}, "answers are of another form"),
    ],
)
def test_a_server_that_cannot_be_trained_on_is_told_how_to_be_started(
    serve: Serve, tiny_model: Path, otherwise: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as error:
        vllm.check_server(serve(**otherwise), Chat(tiny_model))
    assert said in error.value.what and "vllm serve" in str(error.value.fix) and "nccl" in str(error.value.fix)


def test_where_nothing_or_no_json_answers_the_training_is_incomplete(serve: Serve, tiny_model: Path) -> None:
    with pytest.raises(Incomplete, match="no vLLM server answers there"):
        vllm.check_server(serve(version=b"<html>"), Chat(tiny_model))
    with pytest.raises(Incomplete, match=r"no vLLM server answers there: .*refused"):
        vllm.check_server("http://127.0.0.1:9", Chat(tiny_model))


@pytest.mark.parametrize("text", ["127.0.0.1:8000", "http://", "ftp://a", "http://a/v1#served", "http://me:pw@a"])
def test_what_is_no_address_says_what_one_is(text: str) -> None:
    with pytest.raises(UserError, match="wanted http://HOST:PORT"):
        vllm.base_url(text)


def test_trl_takes_the_settings_of_its_server_mode() -> None:
    from trl import GRPOConfig, RLOOConfig

    assert vllm.settings(None) == {}
    for config in (GRPOConfig, RLOOConfig):
        made = config(output_dir="out", use_cpu=True, bf16=False, **vllm.settings("http://127.0.0.1:8000/v1/"))
        assert (made.use_vllm, made.vllm_mode) == (True, "server")
        assert made.vllm_server_base_url == "http://127.0.0.1:8000"


def test_without_vllm_or_a_gpu_and_for_a_trainer_that_draws_nothing_it_is_refused(
    serve: Serve, tiny_model: Path, tmp_path: Path
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"prompt": "Who?", "target": "Romeo"}\n')
    store = str(tmp_path / "store")
    with pytest.raises(UserError, match="'sft' draws no answers"):
        fteval.train("sft", str(tiny_model), data, store=store, vllm=serve())
    with pytest.raises(UserError, match=r"vllm is not installed here|on the CPU"):
        fteval.train("grpo", str(tiny_model), data, store=store, vllm=serve(), rewards=["lipogram"])
