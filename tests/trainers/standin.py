"""A provider on this machine: OpenAI's models, files, fine-tuning jobs and chat, over real HTTP, failing when told to.

It keeps state, looks at every row of a file as a provider would, and writes down what it was sent.

    with StandIn() as server:
        server.fail("POST", "/fine_tuning/jobs", 500, after=True)  # once, when the job is created already
        train(f"{server.url}#{BASE}", …)
        assert len(server.jobs) == 1
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

BASE = "gpt-4.1-mini-2025-04-14"
STATES = ("validating_files", "queued", "running")
FEWEST = 10
"""Rows that a training file must have."""


@dataclass
class Fault:
    """How a request goes wrong: a status, a body of another kind, `reset` or `hang`."""

    method: str
    path: str
    what: int | bytes | str
    times: int = 1
    after: bool = False
    """Only the answer is lost: what was asked for is done."""
    headers: dict[str, str] = field(default_factory=dict)
    code: str | None = None
    message: str = "on purpose"


class StandIn:
    """The server, while its `with` is open. Its attributes may be changed at any time."""

    def __init__(
        self,
        *,
        models: dict[str, Any] | None = None,
        key: str | None = None,
        page: int = 100,
        newest_first: bool = True,
        keeps_metadata: bool = True,
        listed_after: float = 0.0,
        held: bool = False,
        steps: int = 4,
        base64_results: bool = False,
        answer: Callable[[str, list[dict[str, str]]], str] = lambda model, messages: f"{model}: ok",
    ) -> None:
        self.models: dict[str, Any] = {BASE: None} if models is None else models
        """Name -> shutdown_date."""
        self.key, self.page, self.newest_first, self.keeps_metadata = key, page, newest_first, keeps_metadata
        self.listed_after = listed_after
        """Seconds until a new job is in the list."""
        self.held = held
        """Whether jobs stay at half of their steps."""
        self.steps, self.base64_results, self.answer = steps, base64_results, answer
        self.files: dict[str, tuple[str, bytes]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        """Bodies that asked for a job."""
        self.log: list[tuple[str, str]] = []
        """Method and path of every request."""
        self.faults: list[Fault] = []
        self.closing = threading.Event()
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    def __enter__(self) -> StandIn:
        owner = self

        class Handler(_Handler):
            server_state = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.01), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        """The ref of the base."""
        return f"{self.url}#{BASE}"

    def fail(self, method: str, path: str, what: int | bytes | str, **more: Any) -> None:
        """Lets the next requests of that kind go wrong; `path` is what stands behind /v1, a regular expression."""
        self.faults.append(Fault(method, path, what, **more))

    def asked(self, method: str, path: str) -> int:
        """How many requests of that kind came."""
        return sum(m == method and re.fullmatch(path, p) is not None for m, p in self.log)

    # --- what it does

    def handle(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Any:
        """(status, object or bytes) for a request."""
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            sent = str(headers.get("authorization")).removeprefix("Bearer ")
            return _error(401, f"Incorrect API key provided: {sent}.", "invalid_api_key")
        with self._lock:
            for pattern, verb, action in _ROUTES:
                found = re.fullmatch(pattern, path)
                if found and verb == method:
                    return action(self, *found.groups(), query=query, headers=headers, body=body)
        return _error(404, f"no {method} {path}")

    def list_models(self, **_: Any) -> Any:
        return 200, {"object": "list", "data": [self._model(name) for name in self.models]}

    def get_model(self, name: str, **_: Any) -> Any:
        name = urllib.parse.unquote(name)
        tuned = [job["fine_tuned_model"] for job in self.jobs.values()]
        if name not in self.models and name not in tuned:
            return _error(404, f"The model '{name}' does not exist", "model_not_found")
        return 200, self._model(name)

    def _model(self, name: str) -> dict[str, Any]:
        of = name.split(":")[1] if name.startswith("ft:") else name
        made = {"id": name, "object": "model", "created": 1, "owned_by": "stand-in"}
        end = self.models.get(name, self.models.get(of))
        return made if end is None else {**made, "shutdown_date": end}

    def upload(self, headers: Any, body: bytes, **_: Any) -> Any:
        message = BytesParser().parsebytes(b"content-type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
        if parts["purpose"].get_payload(decode=True).decode().strip() != "fine-tune":
            return _error(400, "purpose", "invalid_purpose")
        file_id = f"file-{next(self._ids)}"
        self.files[file_id] = (parts["file"].get_filename(), parts["file"].get_payload(decode=True))
        return 200, self._file(file_id, "uploaded")

    def get_file(self, file_id: str, **_: Any) -> Any:
        return (200, self._file(file_id, "processed")) if file_id in self.files else _error(404, "no such file")

    def _file(self, file_id: str, status: str) -> dict[str, Any]:
        name, content = self.files[file_id]
        return {
            "id": file_id, "object": "file", "bytes": len(content), "created_at": 1, "filename": name,
            "purpose": "fine-tune", "status": status,
        }  # fmt: skip

    def get_content(self, file_id: str, **_: Any) -> Any:
        job = self.jobs.get(file_id.removeprefix("result-"))
        if job is None:
            return _error(404, "no such file")
        lines = ["step,train_loss,valid_loss,train_accuracy"]
        lines += [f"{n},{4 / n},{'' if n % 2 else 5 / n},0.5" for n in range(1, self.steps + 1)]
        content = "\n".join([*lines, ""]).encode()
        return 200, base64.b64encode(content) if self.base64_results else content

    def create(self, body: bytes, **_: Any) -> Any:
        asked = json.loads(body)
        self.created.append(asked)
        if asked["training_file"] not in self.files:
            return _error(400, "no such file", "invalid_file", "training_file")
        if asked["model"] not in self.models and not asked["model"].startswith("ft:"):
            return _error(400, f"{asked['model']} cannot be fine-tuned", "model_not_available", "model")
        job_id = f"ftjob-{next(self._ids):04}"
        self.jobs[job_id] = {
            "id": job_id, "object": "fine_tuning.job", "created_at": 1_790_000_000 + len(self.jobs),
            "finished_at": None, "model": asked["model"], "status": STATES[0], "training_file": asked["training_file"],
            "validation_file": asked.get("validation_file"), "fine_tuned_model": None, "error": None,
            "result_files": [], "organization_id": "acme", "seed": asked["seed"], "trained_tokens": None,
            "method": asked["method"], "metadata": asked.get("metadata") if self.keeps_metadata else None,
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8},
            "_suffix": asked.get("suffix", ""), "_polls": 0, "_step": 0, "_since": time.monotonic(),
        }  # fmt: skip
        return 200, _public(self.jobs[job_id])

    def list_jobs(self, query: dict[str, str], **_: Any) -> Any:
        known = [j for j in self.jobs.values() if time.monotonic() - j["_since"] >= self.listed_after]
        return 200, self._page([_public(job) for job in known], query)

    def get_job(self, job_id: str, **_: Any) -> Any:
        if job_id not in self.jobs:
            return _error(404, f"Could not find fine tune: {job_id}", "fine_tune_not_found")
        job = self.jobs[job_id]
        self._advance(job)
        return 200, _public(job)

    def cancel(self, job_id: str, **_: Any) -> Any:
        self.jobs[job_id]["status"] = "cancelled"
        return 200, _public(self.jobs[job_id])

    def list_events(self, job_id: str, query: dict[str, str], **_: Any) -> Any:
        job = self.jobs[job_id]
        made = [_event(0, "message", f"Created fine-tuning job: {job_id}", {})]
        for step in range(1, job["_step"] + 1):
            data = {"step": step, "total_steps": self.steps, "train_loss": 4 / step}
            made.append(_event(step, "metrics", f"Step {step}/{self.steps}: training loss={4 / step:.2f}", data))
        return 200, self._page(made, query)

    def list_checkpoints(self, job_id: str, query: dict[str, str], **_: Any) -> Any:
        job = self.jobs[job_id]
        if job["status"] != "succeeded":
            return 200, self._page([], query)
        made = [
            {
                "id": f"ftckpt-{step}", "object": "fine_tuning.job.checkpoint", "created_at": step,
                "fine_tuning_job_id": job_id, "step_number": step,
                "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-step-{step}",
                "metrics": {"step": step, "train_loss": 4 / step, "full_valid_loss": 5 / step},
            }
            for step in sorted({max(1, self.steps // 2), self.steps})
        ]  # fmt: skip
        return 200, self._page(made, query)

    def chat(self, body: bytes, **_: Any) -> Any:
        asked = json.loads(body)
        names = {job["fine_tuned_model"] for job in self.jobs.values()} | self.models.keys()
        if asked["model"] not in names and asked["model"].partition(":ckpt-")[0] not in names:
            return _error(404, f"The model '{asked['model']}' does not exist", "model_not_found")
        content = self.answer(asked["model"], asked["messages"])
        n_words = len(content.split())
        return 200, {
            "id": "chat-1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "system_fingerprint": "fp_1",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
            ],
            "usage": {"prompt_tokens": 5, "completion_tokens": n_words, "total_tokens": 5 + n_words},
        }  # fmt: skip

    def _page(self, entries: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        ordered = entries[::-1] if self.newest_first else entries
        after = query.get("after")
        start = next((at + 1 for at, entry in enumerate(ordered) if entry["id"] == after), 0)
        end = start + min(self.page, int(query.get("limit", 20)))
        return {"object": "list", "data": ordered[start:end], "has_more": end < len(ordered)}

    def _advance(self, job: dict[str, Any]) -> None:
        """One poll further: states, then steps, then the end."""
        if job["status"] not in STATES:
            return
        job["_polls"] += 1
        job["status"] = STATES[min(job["_polls"] - 1, 2)]
        if job["status"] == "queued":
            problem = self._problem(job)
            if problem:
                code, message = problem
                job |= {"status": "failed", "error": {"code": code, "message": message, "param": "training_file"}}
        elif job["status"] == "running":
            job["_step"] = min(job["_step"] + 1, self.steps // 2 if self.held else self.steps)
            if job["_step"] == self.steps:
                base = job["model"].split(":")[1] if job["model"].startswith("ft:") else job["model"]
                job |= {
                    "status": "succeeded", "finished_at": job["created_at"] + 60, "trained_tokens": 1234,
                    "fine_tuned_model": f"ft:{base}:acme:{job['_suffix']}:{job['id'].removeprefix('ftjob-')}",
                    "result_files": [f"result-{job['id']}"],
                }  # fmt: skip

    def _problem(self, job: dict[str, Any]) -> tuple[str, str] | None:
        """What a provider finds wrong with the files of a job."""
        for file_id in filter(None, (job["training_file"], job["validation_file"])):
            rows = [json.loads(line) for line in self.files[file_id][1].decode().splitlines()]
            if len(rows) < FEWEST and file_id == job["training_file"]:
                message = f"Training file has {len(rows)} example(s), but must have at least {FEWEST} examples"
                return "invalid_n_examples", message
            for number, row in enumerate(rows, 1):
                wrong = _wrong(row, job["method"]["type"])
                if wrong:
                    return "invalid_file_format", f"line {number}: {wrong}"
        return None


def _wrong(row: dict[str, Any], method: str) -> str | None:
    if method == "dpo":
        if row.keys() != {"input", "preferred_output", "non_preferred_output"}:
            return f"keys {sorted(row)}"
        if [[m["role"] for m in row[k]] for k in ("preferred_output", "non_preferred_output")] != [["assistant"]] * 2:
            return "an output is one assistant message"
        return _wrong_turns(row["input"]["messages"], "user")
    if method == "supervised" and row.keys() != {"messages"}:
        return f"keys {sorted(row)}"
    return _wrong_turns(row["messages"], "assistant" if method == "supervised" else "user")


def _wrong_turns(turns: list[dict[str, Any]], last: str) -> str | None:
    for turn in turns:
        if turn.get("role") not in ("system", "user", "assistant") or not isinstance(turn.get("content"), str):
            return f"not a message: {turn}"
        if not turn.keys() <= {"role", "content", "weight"} or ("weight" in turn and turn["role"] != "assistant"):
            return f"keys of a message: {sorted(turn)}"
    return None if turns and turns[-1]["role"] == last else f"the last message is not the {last}'s"


def _event(number: int, kind: str, message: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"ftevent-{number}", "object": "fine_tuning.job.event", "created_at": 1_790_000_000 + number,
        "level": "info", "message": message, "type": kind, "data": data,
    }  # fmt: skip


def _public(job: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in job.items() if not name.startswith("_")}


def _error(status: int, message: str, code: str | None = None, param: str | None = None) -> Any:
    return status, {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": param}}


_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("/models", "GET", StandIn.list_models),
    ("/models/([^/]+)", "GET", StandIn.get_model),
    ("/files", "POST", StandIn.upload),
    ("/files/([^/]+)", "GET", StandIn.get_file),
    ("/files/([^/]+)/content", "GET", StandIn.get_content),
    ("/fine_tuning/jobs", "POST", StandIn.create),
    ("/fine_tuning/jobs", "GET", StandIn.list_jobs),
    ("/fine_tuning/jobs/([^/]+)", "GET", StandIn.get_job),
    ("/fine_tuning/jobs/([^/]+)/cancel", "POST", StandIn.cancel),
    ("/fine_tuning/jobs/([^/]+)/events", "GET", StandIn.list_events),
    ("/fine_tuning/jobs/([^/]+)/checkpoints", "GET", StandIn.list_checkpoints),
    ("/chat/completions", "POST", StandIn.chat),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_state: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        state = self.server_state
        parts = urllib.parse.urlsplit(self.path)
        path = parts.path.removeprefix("/v1")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        state.log.append((method, path))
        fault = next((f for f in state.faults if f.method == method and re.fullmatch(f.path, path) and f.times), None)
        if fault is None or fault.after:
            query = dict(urllib.parse.parse_qsl(parts.query))
            status, answer = state.handle(method, path, query, self.headers, body)
        if fault is None:
            self._send(status, answer)
            return
        fault.times -= 1
        if fault.what == "hang":
            state.closing.wait(30)
            self.close_connection = True
        elif fault.what == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif isinstance(fault.what, int):
            _, answer = _error(fault.what, fault.message, fault.code)
            self._send(fault.what, answer, fault.headers)
        else:
            self._send(200, fault.what if isinstance(fault.what, bytes) else fault.what.encode(), fault.headers)

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        kind = "application/octet-stream" if isinstance(answer, bytes) else "application/json"
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:  # who asked is gone
            self.close_connection = True
