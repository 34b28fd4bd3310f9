"""A saved result as it would be if the probe had said what people say: named in the report, and never kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fteval.errors import UserError
from fteval.experiment import opinions, sheet
from fteval.records import CandidateResult, Comparison, ProbeResult, RunRecord
from fteval.records.people import Labels
from fteval.reports.view.words import UNWRITTEN
from fteval.runs.reading.opinions import labels
from fteval.stats import verdict
from fteval.stats.compare import compare, conclude
from fteval.stats.noise_floor import held_open


def with_labels(subject: Comparison | RunRecord, store: Path) -> Comparison | RunRecord:
    """A saved run or comparison with people's scores in place. Raises UserError where there are none."""
    whole = sheet.whole(subject, store)
    sides = opinions.sides_of(whole, store)
    said = [labels(side.path, side.find) for side in sides]
    if not any(one.kept for one in said):
        raise UserError(
            "nobody has labelled these answers", where=subject.id, fix=f"`fteval view {subject.id}` takes labels"
        )
    runs = [_relabelled(side.run, one) for side, one in zip(sides, said, strict=True)]
    told = tuple(_told([side.name for side in sides], said))
    if isinstance(whole, RunRecord):
        return replace(runs[0], people=whole.people, warnings=(*told, *runs[0].warnings))
    return _judged(whole, runs, told)


def _judged(whole: Comparison, runs: Sequence[RunRecord], told: tuple[str, ...]) -> Comparison:
    base, old = runs[0], whole.candidates
    asked = [g.gate for c in old for g in c.gates if g.gate.where not in UNWRITTEN and not g.gate.anchor]
    gates = list({_key(gate): gate for gate in asked}.values())
    named = [(c.name, run) for c, run in zip(old, runs[1:], strict=True)]
    found = compare(base, named, gates, allow=("subset", "same"))
    results = [_held(base, held_open(base, new, whole.noise), then) for new, then in zip(found, old, strict=True)]
    made = conclude(whole.id, base, results, command=whole.command, noise=whole.noise)
    then = f"the saved verdict, by the probes' scores, is {whole.verdict.replace('_', ' ')}"
    return replace(made, warnings=(*told, then, *whole.warnings), costs=whole.costs, people=whole.people)


def _held(base: RunRecord, new: CandidateResult, then: CandidateResult) -> CandidateResult:
    """The new result; what could not be decided for another reason than scores still cannot."""
    kept = {_key(g.gate): g for g in then.gates if g.result == "incomplete" or g.gate.anchor}
    shown = [kept.pop(_key(g.gate), g) for g in new.gates]
    gates = (*shown, *kept.values())
    word, reason = verdict.of_candidate(base, new.run, gates, new.unguarded)
    if then.verdict == "incomplete" and word == "ship":
        word, reason = then.verdict, then.reason
    warnings = tuple(dict.fromkeys((*new.warnings, *then.warnings)))
    about = {name: getattr(then, name) for name in ("training", "curve", "kind", "made")}
    return replace(new, gates=gates, verdict=word, reason=reason, warnings=warnings, **about)


def _key(gate: object) -> str:
    return repr(gate)


def _relabelled(run: RunRecord, said: Labels) -> RunRecord:
    return replace(run, probes=tuple(_of_probe(probe, said) for probe in run.probes))


def _of_probe(probe: ProbeResult, said: Labels) -> ProbeResult:
    place = {sample: at for at, sample in enumerate(probe.sample_ids)}
    scores = {name: list(column) for name, column in probe.scores.items()}
    for (of_probe, sample, metric), label in said.kept.items():
        if of_probe == probe.probe and sample in place and metric in scores:
            scores[metric][place[sample]] = label.value
    return replace(probe, scores=scores)


def _told(names: Sequence[str], said: Sequence[Labels]) -> Iterator[str]:
    for name, one in zip(names, said, strict=True):
        by: dict[tuple[str, str], list[bool]] = {}
        for (probe, _, metric), label in one.kept.items():
            by.setdefault((probe, metric), []).append(label.drawn)
        for (probe, metric), drawn in sorted(by.items()):
            chosen = len(drawn) - sum(drawn)
            how = f", {chosen} of them chosen by hand, which can lean to either side" if chosen else ""
            yield f"BY LABELS: {len(drawn)} scores of {probe}.{metric} of {name} are those of people{how}"
