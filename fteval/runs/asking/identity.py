"""What makes two generations, two scores or two runs the same: their content, never their names or places.

A generation is keyed by digests of weights, tokenizer and template (the engine's identity), the very token ids or
messages, every sampling field and the repeat index. Other weights under the same path are another key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.records import (
    Metric,
    NamingProbe,
    Probe,
    Prompt,
    Sampling,
    WrappingProbe,
    canonical,
    digest,
)
from fteval.records.readings import Limits
from fteval.runs.asking.sources import source_files

KEY_VERSION = 1
"""Goes up when the same key would mean something else; nothing older is reused then."""


def generation_key(
    engine_identity: Mapping[str, Any],
    prompt: Prompt,
    sampling: Sampling,
    repeat: int,
    request_identity: Any = None,
) -> str:
    """The content address of one generation, 64 hex digits."""
    return Keys(engine_identity, sampling).key(input_digest(prompt), repeat, request_identity)


class Keys:
    """Keys for many prompts of one engine and sampling: what they share is digested once."""

    def __init__(self, engine_identity: Mapping[str, Any], sampling: Sampling) -> None:
        # Every sampling field counts, also those that greedy decoding should not feel (seed, top_p): whether an engine
        # feels them is not ours to know, and a recomputation is cheaper than a wrong reuse.
        shared = {"key_version": KEY_VERSION, "engine": engine_identity, "sampling": sampling_fields(sampling)}
        self._shared = digest(shared).encode("ascii")

    def key(self, input_digest: str, repeat: int, request_identity: Any = None) -> str:
        # Canonical JSON, put together by hand because this is done for every answer: digests need no escaping.
        before = b'{"input":"%b","repeat":%d,"request":' % (input_digest.encode("ascii"), repeat)
        request = b"null" if request_identity is None else canonical(request_identity)
        return hashlib.sha256(b'%b%b,"shared":"%b"}' % (before, request, self._shared)).hexdigest()


def sampling_fields(sampling: Sampling) -> dict[str, Any]:
    """A sampling as JSON. What came later is left out where it is off: answers from before it are still the same."""
    later = {"system": "keep", "chat_template_kwargs": "", "extra_body": ""}
    fields = dataclasses.asdict(sampling).items()
    return {name: value for name, value in fields if name not in later or value != later[name]}


def input_digest(prompt: Prompt) -> str:
    """What the model reads: token ids where the engine has them, else the messages as they will be sent."""
    if prompt.token_ids is not None:
        return _sha256({"token_ids": prompt.token_ids})
    tools = {"tools": prompt.tools} if prompt.tools else {}
    return _sha256({"messages": [(m.role, m.content) for m in prompt.messages], **tools})


def row_seed(seed: int, input_digest: str, repeat: int) -> int:
    """A row's own seed, 63 bits: from the sampling seed, its prompt and its repeat.

    Not from the batch, so that a smaller batch after running out of memory draws the same; not from the model, so that
    base and candidate share their random numbers.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {repeat} {input_digest}".encode()).digest()[:8], "big") >> 1


def probe_digest(probe: Probe, name: str) -> str:
    """What decides a probe's scores: name, version, parameters, and the files that its module rests on.

    `asking.sources` says which: how refusals are told is as much the scorer as its own file. A library that moves a
    number is not seen: then the probe's `version` goes up.
    """
    cls = type(probe)
    return digest(
        {
            "name": name,
            "class": cls.__qualname__,
            "version": probe_version(probe),
            # A name in the parameters counts by what it stands for.
            "params": {**params(probe), **(probe.contents if isinstance(probe, NamingProbe) else {})},
            "source": source_digest(cls),
            **({"wrapped": probe_digest(probe.wrapped, "")} if isinstance(probe, WrappingProbe) else {}),
        }
    )


def judged_digest(probe_digest: str, judge: str) -> str:
    """The digest of a probe that is judged with a reference, whose digest is given."""
    return digest({"probe": probe_digest, "judge": judge})


def limited_digest(probe_digest: str, limits: Limits) -> str:
    """The digest of its judgements: other limits are another scorer."""
    return digest({"probe": probe_digest, **limits.identity})


def probe_version(probe: Probe) -> int:
    return int(getattr(probe, "version", 1))


def params(probe: Probe) -> dict[str, Any]:
    """A probe's parameters as JSON: the fields of its dataclass."""
    if not dataclasses.is_dataclass(probe):
        return {}
    return {f.name: _plain(getattr(probe, f.name)) for f in dataclasses.fields(probe) if f.init}


def metric_fields(metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Metrics as they are written into a run."""
    return [dataclasses.asdict(metric) for metric in metrics]


def source_digest(cls: type) -> str:
    """Digest of the file that defines a class and of those that it rests on, line ends normalised; of its byte code
    where there is no file."""
    sources = source_files(cls.__module__)
    if sources:
        return hashlib.sha256(canonical(sources)).hexdigest()
    functions = [f for _, f in inspect.getmembers(cls, inspect.isfunction)]
    # Constants that are code themselves are left out: their repr has an address in it.
    constants = [[repr(c) for c in f.__code__.co_consts if not inspect.iscode(c)] for f in functions]
    code = [(f.__qualname__, f.__code__.co_code.hex(), f.__code__.co_names) for f in functions]
    return hashlib.sha256(repr((code, constants)).encode()).hexdigest()


def score_key(
    probe_digest: str, sample_digest: str, generation_key: str, text: str | None, finish_reason: str | None
) -> str:
    """The content address of one judgement: the same key needs no second scoring."""
    output = "" if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    parts = f"{probe_digest} {sample_digest} {generation_key} {output} {finish_reason!r}"
    return hashlib.sha256(parts.encode()).hexdigest()


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """Where two plans differ, field by field: `sampling.temperature: 0.0 → 0.7`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for key in dict.fromkeys([*old, *new]):
            inner = f"{name}.{key}" if name else str(key)
            found += differences(old.get(key, "(absent)"), new.get(key, "(absent)"), inner)
        return found
    return [] if old == new else [f"{name}: {_short(old)} → {_short(new)}"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _plain(value: Any) -> Any:
    """A parameter as JSON; what JSON has no word for by its repr."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return (
        f"{value.__module__}.{value.__qualname__}"
        if inspect.isroutine(value) or inspect.isclass(value)
        else repr(value)
    )


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()
