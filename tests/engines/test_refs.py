"""Model refs: what each names, and what a mistyped or hostile one is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from fteval.engines.refs import NANO, Source, parse
from fteval.errors import UserError


def error(text: str, candidates: Path | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        parse(text, candidates)
    return caught.value


def candidate(home: Path, adapter: Path, base: Path, **fields: object) -> str:
    """A candidate as a trainer registers it."""
    home.mkdir(parents=True)
    shutil.copytree(adapter, home / "adapter")
    record = {
        "id": "ft:nano:local:dates:3f9a1c", "name": "dates", "path": "adapter", "kind": "adapter", "base": str(base),
        "base_digest": "sha256:abc", "weights_digest": "sha256:def", "trainer": "sft", "seed": 0, **fields,
    }  # fmt: skip
    (home / "candidate.json").write_text(json.dumps(record))
    return str(record["id"])


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("nano", Source("nano", "nano")),
        ("hf:Qwen/Qwen2.5-0.5B-Instruct", Source("hub", "Qwen/Qwen2.5-0.5B-Instruct")),
        ("hf:Qwen/Qwen2.5-0.5B-Instruct@7ae557604adf", Source("hub", "Qwen/Qwen2.5-0.5B-Instruct", "7ae557604adf")),
        ("hf:org/name@refs/pr/3", Source("hub", "org/name", "refs/pr/3")),
    ],
)
def test_names(text: str, base: Source):
    assert parse(text).base == base
    assert parse(text).adapter is None


def test_a_folder_is_resolved(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny_model.parent)
    for text in (tiny_model.name, f"./{tiny_model.name}", str(tiny_model)):
        assert parse(text).base == Source("local", str(tiny_model.resolve()))


def test_an_adapter_on_a_base(tiny_model: Path, tiny_adapter: Path):
    ref = parse(f"{tiny_model}+{tiny_adapter}")
    assert (ref.base.name, ref.adapter) == (str(tiny_model.resolve()), Source("local", str(tiny_adapter.resolve())))
    assert parse(f"nano+{tiny_adapter}").base == Source("nano", "nano")
    assert parse(f"hf:a/b@v1+{tiny_adapter}").base == Source("hub", "a/b", "v1")
    assert parse("nano+hf:org/adapter@v2").adapter == Source("hub", "org/adapter", "v2")


def test_a_path_with_a_plus_in_it_is_a_path(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    shutil.copytree(tiny_model, tmp_path / "c++" / "model+big")
    assert parse(str(tmp_path / "c++" / "model+big")).base.name == str((tmp_path / "c++" / "model+big").resolve())


def test_a_bare_adapter_finds_its_base(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    ref = parse(str(tiny_adapter))
    assert (ref.base.name, ref.adapter.name) == (str(tiny_model.resolve()), str(tiny_adapter.resolve()))
    bare = tmp_path / "bare"
    shutil.copytree(tiny_adapter, bare)
    for said, base in (
        ("nano", Source("nano", "nano")),
        ("/elsewhere/site-packages/fteval/nano/weights", Source("nano", "nano")),
        (str(NANO), Source("nano", "nano")),
        ("Qwen/Qwen2.5-0.5B", Source("hub", "Qwen/Qwen2.5-0.5B")),
    ):
        tiny.edit_json(bare / "adapter_config.json", base_model_name_or_path=said)
        if not (said == str(NANO) and NANO.exists()):  # where it exists it is also found as a folder
            assert parse(str(bare)).base == base
    for said in ("/gone/model", None):
        tiny.edit_json(bare / "adapter_config.json", base_model_name_or_path=said)
        assert "BASE+" in error(str(bare)).fix


def test_a_local_candidate_is_found_by_the_id_inside(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    name = candidate(tmp_path / "store" / "whatever", tiny_adapter, tiny_model)
    ref = parse(name, tmp_path / "store")
    assert ref.base.name == str(tiny_model.resolve())
    assert ref.adapter.name == str((tmp_path / "store" / "whatever" / "adapter").resolve())
    assert (ref.base_digest, ref.weights_digest, ref.candidate) == ("sha256:abc", "sha256:def", name)
    # its folder, and the adapter in it, lead to the same candidate
    for text in (tmp_path / "store" / "whatever", tmp_path / "store" / "whatever" / "adapter"):
        assert parse(str(text)).candidate == name
        assert parse(f"{tiny_model}+{text}").base_digest == "sha256:abc"


def test_a_full_candidate_is_a_model_of_its_own(tiny_model: Path, tmp_path: Path):
    home = tmp_path / "store" / "full"
    home.mkdir(parents=True)
    shutil.copytree(tiny_model, home / "model")
    record = {"id": "ft:x:local:full:1", "path": "model", "kind": "full", "base": "nano", "weights_digest": "sha256:1"}
    (home / "candidate.json").write_text(json.dumps(record))
    ref = parse("ft:x:local:full:1", tmp_path / "store")
    assert (ref.base.name, ref.adapter) == (str((home / "model").resolve()), None)
    assert ref.weights_digest == "sha256:1"


def test_a_fine_tune_is_a_local_candidate_first_and_a_near_one_is_named(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path
):
    candidate(tmp_path / "store" / "x", tiny_adapter, tiny_model)
    found = error("ft:nano:local:dates:3f9a1d", tmp_path / "store")
    assert "no local candidate" in found.what
    assert "ft:nano:local:dates:3f9a1c" in found.fix


@pytest.mark.parametrize("text", ["ft:gpt-4o-mini-2024-07-18:acme::abc123", "ft:gpt-4.1:acme:dates:x1:ckpt-step-10"])
def test_a_fine_tune_that_is_not_here_is_the_providers(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    found = parse(text, tmp_path / "nothing").base
    assert (found.kind, found.name, found.url, found.hosted) == ("server", text, "https://api.openai.com/v1", True)


def test_a_broken_candidate_is_named(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    name = candidate(tmp_path / "s" / "x", tiny_adapter, tiny_model, kind="magic")
    assert "candidate.json" in error(name, tmp_path / "s").where
    (tmp_path / "s" / "x" / "candidate.json").write_text("{")
    assert "cannot read candidate.json" in error(name, tmp_path / "s").what
    name = candidate(tmp_path / "t" / "x", tiny_adapter, tiny_model)
    shutil.rmtree(tmp_path / "t" / "x" / "adapter")
    assert "gone" in error(name, tmp_path / "t").what


def test_a_missing_path_is_named_resolved_with_the_nearest_one(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny_model.parent.parent)
    found = error(f"{tiny_model.parent.name}/modell")
    assert found.exit_code == 2
    assert found.where == str(tiny_model.parent / "modell")
    assert str(Path(tiny_model.parent.name) / "model") in found.fix
    assert error("Qwen/Qwen2.5-0.5B-Instruct").fix.startswith("for the Hub: hf:Qwen/Qwen2.5-0.5B-Instruct")


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("openai:gpt-5", "http://127.0.0.1:9/v1", "gpt-5"),  # where OPENAI_BASE_URL says
        ("http://localhost:8000/v1#m", "http://localhost:8000/v1", "m"),
        ("HTTPS://Host.example/v1/#org/name", "https://Host.example/v1", "org/name"),
        ("http://host:8000#m", "http://host:8000/v1", "m"),  # a bare host has its API at /v1
        ("http://[::1]:8000/api#a%20b", "http://[::1]:8000/api", "a b"),
    ],
)
def test_a_served_model_is_a_base_url_and_a_name(text: str, url: str, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")
    found = parse(text).base
    assert (found.kind, found.url, found.name) == ("server", url, name)


@pytest.mark.parametrize(
    "text",
    [
        "http://", "http:///v1#m", "http://h/v1", "http://h/v1#", "http://h:port/v1#m", "http://h/v1?key=b#m",
        "openai:",
        "https://user:s3cr3t-canary@host/v1#m", "https://s3cr3t-canary@host/v1#m",
    ],
)  # fmt: skip
def test_what_is_no_server_is_refused_without_repeating_a_password(text: str):
    found = error(text)
    assert found.exit_code == 2
    assert "s3cr3t-canary" not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "\0", "a\0b", "x" * 400, "x" * 100_000, "../../x", "a/../../b", "C:\\models\\x", "CON", "/", "nano+",
        "+x", "nano+a+b", "hf:", "hf:x", "hf:../x", "hf:a/../b", "hf:a/b@", "hf:a/b@../x", "hf:a/b@x\ny",
        "hf:a/" + "b" * 300,
        "ft:../../x", "ft:\0", "nano+../../x", "\x1b[31mred", "é/ü", "a\u202eb",
    ],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_hostile_refs_are_clean_errors(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = error(text, tmp_path / "candidates")
    assert found.exit_code == 2
    assert len(str(found)) < 1500
    assert str(found).isprintable() or set(str(found)) - {"\n"} <= {
        c for c in str(found) if c.isprintable() or c == "\n"
    }
    assert list(tmp_path.iterdir()) == []  # nothing was made


def test_a_folder_without_a_model_says_what_it_has(tmp_path: Path):
    (tmp_path / "readme.txt").write_text("hi")
    found = error(str(tmp_path))
    assert "neither config.json nor adapter_config.json" in found.what
    assert "readme.txt" in found.fix
    (tmp_path / "out.jsonl").write_text("{}")
    assert f"replay:{tmp_path / 'out.jsonl'}" in error(str(tmp_path / "out.jsonl")).fix


def test_a_full_model_after_the_plus_is_told_apart(tiny_model: Path):
    assert "full model" in error(f"{tiny_model}+{tiny_model}").fix


def test_an_adapter_is_no_base(tiny_adapter: Path, make_adapter: Callable[..., Path]):
    assert "cannot be a base" in error(f"{tiny_adapter}+{tiny_adapter}").what


def test_labels_are_short(tiny_model: Path, tiny_adapter: Path):
    assert parse("nano").label == "nano"
    assert parse(f"{tiny_model}+{tiny_adapter}").label == "model+adapter"
    assert parse("hf:a/b@v1").label == "hf:a/b@v1"
