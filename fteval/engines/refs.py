"""The text that names a model, read: `nano`, `hf:ORG/NAME@REV`, a folder, `BASE+ADAPTER`, `ft:…`, a server, `replay:…`.

Reading a ref looks at folders and small JSON files; it opens no weights and no network.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import re
import urllib.parse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.engines.files import instead_of
from fteval.errors import UserError, suggest
from fteval.records.secrets import holds_key, looks_like_key, without_key

NANO = Path(__file__).parent.parent / "nano" / "weights"
"""The embedded model's folder; read as data, so that engines need not import the room above them."""

LONGEST = 4096
"""Characters of a ref; no file system takes a longer path."""

_HUB_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_HUB_ID = re.compile(rf"{_HUB_PART}/{_HUB_PART}")
_HOSTED = re.compile(r"ft:[\w./-]+(:[\w./-]*){2,5}", flags=re.ASCII)
"""A provider's fine-tune: `ft:BASE:ORG:NAME:ID`, with empty parts, perhaps with a checkpoint at its end."""
_PREFIX = re.compile(r"([A-Za-z][\w-]+):", flags=re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a folder comes from."""

    kind: str
    """`nano`, `local`, `hub`, `server`, or `scheme` for what an engine of its own answers."""
    name: str
    """`nano`, a resolved path, `ORG/NAME`, what a server calls it, or the whole ref of a scheme."""
    revision: str | None = None
    url: str | None = None
    """Base of a server's API, `https://HOST/v1`."""
    hosted: bool = False
    """A provider's model by its id alone (`openai:`, `ft:`)."""

    def __str__(self) -> str:
        if self.kind == "hub":
            return f"hf:{self.name}" + (f"@{self.revision}" if self.revision else "")
        return self.name


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model ref, read: one base, perhaps one adapter on it."""

    text: str
    """As it was given."""
    base: Source
    adapter: Source | None = None
    base_digest: str | None = None
    """Digest of the base that a local candidate recorded when it was trained."""
    weights_digest: str | None = None
    """Digest of the weights that a local candidate recorded."""
    candidate: str | None = None
    """The candidate's id, where the ref led to one."""

    @property
    def label(self) -> str:
        """A short name for people: the last part of each path."""
        parts = [self.base] + ([self.adapter] if self.adapter else [])
        return self.candidate or "+".join(Path(p.name).name if p.kind == "local" else str(p) for p in parts)


def parse(text: str, candidates: Path | None = None) -> ModelRef:
    """The model that `text` names; `candidates` is the store's folder of trained ones.

    Raises UserError for what cannot be read, for a path that does not exist (with the nearest one that does), and for
    kinds of model that this version does not run.
    """
    shown = display(text)
    if not text.strip():
        raise UserError(
            "an empty model ref",
            fix="nano, hf:ORG/NAME, a folder, BASE+ADAPTER, ft:…, openai:NAME, http://HOST/v1#NAME or replay:FILE",
        )
    if len(text) > LONGEST or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise UserError(f"not a model ref: {shown}", fix="a name of printable characters, 4096 at most")
    if registry.scheme(text) is not None:
        return ModelRef(text, Source("scheme", text))
    if text.startswith("ft:"):
        return _candidate(text, candidates)
    if text.startswith("openai:"):
        return ModelRef(text, _hosted(text[len("openai:") :]))
    if re.match(r"\s*https?:", text, flags=re.IGNORECASE):
        return ModelRef(text, _served(text))
    if text == "nano":
        return ModelRef(text, Source("nano", "nano"))
    if exists(text):
        return _folder(text, Path(text), candidates)
    if "+" in text:
        return _on_base(text, candidates)
    if text.startswith("hf:"):
        return ModelRef(text, _hub(text))
    return _folder(text, existing_path(text, shown, "folder"), candidates)


def display(text: str, width: int = 120) -> str:
    """A ref as it may be shown: printable, without a key, and not longer than a line."""
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in without_key(text))
    return f"'{printable if len(printable) <= width else printable[: width - 1] + '…'}'"


def exists(path: str | Path) -> bool:
    """Whether a path exists; names that no file system takes do not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def is_hub_id(text: str) -> bool:
    """Whether a text has the form ORG/NAME."""
    return bool(_HUB_ID.fullmatch(text))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises UserError naming the file."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot read {path.name}: {error}", where=str(path)) from error
    if not isinstance(value, dict):
        raise UserError(f"{path.name} holds {type(value).__name__}, not an object", where=str(path))
    return value


def base_of_adapter(folder: Path) -> str:
    """What an adapter says its base is, as written in adapter_config.json; empty where it does not say."""
    return str(read_json(folder / "adapter_config.json").get("base_model_name_or_path") or "")


_QUANTISED = re.compile(r"(-unsloth)?-(bnb-)?(4|8)bit$|-int[48]$|-(gptq|awq|nf4|fp8|hqq)\b.*$", flags=re.IGNORECASE)


def quantised_base(adapter: Path) -> str | None:
    """What an adapter says its base is, where that is quantised weights, by their name or by their config."""
    said = base_of_adapter(adapter)
    config = Path(said) / "config.json"
    by_config = bool(said) and exists(config) and "quantization_config" in read_json(config)
    return said if by_config or _QUANTISED.search(said) else None


def unquantised(name: str) -> str:
    """The last part of a model's name without what says how it is quantised, in small letters."""
    return _QUANTISED.sub("", name.rstrip("/").rpartition("/")[2]).lower()


def recorded_candidate(folder: Path) -> tuple[dict[str, Any], Path] | None:
    """The candidate.json in or above a folder whose weights the folder holds, and the folder it lies in."""
    for home in (folder, folder.parent):
        if exists(home / "candidate.json"):
            record = read_json(home / "candidate.json")
            if (home / str(record.get("path", "."))).resolve() == folder.resolve():
                return record, home
    return None


def _candidate(text: str, candidates: Path | None) -> ModelRef:
    """By the id inside candidate.json, never by a folder name made of the ref."""
    ids = []
    for file in sorted(candidates.glob("*/candidate.json")) if candidates and exists(candidates) else []:
        record = read_json(file)
        ids.append(str(record.get("id")))
        if record.get("id") == text:
            return _from_record(text, record, file.parent)
    if _HOSTED.fullmatch(text) and text.split(":")[2] != "local":
        return ModelRef(text, _hosted(text))
    near = difflib.get_close_matches(text, ids, n=1, cutoff=0.6)
    raise UserError(
        f"no local candidate {display(text)}",
        where=str(candidates) if candidates else None,
        fix=f"did you mean '{near[0]}'?"
        if near
        else "train it with `fteval train`; a hosted one is ft:BASE:ORG:NAME:ID, as its provider shows it",
    )


DEFAULT_SERVER = "https://api.openai.com/v1"


def _hosted(name: str, url: str | None = None) -> Source:
    """A provider's model; which provider says OPENAI_BASE_URL."""
    if not name or any(c.isspace() for c in name) or looks_like_key(name):
        raise UserError(f"not a hosted model: {display(name)}", fix="openai:NAME, as the provider lists it")
    said = url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_SERVER
    # A server that somebody named has its own rules about keys and prices.
    return Source("server", name, url=base_url(said, "OPENAI_BASE_URL" if url is None else "base_url"), hosted=not url)


def _served(text: str) -> Source:
    _, _, name = text.partition("#")
    base = base_url(text, "the model ref")
    if not name.strip():
        raise UserError(
            f"which model of {base}? The ref does not say",
            fix=f"{base}#NAME; `curl {base}/models` lists what it serves",
        )
    return Source("server", urllib.parse.unquote(name), url=base)


def is_loopback(url: str) -> bool:
    """Whether a URL is of this very machine."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name


def base_url(text: str, where: str) -> str:
    """The base of an API without a slash at its end, perhaps with a query; a bare host has it at /v1.

    Raises UserError, which never repeats a key.
    """
    try:
        parts = urllib.parse.urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UserError("not a URL", where=where, fix="http://HOST:PORT/v1#NAME") from None
    if holds_key(text):
        raise UserError(
            "a URL with what looks like a key or a password in it: it would be kept in every report",
            where=where,
            fix="leave it out of the URL, and put the key into OPENAI_API_KEY",
        )
    if parts.scheme.lower() not in ("http", "https") or not host:
        # What stands behind an @ may be a password, wherever the host went.
        shown = "it names no host" if "@" in text else display(text)
        raise UserError(f"not the base URL of a server: {shown}", where=where, fix="http://HOST:PORT/v1#NAME")
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}{query}"


def _from_record(text: str, record: dict[str, Any], home: Path) -> ModelRef:
    if record.get("kind") == "hosted":
        recipe = record.get("recipe")
        url = recipe.get("base_url") if isinstance(recipe, dict) else None
        return ModelRef(text, _hosted(str(record.get("id")), str(url) if url else None), candidate=str(record["id"]))
    if record.get("kind") == "reward":
        raise UserError(
            f"{display(text)} is a reward model: it scores texts and writes none",
            where=str(home / "candidate.json"),
            fix=f"train on it: rewards: [{{reward_model: {record.get('id')}}}] of grpo or rloo",
        )
    weights = home / str(record.get("path", "."))
    if record.get("kind") not in ("adapter", "full") or not isinstance(record.get("base"), str):
        raise UserError("a candidate needs 'kind' (adapter or full) and 'base'", where=str(home / "candidate.json"))
    if not exists(weights):
        raise UserError(f"the weights of {display(text)} are gone: {weights}", where=str(home / "candidate.json"))
    weights_digest, candidate = _text(record, "weights_digest"), _text(record, "id")
    source = Source("local", str(weights.resolve()))
    if record["kind"] == "full":
        return ModelRef(text, source, weights_digest=weights_digest, candidate=candidate)
    base = parse(record["base"], home.parent)
    if base.adapter is not None:
        raise UserError(f"the base of {display(text)} is itself an adapter: {record['base']}", where=str(home))
    return ModelRef(text, base.base, source, _text(record, "base_digest"), weights_digest, candidate)


def _text(record: dict[str, Any], key: str) -> str | None:
    return str(record[key]) if record.get(key) else None


def _folder(text: str, path: Path, candidates: Path | None) -> ModelRef:
    """A full model, a candidate's folder, or a bare adapter that says what its base is."""
    if path.is_file():
        raise UserError(f"a model is a folder, {display(text)} is a file", fix=instead_of(path))
    if exists(path / "config.json"):
        return ModelRef(text, Source("local", str(path.resolve())))
    if exists(path / "candidate.json"):
        record = read_json(path / "candidate.json")
        return _from_record(text, record, path)
    if not exists(path / "adapter_config.json"):
        inside = ", ".join(sorted(p.name for p in path.iterdir())[:5]) or "nothing"
        gguf = next(iter(sorted(path.glob("*.gguf"))), None)
        raise UserError(
            f"no model in {display(text)}: neither config.json nor adapter_config.json",
            where=str(path.resolve()),
            fix=instead_of(gguf) if gguf else f"a folder that transformers or PEFT saved; found {inside}",
        )
    record_and_home = recorded_candidate(path)
    if record_and_home is not None:
        return replace(_from_record(text, *record_and_home), text=text)
    return ModelRef(text, _base_named(path, candidates), Source("local", str(path.resolve())))


def _base_named(adapter: Path, candidates: Path | None) -> Source:
    """The base that a bare adapter names."""
    name = base_of_adapter(adapter)
    fix = f"name it: BASE+{adapter}"
    if not name:
        raise UserError(
            "this adapter does not say what its base is", where=str(adapter / "adapter_config.json"), fix=fix
        )
    if name == "nano" or (not exists(name) and Path(name).parts[-2:] == NANO.parts[-2:]):
        return Source("nano", "nano")  # trained on the embedded model, perhaps in another environment
    for path in (Path(name), adapter / name):
        if exists(path) and path.is_dir():
            return Source("local", str(path.resolve()))
    if _QUANTISED.search(name):
        raise UserError(
            f"this adapter was trained on quantised weights, {display(name)}",
            where=str(adapter / "adapter_config.json"),
            fix=f"name the base that they were made from: BASE+{adapter} (a folder, or hf:ORG/NAME)",
        )
    if is_hub_id(name):
        return Source("hub", name)
    raise UserError(
        f"the adapter's base is not there: {display(name)}", where=str(adapter / "adapter_config.json"), fix=fix
    )


def _on_base(text: str, candidates: Path | None) -> ModelRef:
    left, _, right = text.partition("+")
    if "+" in right and not exists(right):
        raise UserError(f"more than one '+' in {display(text)}", fix="BASE+ADAPTER: one adapter on one base")
    if not left or not right:
        raise UserError(f"half a ref: {display(text)}", fix="BASE+ADAPTER, for example nano+out/sft")
    base = parse(left, candidates)
    if base.adapter is not None or base.base.kind in ("scheme", "server"):
        raise UserError(
            f"{display(left)} cannot be a base: it is an adapter, outputs or a server's",
            fix="a full model before the '+'; a server has a name of its own for each adapter",
        )
    if right.startswith("hf:"):
        return ModelRef(text, base.base, _hub(right))
    adapter = existing_path(right, display(right), "folder")
    record_and_home: tuple[dict[str, Any], Path] | None = None
    if exists(adapter / "candidate.json") and not exists(adapter / "adapter_config.json"):
        record_and_home = read_json(adapter / "candidate.json"), adapter
        adapter = adapter / str(record_and_home[0].get("path", "."))
    if not exists(adapter / "adapter_config.json"):
        hint = "it is a full model: use it alone" if exists(adapter / "config.json") else "a folder that PEFT saved"
        raise UserError(f"no adapter in {display(right)}", where=str(adapter.resolve()), fix=hint)
    record_and_home = record_and_home or recorded_candidate(adapter)
    record = record_and_home[0] if record_and_home else {}
    return ModelRef(
        text,
        base.base,
        Source("local", str(adapter.resolve())),
        base_digest=_text(record, "base_digest"),
        weights_digest=_text(record, "weights_digest"),
        candidate=_text(record, "id"),
    )


def _hub(text: str) -> Source:
    name, _, revision = text[len("hf:") :].partition("@")
    if not is_hub_id(name) or ".." in name or "--" in name:
        raise UserError(f"not a Hub id: {display(text)}", fix="hf:ORG/NAME or hf:ORG/NAME@REVISION")
    if "@" in text and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise UserError(f"not a revision: {display(revision)}", fix="a commit, a branch or a tag after the '@'")
    return Source("hub", name, revision or None)


def existing_path(text: str, shown: str, what: str) -> Path:
    """The path, which exists. Raises UserError with the resolved path and the nearest one that does."""
    path = Path(text).expanduser()
    if text and exists(path):
        return path
    fixes = []
    if what == "folder" and is_hub_id(text):
        fixes.append(f"for the Hub: hf:{text}")
    if what == "folder" and (prefix := _PREFIX.match(text)):
        known = suggest(prefix[1], registry.prefixes())
        fixes.append(f"no engine is installed for '{prefix[1]}:'. {known}")
    near = _nearest(path)
    if near is not None:
        fixes.append(f"did you mean {near}?")
    where = display(str(path.absolute()), 200)[1:-1] if without_key(text) == text else None
    raise UserError(
        f"no such {what}: {shown}", where=where, fix="; ".join(fixes) or "check the path, or name a model: nano"
    )


def _nearest(path: Path) -> Path | None:
    """The existing path that looks most like a missing one: another spelling of its first part that is missing."""
    try:
        parts = path.parts
        at = Path(parts[0]) if path.is_absolute() else Path()
        for index in range(1 if path.is_absolute() else 0, len(parts)):
            if exists(at / parts[index]):
                at = at / parts[index]
                continue
            names = [p.name for p in at.iterdir()] if at.is_dir() else []
            near = difflib.get_close_matches(parts[index], names, n=1, cutoff=0.5)
            return at / near[0] if near else None
    except (OSError, IndexError, ValueError):
        pass
    return None
