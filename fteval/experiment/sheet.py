"""Answers of saved runs side by side, the most harmful change first: what people look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq, gt, lt
from pathlib import Path

from fteval.evals.answer.refusal import refusal
from fteval.records import (
    Answer,
    Answered,
    CandidateResult,
    Comparison,
    Metric,
    ProbeResult,
    RunRecord,
    Sample,
    Sheet,
    primary,
)
from fteval.records.columns import Numbers
from fteval.runs.journal.run import read_run
from fteval.runs.reading import answers, results
from fteval.runs.reading.answers import Place

ANEW = (
    "answers were judged anew since this verdict, which rests on other scores than are shown beside them; "
    "`fteval gate` judges again"
)
NO_TEXT = "a baseline file keeps digests, not texts"
GONE = "this run is no longer in the store"
OTHER = "this run was asked something else under this id"


@dataclass(frozen=True, slots=True)
class _Side:
    """One model's run, with its scores where they are to be had."""

    name: str
    run: RunRecord

    @property
    def there(self) -> bool:
        return Path(self.run.path).is_dir()


def whole(subject: Comparison | RunRecord, store: Path) -> Comparison | RunRecord:
    """A saved comparison with the per-sample columns of its runs, which it is saved without."""
    if isinstance(subject, RunRecord):
        return subject
    base = _with_columns(subject.base, store)
    found = [replace(c, run=_with_columns(c.run, store)) for c in subject.candidates]
    warnings = [*subject.warnings, *([ANEW] if any(_judged_anew(base, c) for c in found) else [])]
    return replace(subject, base=base, candidates=tuple(found), warnings=tuple(warnings))


def _judged_anew(base: RunRecord, result: CandidateResult) -> bool:
    """Whether not as many samples got better and worse as when the verdict was made."""
    old, new = ({p.probe: p for p in run.probes} for run in (base, result.run))
    for change in result.changes:
        if change.probe in old and change.probe in new and change.metric.of is None:
            moved = _moved(old[change.probe], new[change.probe], change.metric)
            if moved is not None and moved != (change.better, change.worse):
                return True
    return False


def _moved(base: ProbeResult, other: ProbeResult, metric: Metric) -> tuple[int, int] | None:
    """How many samples got better and worse; None where none has both scores."""
    old, new = base.scores.get(metric.name), other.scores.get(metric.name)
    asked = [(one.sample_ids, one.sample_digests) for one in (base, other)]
    if isinstance(old, Numbers) and isinstance(new, Numbers) and asked[0] == asked[1]:
        # No score is NaN, which is neither more nor less than any other, nor the same.
        more, less, same = (sum(map(how, new.values, old.values)) for how in (gt, lt, eq))
        return ((more, less) if metric.better == "higher" else (less, more)) if more or less or same else None
    moves = [by for by in _moves(base, other, [metric]).values() if by is not None]
    return (sum(by > 0 for by in moves), sum(by < 0 for by in moves)) if moves else None


def _with_columns(run: RunRecord, store: Path) -> RunRecord:
    if run.probes:
        return run
    for path in (Path(run.path), store / "runs" / run.id):
        kept = read_run(path) if path.is_dir() else None
        if kept is not None:
            return replace(run, path=str(path), probes=results.record(kept).probes)
    return run


Pair = tuple[RunRecord, RunRecord]
"""A base and another run, whether or not they were ever compared."""


def sheet(
    subject: Comparison | RunRecord | Pair, most: int | None = None, only: Sequence[Place] | None = None
) -> Sheet:
    """Every answer of a comparison or a run that is `whole`, in order of harm; the first `most` of them.

    `only` these places in their order, where it is given.
    """
    sides = _sides(subject)
    columns = [{p.probe: p for p in side.run.probes} for side in sides]
    ordered = _ordered(subject, columns) if only is None else list(only)
    shown = ordered[:most]
    found = [answers.answers(side.run, set(shown)) if side.there else {} for side in sides]
    metrics = {name: p.metrics for one in columns for name, p in one.items()}
    return Sheet(
        names=tuple(side.name for side in sides),
        metrics=metrics,
        rows=tuple(_row(place, sides, found, columns) for place in shown if any(place in one for one in found)),
        total=len(ordered),
        gone=tuple(side.name for side in sides if not side.there),
    )


def order(subject: Comparison | RunRecord) -> list[Place]:
    """All samples of a comparison or a run that is `whole`, in order of harm."""
    return _ordered(subject, [{p.probe: p for p in side.run.probes} for side in _sides(subject)])


def changed(pair: Pair, probe: str | None, metric: str | None, signs: Collection[int]) -> list[Place]:
    """Samples whose score on a metric (by default each probe's headline) went down (-1), up (1), or stayed (0).

    The largest loss first, then the largest gain.
    """
    known = {p.probe: p for p in pair[1].probes}
    found: list[tuple[tuple[int, float], Place]] = []
    for one in pair[0].probes:
        if one.probe not in known or probe not in (None, one.probe):
            continue
        wanted = next(m for m in one.metrics if m.name == metric) if metric else primary(one.metrics)
        for i, by in _moves(one, known[one.probe], [wanted]).items():
            if by is not None and (by > 0) - (by < 0) in signs:
                found.append((_rank(by), (one.probe, i)))
    return [place for _, place in sorted(found, key=lambda one: one[0])]


def _sides(subject: Comparison | RunRecord | Pair) -> list[_Side]:
    if isinstance(subject, RunRecord):
        return [_Side(subject.ref, subject)]
    if isinstance(subject, tuple):
        names = [run.ref for run in subject] if subject[0].ref != subject[1].ref else [run.id for run in subject]
        return [_Side(name, run) for name, run in zip(names, subject, strict=True)]
    return [_Side("base", subject.base), *(_Side(c.name, c.run) for c in subject.candidates)]


# --- rows -----------------------------------------------------------------------------------------


def _row(
    place: Place,
    sides: Sequence[_Side],
    found: Sequence[Mapping[Place, tuple[Sample, Answer]]],
    columns: Sequence[Mapping[str, ProbeResult]],
) -> Answered:
    sample = next(one[place][0] for one in found if place in one)
    asked = sample.content_digest
    row = []
    for side, one, column in zip(sides, found, columns, strict=True):
        if place not in one:
            why = GONE if side.run.path and not side.run.id.startswith("baseline:") else NO_TEXT
            row.append(Answer(None, _scores(column.get(place[0]), place[1]), why))
        elif one[place][0].content_digest != asked:
            row.append(Answer(None, {}, OTHER))
        else:
            row.append(_with_refusal(sample, one[place][1]))
    return Answered(place[0], sample, tuple(row))


def _with_refusal(sample: Sample, answer: Answer) -> Answer:
    if answer.refuses or not answer.text:
        return answer
    return replace(answer, refuses=refusal(answer.text, sample.prompt_text) is not None)


def _scores(probe: ProbeResult | None, sample: str) -> dict[str, float | None]:
    if probe is None or sample not in probe.sample_ids:
        return {}
    at = probe.sample_ids.index(sample)
    return {name: column[at] for name, column in probe.scores.items()}


# --- the order ------------------------------------------------------------------------------------


def _ordered(subject: Comparison | RunRecord | Pair, columns: Sequence[Mapping[str, ProbeResult]]) -> list[Place]:
    """Worse ones first, then better ones, then what has no score, then what is as it was; the largest change first."""
    if isinstance(subject, RunRecord):
        ranks = [(_lowest(p, i), (p.probe, s)) for p in subject.probes for i, s in enumerate(p.sample_ids)]
        return [place for _, place in sorted(ranks, key=lambda one: one[0])]
    results = () if isinstance(subject, tuple) else subject.candidates
    names = [c.name for c in results]
    best = None if isinstance(subject, tuple) else subject.chosen
    chosen = names.index(best) + 1 if best in names else 1
    gated = {(g.gate.probe, g.gate.metric) for c in results for g in c.gates}
    order = [chosen, *(i for i in range(1, len(columns)) if i != chosen)]
    known = next((one for one in columns if one), {})
    found: list[tuple[tuple[tuple[int, float], ...], Place]] = []
    for name, probe in known.items():
        counted = [m for m in probe.metrics if m.primary or (name, m.name) in gated] or [primary(probe.metrics)]
        moves = [_moves(columns[0].get(name), columns[i].get(name), counted) for i in order]
        for s in probe.sample_ids:
            found.append((tuple(_rank(one.get(s)) for one in moves), (name, s)))
    return [place for _, place in sorted(found, key=lambda one: one[0])]


def _rank(move: float | None) -> tuple[int, float]:
    if move is None:
        return 2, 0.0
    return (0, move) if move < 0 else (1, -move) if move > 0 else (3, 0.0)


def _moves(base: ProbeResult | None, other: ProbeResult | None, counted: Sequence[Metric]) -> dict[str, float | None]:
    """Sample -> its largest loss on these metrics, else its largest gain, as a share of the largest there is."""
    if base is None or other is None:
        return {}
    place = {asked: at for at, asked in enumerate(zip(other.sample_ids, other.sample_digests, strict=True))}
    found: dict[str, list[float]] = {i: [] for i in base.sample_ids}
    for metric in counted:
        old, new = base.scores.get(metric.name), other.scores.get(metric.name)
        if old is None or new is None:
            continue
        sign = 1.0 if metric.better == "higher" else -1.0
        asked = zip(base.sample_ids, base.sample_digests, strict=True)
        pairs = [(one[0], old[at], new[place[one]]) for at, one in enumerate(asked) if one in place]
        moved = {i: sign * (y - x) for i, x, y in pairs if x is not None and y is not None}
        largest = 1.0 if metric.unit == "share" else max(map(abs, moved.values()), default=0.0) or 1.0
        for i, by in moved.items():
            found[i].append(by / largest)
    return {i: (min(by) if min(by) < 0 else max(by)) if by else None for i, by in found.items()}


def _lowest(probe: ProbeResult, at: int) -> tuple[int, float]:
    metric = primary(probe.metrics)
    score = probe.scores[metric.name][at]
    if score is None:
        return 1, 0.0
    return 0, score if metric.better == "higher" else -score
