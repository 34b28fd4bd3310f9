"""What is saved, judged again: runs compared, gates applied, scorers of today. Asks no model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fteval import registry, releases
from fteval.errors import UserError
from fteval.experiment import judge, stale
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, experiment_of, find_config, is_baseline
from fteval.experiment.experiment import DEFAULT_STORE, Experiment
from fteval.experiment.gates import measurable, resolve_gates
from fteval.experiment.rules import Rules, allowed, check_suite, rules_of
from fteval.records import Comparison, Proof, RunRecord
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.stats.selftest import self_test as proofs


def rescore(run: str, store: Path) -> Comparison | RunRecord:
    """Judges a saved run's answers anew with today's probes and the parameters that the run had."""
    from fteval.experiment import opinions
    from fteval.runs.asking import rescore as anew

    kept = Store(store)
    found = kept.find(run)
    probes = {
        name: registry.probe(fields["use"], fields["params"]) for name, fields in found.manifest["probes"].items()
    }
    return opinions.with_people(anew.rescore(kept, found.id, probes), store)


def compare(
    base: str,
    *candidates: str,
    store: str | Path = DEFAULT_STORE,
    config: Path | None = None,
    allow_subset: bool = False,
    allow_same: bool = False,
    of: int = 0,
) -> Comparison:
    """Pairs saved runs sample by sample: ids, their beginnings, or refs whose newest complete run is taken.

    `base` may be `baseline`. Gates are those of the config, or of the folder's fteval.yaml on what was measured;
    without any, every probe's primary share is guarded. `of`: how many candidates these are the best of.
    """
    kept = Store(Path(store), readonly=True)
    runs = [_find_run(kept, text) for text in candidates]
    found = find_config(config, wanted=True)
    experiment = describe(Asked(), found) if found else Experiment()
    if config is None:
        measured = {p.probe for p in runs[0].probes}
        experiment = replace(experiment, gates=tuple(g for g in experiment.gates if g.probe in measured))
    rules = _rules(experiment, runs[0])
    rules = replace(rules, allow=rules.allow | allowed(subset=allow_subset, same=allow_same), of=of)
    against = _kept(base, experiment, runs[0]) if is_baseline(base) else _find_run(kept, base)
    return judge.compared(against, [(record.ref, record) for record in runs], rules, Store(Path(store)))


def gate(
    what: str,
    against: str | None,
    config: Path | None,
    store: Path,
    *,
    allow_subset: bool = False,
    allow_same: bool = False,
    of: int = 0,
) -> Comparison:
    """Judges saved runs by a config's gates: those of a comparison, or one run against another, asking no model."""
    kept = Store(store, readonly=True)
    base, named = _runs_of(kept, what, against, config)
    experiment = _gated(config)
    rules = _rules(experiment, named[0][1])
    rules = replace(rules, allow=rules.allow | allowed(subset=allow_subset, same=allow_same), of=of)
    return judge.compared(base, named, rules, Store(store))


def self_test(what: str, config: Path | None, store: Path) -> list[Proof]:
    """Whether every gate of a config fails a loss put into a saved base, and no guard fails where nothing is put in."""
    kept = Store(store, readonly=True)
    base = _runs_of(kept, what, None, config)[0]
    return proofs(base, _rules(_gated(config), base).gates)


def _kept(ref: str, experiment: Experiment, run: RunRecord) -> RunRecord:
    """The baseline that a saved run is to be compared with."""
    found = releases.load(ref, experiment.folder, str(run.manifest.get("suite_name")))
    check_suite(found, run.manifest["plan"].get("suite"))
    return found


def _gated(config: Path | None) -> Experiment:
    """The experiment of a config that has gates; `fteval gate` without any would let everything pass."""
    experiment = experiment_of(config)
    if not experiment.gates:
        raise UserError("there are no gates to judge by", fix="write gates: into fteval.yaml, or name one with -c")
    return experiment


def _rules(experiment: Experiment, run: RunRecord) -> Rules:
    """An experiment's gates on what a saved run measured: its metrics and slices are those of the run."""
    gates = resolve_gates(experiment, measurable(run)) if experiment.gates else ()
    return rules_of(experiment, gates, str(run.manifest.get("suite_name")), run.manifest["plan"].get("suite"))


def _runs_of(
    store: Store, what: str, against: str | None, config: Path | None
) -> tuple[RunRecord, list[tuple[str, RunRecord]]]:
    """Base and named candidates of a saved comparison, or of a run and what it is held against."""
    comparisons = store.comparisons()
    if against is None and (what == "latest" or any(i.startswith(what) for i in comparisons)):
        if not comparisons:
            raise UserError(
                "there is no comparison yet", where=str(store.root), fix="`fteval run` with a base makes one"
            )
        saved = store.load_comparison(what)
        named = [(c.name, _find_run(store, c.run.id)) for c in saved.candidates]
        if saved.base.id.startswith("baseline:"):
            experiment = experiment_of(config)
            return _kept(f"baseline:{saved.base.path}", experiment, named[0][1]), named
        return _find_run(store, saved.base.id), named
    if against is None:
        raise UserError(f"'{what}' is no comparison", fix="name the base with --against (a run, a ref, or baseline)")
    run = _find_run(store, what)
    if is_baseline(against):
        return _kept(against, experiment_of(config), run), [(run.ref, run)]
    return _find_run(store, against), [(run.ref, run)]


def _find_run(store: Store, text: str) -> RunRecord:
    """A run by id, or the newest complete one of a ref, if the ref still leads to the bytes that were measured."""
    for kept in reversed(store.runs()):
        if kept.manifest.get("ref") == text and results.summary(kept)["complete"]:
            found = results.record(kept)
            stale.check_bytes(store, found)
            return found
    return stale.with_bytes_checked(store, results.load(store, text))
