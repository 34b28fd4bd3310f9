"""What a server does with what it is asked, found out by asking: servers accept fields and ignore them in silence.

A field is `honoured` when the answer shows it, `ignored` when the answer is as without it, `refused` when the server
says so, `unclear` when the answers cannot tell (a model that always says the same).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fteval.engines.remote.answer import text_of, thinking, tokens
from fteval.engines.remote.body import CHAT, COMPLETIONS, DROPPABLE, NEUTRAL, Dialect, encoded
from fteval.engines.remote.client import Client, not_authorised
from fteval.engines.remote.line import Line
from fteval.engines.remote.reply import Reply, Trouble
from fteval.errors import Incomplete, UserError
from fteval.records import Message, Sampling, digest

HONOURED, IGNORED, REFUSED, UNCLEAR = "honoured", "ignored", "refused", "unclear"
ASKED = "Count from one to twenty in words, separated by commas."
ASKED_TOO = "Write one sentence about the sea."
FIXED = (
    ASKED,
    ASKED_TOO,
    "On which date did people first land on the moon?",
    "Anna is 30 years old and lives in Rome. Give name, age and town as JSON.",
    "Who are you?",
)
"""What a model says to these is its behaviour: a fine-tune shows where forms are asked for, if anywhere."""
LENGTH, SHORT = 24, 2
"""Tokens of the answers to them."""
_OTHER = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
KEPT = ("top_p", "chat_template_kwargs", "extra_body")
"""Of a run's sampling is said with each tiny request too."""
WORD = "zq7"
"""No model says this of its own accord."""


@dataclass(frozen=True, slots=True)
class Server:
    """What was found out at the first contact."""

    dialect: Dialect
    served: str | None
    """What the server calls the model."""
    fingerprint: str | None
    behaviour: str | None
    """Digest of what it says to fixed prompts, greedily: two servers with different ones do not hold the same model.
    None where it did not say anything."""
    text: str | None = None
    """What it says to ASKED, greedily."""
    length: str = UNCLEAR
    """Whether it keeps to the most tokens of an answer."""


@dataclass(frozen=True, slots=True)
class _Asked:
    client: Client
    dialect: Dialect
    usual: Sampling
    """Greedy, with what is said to this server beside."""
    text: str
    """What the model says to ASKED, greedily."""


async def contact(client: Client, sampling: Sampling) -> Server:
    """The first requests: the server is there, lets us in, knows the model, and how it wants to be asked.

    Raises Incomplete where it does not, UserError for a sampling field of the user's that it does not take.
    """
    dialect, found, others, short = await _understood(client, sampling)
    if not isinstance(found.data.get("choices"), list):
        raise Incomplete(
            "what answers is no OpenAI-compatible server: a reply without choices",
            where=client.endpoint.url,
            fix="the URL ends in /v1 on most servers: http://HOST:PORT/v1#NAME",
        )
    text = text_of(found.data)
    if isinstance(short, Reply) and _length(short, text or "") == IGNORED:
        other = replace(dialect, length=_OTHER[dialect.length])
        short = await ask(client, other, ASKED, replace(sampling, max_tokens=SHORT))
        if isinstance(short, Reply) and _length(short, text or "") == HONOURED:
            dialect = other
    plain: Reply | Trouble = found
    if "temperature" in dialect.without:
        plain, others = Trouble("temperature", "it always draws"), []  # what it says is no behaviour
    elif sampling.temperature > 0:  # who answers is told by what is said without chance
        greedy = replace(sampling, max_tokens=LENGTH, temperature=0.0)
        plain, *others = await asyncio.gather(*(_first(client, dialect, text, greedy) for text in FIXED))
    said = [_said(reply) for reply in (plain, *others)]
    served, fingerprint = found.data.get("model"), found.data.get("system_fingerprint")
    return Server(
        dialect,
        served[:200] if isinstance(served, str) else None,
        fingerprint[:200] if isinstance(fingerprint, str) else None,
        None if None in said else digest(said),
        text_of(plain.data) if isinstance(plain, Reply) else None,
        _length(short, text or "") if isinstance(short, Reply) else _of(short),
    )


async def _understood(
    client: Client, sampling: Sampling
) -> tuple[Dialect, Reply, list[Reply | Trouble], Reply | Trouble]:
    """A dialect that the server takes; its replies to the first fixed prompt, to the others, and to the first with few
    tokens."""
    dialect = Dialect(length="max_completion_tokens" if client.endpoint.hosted else "max_tokens")
    asked = replace(sampling, max_tokens=LENGTH)
    for _ in range(len(DROPPABLE) + 3):
        # Three together, because each round is waited for; not more, because a wrong key is tried three times at most.
        found, second, short = await asyncio.gather(
            _first(client, dialect, FIXED[0], asked),
            _first(client, dialect, FIXED[1], asked),
            ask(client, dialect, FIXED[0], replace(asked, max_tokens=SHORT)),
        )
        if isinstance(found, Reply):
            rest = await asyncio.gather(*(_first(client, dialect, text, asked) for text in FIXED[2:]))
            return dialect, found, [second, *rest], short
        changed = _other(dialect, found, sampling)
        if changed is None:
            raise _refused(client, found, sampling)
        dialect = changed
    raise Incomplete("the server refuses every spelling of a request", where=client.endpoint.url)


async def explore(client: Client, server: Server, sampling: Sampling) -> Mapping[str, str]:
    """Field -> honoured, ignored, refused or unclear, by a few tiny requests."""
    names = {
        "stop": _stop, "logprobs": _logprobs, "n": _n,
        "response_format": _response_format, "structured_outputs": _structured_outputs,
    }  # fmt: skip
    if sampling.temperature > 0 and sampling.top_k > 0:
        names["top_k"] = _top_k
    if sampling.repetition_penalty != 1.0:
        names["repetition_penalty"] = _repetition_penalty
    usual = replace(Sampling(), **{name: getattr(sampling, name) for name in KEPT})
    greedy = await ask(client, server.dialect, ASKED, replace(usual, max_tokens=LENGTH))
    again = text_of(greedy.data) if isinstance(greedy, Reply) else None
    asked = _Asked(client, server.dialect, usual, again or "")
    drawn, found = await asyncio.gather(_draws(asked), asyncio.gather(*(check(asked) for check in names.values())))
    refused = {"max_tokens": server.length, **dict.fromkeys(server.dialect.without, REFUSED)}
    if again is not None and server.text is not None and again != server.text:
        drawn = {**drawn, "temperature": IGNORED}  # without chance the same is said twice
    return {**drawn, **dict(zip(names, found, strict=True)), **refused}


async def _draws(at: _Asked) -> dict[str, str]:
    """Of temperature and seed: two seeds, each twice, at the usual temperature."""
    sampling = replace(at.usual, temperature=1.0, max_tokens=LENGTH)
    replies = await asyncio.gather(
        *(ask(at.client, at.dialect, ASKED_TOO, sampling, seed=seed) for seed in (11, 11, 12, 12))
    )
    texts = [text_of(r.data) for r in replies if isinstance(r, Reply)]
    alike = len(set(texts)) < 2  # the server, or the model: draws that are all the same cannot tell
    if len(texts) < len(replies) or alike:
        return {"temperature": UNCLEAR, "seed": UNCLEAR}
    return {"temperature": HONOURED, "seed": HONOURED if texts[::2] == texts[1::2] else IGNORED}


async def _stop(at: _Asked) -> str:
    words = re.findall(r"\w+", at.text)
    if len(words) < 5:
        return UNCLEAR  # a text that ends there by itself would look cut
    word = words[2]
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, max_tokens=LENGTH, stop=(word,)))
    if isinstance(found, Trouble):
        return _of(found)
    text, place = text_of(found.data) or "", at.text.index(word)
    if not at.text.startswith(text):
        return UNCLEAR
    # Some servers leave the stop text itself in; it is cut off here.
    return HONOURED if len(text) <= place + len(word) else IGNORED


def _length(short: Reply, long: str) -> str:
    """Whether an answer was cut at SHORT tokens."""
    counted = tokens(short.data)[1]
    if len(long.split()) <= SHORT:
        return UNCLEAR
    if counted is not None:
        return HONOURED if counted <= SHORT else IGNORED
    return HONOURED if len(text_of(short.data) or "") < len(long) else UNCLEAR


async def _logprobs(at: _Asked) -> str:
    more: dict[str, Any] = {"logprobs": True, "top_logprobs": 1}
    if at.dialect.path == COMPLETIONS:
        more = {"logprobs": 1}
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, max_tokens=1), more)
    if isinstance(found, Trouble):
        return _of(found)
    return HONOURED if any(c.get("logprobs") for c in _choices(found)) else IGNORED


async def _n(at: _Asked) -> str:
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, temperature=1.0, max_tokens=1), {"n": 2})
    if isinstance(found, Trouble):
        return _of(found)
    return HONOURED if len(_choices(found)) == 2 else IGNORED


async def _response_format(at: _Asked) -> str:
    schema = {
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [WORD]}},
        "required": ["word"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "word", "strict": True, "schema": schema}}
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, max_tokens=LENGTH), {"response_format": wanted})
    if isinstance(found, Trouble):
        return _of(found)
    try:
        return HONOURED if json.loads(text_of(found.data) or "") == {"word": WORD} else IGNORED
    except (ValueError, RecursionError):
        return IGNORED


async def _structured_outputs(at: _Asked) -> str:
    wanted = {"structured_outputs": {"choice": [WORD, WORD[::-1]]}}
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, max_tokens=LENGTH), wanted)
    if isinstance(found, Trouble):
        return _of(found)
    return HONOURED if (text_of(found.data) or "").strip() in (WORD, WORD[::-1]) else IGNORED


async def _top_k(at: _Asked) -> str:
    """With the one likeliest token to choose from, a draw is greedy."""
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, temperature=1.0, top_k=1, max_tokens=LENGTH))
    if isinstance(found, Trouble):
        return _of(found)
    return HONOURED if text_of(found.data) == at.text else IGNORED


async def _repetition_penalty(at: _Asked) -> str:
    found = await ask(at.client, at.dialect, ASKED, replace(at.usual, repetition_penalty=20.0, max_tokens=LENGTH))
    if isinstance(found, Trouble):
        return _of(found)
    return HONOURED if text_of(found.data) != at.text else IGNORED


async def ask(
    client: Client,
    dialect: Dialect,
    text: str,
    sampling: Sampling,
    more: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    line: Line | None = None,
) -> Reply | Trouble:
    """What becomes of one tiny request; at `line`, where there are several servers."""
    try:
        body = _body(client, dialect, text, sampling, more, seed)
    except UserError as error:  # a field that is known to be refused
        return Trouble("bad_request", error.what)
    reserved = client.reserve([text], sampling.max_tokens)
    if reserved is None:
        return Trouble("budget", "the budget has no room for it")
    found: Reply | Trouble | None = None
    try:
        found = await client.once(dialect.path, body, line)
        return found
    finally:
        client.settle(reserved, found)


async def _first(client: Client, dialect: Dialect, text: str, sampling: Sampling) -> Reply | Trouble:
    """As `ask`, with all patience. Raises Incomplete where the budget is too small even for that."""
    reserved = client.reserve([text], sampling.max_tokens)
    if reserved is None:
        raise Incomplete(f"the budget ({client.budget}) is too small to ask anything", where=client.endpoint.url)
    found: Reply | Trouble | None = None
    try:
        found = await client.post(dialect.path, _body(client, dialect, text, sampling), reserved)
        return found
    finally:
        client.settle(reserved, found)


def _body(
    client: Client,
    dialect: Dialect,
    text: str,
    sampling: Sampling,
    more: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> bytes:
    fields = dialect.body(client.endpoint.model, (Message("user", text),), sampling, seed)
    return encoded({**fields, **(more or {})})


def _said(reply: Reply | Trouble) -> str | None:
    """What a model said, its thinking included; None for nothing."""
    if not isinstance(reply, Reply):
        return None
    first = next(iter(_choices(reply)), None)
    return f"{thinking(first.get('message')) or '' if first else ''}{text_of(reply.data) or ''}" or None


def _choices(reply: Reply) -> list[Mapping[str, Any]]:
    found = reply.data.get("choices")
    return [c for c in found if isinstance(c, Mapping)] if isinstance(found, list) else []


def _of(trouble: Trouble) -> str:
    return REFUSED if trouble.kind == "bad_request" else UNCLEAR


def _other(dialect: Dialect, trouble: Trouble, sampling: Sampling) -> Dialect | None:
    """The dialect that a refusal asks for; None where it asks for none that keeps what is said."""
    if trouble.status in (404, 405, 501) and dialect.path == CHAT and not _names_model(trouble):
        return replace(dialect, path=COMPLETIONS)
    if trouble.kind not in ("bad_request", "template"):
        return None
    if "chat template" in trouble.body.lower() and dialect.path == CHAT:
        return replace(dialect, path=COMPLETIONS)
    said = [dialect.length, "stop", *(name for name in DROPPABLE if name not in dialect.without)]
    places = {name: found.start() for name in said if (found := re.search(rf"(?<![\w-]){name}(?![\w-])", trouble.body))}
    named = min(places, key=lambda name: places[name], default=None)
    if {"temperature", "top_p"} <= places.keys():  # it takes one of the two
        named = "temperature" if sampling.temperature == NEUTRAL["temperature"] else "top_p"
    if named == dialect.length:
        return replace(dialect, length=_OTHER[dialect.length])
    if named == "temperature" and sampling.temperature != NEUTRAL["temperature"]:
        return None
    if named in DROPPABLE:
        return replace(dialect, without=dialect.without | {named})
    rest = NEUTRAL.keys() - {"temperature"}
    if named is None and not dialect.without.issuperset(rest):
        return replace(dialect, without=dialect.without | rest)  # it refuses something and does not say what
    return None


def _names_model(trouble: Trouble) -> bool:
    return "model" in trouble.message.lower()


def _refused(client: Client, trouble: Trouble, sampling: Sampling) -> Exception:
    """What a first contact that failed means for the user."""
    endpoint = client.endpoint
    if trouble.kind == "not_authorised":
        return not_authorised(endpoint, trouble)
    if trouble.kind == "not_found":
        if endpoint.model.startswith("ft:"):
            what = f"fine-tuned model {endpoint.model} not found or not visible to this organisation"
            fix = f"check the id, and that {endpoint.key_variable} belongs to the organisation that trained it"
            return Incomplete(f"{what} ({trouble.message})", where=endpoint.url, fix=fix)
        fix = (
            endpoint.detour or f"`curl {endpoint.url}/models` lists what it serves; most servers have their API at /v1"
        )
        return Incomplete(f"no model '{endpoint.model}' there: {trouble.message}", where=endpoint.url, fix=fix)
    if trouble.kind in ("bad_request", "template"):
        draws = "temperature" in trouble.body and sampling.temperature != NEUTRAL["temperature"]
        return UserError(
            f"the server refuses the request: {trouble.message}",
            where=endpoint.url,
            fix="--temperature 1 (sampling: {temperature: 1}): many models that think take no other"
            if draws
            else "every sampling field is said, none is dropped in silence: a field it names must go from the config, "
            "or the model cannot be measured so",
        )
    if trouble.kind in ("connection", "tls"):
        fix = "see whether it runs, its port, and whether it wants https://"
        if trouble.kind == "tls":
            bundle = os.environ.get("SSL_CERT_FILE")
            fix = "where a CA of your own signed it: export SSL_CERT_FILE=ca.pem; where it has no TLS: http://"
            fix = f"SSL_CERT_FILE names no file: {bundle}" if bundle and not os.path.isfile(bundle) else fix
        who = "the server" if len(client.lines) == 1 else f"any of the {len(client.lines)} servers"
        return Incomplete(f"cannot reach {who}: {trouble.message}", where=endpoint.url, fix=endpoint.detour or fix)
    what = f"the server does not answer: {trouble.message}"
    return Incomplete(what, where=endpoint.url, fix=endpoint.detour or "see its log")
