"""`--vllm URL`: a vLLM server draws the answers of a training on rewards, and TRL sends it the weights of each step.

TRL's own server mode. What it would find out after minutes, or never, is asked before: is that server there, was it
started so that weights can be sent, and does it read text as the base does?
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.errors import Incomplete, UserError

SERVE = (
    'VLLM_SERVER_DEV_MODE=1 vllm serve BASE --weight-transfer-config \'{"backend": "nccl"}\''
    " --logprobs-mode processed_logprobs --max-logprobs -1"
)
"""How TRL wants it started."""
TEXT = "Who loves Juliet? Romeo, born 1990-03-14; \u6f22\u5b57, \u00fcber."
"""Read by both."""
_PATIENCE = 20.0


def base_url(text: str) -> str:
    """The server's address without `/v1`, as TRL wants it. Raises UserError for what is none."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UserError(f"--vllm {text}: wanted http://HOST:PORT of a vLLM server", fix="--vllm http://127.0.0.1:8000")
    return text.rstrip("/").removesuffix("/v1")


def check_server(url: str, chat: Chat) -> str:
    """Its version. Raises Incomplete where nothing answers there, UserError for a server that cannot be trained on."""
    _get(url, "/health")
    try:
        if _get(url, "/server_info?config_format=json")["vllm_config"].get("weight_transfer_config") is None:
            raise UserError("this vLLM server takes no weights while it serves", where=url, fix=SERVE)
        model = _get(url, "/v1/models")["data"][0]["id"]
        asked = {"model": model, "prompt": TEXT, "add_special_tokens": False}
        tokens, version = _get(url, "/tokenize", asked)["tokens"], str(_get(url, "/version")["version"])
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UserError("no vLLM server: its answers are of another form", where=url, fix=SERVE) from error
    if tokens != chat.tokenizer.encode(TEXT, add_special_tokens=False):
        raise UserError(
            f"the server has another model than the base: {model} reads text as other tokens",
            where=url,
            fix=f"serve the base: {SERVE.replace('BASE', str(chat.folder))}",
        )
    return version


def check_here(device: str) -> None:
    """Raises UserError where TRL could not send weights from here."""
    if find_spec("vllm") is None:
        raise UserError(
            "--vllm: TRL sends weights by vLLM's own code, and vllm is not installed here",
            fix="pip install 'trl[vllm]' into an environment of its own, beside fteval[train]",
        )
    if device != "cuda":
        raise UserError("--vllm: TRL sends weights from GPU to GPU (NCCL), and this training is on the CPU")


def settings(url: str | None) -> dict[str, Any]:
    """What the configs of TRL are told of it."""
    return {} if url is None else {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": base_url(url)}


def _get(url: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """What the server answers, as JSON has it; None for an answer without a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None
    except urllib.error.HTTPError as error:
        raise UserError(
            f"the server answers {error.code} to {path.partition('?')[0]}: it was not started as TRL wants it",
            where=url,
            fix=SERVE,
        ) from None
    except (OSError, ValueError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Incomplete(f"no vLLM server answers there: {why}", where=url, fix=SERVE) from None
