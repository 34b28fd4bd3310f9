"""What a server does instead of answering. A fault gets the request and the right answer, and does as it likes.

Each function here returns a fault: `server.script[prompt] = [status(503), html()]` breaks the first two attempts at a
prompt, `server.script[prompt] = hangs()` every one.
"""

from __future__ import annotations

import asyncio
import base64
import email.utils
import json
import socket
import struct
import time
import urllib.parse
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from servers.model import error

Payload = dict[str, Any]
Fault = Callable[[web.Request, Payload], Awaitable[web.StreamResponse]]
MB = 1_000_000


def status(
    number: int,
    message: str = "the server had an error",
    *,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
    param: str | None = None,
    kind: str = "invalid_request_error",
) -> Fault:
    """An HTTP error with an OpenAI error body or with `body`."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        return web.json_response(body or error(message, code, param, kind), status=number, headers=headers)

    return fault


def refuses(why: Callable[[Payload], str | None], number: int = 400) -> Fault:
    """An error for each body about which `why` says something, else the right answer."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        message = why(await request.json())
        return web.json_response(answer) if message is None else web.json_response(error(message), status=number)

    return fault


def rate_limited(retry_after: str | float | None = None) -> Fault:
    """429; `retry_after` goes into the header as it is."""
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return status(429, "Rate limit reached for requests", headers=headers, code="rate_limit_exceeded", kind="requests")


def http_date(seconds: float) -> Fault:
    """429 whose Retry-After is a date so many seconds from the answer."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        return await rate_limited(email.utils.formatdate(time.time() + seconds, usegmt=True))(request, answer)

    return fault


def quota() -> Fault:
    """429 that waiting does not cure."""
    text = "You exceeded your current quota, please check your plan and billing details."
    return status(429, text, code="insufficient_quota", kind="insufficient_quota")


def body(data: bytes, content_type: str = "application/json", code: int = 200) -> Fault:
    """These bytes."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        return web.Response(body=data, status=code, headers={"Content-Type": content_type})

    return fault


def html() -> Fault:
    """A gateway's page, with 200."""
    return body(b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>", "text/html")


def changed(change: Callable[[Payload], Any]) -> Fault:
    """The right answer after `change` was made to it."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        change(answer)
        return web.json_response(answer)

    return fault


def without(field: str) -> Fault:
    """The right answer but for one field of it."""
    return changed(lambda answer: answer.pop(field, None))


def says(content: str | None, finish_reason: str = "stop", **message: Any) -> Fault:
    """An answer of this content and ending."""

    def change(answer: Payload) -> None:
        choice = answer["choices"][0]
        if "message" in choice:
            choice["message"] |= {"content": content, **message}
        else:
            choice["text"] = content
        choice["finish_reason"] = finish_reason

    return changed(change)


def truncated() -> Fault:
    """The first half of the JSON, as if it were all."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        data = json.dumps(answer).encode()
        return web.Response(body=data[: len(data) // 2], content_type="application/json")

    return fault


def big(size: int = 50 * MB) -> Fault:
    """An answer of so many letters."""
    return says("a" * size)


def gzip_bomb(size: int = 512 * MB) -> Fault:
    """A small body that swells to `size` when it is unpacked."""
    packed: list[bytes] = []

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        if not packed:
            packer, zeros = zlib.compressobj(1, wbits=31), bytes(MB)
            packed.append(b"".join(packer.compress(zeros) for _ in range(size // MB)) + packer.flush())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=packed[0], headers=headers)

    return fault


def redirect(url: str, code: int = 307) -> Fault:
    """To another address."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        return web.Response(status=code, headers={"Location": url})

    return fault


def echoes_authorization(code: int, before: str = "Incorrect API key provided:") -> Fault:
    """An error that says in many spellings which key it got."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        coded = urllib.parse.quote(key, safe=""), base64.b64encode(key.encode()).decode(), key.encode()
        text = f"{before}{key} {' '.join(map(str, coded))} {dict(request.headers)}"
        return web.json_response(error(text, "invalid_api_key"), status=code, reason=f"bad key {key}")

    return fault


def hangs(seconds: float = 3600) -> Fault:
    """Nothing at all, for so long."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.json_response(answer)

    return fault


def drips(interval: float = 0.2) -> Fault:
    """The right answer, a byte at a time."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        data = json.dumps(answer).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
        await response.prepare(request)
        for place in range(len(data)):
            await response.write(data[place : place + 1])
            await asyncio.sleep(interval)
        return response

    return fault


def resets(mid_body: bool = False) -> Fault:
    """A TCP reset, before the first byte or after half of the body."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        response = await _half(request, answer, chunked=False) if mid_body else web.Response()
        transport = request.transport
        if transport is not None:
            taken: socket.socket = transport.get_extra_info("socket")
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return response

    return fault


def closes_early() -> Fault:
    """Half of a chunked body, then the end of the connection without the last chunk."""

    async def fault(request: web.Request, answer: Payload) -> web.StreamResponse:
        response = await _half(request, answer, chunked=True)
        if request.transport is not None:
            request.transport.close()
        return response

    return fault


async def _half(request: web.Request, answer: Payload, chunked: bool) -> web.StreamResponse:
    data = json.dumps(answer).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    if chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(data)
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    await asyncio.sleep(0.02)  # so that it is on its way before the connection goes
    return response
