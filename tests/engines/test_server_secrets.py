"""Keys stay where they are, and no connection goes anywhere but to the configured host (G2, G9, proxies)."""

from __future__ import annotations

import ast
import base64
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asking import KEY, Done, answers, config, files, prompt, runs, spawn
from formats import endings
from servers import faults
from servers.fake import Server
from servers.model import Model

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]
CANARY = "sk-canary/~+9f3a=?&7c'\\x"
"""Every encoding of it looks different."""


def spellings(secret: str) -> set[str]:
    """The secret as it may lie about: raw, quoted, base64 at any offset, escaped."""
    data = secret.encode()
    found = {
        secret,
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        json.dumps(secret)[1:-1],
        repr(data)[2:-1],
        data.hex(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):  # whole groups of the text that stand for the secret alone
            whole = encode(b"\0" * offset + data).decode()
            found.add(whole[4 if offset else 0 : len(whole) // 4 * 4 - 4])
        found.add(encode(b"user:" + data).decode())
    return found


def assert_nowhere(secret: str, *texts: str, root: Path | None = None) -> None:
    """Fails with the place where the secret, however spelt, is found."""
    places = {**{f"text {i}": text for i, text in enumerate(texts)}, **(files(root) if root else {})}
    for spelling in spellings(secret):
        for place, content in places.items():
            assert spelling not in content, f"{spelling!r} in {place}: …{content[:2000]}"
            assert spelling not in place


def test_the_search_finds_every_spelling(tmp_path: Path) -> None:
    for spelling in spellings(CANARY):
        (tmp_path / "f").write_text(f"before {spelling} after", encoding="utf-8", errors="replace")
        with pytest.raises(AssertionError):
            assert_nowhere(CANARY, root=tmp_path)
    basic = base64.b64encode(b"user:" + CANARY.encode()).decode()
    with pytest.raises(AssertionError):
        assert_nowhere(CANARY, f"Authorization: Basic {basic}")


HOW = {
    "answers": None,
    "echoes the key with 401": faults.echoes_authorization(401),
    "echoes the key with 400": faults.echoes_authorization(400),
    "echoes the key with 500": faults.echoes_authorization(500),
    "breaks off": faults.resets(),
    "says nonsense": faults.html(),
}


@pytest.mark.parametrize(
    "how", [name if name.endswith(("401", "400")) else pytest.param(name, marks=pytest.mark.slow) for name in HOW]
)
def test_a_key_of_the_environment_appears_nowhere(server: Server, here: Path, data: Path, how: str) -> None:
    fault = HOW[how]
    if how == "echoes the key with 401":
        server.every = fault
    elif fault is not None:
        server.script.update({prompt(i): fault for i in (1, 2)})
    reports = [word for ending in endings() for word in ("-o", f"report{ending}")]
    args = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "--max-retries", "1")
    done = spawn(*args, *reports, "--debug", "-v", folder=here, OPENAI_API_KEY=CANARY)
    assert server.requests, done.said
    assert all(seen.headers["Authorization"] == f"Bearer {CANARY}" for seen in server.completions)
    assert_nowhere(CANARY, done.out, done.err, root=here)


def test_each_server_gets_its_own_key_and_an_unnamed_one_none(
    run: Run, server: Server, here: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-of-the-other-server")
    with Server(Model(answers=answers(N))) as other, Server(Model(answers=answers(N))) as third:
        config(
            here / "c.yaml",
            server.ref,
            data,
            candidates={"other": {"model": other.ref}, "third": {"model": third.ref}},
            server={"key": {f"127.0.0.1:{server.port}": "OPENAI_API_KEY", f"127.0.0.1:{other.port}": "OTHER_KEY"}},
        )
        assert run("-c", "c.yaml", holdout=None).code in (0, 1, 4)
        sent = [{seen.headers.get("Authorization") for seen in one.completions} for one in (server, other, third)]
    assert sent == [{f"Bearer {KEY}"}, {"Bearer sk-of-the-other-server"}, {None}]


def test_a_provider_that_was_given_no_key_is_said_before_anything_is_asked(
    run: Run, server: Server, here: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    config(here / "c.yaml", "openai:gpt-4o-mini-2024-07-18", data, server={"key": {"elsewhere.example": "OTHER_KEY"}})
    done = run("-c", "c.yaml", holdout=None)
    assert done.code == 2
    assert f"server.key names none for {server.url}" in done.err
    assert server.requests == []


def test_a_key_that_is_cut_with_its_message_leaves_no_part(server: Server, here: Path, data: Path) -> None:
    server.script.update(
        {prompt(i): faults.echoes_authorization(400, "x" * length) for i, length in enumerate(range(130, 530, 20))}
    )
    args = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "-o", "report.md")
    done = spawn(*args, folder=here, OPENAI_API_KEY="sk-proj-5f2dCANARYb71e")
    assert done.code == 3, done.said
    assert_nowhere("sk-proj-5f", done.out, done.err, root=here)


@pytest.mark.parametrize("key", ["sk-canary\u00dc9f3a", "sk-canary\n9f3a", "sk-canary\r\nX-Injected: 9f3a"])
def test_a_key_that_cannot_be_sent_is_said_without_it(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    done = run()
    assert done.code in (2, 3), done.said
    assert "OPENAI_API_KEY" in done.err
    assert "canary" not in done.said
    assert not any("X-Injected" in seen.headers for seen in server.requests)


@pytest.mark.parametrize(
    "user", ["user:{}@", *(pytest.param(user, marks=pytest.mark.slow) for user in ("{}@", ":{}@"))]
)
def test_a_key_in_the_address_appears_nowhere(server: Server, here: Path, data: Path, user: str) -> None:
    """Whether it is sent or refused: a model ref is told in every report."""
    secret = urllib.parse.quote(CANARY, safe="")
    ref = server.ref.replace("http://", "http://" + user.format(secret))
    reports = [word for ending in endings() for word in ("-o", f"report{ending}")]
    args = ("run", "--holdout", str(data), "--score", "exact", "--debug", "-v", *reports)
    said = []
    for which in (("--model", ref), ("--model", "nano", "--against", ref)):
        done = spawn(*args, *which, folder=here, OPENAI_API_KEY="")
        said += [done.out, done.err]
        assert done.code in (0, 1, 2), done.said  # --debug shows a traceback: Python's own exit code
        assert done.code == 0 or server.requests == []
    assert_nowhere(CANARY, *said, root=here)


def test_a_plain_key_is_sent_and_appears_nowhere(server: Server, here: Path, data: Path) -> None:
    """As above, with a key as keys are, and reports of a comparison."""
    secret = "sk-proj-5f2dCANARYb71e"
    server.script[prompt(1)] = faults.echoes_authorization(400)
    reports = [word for ending in endings() for word in ("-o", f"report{ending}")]
    with Server(Model(answers=answers(N))) as base:
        args = ("run", "--model", server.ref, "--against", base.ref, "--holdout", str(data), "--score", "exact", "-v")
        done = spawn(*args, *reports, "--debug", folder=here, OPENAI_API_KEY=secret)
        assert {seen.headers.get("Authorization") for seen in base.completions} == {f"Bearer {secret}"}
    assert all((here / f"report{ending}").exists() for ending in endings()), done.said
    shown = spawn("report", runs(here / STORE)[0].name, folder=here, OPENAI_API_KEY=secret)
    assert_nowhere(secret, done.out, done.err, shown.out, shown.err, root=here)


def test_without_a_key_none_is_sent(server: Server, here: Path, data: Path) -> None:
    args = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact")
    done = spawn(*args, folder=here, OPENAI_API_KEY="")
    assert done.code == 0, done.said
    assert not any(CANARY in str(seen.headers) for seen in server.requests)


def test_the_key_of_the_usual_provider_is_for_that_server(run: Run, server: Server, here: Path, data: Path) -> None:
    """A redirect takes it nowhere else."""
    with Server(Model(answers=answers(N))) as elsewhere:
        server.script.update({prompt(i): faults.redirect(f"{elsewhere.url}/chat/completions") for i in (1, 2)})
        done = run("--max-retries", "1")
        assert elsewhere.requests == []
    assert done.code == 3, done.said


# --- connections ----------------------------------------------------------------------------------

WATCH = """
import sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        where = args[1] if event != "socket.getaddrinfo" else args[:2]
        with open("connections", "a") as log:
            log.write(f"{event} {where!r}\\n")
sys.addaudithook(watch)
"""


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("localhost", marks=pytest.mark.slow)])
def test_no_connection_goes_anywhere_but_to_the_configured_host(
    server: Server, here: Path, data: Path, host: str
) -> None:
    ref = server.ref.replace("127.0.0.1", host)
    done = spawn("run", "--model", ref, "--holdout", str(data), "--score", "exact", folder=here, code=WATCH)
    assert done.code == 0, done.said
    seen = set((here / "connections").read_text().splitlines())
    assert any(line.startswith("socket.connect") for line in seen)
    allowed = {host, "127.0.0.1", "::1"}
    for line in seen:
        event, where = line.split(" ", 1)
        address = ast.literal_eval(where)
        name = address[0] if isinstance(address, tuple) else address
        assert name in allowed, line
        assert event != "socket.connect" or address[1] == server.port, line


def test_offline_asks_no_server(run: Run, server: Server) -> None:
    """--offline never asks the network: a server that is not asked is said, not skipped in silence."""
    done = run("--offline")
    if done.code != 0:
        assert server.requests == []
        assert "offline" in done.err


# --- proxies ----------------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    done = run(model="http://far.invalid/v1#m")
    assert done.code == 0, done.said
    assert {seen.url for seen in server.completions} == {"http://far.invalid/v1/chat/completions"}


def test_no_proxy_wins_over_a_proxy(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        done = run()
        assert done.code == 0, done.said
        assert proxy.requests == []


@contextmanager
def listening(heard: list[bytes]) -> Iterator[int]:
    """The port of something that hears the first bytes of each connection and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(4096))

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_https_goes_through_the_tunnel_of_its_proxy_and_the_key_does_not_stop_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    with listening(heard) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        done = run("--timeout", "1", "--max-retries", "1", model="https://far.invalid/v1#m")
    assert done.code == 3, done.said
    assert heard
    assert all(first.startswith(b"CONNECT far.invalid:443 ") for first in heard)
    assert not any(KEY.encode() in first or b"uthorization" in first for first in heard)


def test_a_proxy_s_password_appears_nowhere(here: Path, data: Path) -> None:
    with Server() as closed:
        port = closed.port
    proxy = f"http://me:{urllib.parse.quote(CANARY, safe='')}@127.0.0.1:{port}"
    args = ("run", "--model", "http://far.invalid/v1#m", "--holdout", str(data), "--score", "exact", "--debug")
    done = spawn(*args, "--timeout", "1", "--max-retries", "1", folder=here, HTTP_PROXY=proxy, http_proxy=proxy)
    assert_nowhere(CANARY, done.out, done.err, root=here)


# --- addresses --------------------------------------------------------------------------------------


def test_an_address_without_v1_works_or_says_what_is_missing(run: Run, server: Server) -> None:
    done = run(model=server.ref.replace("/v1#", "#"))
    if done.code != 0:
        assert done.code in (2, 3), done.said
        assert "/v1" in done.err
        assert len(server.requests) < 10


@pytest.mark.parametrize("tail", ["/v1/#m", "/v1#m"])
def test_a_slash_at_the_end_changes_nothing(run: Run, server: Server, tail: str) -> None:
    done = run(model=server.url.removesuffix("/v1") + tail)
    assert done.code == 0, done.said
    assert {seen.path for seen in server.completions} == {"/v1/chat/completions"}


@pytest.mark.parametrize(
    "ref",
    ["http://127.0.0.1:1/v1", "http://#m", "http://127.0.0.1:99999/v1#m", "http:///v1#m", "openai:", "http://h/v1#"],
)
def test_half_an_address_is_a_usage_error(run: Run, server: Server, ref: str) -> None:
    done = run(model=ref)
    assert done.code == 2, done.said
    assert done.err.startswith("error: ")
    assert server.requests == []
