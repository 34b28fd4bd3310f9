"""A provider's /files and /batches, in memory, on a port of 127.0.0.1: each batch is done after two looks at it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from servers.run_batch import respond


@dataclass
class BatchApi:
    """A context manager: it listens inside it."""

    answers: Mapping[str, Mapping[str, str]]
    """model -> prompt -> text"""
    loses_answers: int = 0
    """So many created batches are not told: the connection is dropped after they were created."""
    expires_after: int | None = None
    """The next batch expires when so many of its rows are answered."""
    looks: int = 2
    """At a batch before it is done."""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    """Authorization headers of uploads and creations."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> BatchApi:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _listen(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}", self._file)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._look)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.calls.append("upload")
        self.keys.add(request.headers["Authorization"])
        return web.json_response({"id": self._keep(file.file.read()), "object": "file", "status": "processed"})

    def _keep(self, content: bytes) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return name

    async def _file(self, request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["id"], "object": "file", "status": "processed"})

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert (body["endpoint"], body["completion_window"]) == ("/v1/chat/completions", "24h")
        self.calls.append("create")
        self.keys.add(request.headers["Authorization"])
        batch = {"id": f"batch_{len(self.batches)}", "object": "batch", "status": "in_progress", "seen": 0, **body}
        self.batches[batch["id"]] = batch
        if self.loses_answers:
            self.loses_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response(batch)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": list(self.batches.values()), "has_more": False})

    async def _look(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        batch["seen"] += 1
        if batch["seen"] >= self.looks and batch["status"] == "in_progress":
            rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
            n = len(rows) if self.expires_after is None else self.expires_after
            self.expires_after = None
            expired = {"code": "batch_expired", "message": "not executed before the completion window expired"}
            late = [{"id": "x", "custom_id": r["custom_id"], "response": None, "error": expired} for r in rows[n:]]
            batch["output_file_id"] = self._keep(_lines([respond(r, self.answers) for r in rows[:n]]))
            if late:
                batch["error_file_id"] = self._keep(_lines(late))
            batch["status"] = "expired" if late else "completed"
        return web.json_response(batch)


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
