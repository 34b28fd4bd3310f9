"""Where a model is served, under which name, and with which key; the key never leaves here but in a header."""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import urllib.parse
from dataclasses import dataclass, field

from fteval.engines.refs import Source, is_loopback
from fteval.errors import UserError

KEY_VARIABLE = "OPENAI_API_KEY"
SHORTEST_SECRET, REAL_SECRET = 6, 20
"""Characters. A shorter key is a placeholder ("none", "ollama") that stands in ordinary words: it is hidden in errors
from 6 on, and in answers, which are scored, from 20 on."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model NAME at a base URL, and what is sent to prove who asks."""

    url: str
    """Base of the API, `https://HOST/v1`, without a slash at the end and without a query."""
    model: str
    key_variable: str | None = KEY_VARIABLE
    """Environment variable that holds the key; None sends none."""
    hosted: bool = False
    """A provider's `openai:` or `ft:` id: its models are listed with the date of their end."""
    query: str = ""
    """What every address ends with, as Azure wants it: `?api-version=2024-10-21`."""
    _key: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """HOST, path and query, without the scheme: http and https of one server are the same model."""
        return re.sub(r"^localhost(?=[:/]|$)", "127.0.0.1", self.url.partition("://")[2]) + self.query

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).hostname or ""

    def headers(self) -> dict[str, str]:
        if self._key and "api-version=" in self.query:  # Azure takes a Bearer for a token of another kind
            return {"api-key": self._key}
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def proxy(self) -> str | None:
        """The proxy that the environment names for this server."""
        # Not left to the HTTP library: it would also read ~/.netrc and send what stands there.
        from urllib.request import getproxies, proxy_bypass

        parts = urllib.parse.urlsplit(self.url)
        if proxy_bypass(parts.netloc) or proxy_bypass(self.host):
            return None
        return getproxies().get(parts.scheme)

    @property
    def detour(self) -> str | None:
        """What to do where a proxy stands before this very machine."""
        return "export NO_PROXY=localhost,127.0.0.1,::1" if is_loopback(self.url) and self.way() else None

    def way(self) -> str:
        """Which proxy a request goes through, for messages: without what a password may stand in."""
        proxy = urllib.parse.urlsplit(self.proxy() or "")
        host = proxy.netloc.rpartition("@")[2]
        return f" (through the proxy {host} of {self.url.partition(':')[0].upper()}_PROXY)" if host else ""

    def hidden(self, text: str, shortest: int = SHORTEST_SECRET) -> str:
        """The text without the key in any spelling that a server may echo, if the key has so many characters."""
        for secret in _spellings(self._key) if self._key and len(self._key) >= shortest else ():
            text = text.replace(secret, "[key]")
        return text


@functools.cache
def _spellings(key: str) -> tuple[str, ...]:
    """A key as it may stand in a body: plain, in a URL, in base64, and each of them escaped up to twice (the repr of
    headers inside JSON)."""
    raw = key.encode()
    plain = [key, *(urllib.parse.quote(key, safe=safe) for safe in ("", "/"))]
    plain += [code(raw).decode().rstrip("=") for code in (base64.b64encode, base64.urlsafe_b64encode)]
    once = [json.dumps(text)[1:-1] for text in plain]
    twice = [json.dumps(text)[1:-1] for text in once]
    return tuple(sorted({*plain, *once, *twice}, key=len, reverse=True))


def endpoint(source: Source, key_variable: str | None = KEY_VARIABLE, needed: bool = True) -> Endpoint:
    """The endpoint of a server's ref, with the key that the environment holds now.

    Raises UserError for a hosted model without a key where one is needed, and for a key that no header can carry.
    """
    key = (os.environ.get(key_variable) or "").strip() or None if key_variable else None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise UserError(f"the key in {key_variable} has characters that no key has", fix="copy it again")
    if key is None and source.hosted and needed:
        raise UserError(
            f"no key for {source.name}: "
            + (f"{key_variable} is not set" if key_variable else f"server.key names none for {source.url}"),
            fix=f"export {key_variable or KEY_VARIABLE}=…; for a server without keys use http://HOST/v1#NAME",
        )
    assert source.url is not None
    url, question, query = source.url.partition("?")
    return Endpoint(url, source.name, key_variable, source.hosted, question + query, key)
