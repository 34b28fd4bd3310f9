"""A saved run judged anew, with the scorers of today."""

from __future__ import annotations

from collections.abc import Mapping

from fteval.errors import UserError
from fteval.records import FittedProbe, Probe, RunRecord, Sample
from fteval.runs.asking import identity, scoring
from fteval.runs.asking.hearing import saved_testimony
from fteval.runs.asking.saved import saved_readings
from fteval.runs.asking.suite import SuiteProbe
from fteval.runs.journal import lines, rows
from fteval.runs.journal.store import Store
from fteval.runs.reading import results


def rescore(store: Store, run_id: str, probes: Mapping[str, Probe]) -> RunRecord:
    """Judges a run's answers anew with these probes, by their names in the run; no model is called.

    Appends: old judgements stay in scores.jsonl. What these very probes have judged already is not judged again.
    Raises UserError for a name that is not in the run.
    """
    run = store.find(run_id)
    unknown = sorted(set(probes) - set(run.manifest["probes"]))
    if unknown:
        raise UserError(f"run {run.id} has no probe '{unknown[0]}'", fix=f"it has: {', '.join(run.manifest['probes'])}")
    with run.lock():
        samples: dict[str, list[Sample]] = {name: [] for name in probes}
        digests: dict[str, list[str]] = {name: [] for name in probes}
        keys: dict[str, list[list[str]]] = {name: [] for name in probes}
        for row in lines.read(run.samples):
            if row["probe"] in probes:
                samples[row["probe"]].append(rows.to_sample(row))
                digests[row["probe"]].append(row["digest"])
                keys[row["probe"]].append(row["keys"])
        suite: list[SuiteProbe] = []
        judges = {name: one["digest"] for name, one in (run.manifest.get("references") or {}).items()}
        judges |= {name: one["counts"] for name, one in (run.manifest.get("judges") or {}).items()}
        for name, probe in probes.items():
            if isinstance(probe, FittedProbe):
                probe = probe.for_samples(samples[name])
            d = identity.probe_digest(probe, name)
            if name in judges:
                d = identity.judged_digest(d, judges[name])
            suite.append(SuiteProbe(name, probe, tuple(samples[name]), tuple(digests[name]), d))
        made = scoring.score(
            run, suite, list(keys.values()), readings=saved_readings(run), testimony=saved_testimony(run)
        )
        results.add_event(run, "rescored", judgements=made, probes=list(probes))
        done = results.record(run)
        results.write_summary(run, done)
    return done
