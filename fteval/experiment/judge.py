"""From runs to a comparison: gates, anchors, what was trained on, the noise floor, both answers of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fteval.errors import UserError
from fteval.experiment import ledger
from fteval.experiment.rules import Rules
from fteval.experiment.same_answers import same_answers
from fteval.experiment.search_record import search_of
from fteval.experiment.training import mended_by, training_of
from fteval.records import CandidateResult, Comparison, RunRecord, digest
from fteval.runs.journal.ledger import append
from fteval.runs.journal.store import Store
from fteval.runs.reading.flips import flips
from fteval.stats import compare as stats
from fteval.stats.advice import advise
from fteval.stats.costs import costs_of
from fteval.stats.noise_floor import held_open
from fteval.stats.rivals import targets
from fteval.stats.series import series_of

N_FLIPS = 200
"""Flips kept per metric; more are counted, and stay in the store."""


def compared(
    base: RunRecord,
    candidates: Sequence[tuple[str, RunRecord]],
    rules: Rules,
    store: Store,
    *,
    command: str | None = None,
) -> Comparison:
    """The comparison, kept in the store. Raises UserError for runs that cannot be paired."""
    if 0 < rules.of < len(candidates):
        raise UserError(f"--of {rules.of}, but {len(candidates)} candidates are compared", fix="count those too")
    hidden = rules.of - len(candidates)
    best_of = (f"judged as the best of {rules.of}: {hidden} were tried elsewhere",) if hidden > 0 else ()
    measured_by = (rules.measured_by,) if rules.measured_by else ()
    seen = {name: training_of(store, run, rules.trained_on.get(name), base) for name, run in candidates}
    found = stats.compare(
        base,
        candidates,
        rules.gates,
        anchors=rules.anchors,
        allow=rules.allow,
        leaks={name: training.leaks for name, training in seen.items()},
        unguarded=rules.unguarded,
        of=rules.of,
    )
    noise = store.load_noise(base)
    results = [
        replace(
            held_open(base, result, noise, rules.unguarded),
            flips=_flips(base, result),
            warnings=(
                *measured_by,
                *best_of,
                *_same(base, result.run),
                *result.warnings,
                *map(str, seen[result.name].leaks.values()),
                *seen[result.name].near,
                *seen[result.name].rewarded,
                *mended_by(result.run),
                *(f"in training, {text}" for text in seen[result.name].watched),
            ),
            training=_made_how(store, result, seen[result.name].words, rules),
            curve=seen[result.name].curve,
            kind=seen[result.name].kind,
            made=seen[result.name].made,
        )
        for result in found
    ]
    looks = ledger.looks(results, base)
    results = [replace(r, warnings=(*r.warnings, *ledger.warnings(store.root, looks, r))) for r in results]
    comparison = stats.conclude("", base, results, command=command, on_inconclusive=rules.on_inconclusive, noise=noise)
    leaked = {
        leak.probe: "some of its prompts were trained on"
        for name in rules.members.keys() & seen.keys()
        for leak in seen[name].leaks.values()
    }
    series = series_of(base, candidates, rules.members, rules.gates, uncounted=leaked)
    costs = costs_of(base, results, {gate.probe for gate in targets(results[0])}, rules.prices)
    comparison = replace(comparison, series=series, costs=costs, advice=advise(results, costs, noise, max(hidden, 0)))
    kept = replace(comparison, id=store.save_comparison(comparison))
    append(store.root, looks)
    return kept


def _made_how(store: Store, result: CandidateResult, training: str, rules: Rules) -> str:
    """What a candidate was trained on, and how its prompt was found where that was searched: the same words written by
    hand are not."""
    if result.name not in rules.searched:
        return training
    search = search_of(store.root, digest(result.run.manifest["plan"]["engine"]))
    return training if search is None else f"{training}; its prompt was {search.words()}"


def _same(base: RunRecord, run: RunRecord) -> tuple[str, ...]:
    told = same_answers(base, run)
    return () if told is None else (told,)


def _flips(base: RunRecord, result: Any) -> tuple[Any, ...]:
    """Both answers of the samples that changed: by the metrics that are gated, else by a probe's primary one.

    What was lost or won of a metric is what changed in it.
    """
    known = {(c.probe, c.metric.name): (c.probe, c.metric.of or c.metric.name) for c in result.changes}
    asked = [(g.gate.probe, g.gate.metric) for g in result.gates]
    shown = {known[one]: None for one in asked if one in known}
    gated = {probe for probe, _ in shown}
    shown |= {known[c.probe, c.metric.name]: None for c in result.changes if c.metric.primary and c.probe not in gated}
    return tuple(flip for probe, metric in shown for flip in flips(base, result.run, probe, metric, N_FLIPS))
