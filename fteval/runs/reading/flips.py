"""What was answered: texts of single samples, and the samples whose score changed, with both answers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from fteval.errors import UserError
from fteval.records import Flip, Judged, ProbeResult, RunRecord, Sample, primary
from fteval.runs.journal import lines, rows


def texts(run: RunRecord, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The answers to these (probe, sample id); of several repeats the first. Parses only what it returns."""
    return {place: text for place, (_, text) in _answers(Path(run.path), wanted).items() if text is not None}


def flips(base: RunRecord, candidate: RunRecord, probe: str, metric: str, limit: int) -> list[Flip]:
    """Samples whose score changed, the largest loss first, gains last; samples of equal change in the base's order.

    At most `limit`, of which a tenth is kept for the largest gains: a report of losses alone would hide them.
    Pairs by id and content: a sample that asks something else now is not a flip.
    """
    one, two = _probe(base, probe), _probe(candidate, probe)
    better = next(m.better for m in one.metrics if m.name == metric)
    sign = 1.0 if better == "higher" else -1.0
    other = {i: (d, s) for i, d, s in zip(two.sample_ids, two.sample_digests, two.scores[metric], strict=True)}
    changed = []
    for i, d, before in zip(one.sample_ids, one.sample_digests, one.scores[metric], strict=True):
        same, after = other.get(i, (None, None))
        if same == d and before is not None and after is not None and before != after:
            changed.append((i, before, after))
    ordered = sorted(changed, key=lambda c: sign * (c[2] - c[1]))
    n_gains = limit // 10 if len(ordered) > limit else 0
    worst = ordered[: max(limit - n_gains, 0)] + ordered[len(ordered) - n_gains :]
    places = {(probe, i) for i, _, _ in worst}
    new = _answers(Path(candidate.path), places)
    # A baseline file keeps scores and digests, no texts.
    old = _answers(Path(base.path), places) if Path(base.path).is_dir() else {}
    reasons = _reasons(Path(candidate.path), places, metric)
    return [
        Flip(
            probe=probe,
            metric=metric,
            sample=new[probe, i][0],
            base_score=before,
            candidate_score=after,
            base_text=(old[probe, i][1] or "") if old else None,
            candidate_text=new[probe, i][1] or "",
            reason=reasons.get((probe, i)),
        )
        for i, before, after in worst
    ]


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
    column = zip(result.sample_ids, result.scores[metric], strict=True)
    scored = [(s, i) for i, s in column if s is not None and s != perfect]
    least = sorted(scored, key=lambda pair: sign * pair[0])[: max(limit, 0)]
    places = {(probe, i) for _, i in least}
    answers, reasons = _answers(Path(run.path), places), _reasons(Path(run.path), places, metric)
    return [
        Judged(probe, metric, answers[probe, i][0], score, answers[probe, i][1] or "", reasons.get((probe, i)))
        for score, i in least
    ]


def _answers(path: Path, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[Sample, str | None]]:
    """(probe, sample id) -> the sample as evaluated and its first answer; parses only the lines that it wants."""
    asked = {
        (row["probe"], row["id"]): (rows.to_sample(row), row["keys"])
        for row in rows.samples_among(path / "samples.jsonl", places)
    }
    wanted = {key.encode() for _, keys in asked.values() for key in keys}
    texts: dict[str, str] = {}
    for line in rows.answers_among(path / "generations.jsonl", wanted):
        row = lines.parse(line.data)
        texts.setdefault(row["key"], row["text"])
    return {
        place: (sample, next((texts[key] for key in keys if key in texts), None))
        for place, (sample, keys) in asked.items()
    }


def _reasons(path: Path, places: Collection[tuple[str, str]], metric: str) -> dict[tuple[str, str], str]:
    """The reasons of the last judgements: later lines replace earlier ones."""
    found: dict[tuple[str, str], str] = {}
    for row in rows.judgements_among(path / "scores.jsonl", places):
        place = row["probe"], row["sample"]
        found.pop(place, None)
        if metric in row.get("reasons", {}):
            found[place] = row["reasons"][metric]
    return found


def _probe(run: RunRecord, name: str) -> ProbeResult:
    found = next((p for p in run.probes if p.probe == name), None)
    if found is None:
        raise UserError(f"run {run.id} has no probe '{name}'", fix=f"it has: {', '.join(p.probe for p in run.probes)}")
    return found
