"""A model asked twice: what changes when nothing was changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.measure import Asking, execute
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.prepare import BASE, appointed_for, references_of
from fteval.experiment.suite import build_suite
from fteval.records import NoiseFloor, RunRecord, Sampling
from fteval.records.readings import Limits
from fteval.records.verdicts import Standing
from fteval.runs.asking.appoint import Wanted
from fteval.runs.journal.store import Store
from fteval.stats.noise_floor import noise_floor

_OTHER_BATCHES = 600
"""Padded tokens per batch the second time: a few prompts each."""


@dataclass(frozen=True, slots=True)
class Again:
    """How the model is asked again, once for each; by default once, with another seed or in small batches."""

    seeds: tuple[int, ...] = ()
    batch_tokens: tuple[int, ...] = ()


ONCE = Again()


def noise(experiment: Experiment, place: Place, again: Again = ONCE) -> tuple[RunRecord, tuple[NoiseFloor, ...]]:
    """Asks the base twice or more, with other seeds or in other batches; keeps what changed.

    Raises UserError where there is no model to ask, and for seeds of greedy answers.
    """
    if experiment.base is None:
        raise UserError("no model to ask twice", fix="name it with --model, or write base: into the config")
    if experiment.base.startswith("replay:"):
        raise UserError("saved outputs cannot be asked twice: they would be the same", fix="name the model itself")
    if again.seeds and experiment.sampling.temperature == 0:
        raise UserError("greedy answers have no seed", fix="--temperature, or --other-batch-tokens")
    suite, store = build_suite(experiment), Store(place.store)
    wanted = Wanted(references_of(experiment), experiment.base)
    limits: dict[str, Limits] = {}
    standings: dict[str, Standing] = {}

    def asked(label: str, sampling: Sampling, where: Place) -> RunRecord:
        with opened_pool(store, where, experiment) as pool:
            judged, referees = appointed_for(suite, wanted, pool, where)
            if referees is not None:
                referees.limits = limits  # the first answers settle them for all
                if referees.judges is not None:
                    referees.judges.standings = standings
            engine, asking = pool.open(experiment.base or ""), Asking(judged, store, referees)
            drawn = replace(experiment, sampling=sampling)
            return execute(label, engine, asking, drawn, where, reuse=label == BASE, go_on=place.command)

    first = asked(BASE, experiment.sampling, place)
    floors: list[NoiseFloor] = []
    for how, sampling, where in _ways(experiment, place, again, local="served" not in first.manifest):
        floors += noise_floor(first, asked(f"base again, {how}", sampling, where), how=how)
    store.save_noise(first, floors)
    return first, tuple(floors)


def _ways(experiment: Experiment, place: Place, again: Again, *, local: bool) -> Iterator[tuple[str, Sampling, Place]]:
    """In which ways the model is asked again, in words and in settings."""
    sampling = experiment.sampling
    for seed in again.seeds:
        yield f"seed {seed}", replace(sampling, seed=seed), place
    for tokens in again.batch_tokens:
        yield f"batches of {tokens} tokens", sampling, replace(place, batch_tokens=tokens)
    if again.seeds or again.batch_tokens:
        return
    if sampling.temperature > 0:
        yield "another seed", replace(sampling, seed=sampling.seed + 1), place
    else:
        # Other batches round other sums: on many machines that is all that greedy answers can differ by.
        here = local and registry.scheme(experiment.base or "") is None
        yield "other batches" if here else "asked again", sampling, replace(place, batch_tokens=_OTHER_BATCHES)
