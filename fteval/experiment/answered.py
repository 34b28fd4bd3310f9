"""Answers that somebody asks for by name: one sample, or what differs between two runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fteval.errors import UserError, suggest
from fteval.experiment import saved, sheet
from fteval.experiment.sheet import Pair
from fteval.records import Comparison, ProbeResult, RunRecord, Sheet
from fteval.records.columns import beginning_with
from fteval.runs.journal.store import Store
from fteval.runs.reading.answers import Place

SIGNS = {"worse": (-1,), "better": (1,), "same": (0,), "changed": (-1, 1)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Which answers of two runs are wanted."""

    which: str = "changed"
    """A key of `SIGNS`."""
    probe: str | None = None
    """Its name, or `PROBE.METRIC`; None for all probes by their headlines."""
    candidate: str | None = None
    """Of a comparison with several; None for the one that its verdict is about."""
    limit: int | None = None


def sample(text: str, what: str, store: Path) -> Sheet:
    """The answers of a saved run or comparison to one sample, by its id or the beginning of one.

    Raises UserError with the nearest ids where none is meant, or several are.
    """
    subject = sheet.whole(saved.saved(what, store), store)
    base = subject.base if isinstance(subject, Comparison) else subject
    runs = [base, *(c.run for c in subject.candidates)] if isinstance(subject, Comparison) else [base]
    return sheet.sheet(subject, only=_meant(text, [p for run in runs for p in run.probes], subject.id))


def _meant(text: str, probes: Sequence[ProbeResult], where: str) -> list[Place]:
    """A sample that two probes ask is one; an id as it is goes before beginnings."""
    places = dict.fromkeys((p.probe, p.sample_ids[at]) for p in probes for at in beginning_with(p.sample_ids, text))
    begun = [place for place in places if place[1] == text] or list(places)
    ids = list(dict.fromkeys(i for _, i in begun))
    if len(ids) == 1:
        return begun
    if ids:
        shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        raise UserError(f"{len(ids):,} samples begin with {text!r}", where=where, fix=f"name one: {shown}")
    known = dict.fromkeys(i for p in probes for i in p.sample_ids)
    raise UserError(f"no sample {text!r}", where=where, fix=suggest(text, known))


def difference(runs: Sequence[str], wanted: Difference, store: Path) -> Sheet:
    """The answers that differ between two runs, or between the base and a candidate of a comparison.

    Raises UserError for a name that is not known, and for two runs that asked nothing in common.
    """
    pair = _pair(runs, wanted.candidate, store)
    probe, metric = _metric(pair, wanted.probe)
    found = sheet.changed(pair, probe, metric, SIGNS[wanted.which])
    return sheet.sheet(pair, wanted.limit, only=found)


def _pair(runs: Sequence[str], candidate: str | None, store: Path) -> Pair:
    if len(runs) > 2:
        raise UserError(f"two runs are shown side by side, found {len(runs)}", fix="fteval diff BASE CANDIDATE")
    if len(runs) == 2:
        return saved.saved_run(runs[0], store), saved.saved_run(runs[1], store)
    subject = sheet.whole(saved.saved(runs[0] if runs else _last_comparison(store), store), store)
    if isinstance(subject, RunRecord):
        raise UserError(
            f"{subject.id} is one run: there is nothing to hold it against",
            fix=f"fteval diff BASE {subject.id}  (`fteval runs list` shows all), or `fteval show SAMPLE`",
        )
    names = [c.name for c in subject.candidates]
    name = candidate or subject.chosen or names[0]
    if name not in names:
        raise UserError(f"no candidate {name!r}", where=subject.id, fix=suggest(name, names))
    return subject.base, subject.candidates[names.index(name)].run


def _last_comparison(store: Path) -> str:
    """Of the store, whatever was run since."""
    known = Store(store, readonly=True).comparisons()
    if not known:
        raise UserError("there is no comparison yet", where=str(store), fix="`fteval run` with a base makes one")
    return known[-1]


def _metric(pair: Pair, text: str | None) -> tuple[str | None, str | None]:
    """The probe and metric of `PROBE.METRIC`; both None where nothing is said."""
    known = {p.probe: p for p in pair[0].probes if p.probe in {q.probe for q in pair[1].probes}}
    if not known:
        raise UserError(
            f"{pair[0].id} and {pair[1].id} asked nothing in common that is still there",
            fix="name two runs of the same probes: `fteval runs list` shows them",
        )
    if text is None:
        return None, None
    probe, _, metric = (text, "", "") if text in known else text.rpartition(".")
    if probe not in known:
        raise UserError(f"no probe {text!r} in both runs", fix=suggest(text, known))
    metrics = [m.name for m in known[probe].metrics]
    if metric and metric not in metrics:
        raise UserError(f"{probe} has no metric {metric!r}", fix=suggest(metric, metrics))
    return probe, metric or None
