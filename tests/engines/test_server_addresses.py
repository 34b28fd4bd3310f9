"""Where a server is, and how it is reached: encrypted, through a proxy, with a query; and no key in an address."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import KEY, Done, answers, config, prompt, spawn
from servers import faults
from servers.fake import Server
from servers.model import Model

from fteval.engines.refs import display, parse
from fteval.errors import UserError
from fteval.records.secrets import check_ref, holds_key, key_in

N = 20
Run = Callable[..., Done]
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")


def certificate(folder: Path, name: str = "IP:127.0.0.1") -> Path:
    """A self-signed certificate for a name, with its key in `key.pem` beside it."""
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem"), "-addext", f"subjectAltName={name}")
    subprocess.run([*made, *files], check=True, capture_output=True)
    return folder / "ca.pem"


def encrypted(ca: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, ca.parent / "key.pem")
    return Server(Model(answers=answers(N)), tls=context)


def measured(ref: str, here: Path, data: Path, **env: str) -> Done:
    """In a process of its own: OpenSSL reads its variables when it starts."""
    return spawn("run", "--model", ref, "--holdout", str(data), "--score", "exact", folder=here, **env)


# --- https -----------------------------------------------------------------------------------------


@needs_openssl
def test_a_certificate_that_is_not_trusted_is_said_as_such_and_at_once(here: Path, data: Path) -> None:
    ca = certificate(here)
    with encrypted(ca) as server:
        done = measured(server.ref, here, data)
        assert server.requests == []
    assert done.code == 3, done.said
    assert "certificate" in done.err
    assert "self-signed certificate" in done.err
    assert "SSL_CERT_FILE" in done.err


@needs_openssl
def test_a_ca_of_one_s_own_is_named_by_ssl_cert_file(here: Path, data: Path) -> None:
    ca = certificate(here)
    with encrypted(ca) as server:
        done = measured(server.ref, here, data, SSL_CERT_FILE=str(ca))
    assert done.code == 0, done.said


@needs_openssl
def test_a_certificate_file_that_is_not_there_is_said(here: Path, data: Path) -> None:
    ca = certificate(here)
    with encrypted(ca) as server:
        done = measured(server.ref, here, data, SSL_CERT_FILE=str(here / "absent.pem"))
    assert done.code == 3, done.said
    assert "absent.pem" in done.err


@needs_openssl
def test_a_certificate_of_another_host_is_said(here: Path, data: Path) -> None:
    ca = certificate(here, "DNS:elsewhere.example")
    with encrypted(ca) as server:
        done = measured(server.ref, here, data, SSL_CERT_FILE=str(ca))
    assert done.code == 3, done.said
    assert "127.0.0.1" in done.err
    assert "certificate" in done.err


def test_https_to_a_server_without_it_is_said(run: Run, server: Server) -> None:
    done = run(model=server.ref.replace("http://", "https://"))
    assert done.code == 3, done.said
    assert "TLS" in done.err
    assert "http://" in done.err


# --- proxies ---------------------------------------------------------------------------------------


def test_a_proxy_that_stands_before_this_machine_is_named(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as proxy:
        proxy.every = faults.status(403, "forbidden by the proxy")
        monkeypatch.setenv("http_proxy", f"http://me:secret-word@127.0.0.1:{proxy.port}")
        done = run("--max-retries", "0")
        named = f"127.0.0.1:{proxy.port}"
    assert done.code == 3, done.said
    assert server.requests == []
    assert f"through the proxy {named} of HTTP_PROXY" in done.err
    assert "NO_PROXY" in done.err
    assert "secret-word" not in done.said


def test_a_proxy_that_is_not_there_is_named(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as closed:
        port = closed.port
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    done = run("--max-retries", "0")
    assert done.code == 3, done.said
    assert f"through the proxy 127.0.0.1:{port} of HTTP_PROXY" in done.err
    assert "NO_PROXY" in done.err


# --- a query ---------------------------------------------------------------------------------------


def test_an_address_with_a_query_is_asked_with_it_and_azure_by_its_own_header(run: Run, server: Server) -> None:
    """https://learn.microsoft.com/azure/ai-foundry/openai/reference: api-version in the query, the key in `api-key`."""
    address = server.url.removesuffix("/v1") + "/openai/deployments/d?api-version=2024-10-21"
    done = run(model=f"{address}#m")
    assert done.code == 0, done.said
    assert {seen.url for seen in server.completions} == {
        "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    }
    assert {seen.headers.get("api-key") for seen in server.completions} == {KEY}
    assert not any("Authorization" in seen.headers for seen in server.completions)


def test_another_query_changes_who_is_asked(run: Run, server: Server) -> None:
    assert run(model=f"{server.url}?route=a#m").code == 0
    before = len(server.completions)
    assert run(model=f"{server.url}?route=b#m").code == 0
    assert [seen for seen in server.completions[before:] if seen.prompt == prompt(3)]


# --- keys ------------------------------------------------------------------------------------------

SECRETS = [
    "http://127.0.0.1:{port}/v1?api_key=abc123#m",
    "http://127.0.0.1:{port}/v1?key=abc#m",
    "http://127.0.0.1:{port}/v1?api%5Fkey=abc#m",
    "http://127.0.0.1:{port}/v1?a=1&access_token=abc#m",
    "http://127.0.0.1:{port}/v1?a=1;Subscription-Key=abc#m",
    "http://127.0.0.1:{port}/v1;api_key=abc#m",
    "http://127.0.0.1:{port}/v1#m?api_key=abc",
    "http://127.0.0.1:{port}/v1?sig=abc#m",
    "http://127.0.0.1:{port}/v1?q=8f3aK20dPq9Zt71LmX44#m",
    "http://127.0.0.1:{port}/v1?8f3aK20dPq9Zt71LmX44#m",
    "http://127.0.0.1:{port}/v1/sk-abc/#m",
    "http://127.0.0.1:{port}/sk-proj-abc/v1#m",
    "http://127.0.0.1:{port}/key/abcdef/v1#m",
    "http://127.0.0.1:{port}/v1/AIzaSyA-abcdef#m",
    "http://127.0.0.1:{port}/v1/gsk_0123456789abcdefXYZ#m",
    "http://127.0.0.1:{port}/v1/eyJhbGciOiJIUzI1NiJ9.e30.abc#m",
    "http://127.0.0.1:{port}/v1#sk-abc",
    "HTTP://127.0.0.1:{port}/v1?api_key=abc123#m",
    "http://user:pass@127.0.0.1:{port}/v1?a=1#m",
    "http://127.0.0.1:{port}/" + KEY + "/v1#m",
]


@pytest.mark.parametrize("ref", SECRETS)
def test_a_key_in_an_address_is_refused_and_not_echoed(run: Run, server: Server, ref: str, here: Path) -> None:
    ref = ref.format(port=server.port)
    done = run(model=ref)
    assert done.code == 2, done.said
    assert server.requests == []
    assert "OPENAI_API_KEY" in done.err
    address = ref.partition("://")[2]
    secret = address[address.index("/") :] if "user" not in address else "user:pass"
    assert secret not in done.said
    assert secret not in display(ref)
    assert not list(here.rglob("manifest.json"))


@pytest.mark.parametrize(
    "ref",
    [
        "http://h/v1#m",
        "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-01-preview#gpt-4o",
        "https://gateway.ai.cloudflare.com/v1/0123456789abcdef0123456789abcdef/gateway/openai#m",
        "https://api.runpod.ai/v2/8jkdm2v7wq/openai/v1#m",
        "http://h/authproxy/v1#m",
        "http://h/hf_models/v1#hf_model_7b",
        "http://h/keys/v1#m",
        "http://h/v1?route=team-a&region=eu-west-1#org/model@main",
        "http://h:8000/v1#gpt-4o-mini-2024-07-18",
        "http://localhost/tokenizer/v1#m",
    ],
)
def test_an_address_without_a_key_is_none_of_these(ref: str) -> None:
    assert not holds_key(ref)
    source = parse(ref).base
    assert source.url
    assert source.url.startswith(ref.partition("#")[0])


WHERE = [
    ("--model", "nano", "--against", "{ref}"),
    ("--model", "nano", "--reference", "{ref}", "--probe", "laziness"),
    ("--model", "openai:sk-proj-abc123", "--probe", "laziness"),
    ("--model", "sk-proj-abc123", "--probe", "laziness"),
]


@pytest.mark.parametrize("args", WHERE, ids=str)
def test_a_key_is_echoed_from_no_other_place_either(run: Run, here: Path, args: tuple[str, ...]) -> None:
    done = run(*(word.format(ref="http://127.0.0.1:9/v1?api_key=sk-proj-abc123#m") for word in args), holdout=None)
    assert done.code == 2, done.said
    assert "abc123" not in done.said
    assert not list(here.rglob("manifest.json"))


def test_a_config_with_a_key_in_it_is_refused_without_it(run: Run, server: Server, here: Path, data: Path) -> None:
    ref = f"http://127.0.0.1:{server.port}/v1?api_key=sk-proj-abc123#m"
    for sections in (
        {"candidates": {"c": {"model": ref}}},
        {"reference": ref},
        {"sampling": {"extra_body": {"deep": [{"api_key": "sk-proj-abc123"}]}}},
        {"sampling": {"extra_body": {"user": "sk-proj-abc123"}}},
    ):
        done = run("-c", str(config(here / "c.yaml", server.ref, data, **sections)), holdout=None)
        assert done.code == 2, done.said
        assert "abc123" not in done.said
        assert server.requests == []


def test_a_base_url_of_the_environment_with_a_key_is_refused(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}?api_key=sk-proj-abc123")
    done = run(model="openai:gpt-4o-mini-2024-07-18")
    assert done.code == 2, done.said
    assert "OPENAI_BASE_URL" in done.err
    assert "abc123" not in done.said


@pytest.mark.parametrize(
    "body",
    [{"prompt_cache_key": "a"}, {"thinking": {"budget_tokens": 9}}, {"stop_token_ids": [1]}, {"ignore_eos": True}],
)
def test_fields_that_servers_take_are_no_keys(body: dict[str, object]) -> None:
    assert key_in(body) is None


@pytest.mark.parametrize("ref", ["openai:sk-proj-abc123", "http:/127.0.0.1/v1?key=abc#m", "http://h/v1;key=abc#m"])
def test_a_config_s_check_refuses_what_a_run_refuses(ref: str) -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        check_ref(ref)


def test_what_the_environment_keeps_as_a_key_is_one_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_GATEWAY_TOKEN", "correct-horse-battery")
    with pytest.raises(UserError, match="looks like a key"):
        parse("http://h/correct-horse-battery/v1#m")


def test_a_place_that_the_environment_names_is_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PWD", "OLDPWD", "SSH_AUTH_SOCK", "MY_KEY"):
        monkeypatch.setenv(name, str(tmp_path))
    assert check_ref(f"replay:{tmp_path}/base.jsonl") == f"replay:{tmp_path}/base.jsonl"
    assert display(f"{tmp_path}/m") == f"'{tmp_path}/m'"
