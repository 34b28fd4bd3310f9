"""One server over HTTP."""

from __future__ import annotations

import asyncio

from fteval.engines.remote.endpoint import Endpoint
from fteval.engines.remote.line import Line
from fteval.engines.remote.reply import Reply, Trouble
from fteval.engines.remote.window import Window
from fteval.records import Limits


def test_a_server_that_was_set_aside_is_not_asked_even_where_a_place_was_given_before() -> None:
    """Nobody would give such an attempt up, and it would wait for all of the timeout."""

    async def asked() -> Reply | Trouble:
        line = Line(Endpoint("http://127.0.0.1:9/v1", "m"), Limits(), Window(4))
        ticket = await line.window.enter(first=False)
        line.window.open = False
        found = await line.attempt(ticket, "/chat/completions", b"{}", again=False)
        assert line._session is None, "no connection was made"
        return found

    found = asyncio.run(asked())
    assert isinstance(found, Trouble) and (found.kind, found.retriable) == ("set_aside", True)
