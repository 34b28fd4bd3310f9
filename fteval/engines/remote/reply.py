"""What a server's HTTP answer means: an answer, or a trouble of a known kind. Decided by status and fields, never by
searching prose for digits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_MESSAGE = 500
"""Characters of a server's own words that are kept."""

TRANSIENT = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529))
OVERLOADED = frozenset((429, 503, 529))
_KINDS = {
    400: "bad_request", 401: "not_authorised", 403: "not_authorised", 404: "not_found", 405: "not_found",
    408: "timeout", 413: "too_large", 422: "bad_request", 429: "rate_limited",
}  # fmt: skip
_QUOTA = frozenset(("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exceeded"))
_UNKNOWN_KEY = "no_db_connection"
"""What LiteLLM says with a 400 of a key that it does not know, where it has no database to look in."""
_FILTERED = frozenset(("content_filter", "content_policy_violation", "responsible_ai_policy_violation"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A 200 with JSON in it."""

    data: Mapping[str, Any]
    seconds: float
    """From sending the request to its last byte."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What it said of limits."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no reply."""

    kind: str
    """`rate_limited`, `quota`, `server_error`, `timeout`, `connection`, `bad_reply`, `not_authorised`, …"""
    message: str
    status: int | None = None
    retriable: bool = False
    overload: bool = False
    """Says that fewer requests at a time would do better."""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""
    body: str = ""
    """The server's own words, shortened; for finding out which field it refuses."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What it said of limits."""


def from_status(status: int, body: str, retry_after: float | None) -> Trouble:
    """What an HTTP status other than 200 says, with the code that OpenAI's kind of error body may carry."""
    code, said = _error(body)
    if status == 402 or (status == 429 and code in _QUOTA):
        return Trouble("quota", said or "the quota is used up", status, body=body)
    if code in _FILTERED:
        return Trouble("content_filter", said, status, body=body)
    if status in (400, 413, 422) and (code == "context_length_exceeded" or _too_long(said)):
        return Trouble("prompt_too_long", said, status, body=body)
    if status in (400, 422, 500) and _of_template(said):
        return Trouble("template", f"HTTP {status}: {said}", status, body=body)
    if code == _UNKNOWN_KEY:
        return Trouble("not_authorised", f"HTTP {status}: {said}", status, body=body)
    if status == 400 and "invalid model name" in said.lower():  # LiteLLM's, which other servers say with 404
        return Trouble("not_found", f"HTTP {status}: {said}", status, body=body)
    if 300 <= status < 400:
        return Trouble("redirected", f"HTTP {status}: the server sends elsewhere, which is not followed", status)
    kind = _KINDS.get(status, "server_error" if status >= 500 else "bad_request")
    message = f"HTTP {status}" + (f": {said}" if said else "")
    return Trouble(kind, message, status, status in TRANSIENT, status in OVERLOADED, retry_after, body)


def parsed(body: str) -> Mapping[str, Any] | Trouble:
    """The object of a 200, or what is wrong with it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        what = "HTML" if body.lstrip()[:1] == "<" else "no JSON"
        return Trouble("bad_reply", f"the reply is {what}: {shortened(body, 120)!r}", 200, retriable=True)
    if not isinstance(data, dict):
        return Trouble("bad_reply", f"the reply is {type(data).__name__}, not an object", 200)
    if "choices" not in data and isinstance(data.get("error"), dict | str):
        # Gateways answer 200 with the error of whoever is behind them.
        _, said = _error(body)
        return Trouble("server_error", said or "an error in a 200", 200, retriable=True)
    return _broken_off(data) or data


_BROKEN_OFF = frozenset(("error", "abort", "aborted", "cancelled"))


def _broken_off(data: Mapping[str, Any]) -> Trouble | None:
    """A reply whose answer the server itself did not finish (gateways and vLLM say so in `finish_reason`)."""
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict) or (str(first.get("finish_reason")) not in _BROKEN_OFF and not first.get("error")):
        return None
    said = shortened(json.dumps(first["error"])) if first.get("error") else f"finish_reason {first['finish_reason']}"
    return Trouble("server_error", f"the server broke the answer off: {said}", 200, retriable=True)


def shortened(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _error(body: str) -> tuple[str, str]:
    """Code and message of an error body: OpenAI's {"error": {…}}, FastAPI's {"detail": …}, or plain text."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "", shortened(body) if "<" not in body[:1] else "an HTML page"
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return "", shortened(error if isinstance(error, str) else json.dumps(error))
    named = [error[k] for k in ("code", "type") if isinstance(error.get(k), str)]
    code = next((name for name in named if not name.isdecimal()), "")  # LiteLLM's code is the status once more
    inner = error.get("innererror")
    if isinstance(inner, dict) and isinstance(inner.get("code"), str):
        code = inner["code"].lower() if code not in _FILTERED else code
    said = next((error[k] for k in ("message", "detail", "error") if error.get(k)), "")
    return code, shortened(said if isinstance(said, str) else json.dumps(said))


def _of_template(said: str) -> bool:
    # llama.cpp answers 500 for it, and vLLM 400: the same prompt will never do.
    words = said.lower()
    return any(p in words for p in ("chat template", "system role", "roles must alternate", "raise_exception", "jinja"))


def _too_long(said: str) -> bool:
    # Servers other than OpenAI give no code: vLLM, llama.cpp and TGI say it in words of their own.
    words = said.lower()
    return any(phrase in words for phrase in ("maximum context length", "context window", "context size"))
