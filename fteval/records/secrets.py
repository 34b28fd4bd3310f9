"""Keys where a setting could hold one. A ref is told in every report: one with a key is refused, and never repeated."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from fteval.records.digests import canonical
from fteval.records.generations import Sampling

_SURE = r"api[-_]?key|secret|passw|pwd|authoriz|credential|(access|auth|bearer|session)[-_]?token|jwt"
_NAMES = re.compile(rf"{_SURE}|key|token(?!i)|auth(?!or)|signature|session|^(sig|sas|code|pass)$", re.I)
"""What a part of a query with a key in it is called."""
_VARIABLES = re.compile("(key|token|secret|password)$", re.I)
"""The same of a variable of the environment."""
_FIELDS = re.compile(_SURE, re.I)
"""The same of a body, where `max_tokens` and `prompt_cache_key` are usual."""
_STEPS = re.compile(r"(api[-_]?)?keys?|tokens?|secrets?", re.I)
"""The same of a path: the next step is a key."""
_KEYS = re.compile(
    r"\s*(bearer\s+)?(sk-\w|sk_(live|test)_|AIza[\w-]{6}|ya29\.|AKIA\w{6}|eyJ[\w-]{6,}\."
    r"|((pk|rk|gsk|hf|gh[opsru]|github_pat|r8|fw|tgp)_|(glpat|xai|nvapi|pplx|csk)-)(?=[\w-]*\d)[\w-]{16})",
    re.I | re.A,
)
"""How providers begin a key."""
_RANDOM = re.compile(r"(?=\w*\d)(?=\w*[A-Za-z])\w{20}", re.A)
"""Digits and letters without a break: no word, no date, no version."""
SHORTEST = 16
"""Characters from which on the content of a variable with such a name is looked for elsewhere."""


def looks_like_key(text: str) -> bool:
    """Whether a text begins as providers' keys do, or holds what the environment keeps under a key's name."""
    # Not what is a path: PWD and a socket's place are none.
    known = (v for n, v in os.environ.items() if len(v) >= SHORTEST and _VARIABLES.search(n) and not v.startswith("/"))
    return bool(_KEYS.match(text)) or any(value in text for value in known)


def holds_key(url: str) -> bool:
    """Whether user, path, query or fragment of an address may hold a key."""
    address, _, model = (url.partition("://")[2] or url).partition("#")
    path, *query = re.split("[?;]", f"{address}?{model.partition('?')[2]}")
    host, *steps = map(urllib.parse.unquote, path.split("/"))
    # A step may be the random name of an account or an endpoint; a query needs none.
    named = any(_STEPS.fullmatch(a) and not re.fullmatch(r"v\d+|", b) for a, b in itertools.pairwise(steps))
    pairs = [urllib.parse.unquote(pair).partition("=") for pair in "&".join(query).split("&")]
    asked = any(_NAMES.search(a) or _RANDOM.search(b or a) or looks_like_key(b or a) for a, _, b in pairs)
    return "@" in host or named or asked or any(looks_like_key(part) for part in [*steps, urllib.parse.unquote(model)])


def without_key(ref: str) -> str:
    """The text of a ref as it may be shown."""
    if re.match(r"\s*https?:", ref, re.I) and holds_key(ref):
        return f"{ref.partition(':')[0].strip()}://…"
    return "…" if looks_like_key(ref.removeprefix("openai:")) else ref


def key_in(value: Any, name: str = "") -> str | None:
    """The name of the first field of a JSON value that may hold a key."""
    if isinstance(value, dict):
        return next((found for key, one in value.items() if (found := key_in(one, str(key)))), None)
    if isinstance(value, list):
        return next((found for one in value if (found := key_in(one, name))), None)
    return name if isinstance(value, str) and (_FIELDS.search(name) or looks_like_key(value)) else None


def check_ref(ref: str) -> str:
    """The ref of a model. Raises ValueError for one with a key in it."""
    if without_key(ref) != ref or ("://" in ref and holds_key(ref)):
        raise ValueError("a model ref with what looks like a key in it: put the key into OPENAI_API_KEY")
    return ref


def without_keys(text: str) -> str:
    """Running text as it may be kept: a word that looks like a key is `…`."""
    return re.sub(r"[^\s'\"(),;=]+", lambda word: "…" if looks_like_key(word[0]) else word[0], text)


def json_told(told: Any) -> str:
    """An object as JSON, empty for none. Raises ValueError for no JSON, and for a key in it."""
    if not isinstance(told, Mapping) or not all(isinstance(name, str) for name in told):
        raise ValueError("wanted an object of names and values")
    try:
        text = canonical(told).decode()
    except (TypeError, ValueError):
        raise ValueError("holds what JSON has no word for") from None
    if name := key_in(told):
        raise ValueError(f"'{name}' looks like a key, which would be kept in every run: put it into OPENAI_API_KEY")
    return text if told else ""


def json_body(told: Any) -> str:
    """As `json_told`, of more fields of a request. Raises ValueError for one that has a setting of its own, too."""
    taken = {field.name for field in dataclasses.fields(Sampling)} | {"model", "messages", "prompt", "stream", "n"}
    if found := sorted(taken.intersection(told if isinstance(told, Mapping) else ())):
        raise ValueError(f"{', '.join(found)}: what fteval says itself has a setting of its own, or none")
    return json_told(told)
