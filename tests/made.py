"""Real records with the scores that a test is about; everything else has ordinary values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fteval.records import Metric, ProbeResult, RunRecord, Sampling, digest

CORRECT = Metric("correct", primary=True)
Column = Sequence[float | None]


def probe(
    scores: Column | Mapping[str, Column],
    name: str = "facts",
    *,
    metrics: Sequence[Metric] = (CORRECT,),
    ids: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    slices: Sequence[Mapping[str, str]] | None = None,
    contents: Sequence[str] | None = None,
    version: int = 1,
    **counts: Any,
) -> ProbeResult:
    """One probe's result; scores of the first metric, or of all by name."""
    columns = scores if isinstance(scores, Mapping) else {metrics[0].name: scores}
    n = len(next(iter(columns.values())))
    chosen = list(ids) if ids is not None else [f"{name}-{i:03}" for i in range(n)]
    return ProbeResult(
        probe=name,
        digest=digest([name, version]),
        metrics=tuple(metrics),
        sample_ids=tuple(chosen),
        sample_digests=tuple(digest(c) for c in (contents or chosen)),
        groups=tuple(groups or [None] * n),
        slices=tuple(slices or [{}] * n),
        scores=columns,
        **{"answer_tokens": 12.5, **counts},
    )


def run(*probes: ProbeResult, ref: str = "nano", errors: int = 0, **fields: Any) -> RunRecord:
    """One complete run of these probes; its digest follows from its ref."""
    planned = sum(len(p.sample_ids) for p in probes)
    engine: dict[str, Any] = {
        "engine": "transformers",
        "version": {"fteval": 1, "transformers": "5.23.0", "torch": "2.13.0"},
        "weights": digest(ref),
        "adapter": None,
        "tokenizer": digest("tokenizer"),
        "template": digest("template"),
        "dtype": "float32",
    }
    plan = {
        "engine": engine,
        "sampling": {**asdict(Sampling(max_tokens=64)), "stop": []},
        "repeats": 1,
        "suite": digest([p.digest for p in probes]),
        "requests": digest([ref, [p.sample_digests for p in probes]]),
    }
    defaults: dict[str, Any] = {
        "id": f"20261121T000000Z-{digest(ref)[7:23]}",
        "ref": ref,
        "digest": digest(engine),
        "path": f".fteval/runs/{ref}",
        "complete": errors == 0,
        "subset": False,
        "probes": probes,
        "planned": planned,
        "reused": 0,
        "generated": planned - errors,
        "errors": errors,
        "seconds": 4.2,
        "manifest": {"fteval": "0.1.0", "plan": plan, "command": "fteval run --model nano+out/sft --against nano"},
    }
    return RunRecord(**{**defaults, **fields})


def ones(n: int, right: int) -> list[float | None]:
    """`right` ones, then zeros."""
    return [1.0] * right + [0.0] * (n - right)
