"""What the stand-in server says: a pure function of the request, each parameter honoured, ignored or refused."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

HONOURED, IGNORED = "honoured", "ignored"
REFUSED = "refused"
"""400 that names the parameter, as OpenAI does."""
FORBIDDEN = "forbidden"
"""422 that names the parameter, as FastAPI's models do (transformers serve words it as text, see `unknown_fields`)."""

WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath"),
    *("inlet", "jetty", "knoll", "ledge", "marsh", "north", "otter", "pearl"),
)
KNOWN = frozenset(
    ["model", "messages", "prompt", "temperature", "top_p", "top_k", "seed", "stop", "n", "logprobs", "top_logprobs"]
    + ["echo", "prompt_logprobs", "max_tokens", "max_completion_tokens", "response_format", "structured_outputs"]
    + ["repetition_penalty", "stream", "user", "metadata"]
)


class Refusal(Exception):
    """A request that the model's server does not take: status and body."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def error(message: str, code: str | None = None, param: str | None = None, kind: str = "invalid_request_error") -> Any:
    """The body of an error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass
class Model:
    """Answers greedily from `answers` (prompt -> text), else with words that follow from the prompt."""

    name: str = "m"
    also: tuple[str, ...] = ()
    """More names that it answers to."""
    answers: Mapping[str, str] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    """parameter -> HONOURED (where nothing is said), IGNORED, REFUSED or FORBIDDEN"""
    unknown_fields: str = IGNORED
    """What becomes of a parameter that is not in KNOWN: vLLM ignores it, OpenAI and FastAPI refuse."""
    context: int = 8192
    """Words."""
    fingerprint: str | None = "fp_1"

    def reply(self, body: Mapping[str, Any], chat: bool) -> dict[str, Any]:
        """The response body of /chat/completions or /completions. Raises Refusal."""
        self._check(body)
        prompt = prompt_of(body)
        asked = {name: value for name, value in body.items() if self.features.get(name, HONOURED) == HONOURED}
        n_prompt = len(pieces(prompt))
        if n_prompt > self.context:
            text = f"This model's maximum context length is {self.context} tokens, the prompt has {n_prompt}."
            raise Refusal(400, error(text, "context_length_exceeded", "messages"))
        choices = [self._choice(prompt, index, asked, chat) for index in range(int(asked.get("n") or 1))]
        n_completion = sum(count for _, count in choices)
        payload: dict[str, Any] = {
            "id": "chatcmpl-" + _hash(prompt)[:12],
            "object": "chat.completion" if chat else "text_completion",
            "created": 1_795_000_000,
            "model": body.get("model", self.name),
            "choices": [choice for choice, _ in choices],
            "usage": {
                "prompt_tokens": n_prompt,
                "completion_tokens": n_completion,
                "total_tokens": n_prompt + n_completion,
            },
        }
        if self.fingerprint is not None:
            payload["system_fingerprint"] = self.fingerprint
        if asked.get("prompt_logprobs") is not None:
            payload["prompt_logprobs"] = [
                None if place == 0 else {str(place): {"logprob": logprob(piece), "rank": 1, "decoded_token": piece}}
                for place, piece in enumerate(pieces(prompt))
            ]
        return payload

    def _check(self, body: Mapping[str, Any]) -> None:
        for name, value in body.items():
            policy = self.features.get(name, HONOURED) if name in KNOWN else self.unknown_fields
            if policy == REFUSED:
                text = f"Unsupported parameter: '{name}' is not supported with this model."
                raise Refusal(400, error(text, "unsupported_parameter", name))
            if policy == FORBIDDEN:
                found = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
                raise Refusal(422, {"detail": [{**found, "input": value}]})
        if body.get("model") not in (self.name, *self.also):
            text = f"The model `{body.get('model')}` does not exist or you do not have access to it."
            raise Refusal(404, error(text, "model_not_found"))

    def _choice(self, prompt: str, index: int, asked: Mapping[str, Any], chat: bool) -> tuple[dict[str, Any], int]:
        tokens, reason = pieces(self._text(prompt, index, asked)), "stop"
        longest = asked.get("max_completion_tokens", asked.get("max_tokens"))
        if longest is not None and len(tokens) > longest:
            tokens, reason = tokens[:longest], "length"
        text = "".join(tokens)
        for stop in [asked["stop"]] if isinstance(asked.get("stop"), str) else asked.get("stop") or ():
            if stop in text:
                text, reason = text[: text.index(stop)], "stop"
        tokens = pieces(text)
        shown = pieces(prompt) + tokens if asked.get("echo") and not chat else tokens
        choice: dict[str, Any] = {"index": index, "finish_reason": reason}
        choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": "".join(shown)}
        if asked.get("logprobs") not in (None, False):
            choice["logprobs"] = _chat_logprobs(shown) if chat else _text_logprobs(shown)
        return choice, len(tokens)

    def _text(self, prompt: str, index: int, asked: Mapping[str, Any]) -> str:
        schema = (asked.get("response_format") or {}).get("json_schema", {}).get("schema")
        wanted = asked.get("structured_outputs") or {}
        schema = wanted.get("json", schema)
        if schema is not None:
            return json.dumps(instance(json.loads(schema) if isinstance(schema, str) else schema))
        if wanted.get("choice"):
            return str(wanted["choice"][0])
        if wanted.get("regex"):
            return matching(wanted["regex"])
        temperature = asked.get("temperature", 1.0 if self.features.get("temperature", HONOURED) == HONOURED else 0)
        if not temperature:  # ignored is greedy, as in transformers serve
            return self.answers.get(prompt) or _words(_hash(prompt))
        if asked.get("seed") is None:
            return _words(str(random.getrandbits(64)))
        return _words(_hash(json.dumps([prompt, asked["seed"], index, temperature])))


def prompt_of(body: Mapping[str, Any]) -> str:
    """The last user turn, or the plain prompt: what faults and answers are looked up by."""
    for message in reversed(body.get("messages") or []):
        if message.get("role") == "user":
            return str(message.get("content"))
    return str(body.get("prompt", ""))


def pieces(text: str) -> list[str]:
    """The text's tokens: words with the white space before them."""
    return re.findall(r"\s*\S+|\s+$", text)


def logprob(piece: str) -> float:
    """Of a token, whatever stands before it: half a nat per letter."""
    return -0.5 * len(piece.strip())


def instance(schema: Mapping[str, Any]) -> Any:
    """A value that the schema allows, as short as its kind goes."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: instance(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema.get("items", {"type": "string"}))] * max(1, schema.get("minItems", 0))
    whole = schema.get("minimum", 1)
    return {"string": WORDS[0], "integer": whole, "number": whole, "boolean": True}.get(kind)


def matching(pattern: str) -> str:
    """A text that the pattern of letters, classes, groups and counts matches in full."""
    import re._parser as parser  # type: ignore[import-not-found, unused-ignore]

    def write(parts: Any) -> Iterator[str]:
        for op, value in parts:
            kind = str(op)
            if kind == "LITERAL":
                yield chr(value)
            elif kind == "IN":
                first_op, first = value[0]
                yield chr(first if str(first_op) == "LITERAL" else first[0]) if str(first_op) != "CATEGORY" else "1"
            elif kind == "BRANCH":
                yield from write(value[1][0])
            elif kind == "SUBPATTERN":
                yield from write(value[-1])
            elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
                yield "".join(write(value[2])) * max(1, value[0])
            elif kind == "ANY":
                yield "a"

    return "".join(write(parser.parse(pattern)))


def _words(seed: str) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(WORDS) for _ in range(source.randint(12, 24)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _chat_logprobs(tokens: list[str]) -> dict[str, Any]:
    rows = [{"token": t, "logprob": logprob(t), "bytes": list(t.encode())} for t in tokens]
    return {"content": [{**row, "top_logprobs": [row]} for row in rows]}


def _text_logprobs(tokens: list[str]) -> dict[str, Any]:
    offsets = [len("".join(tokens[:place])) for place in range(len(tokens))]
    known = [None if place == 0 else logprob(t) for place, t in enumerate(tokens)]
    top = [None if value is None else {t: value} for t, value in zip(tokens, known, strict=True)]
    return {"tokens": tokens, "token_logprobs": known, "top_logprobs": top, "text_offset": offsets}
