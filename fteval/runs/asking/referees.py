"""Who judges which probe of a comparison, and what they said of a run's answers: journalled, and reused like answers.

readings.jsonl has a line for each likelihood, keyed by judge, prompt and text. Whose answers count as good ones is one
run's business: the base's, so that candidates are judged by its limits and not by their own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from fteval.records import Sample, ServedEngine
from fteval.records.readings import Likelihood, Limit, Limits, Reading
from fteval.runs.asking.interrupt import guarded
from fteval.runs.asking.judges import Judges
from fteval.runs.asking.reference import Answer, Pair, Reader, Reference, settled
from fteval.runs.asking.suite import SuiteProbe
from fteval.runs.journal import journal, lines, rows
from fteval.runs.journal.store import Run, Store

Guard = Callable[[], AbstractContextManager[None]]
ProbeKeys = Sequence[Sequence[str]]


@dataclass(slots=True)
class Referees:
    """The references of one comparison. Its runs share it: the base's settles the limits, and candidates find them."""

    references: Mapping[str, Reference]
    """Probe -> who judges it; a probe that is not here is judged by rules alone."""
    base: str | None = None
    """Digest of the engine whose answers are the good ones; None where the only run there is takes its own."""
    limits: dict[str, Limits] = field(default_factory=dict)
    """Probe -> the limits, once they are settled."""
    tell: Callable[[str, int, int], None] = lambda ref, done, total: None
    """Hears how far a reading is."""
    judges: Judges | None = None
    """Who judges by what they say."""

    @property
    def named(self) -> dict[str, dict[str, str]]:
        """Probe -> ref and digest of its judge, for the run's manifest."""
        return {name: {"ref": one.ref, "digest": one.digest} for name, one in self.references.items()}


@dataclass(slots=True)
class Readings:
    """What the references say of the answers of one run."""

    readers: Mapping[str, Reader]
    limits: Mapping[str, Limits]

    def of(self, probe: str, sample: Sample, repeat: int, text: str) -> Reading | None:
        """The reading of an answer; None where the probe has no reference."""
        reader = self.readers.get(probe)
        return None if reader is None else reader.reading(Answer(sample.id, sample.messages, text), self.limits[probe])


def wants_reference(probe: Any) -> bool:
    """Whether a probe makes use of a reference, itself or through the one that it wraps."""
    inner = getattr(probe, "wrapped", None)
    return bool(getattr(probe, "asks_reference", False)) or (inner is not None and wants_reference(inner))


@dataclass(slots=True)
class Judging:
    """The references at work on one run."""

    referees: Referees
    store: Store
    run: Run
    engine: str
    """Digest of the engine that answered."""
    readers: dict[str, Reader] = field(default_factory=dict)
    """Judge's digest -> its reader."""
    written: dict[str, Likelihood] = field(default_factory=dict)
    """What a judge said of its own answers while it wrote them."""
    n_read: int = 0
    n_reused: int = 0
    seconds: float = 0.0

    def readings(
        self, probes: Sequence[SuiteProbe], keys: Sequence[ProbeKeys], guard: Guard, *, last: bool
    ) -> Readings:
        """Readings of every answer that is there; `last` when no more answers will come."""
        began = time.perf_counter()
        if not self.readers:
            self._begin()
        answers = self._answers(probes, keys)
        file = journal.Journal(self.run.readings)
        try:
            for name, given in answers.items():
                self._ask(name, (pair for answer in given for pair in answer.pairs), file, guard)
            limits = {name: self._limits(name, given, file, guard, last) for name, given in answers.items()}
        finally:
            file.close()
            self.seconds += time.perf_counter() - began
        return Readings({name: self._reader(name) for name in answers}, limits)

    @property
    def cost(self) -> dict[str, Any]:
        """What it took, for the run's events. Not `seconds`: those are of answering."""
        return {"likelihoods": self.n_read, "reused": self.n_reused, "took": round(self.seconds, 3)}

    def _reader(self, probe: str) -> Reader:
        return self.readers[self.referees.references[probe].digest]

    def _begin(self) -> None:
        """A reader for each judge, which knows what this run's journal holds."""
        for reference in self.referees.references.values():
            self.readers.setdefault(reference.digest, Reader(reference))
        known = dict(likelihoods(self.run))
        for reader in self.readers.values():
            reader.known |= known

    def _answers(self, probes: Sequence[SuiteProbe], keys: Sequence[ProbeKeys]) -> dict[str, list[Answer]]:
        """Probe -> its answers, of the probes that have a reference."""
        found: dict[str, list[Answer]] = {p.name: [] for p in probes if p.name in self.referees.references}
        asked: dict[str, list[tuple[str, Sample]]] = {}
        for probe, of_probe in zip(probes, keys, strict=True):
            for sample, of_sample in zip(probe.samples, of_probe, strict=True) if probe.name in found else ():
                for key in of_sample:
                    asked.setdefault(key, []).append((probe.name, sample))
        for row in lines.read(self.run.generations):
            for name, sample in asked.pop(row["key"], ()) if row["status"] == "ok" else ():
                found[name].append(Answer(sample.id, sample.messages, row["text"]))
                if "likelihood" in row and self.referees.references[name].digest == self.engine:
                    self.written[self._reader(name).key(sample.messages, row["text"])] = Likelihood(*row["likelihood"])
        return found

    def _ask(self, name: str, pairs: Iterable[Pair], file: journal.Journal, guard: Guard) -> None:
        """Has the probe's reference say what neither this run nor an earlier one knows, bit by bit."""
        reader = self._reader(name)
        wanted = reader.missing(pairs)
        reused = self._earlier(reader, wanted) if wanted else {}
        if reused:
            reader.known |= reused
            file.append({**_line(key, one), "reused": True} for key, one in reused.items())
            self.n_reused += len(reused)
        left = {key: pair for key, pair in wanted.items() if key not in reused}
        done = 0
        self.referees.tell(name, done, len(left))
        for found in guarded(reader.ask(left), guard):
            file.append(_line(key, one) for key, one in found.items())
            self.n_read += len(found)
            done += len(found)
            self.referees.tell(name, done, len(left))

    def _earlier(self, reader: Reader, wanted: Mapping[str, Any]) -> dict[str, Likelihood]:
        """What earlier runs know, or the judge said itself; nothing of a server's model, whose name is no content."""
        engine = reader.reference.engine
        if isinstance(engine, ServedEngine) and not engine.timeless:
            return {}
        found = {key: self.written[key] for key in wanted if key in self.written}
        for run in reversed(self.store.runs()):
            if len(found) == len(wanted):
                break
            judges = run.manifest.get("references") or {}
            if run.id != self.run.id and reader.reference.digest in {one["digest"] for one in judges.values()}:
                missing = {key.encode() for key in wanted if key not in found}
                found |= dict(likelihoods(run, missing))
        return found

    def _limits(self, name: str, answers: Sequence[Answer], file: journal.Journal, guard: Guard, last: bool) -> Limits:
        if name in self.referees.limits:
            return self.referees.limits[name]
        reader, alone = self._reader(name), self.referees.base is None
        if not alone and self.referees.base != self.engine:
            return _none(reader, "nobody has settled its limits: the base was not read")
        of = "its own answers: there is no base" if alone else "the base's own answers"

        def ask(pairs: Iterable[Pair]) -> None:
            self._ask(name, pairs, file, guard)

        found = settled(reader, answers, of, ask, alone=alone)
        if last or found.ceiling.value is not None:
            self.referees.limits[name] = found
        return found


def likelihoods(run: Run, keys: set[bytes] | None = None) -> Iterator[tuple[str, Likelihood]]:
    """What a run's journal holds, of these keys or all of it."""
    found = lines.checked(run.readings) if keys is None else rows.answers_among(run.readings, keys)
    for line in found:
        row = lines.parse(line.data)
        yield row["key"], Likelihood(math.nan if row["nats"] is None else row["nats"], row["tokens"], row["size"])


def _line(key: str, one: Likelihood) -> dict[str, Any]:
    nats = one.nats if math.isfinite(one.nats) else None
    return {"key": key, "status": "ok", "nats": nats, "tokens": one.tokens, "size": one.size}


def _none(reader: Reader, reason: str) -> Limits:
    nothing = Limit(None, reason=reason)
    return Limits(reader.reference.ref, reader.reference.digest, "nobody's answers", 0, nothing, nothing)
