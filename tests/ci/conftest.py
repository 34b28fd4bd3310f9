"""Real servers that play GitHub and GitLab, and a project with saved outputs to tell a verdict about."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fteval import cli

PERSON = {"id": 7, "login": "someone", "type": "User"}
ROBOT = {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    at: float


@dataclass
class Server:
    """An HTTP server in a thread, with one merge or pull request. It logs what it is asked."""

    me: dict[str, Any] | None = None
    """The user that /user gives; None: the token of an app, which may not ask."""
    writes: bool = True
    """Whether the token may write."""
    links: bool = True
    """Whether it says by headers that there are more pages."""
    lost: int = 0
    """So many new comments are made, and then the connection breaks."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers."""
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Answers everything."""
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def add(self, body: str, user: dict[str, Any], **more: Any) -> dict[str, Any]:
        who = {"user": user, "author": user}
        self.comments.append({"id": len(self.comments) + 1, "body": body, **who, **more})
        return self.comments[-1]

    def methods(self) -> list[str]:
        return [a.method for a in self.asked if a.method != "GET"]

    def by_robot(self) -> list[str]:
        return [c["body"] for c in self.comments if c["user"]["type"] == "Bot"]

    # --- what each call does

    def answer(self, handler: Handler, method: str, body: dict[str, Any]) -> None:
        parts = urlsplit(handler.path)
        self.asked.append(Asked(method, handler.path, dict(handler.headers.items()), time.monotonic()))
        if self.instead is not None:
            self.instead(handler)
        elif self.refusals:
            handler.say(*self.refusals.pop(0))
        elif parts.path == "/user":
            handler.say(200 if self.me else 403, body=self.me or {"message": "Resource not accessible by integration"})
        elif re.fullmatch(r"/repos/a/b/pulls", parts.path):
            wanted = parse_qs(parts.query)["head"][0]
            handler.say(200, body=[p for p in self.pulls if p["head"]["label"] == wanted])
        elif method == "GET" and re.fullmatch(self.listing, parts.path):
            self.list(handler, parse_qs(parts.query))
        elif not self.writes:
            handler.say(403, body={"message": "Resource not accessible by integration"})
        elif method == "POST" and re.fullmatch(self.listing, parts.path):
            made = self.add(body["body"], self.me or ROBOT)
            if self.lost:
                self.lost -= 1
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
            else:
                handler.say(201, body=made)
        elif found := re.fullmatch(self.one, parts.path):
            comment = next(c for c in self.comments if c["id"] == int(found[1]))
            comment["body"] = body["body"]
            handler.say(200, body=comment)
        else:
            handler.say(404, body={"message": "Not Found"})

    listing = r"/repos/a/b/issues/5/comments"
    one = r"/repos/a/b/issues/comments/(\d+)"

    def list(self, handler: Handler, query: dict[str, list[str]]) -> None:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        rows, more = self.comments[(page - 1) * size : page * size], len(self.comments) > page * size
        handler.say(200, self.paging(more, page), rows)

    def paging(self, more: bool, page: int) -> dict[str, str]:
        # GitHub leaves the header out where there is one page only.
        return {"Link": f'<http://elsewhere.invalid/?page={page + 1}>; rel="next"'} if more and self.links else {}


class Lab(Server):
    listing = r"/projects/12/merge_requests/5/notes"
    one = r"/projects/12/merge_requests/5/notes/(\d+)"

    def paging(self, more: bool, page: int) -> dict[str, str]:
        return {"X-Next-Page": str(page + 1) if more else ""} if self.links else {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Server

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        self.server_state.answer(self, self.command, body)

    do_POST = do_PATCH = do_PUT = do_GET

    def say(self, status: int, headers: dict[str, str] | None = None, body: Any = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def serve(state: Server) -> Iterator[Server]:
    handler = type("Bound", (Handler,), {"server_state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up are wanted
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub() -> Iterator[Server]:
    """GitHub, with pull request 5 of a/b."""
    yield from serve(Server())


@pytest.fixture
def lab() -> Iterator[Server]:
    """GitLab, with merge request 5 of project 12."""
    yield from serve(Lab(me={"id": 3, "login": "project_12_bot", "type": "Bot"}))


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host."""
    yield from serve(Server())


# --- a project ------------------------------------------------------------------------------------

CONFIG = """\
version: 1
base: replay:base.jsonl
candidates:
  mine: {model: replay:mine.jsonl}
probes:
  sums: {use: holdout, data: h.jsonl, score: [contains]}
gates:
  - {probe: sums, metric: contains, max_drop: 2pp}
suite: sums
"""


def write_project(folder: Path, wrong: int, n: int = 400, says: str = "no idea") -> None:
    """A config, a hold-out of n sums, and outputs of two models: the candidate has so many wrong."""

    def rows(name: str, of: Callable[[int], dict[str, object]]) -> None:
        text = "".join(json.dumps({"id": f"q{i}", **of(i)}) + "\n" for i in range(n))
        (folder / name).write_text(text, encoding="utf-8")

    rows("h.jsonl", lambda i: {"prompt": f"{i} + {i}? {says if i < wrong else ''}", "target": f"={2 * i}="})
    rows("base.jsonl", lambda i: {"output": f"It is ={2 * i}=."})
    rows("mine.jsonl", lambda i: {"output": f"={2 * i}=" if i >= wrong else says})
    (folder / "fteval.yaml").write_text(CONFIG, encoding="utf-8")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects that have been run, by their verdict; verdict.json lies beside the config."""
    made = {}
    before = Path.cwd()
    for word, wrong, n in (("ship", 0, 400), ("fail", 60, 400), ("open", 0, 60)):
        made[word] = tmp_path_factory.mktemp(word)
        os.chdir(made[word])
        write_project(made[word], wrong, n)
        code = cli.call(["run", "-q", "-o", "verdict.json"])
        assert code == {"ship": 0, "fail": 1, "open": 4}[word]
    os.chdir(before)
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment that knows no CI, proxy or .netrc."""
    for name in list(os.environ):
        if re.match(r"(?i)GITHUB_|CI_|CI$|FTEVAL_|NETRC|.*_proxy$", name):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(here: Path, templates: dict[str, Path]) -> Callable[[str], Path]:
    """`project("fail")` puts the project of that verdict into the working folder, in place of another one."""

    def put(word: str) -> Path:
        shutil.rmtree(here / ".fteval", ignore_errors=True)
        shutil.copytree(templates[word], here, dirs_exist_ok=True)
        return here

    return put


@pytest.fixture
def fteval(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line: exit code, stdout, stderr."""

    def call(*args: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.call(list(args))
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def job(here: Path, hub: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """`job()` makes the environment that of a step in a pull request's job, begun an hour ago; returns it."""

    def set_up(event: dict[str, Any] | None = None, **more: str) -> dict[str, str]:
        event_file = here / "event.json"
        event_file.write_text(json.dumps(event if event is not None else {"pull_request": {"number": 5}}))
        os.utime(event_file, (time.time() - 3600,) * 2)
        environ = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": hub.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "a/b",
            "GITHUB_RUN_ID": "99",
            "GITHUB_JOB": "fteval",
            "GITHUB_REF": "refs/pull/5/merge",
            "GITHUB_WORKSPACE": str(here),
            "GITHUB_EVENT_PATH": str(event_file),
            "GITHUB_STEP_SUMMARY": str(here / "summary.md"),
            "GITHUB_TOKEN": "ghs_token",
            **more,
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return environ

    return set_up


@pytest.fixture
def write() -> Callable[..., None]:
    return write_project
