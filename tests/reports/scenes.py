"""Comparisons that reports are about, made by the real statistics from scores that are written down here."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import replace

from made import CORRECT, ones, probe, run

from fteval.records import (
    ASKED,
    TRAINED,
    Comparison,
    Flip,
    Gate,
    Made,
    Message,
    Metric,
    NoiseFloor,
    ProbeResult,
    RunRecord,
    Sample,
    Sequential,
)
from fteval.stats.advice import advise
from fteval.stats.compare import compare, conclude
from fteval.stats.costs import costs_of

ID = "20261121T101756Z-0123456789abcdef"
GRADED = Metric("overlap", primary=True)
WORDS = Metric("words", unit="words")


@functools.cache
def lost() -> Comparison:
    """Form gained, facts lost: 0 to 200 of 200, and 280 to 60 of 300."""
    base = run(probe(ones(300, 280)), probe(ones(200, 0), "iso_date"))
    other = run(probe(ones(300, 60)), probe(ones(200, 200), "iso_date"), ref="nano+out/sft", warnings=("look here",))
    gates = [
        Gate("iso_date", "correct", "min_gain", 0.2, where="fteval.yaml:4"),
        Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:5"),
    ]
    return conclude("c1", base, compare(base, [("sft", other)], gates), command="fteval run")


@functools.cache
def calm() -> Comparison:
    """Nothing changed in 400 samples, and 2 points may be lost."""
    base, other = run(probe(ones(400, 300))), run(probe(ones(400, 300)), ref="nano+out/sft")
    gates = [Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:5")]
    return conclude(ID, base, compare(base, [("sft", other)], gates))


@functools.cache
def open_() -> Comparison:
    """Nothing changed, and 60 samples are too few to say so."""
    base, other = run(probe(ones(60, 60))), run(probe(ones(60, 60)), ref="x")
    return conclude("c1", base, compare(base, [("x", other)]))


@functools.cache
def broken() -> Comparison:
    """The candidate's run was never finished, although every gate passes on what it has."""
    base, other = run(probe(ones(400, 300))), run(probe(ones(400, 300)), ref="x", complete=False)
    return conclude(ID, base, compare(base, [("x", other)], [Gate("facts", "correct", "max_drop", 0.02)]))


@functools.cache
def crowd(n: int = 3) -> Comparison:
    """Candidates of which some gain, some lose, and some do neither."""
    base = run(probe(ones(600, 400)), probe(ones(600, 500), "general"))
    others = []
    for i in range(n):
        facts, general = 400 + 50 * (i % 3), 500 - 60 * (i % 2)
        others.append(
            (f"candidate-{i}", run(probe(ones(600, facts)), probe(ones(600, general), "general"), ref=f"m{i}"))
        )
    gates = [
        Gate("facts", "correct", "min_gain", 0.05, where="fteval.yaml:9"),
        Gate("general", "correct", "max_drop", 0.04, where="fteval.yaml:10"),
    ]
    return conclude(ID, base, compare(base, others, gates), command="fteval run -c fteval.yaml")


@functools.cache
def advised() -> Comparison:
    """A prompt does as well as a fine-tune: 330 and 332 of 400, where the base has 100."""
    base = run(probe(ones(400, 100), prompt_tokens=20.0, shared_seconds=0.05))
    told = run(probe(ones(400, 330), prompt_tokens=28.0, truncated=30, shared_seconds=0.06), ref="nano {prompt: x}")
    sft = run(probe(ones(400, 332), prompt_tokens=20.0, shared_seconds=0.05), ref="nano+out/sft", reused=7)
    first, second = compare(base, [("told", told), ("sft", sft)], [Gate("facts", "correct", "min_gain", 0.2)])
    results = [replace(first, kind=ASKED), replace(second, kind=TRAINED, made=Made(12.0, 34_000.0))]
    costs = costs_of(base, results, {"facts"})
    return replace(conclude(ID, base, results), costs=costs, advice=advise(results, costs))


@functools.cache
def everything() -> Comparison:
    """All that a report can have: groups, slices, repeats, an anchor, a noise floor, early stopping, flips."""
    dice = random.Random(5)
    base = _release("nano", (0.78, 0.66, 0.5), dice)
    other = _release("nano+out/sft", (0.70, 0.80, 0.55), dice, base)
    anchor = _release("ft:nano:local:v2:3f9a1c", (0.82, 0.66, 0.5), dice, base)
    asked = Sequential(seed=7, planned=1000)
    stopped = [probe(ones(111, right), "safety", sequential=asked) for right in (105, 40)]
    base = replace(base, probes=(*base.probes, stopped[0]))
    other = replace(other, probes=(*other.probes, stopped[1]), warnings=("general: 14 answers end in a list",))
    anchor = replace(anchor, probes=(*anchor.probes, stopped[0]))
    gates = [
        Gate("general", "correct", "max_drop", 0.02, where="fteval.yaml:11"),
        Gate("general", "correct", "max_drop", 0.02, where="fteval.yaml:12", anchor="v2"),
        Gate("triage", "correct", "min_gain", 0.03, where="fteval.yaml:13"),
        Gate("triage", "correct", "min", 0.6, where="fteval.yaml:14"),
        Gate("triage", "correct", "max_drop", 0.05, slice={"language": "*"}, where="fteval.yaml:15", advisory=True),
        Gate("summaries", "overlap", "max_drop", 0.05, where="fteval.yaml:16"),
        Gate("safety", "correct", "max_drop", 0.05, where="fteval.yaml:17"),
    ]
    results = compare(base, [("support-sft-v7", other)], gates, anchors={"v2": anchor})
    flips = (*(_flip("general", i, 1.0, 0.0) for i in range(6)), *(_flip("triage", i, 0.0, 1.0) for i in range(3)))
    floor = [
        NoiseFloor("general", CORRECT, "another batch order", 400, 4, 0.0, -0.01, 0.01),
        NoiseFloor("triage", CORRECT, "another batch order", 600, 0, 0.0, -0.01, 0.01),
    ]
    command = "fteval run -c fteval.yaml --sequential"
    return conclude(ID, base, [replace(r, flips=flips) for r in results], command=command, noise=floor)


def _release(ref: str, shares: Sequence[float], dice: random.Random, old: RunRecord | None = None) -> RunRecord:
    sizes = {"general": 400, "triage": 600, "summaries": 120}
    return run(
        *(_probe(n, size, share, dice, old) for (n, size), share in zip(sizes.items(), shares, strict=True)), ref=ref
    )


def _probe(name: str, n: int, share: float, dice: random.Random, old: RunRecord | None) -> ProbeResult:
    """Scores of which most are as they were in the old run."""
    before = next((p for p in old.probes if p.probe == name), None) if old else None
    metric = GRADED if name == "summaries" else CORRECT
    kept = before.scores[metric.name] if before else [None] * n
    column = [_score(name, share, dice) if k is None or dice.random() < 0.3 else k for k in kept]
    languages = ("en", "de", "fr", "ja")
    return probe(
        {metric.name: column, "words": [20 + 10 * dice.random() for _ in range(n)]},
        name,
        metrics=(metric, WORDS),
        groups=[f"g{i // 5}" for i in range(n)] if name == "general" else None,
        slices=[{"language": languages[i % 4]} for i in range(n)] if name == "triage" else None,
        within={metric.name: 0.01} if name == "triage" else {},
        truncated=14 if old and name == "general" else 0,
    )


def _score(name: str, share: float, dice: random.Random) -> float:
    return round(dice.triangular(0, 1, share), 2) if name == "summaries" else float(dice.random() < share)


def _flip(name: str, i: int, before: float, after: float) -> Flip:
    sample = Sample(f"{name}/{i:03}", (Message("user", "Which planet has the shortest year?"),), target="Mercury")
    answer = '{"category": "other", "priority": "low"}'
    return Flip(name, "correct", sample, before, after, None if i == 1 else "Mercury", answer, "does not say 'Mercury'")
