"""What an export is proved by: the config's probes and gates, those that are named, or those of the candidate's last
run."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from fteval import registry
from fteval.engines.refs import display
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, find_config
from fteval.experiment.experiment import DEFAULT_STORE, Experiment, ModelUse
from fteval.records import Gate, Sample, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.suite import Suite
from fteval.runs.journal import lines, rows
from fteval.runs.journal.store import Run, Store
from fteval.runs.reading import results


@dataclass(frozen=True, slots=True)
class OfRun:
    """What a saved run asked, and by which gates it was judged."""

    run: str
    suite: Suite
    gates: tuple[Gate, ...]


def described(asked: Asked) -> tuple[Experiment, OfRun | None]:
    """The experiment with one candidate, and where neither a config nor an option says how to measure it, its last run.

    Raises UserError where nothing says that.
    """
    named = bool(asked.probes or asked.benchmarks or asked.holdouts)
    config = find_config(asked.config, wanted=not named)
    if config is not None or named:
        return describe(asked, config), None
    ref = str(asked.model)
    root = asked.store or DEFAULT_STORE
    runs = reversed(Store(root, readonly=True).runs()) if root.is_dir() else ()
    run = next((r for r in runs if r.manifest["ref"] == ref and _is_complete(r)), None)
    if run is None:
        raise UserError(
            f"nothing says how to prove it: no config, no --probe, no --holdout, and no finished run of {display(ref)}",
            where=str(root),
            fix="--probe NAME or --holdout FILE, or a config with -c",
        )
    experiment = Experiment(candidates={ref: ModelUse(ref)}, sampling=_sampling(run, asked), limit=asked.limit)
    return experiment, OfRun(run.id, _suite(run), _gates(Store(root, readonly=True), run))


def _is_complete(run: Run) -> bool:
    return bool(results.summary(run)["complete"]) and not run.plan["subset"]


def _sampling(run: Run, asked: Asked) -> Sampling:
    said: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in run.plan["sampling"].items()}
    known = {field.name for field in fields(Sampling)}
    return replace(Sampling(**{k: v for k, v in said.items() if k in known}), **asked.part(Sampling))


def _suite(run: Run) -> Suite:
    """The probes of a run, on the samples that it kept."""
    samples: dict[str, list[Sample]] = {}
    for row in lines.read(run.samples):
        samples.setdefault(row["probe"], []).append(rows.to_sample(row))
    specs: list[tuple[str, Any, list[Sample]]] = [
        (name, registry.probe(one["use"], one["params"]), samples.get(name, []))
        for name, one in run.manifest["probes"].items()
    ]
    return suite.build(specs, sampling=run.plan["sampling"].get("probes"), name=run.manifest["suite_name"])


def _gates(store: Store, run: Run) -> tuple[Gate, ...]:
    """Those of the newest comparison that judged it."""
    for name in reversed(store.comparisons()):
        for one in store.load_comparison(name).candidates:
            if one.run.id == run.id and one.gates:
                return tuple(g.gate for g in one.gates)
    return ()
