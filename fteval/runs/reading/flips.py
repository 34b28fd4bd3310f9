"""What was answered: texts of single samples, and the samples whose score changed, with both answers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from fteval.errors import UserError
from fteval.records import Flip, Judged, ProbeResult, RunRecord, Sample, primary
from fteval.records.columns import Numbers, partners, places_of
from fteval.runs.journal import rows
from fteval.runs.journal.run import kept_run
from fteval.runs.reading import index


def texts(run: RunRecord, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The answers to these (probe, sample id); of several repeats the first. Parses only what it returns."""
    found: dict[tuple[str, str], str] = {}
    for probe in run.probes:
        places = places_of(probe.sample_ids, {sample for name, sample in wanted if name == probe.probe})
        answers = _answers(run, probe.probe, places.values())
        found |= {(probe.probe, i): a.text for i, a in zip(places, answers, strict=True) if a.text is not None}
    return found


def flips(base: RunRecord, candidate: RunRecord, probe: str, metric: str, limit: int) -> list[Flip]:
    """Samples whose score changed, the largest loss first, gains last; samples of equal change in the base's order.

    At most `limit`, of which a tenth is kept for the largest gains: a report of losses alone would hide them.
    Pairs by id and content: a sample that asks something else now is not a flip.
    """
    import numpy as np  # whoever reads single answers does without

    one, two = _probe(base, probe), _probe(candidate, probe)
    better = next(m.better for m in one.metrics if m.name == metric)
    sign = 1.0 if better == "higher" else -1.0
    columns = _changed(one, two, metric)
    order = np.argsort(sign * (columns[3] - columns[2]), kind="stable")
    n_gains = limit // 10 if len(order) > limit else 0
    chosen = (*order[: max(limit - n_gains, 0)], *order[len(order) - n_gains :])
    worst = [_Change(*(column[at].item() for column in columns)) for at in chosen]
    new = _answers(candidate, probe, [c.theirs for c in worst], metric)
    # A baseline file keeps scores and digests, no texts.
    old = _answers(base, probe, [c.ours for c in worst], metric) if Path(base.path).is_dir() else None
    return [
        Flip(
            probe=probe,
            metric=metric,
            sample=now.sample,
            base_score=c.before,
            candidate_score=c.after,
            base_text=None if old is None else old[n].text or "",
            candidate_text=now.text or "",
            reason=now.reason,
        )
        for n, (c, now) in enumerate(zip(worst, new, strict=True))
    ]


class _Change(NamedTuple):
    """A sample whose score changed: where each side has it, and its scores."""

    ours: int
    theirs: int
    before: float
    after: float


def _changed(one: ProbeResult, two: ProbeResult, metric: str) -> list[Any]:
    """The fields of `_Change` as arrays: of a million samples half may have changed."""
    import numpy as np

    partner = partners(one.sample_ids, two.sample_ids)
    in_step = isinstance(partner, range)
    pairs = [(i, j) for i, j in enumerate(partner) if j is not None] if not in_step else ()
    ours, theirs = [np.arange(len(partner))] * 2 if in_step else np.array(pairs, dtype=int).reshape(-1, 2).T
    before, after = (
        np.frombuffer(Numbers.of(side.scores[metric]).values)[at] for side, at in ((one, ours), (two, theirs))
    )
    moved = np.flatnonzero((before < after) | (before > after))  # no score is NaN, which is neither
    if not (in_step and one.sample_digests == two.sample_digests):
        same = (one.sample_digests[ours[at]] == two.sample_digests[theirs[at]] for at in moved)
        moved = moved[np.fromiter(same, dtype=bool, count=len(moved))]
    return [column[moved] for column in (ours, theirs, before, after)]


def worst(run: RunRecord, limit: int) -> list[Judged]:
    """The worst judged answers of each probe's primary metric, for a run that is compared with nothing.

    `limit` per probe, worst first; perfect ones are never among them.
    """
    return [one for result in run.probes for one in worst_by(run, result.probe, primary(result.metrics).name, limit)]


def worst_by(run: RunRecord, probe: str, metric: str, limit: int) -> list[Judged]:
    """The worst judged answers by one metric of a probe, worst first; perfect ones are never among them."""
    result = _probe(run, probe)
    (known,) = (m for m in result.metrics if m.name == metric)
    sign = 1.0 if known.better == "higher" else -1.0
    perfect = {"higher": 1.0, "lower": 0.0}[known.better] if known.unit == "share" else None
    scored = [(s, i) for i, s in enumerate(result.scores[metric]) if s is not None and s != perfect]
    least = sorted(scored, key=lambda pair: sign * pair[0])[: max(limit, 0)]
    answers = _answers(run, probe, [i for _, i in least], metric)
    return [
        Judged(probe, metric, found.sample, score, found.text or "", found.reason)
        for (score, _), found in zip(least, answers, strict=True)
    ]


class _Answer(NamedTuple):
    """A sample as evaluated, its first answer, and why it was scored so."""

    sample: Sample
    text: str | None
    reason: str | None


def _answers(run: RunRecord, probe: str, places: Collection[int], metric: str = "") -> list[_Answer]:
    """What was said to the samples at these places of a probe's columns."""
    found = []
    for row in index.rows_of(kept_run(Path(run.path)), probe, places):
        texts = (answer["text"] for answer in row.answers if answer is not None and answer["status"] == "ok")
        reason = None if row.last is None else row.last.get("reasons", {}).get(metric)
        found.append(_Answer(rows.to_sample(row.sample), next(texts, None), reason))
    return found


def _probe(run: RunRecord, name: str) -> ProbeResult:
    found = next((p for p in run.probes if p.probe == name), None)
    if found is None:
        raise UserError(f"run {run.id} has no probe '{name}'", fix=f"it has: {', '.join(p.probe for p in run.probes)}")
    return found
