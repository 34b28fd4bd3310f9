"""A model asked twice: what changes when nothing was changed."""

from __future__ import annotations

from dataclasses import replace

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.measure import Asking, execute
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.prepare import BASE, appointed_for, references_of
from fteval.experiment.suite import build_suite
from fteval.records import NoiseFloor, RunRecord
from fteval.records.readings import Limits
from fteval.runs.asking.appoint import Wanted
from fteval.runs.journal.store import Store
from fteval.stats.noise_floor import noise_floor

_OTHER_BATCHES = 600
"""Padded tokens per batch the second time: a few prompts each."""


def noise(experiment: Experiment, place: Place) -> tuple[RunRecord, tuple[NoiseFloor, ...]]:
    """Asks the base twice, the second time with another seed or (greedy) in other batches; keeps what changed."""
    if experiment.base is None:
        raise UserError("no model to ask twice", fix="name it with --model, or write base: into the config")
    if experiment.base.startswith("replay:"):
        raise UserError("saved outputs cannot be asked twice: they would be the same", fix="name the model itself")
    suite, store = build_suite(experiment), Store(place.store)
    drawn = [replace(experiment.sampling, **p.sampling).temperature for p in suite.probes]
    sampled = any(temperature > 0 for temperature in drawn)
    other = replace(experiment.sampling, seed=experiment.sampling.seed + 1) if sampled else experiment.sampling
    wanted = Wanted(references_of(experiment), experiment.base)
    records: list[RunRecord] = []
    limits: dict[str, Limits] = {}
    for again, sampling in ((False, experiment.sampling), (True, other)):
        asked = replace(experiment, sampling=sampling)
        # Other batches round other sums: on many machines that is all that greedy answers can differ by.
        batches = replace(place, batch_tokens=_OTHER_BATCHES) if again and not sampled else place
        with opened_pool(store, batches, experiment) as pool:
            judged, referees = appointed_for(suite, wanted, pool, batches)
            if referees is not None:
                referees.limits = limits  # the first answers settle them for both
            label = "base again" if again else BASE
            engine, asking = pool.open(experiment.base), Asking(judged, store, referees)
            records.append(execute(label, engine, asking, asked, batches, reuse=not again, go_on=place.command))
    here = "served" not in records[0].manifest and registry.scheme(experiment.base) is None
    floors = noise_floor(*records, how="another seed" if sampled else "other batches" if here else "asked again")
    store.save_noise(records[0], floors)
    return records[0], floors
