"""Judging the answers that a run holds: apart from generating, so that a broken scorer costs no answer.

scores.jsonl has a line per pass (which probe, its digest, its metrics) and a line per judgement. Judging anew appends;
what counts is the last judgement by the last digest.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Protocol

from fteval.errors import UserError
from fteval.records import ComparingProbe, Generation, JudgedProbe, Metric, Probe, Sample, Scores, digest
from fteval.records.readings import Limits, Reading
from fteval.records.reasoning import NO_ANSWER, unanswered
from fteval.records.verdicts import Heard
from fteval.runs.asking import identity
from fteval.runs.asking.hearing import Testimony
from fteval.runs.asking.requests import KeysOf
from fteval.runs.asking.suite import SuiteProbe
from fteval.runs.journal import codec, journal, lines, rows
from fteval.runs.journal.finder import Finder, key_bytes
from fteval.runs.journal.store import Run

ProbeKeys = Sequence[Sequence[str]]
"""One probe's generation keys: per sample, per repeat."""


_ROUNDING = 1e-6


class Readings(Protocol):
    """What references say of a run's answers, and by which limits."""

    @property
    def limits(self) -> Mapping[str, Limits]: ...

    def of(self, probe: str, sample: Sample, repeat: int, text: str) -> Reading | None:
        """None where the probe has no reference."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What others than the probe say of the answers."""

    by_reference: Readings | None
    by_judge: Testimony | None


class Waiting:
    """Which probe, sample and repeat each answer is for: one prompt in two probes is one generation."""

    def __init__(self, keys: Sequence[ProbeKeys]) -> None:
        self._probes, self._samples, self._repeats = array("I"), array("I"), array("I")
        block = bytearray()
        for p, probe_keys in enumerate(keys):
            if isinstance(probe_keys, KeysOf):
                block += probe_keys.block()
                counts: Iterable[int] = repeat(probe_keys.repeats, len(probe_keys))
            else:
                block += b"".join(key_bytes(key) for of_sample in probe_keys for key in of_sample)
                counts = map(len, probe_keys)
            for s, n in enumerate(counts):
                self._probes.extend([p] * n)
                self._samples.extend([s] * n)
                self._repeats.extend(range(n))
        self._finder, self._taken = Finder(block, 32), bytearray(len(self._probes))

    def of(self, key: str) -> list[tuple[int, int, int]]:
        """(probe, sample, repeat) of each that waits for this answer."""
        return [(self._probes[at], self._samples[at], self._repeats[at]) for at in self._at(key)]

    def take(self, key: str) -> list[tuple[int, int, int]]:
        """The same, once: the first answer to a key is the one that counts."""
        places = self._at(key)
        for at in places:
            self._taken[at] = True
        return [(self._probes[at], self._samples[at], self._repeats[at]) for at in places]

    def _at(self, key: str) -> Sequence[int]:
        return [at for at in self._finder.places(key_bytes(key)) if not self._taken[at]]


def score(
    run: Run,
    probes: Sequence[SuiteProbe],
    keys: Sequence[ProbeKeys],
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    readings: Readings | None = None,
    testimony: Testimony | None = None,
) -> int:
    """Judges every answer of the run that these probes have not judged yet; hold the run's lock.

    Returns how many judgements were made, failed ones included. `guard` is entered around the probes' code. `readings`
    are what references say of the answers, `testimony` is what judges do.
    """
    limits = readings.limits if readings is not None else {}
    standings = testimony.standings if testimony is not None else {}
    probes = [_limited(probe, limits) for probe in probes]
    waiting = Waiting(keys)
    probes = _beside(run, probes, waiting)
    scores = journal.Journal(run.scores)
    try:
        done, passes = _judged(run)
        heads = {
            **{name: {"limits": codec.to_json(one)} for name, one in limits.items()},
            **{name: {"standing": codec.to_json(one)} for name, one in standings.items()},
        }
        numbers = _open_passes(scores, probes, passes, heads)
        standing = {key for name, keys in done.items() if passes[name]["pass"] in numbers for key in keys}
        said = _Said(readings, testimony)
        made = 0
        for batch in journal.chunks(lines.read(run.generations), 500):
            # Samples at a stretch: a file of them is sooner read than between judgements.
            taken = [
                (probes[p], s, probes[p].samples[s], r, answer, numbers[p])
                for answer in batch
                if answer["status"] == "ok"
                for p, s, r in waiting.take(answer["key"])
            ]
            with guard():
                records = [row for one in taken if (row := _record(*one, standing, said)) is not None]
            scores.write(records)
            made += len(records)
        scores.sync()
        return made
    finally:
        scores.close()


def _beside(run: Run, probes: Sequence[SuiteProbe], waiting: Waiting) -> list[SuiteProbe]:
    """The probes, with all answers of the run before those that judge one answer beside the others.

    These answers are part of what such a judgement is of: with another one, all are made anew.
    """
    answers: dict[int, list[tuple[Sample, str]]] = {
        i: [] for i, p in enumerate(probes) if isinstance(p.probe, ComparingProbe)
    }
    if not answers:
        return list(probes)
    seen: set[str] = set()
    for answer in lines.read(run.generations):
        if answer["status"] == "ok" and answer["key"] not in seen:
            seen.add(answer["key"])
            for i, s, _ in waiting.of(answer["key"]):
                if i in answers:
                    answers[i].append((probes[i].samples[s], answer["text"] or ""))
    made = list(probes)
    for i, told in answers.items():
        probe = probes[i].probe
        assert isinstance(probe, ComparingProbe)
        told.sort(key=lambda one: (one[0].id, one[1]))  # not in the order in which a server answered
        others = digest([[sample.id, text] for sample, text in told])
        asked = tuple(f"{one} {others}" for one in probes[i].sample_digests)
        made[i] = replace(probes[i], probe=probe.beside(told), sample_digests=asked)
    return made


def _judged(run: Run) -> tuple[dict[str, set[str]], dict[str, dict[str, Any]]]:
    """Keys of the judgements that stand, and the last pass, of each probe. A scorer's failure is no judgement."""
    done: dict[str, set[str]] = {}
    passes: dict[str, dict[str, Any]] = {}
    for record in lines.read(run.scores):
        probe = record["probe"]
        if "digest" in record:
            passes[probe], done[probe] = record, set()
        elif "error" not in record:
            done[probe].add(record["key"])
    return done, passes


def _open_passes(
    scores: journal.Journal,
    probes: Sequence[SuiteProbe],
    passes: Mapping[str, Mapping[str, Any]],
    heads: Mapping[str, Mapping[str, Any]],
) -> list[int]:
    """The pass number of each probe: its last one when nothing about it has changed, else a new one."""
    following = 1 + max((p["pass"] for p in passes.values()), default=-1)
    numbers = []
    for probe in probes:
        last, own = passes.get(probe.name), heads.get(probe.name, {})
        # How a judge stood is shown as it was in the end, though only whether it counts decides a score.
        if last is not None and last["digest"] == probe.digest and last.get("standing") == own.get("standing"):
            numbers.append(last["pass"])
            continue
        metrics = identity.metric_fields(probe.probe.metrics)
        head = {"pass": following, "probe": probe.name, "digest": probe.digest, "metrics": metrics}
        scores.write([{**head, **own, "time": journal.timestamp()}])
        numbers.append(following)
        following += 1
    return numbers


def _record(
    probe: SuiteProbe,
    s: int,
    sample: Sample,
    r: int,
    answer: Mapping[str, Any],
    number: int,
    done: set[str],
    said: _Said,
) -> dict[str, Any] | None:
    heard, replies = (said.by_judge and said.by_judge.of(probe.name, sample, r)) or (None, ())
    asked = probe.sample_digests[s] if heard is None else f"{probe.sample_digests[s]} {heard.content}"
    key = identity.score_key(probe.digest, asked, answer["key"], answer["text"], answer.get("finish_reason"))
    if key in done:
        return None
    generation = rows.to_generation(answer, sample.id, r)
    reading = said.by_reference.of(probe.name, sample, r, answer["text"]) if said.by_reference else None
    if reading is not None or heard is not None:
        generation = replace(generation, reading=reading, heard=heard)
    judged = judge(probe.probe, sample, generation)
    row = {"probe": probe.name, "sample": sample.id, "repeat": r, "pass": number, "key": key, **judged}
    if heard is not None:
        row["heard"] = {"keys": list(replies), "base": heard.base, "is_base": heard.is_base}
    return row if reading is None else {**row, "reading": _numbers(reading)}


def _limited(probe: SuiteProbe, limits: Mapping[str, Limits]) -> SuiteProbe:
    """The probe with its limits in its digest. How a judge stood is no part of it: each run tries its judge itself."""
    if probe.name not in limits:
        return probe
    return replace(probe, given_digest=identity.limited_digest(probe.digest, limits[probe.name]))


def _numbers(reading: Reading) -> dict[str, Any]:
    """A reading as it stands in a judgement: the limits are those of its pass."""
    return {name: value for name, value in codec.to_json(reading).items() if name != "limits"}


def judge(probe: Probe, sample: Sample, generation: Generation) -> dict[str, Any]:
    """`values`, `answer` and `reasons` of one answer; where the probe fails, its `error`."""
    if unanswered(generation):
        return {"no_answer": True, **_fields(no_answer(probe.metrics), probe.metrics)}
    # `isinstance` with a protocol costs more than most scorers: asked only of what may be one.
    if generation.heard is None and hasattr(probe, "trials") and isinstance(probe, JudgedProbe):
        # Nobody was asked: replies that a row holds are about another answer.
        generation = replace(generation, heard=Heard())
    try:
        scores = probe.score(sample, generation)
        return _fields(scores, probe.metrics)
    except Exception as error:  # a probe is anybody's code: whatever it raises is this sample's `score_error`
        what = error.what if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return {"status": "score_error", "error": what[:1000]}


def no_answer(metrics: Sequence[Metric]) -> Scores:
    """The scores of an output in which no answer had begun: none, since the limit decides here and not the model."""
    names = [metric.name for metric in metrics]
    return Scores(dict.fromkeys(names), reasons=dict.fromkeys(names, NO_ANSWER))


def _fields(scores: Scores, metrics: Sequence[Metric]) -> dict[str, Any]:
    values: dict[str, float | None] = {}
    reasons = {str(metric): str(reason) for metric, reason in scores.reasons.items()}
    for metric in metrics:
        value = scores.values.get(metric.name)
        if value is None:
            reasons.setdefault(metric.name, "not judged; the probe gave no reason")
        elif not math.isfinite(value):
            reasons[metric.name] = f"the probe returned {value}, which is not a score"
            value = None
        elif metric.unit == "share" and not -_ROUNDING <= value <= 1 + _ROUNDING:
            # Kept as it is it would outweigh every honest sample; cut to 1 it would pass for the best of them.
            raise ValueError(f"{metric.name} is {value:g}, but a share lies between 0 and 1")
        values[metric.name] = None if value is None else float(value)
    answer = None if scores.answer is None else str(scores.answer)
    return {"values": values, "answer": answer, "reasons": reasons}
