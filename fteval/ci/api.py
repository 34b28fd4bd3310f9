"""A JSON API behind a token. Every call is bounded in time and size, and the token goes to one server only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

TIMEOUT = 10.0
"""Seconds for one call, from the connection to the last byte."""
LARGEST = 64 << 20
"""Bytes of an answer: 100 comments of 65,536 characters fit."""


class Failed(Exception):
    """A call that did not work, in words that hold nothing of what was sent or answered."""

    def __init__(
        self, what: str, *, status: int | None = None, passing: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(what)
        self.status = status
        self.passing = passing
        """Whether the same call may work a little later."""
        self.wait = wait
        """Seconds that the server asked to wait."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call brought back."""

    body: Any
    more: bool | None
    """Whether there is another page; None where no header says so."""


class Api:
    """One server, as in `async with Api(root, headers) as api: await api.call("GET", "/user")`.

    Redirects are not followed, whatever their aim: they would carry the token along.
    """

    def __init__(self, root: str, headers: Mapping[str, str], *, timeout: float = TIMEOUT) -> None:
        self.root = root.rstrip("/")
        self._headers, self._timeout = dict(headers), timeout

    async def __aenter__(self) -> Self:
        import aiohttp

        # Without `trust_env`, which would let a .netrc replace the Authorization header.
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The JSON that the server answers with. Raises Failed for everything else."""
        import aiohttp

        url = self.root + path
        try:
            async with self._session.request(
                method, url, json=body, allow_redirects=False, proxy=_proxy(url)
            ) as response:
                if response.status >= 300:
                    raise _refused(response.status, response.headers)
                data = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    data += chunk
                    if len(data) > LARGEST:
                        raise Failed(f"the answer has more than {LARGEST >> 20} MB")
                return Answer(_parsed(data), _more(response.headers))
        except TimeoutError:
            raise Failed(f"no answer within {self._timeout:g} s", passing=True) from None
        except aiohttp.InvalidURL:
            raise Failed(_NO_ADDRESS) from None
        # The texts of these hold addresses and headers, the token among them.
        except (aiohttp.ClientError, OSError) as error:
            raise Failed(f"no connection ({type(error).__name__})", passing=True) from None
        except ValueError:  # a password in the address, a kind of proxy that is not known
            raise Failed(_NO_ADDRESS) from None


_NO_ADDRESS = "the address of the API, or of the proxy, is none that can be asked"


def checked(token: str | None, variable: str, wanted: str) -> str:
    """The token of a variable. Raises Failed where it is empty, or cannot be one."""
    token = (token or "").strip()
    if not token:
        raise Failed(f"{variable} is not set ({wanted})")
    if not re.fullmatch(r"[!-~]+", token):
        raise Failed(f"{variable} holds no token ({wanted})")
    return token


def _parsed(data: bytearray) -> Any:
    try:
        return json.loads(data.decode()) if data else None
    except (ValueError, RecursionError):
        raise Failed("the answer is not JSON: is this the address of the API?") from None


def _refused(status: int, headers: Mapping[str, str]) -> Failed:
    wait = _seconds(headers.get("Retry-After"))
    limited = status == 429 or (status == 403 and (wait is not None or headers.get("X-RateLimit-Remaining") == "0"))
    if status >= 500 or status == 408 or limited:
        what = f"too many calls ({status})" if limited else f"the server failed ({status})"
        return Failed(what, status=status, passing=True, wait=wait)
    if status < 400:
        return Failed(f"the server redirects ({status}), which is not followed", status=status)
    return Failed({401: "the token is not accepted (401)"}.get(status, f"refused ({status})"), status=status)


def _seconds(text: str | None) -> float | None:
    """Of a Retry-After header, which holds seconds or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _more(headers: Mapping[str, str]) -> bool | None:
    # Only whether, not where: an address from a header could lead the token elsewhere.
    if "X-Next-Page" in headers:
        return bool(headers["X-Next-Page"].strip())
    return 'rel="next"' in headers["Link"] if "Link" in headers else None


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc.rpartition("@")[2]) else getproxies().get(parts.scheme)
