"""The judges at work on one run: asked about its answers, after they have stood their own tests in it.

replies.jsonl has a line for each reply, as generations.jsonl has for answers, keyed by judge, prompt and sampling. The
base's run comes first: its answers are what a judge is tried on, and what those of candidates are held against.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from fteval.records import Generation, JudgedProbe, Request, Sample, ServedEngine
from fteval.records.verdicts import Heard, Reply, Standing, Turns
from fteval.runs.asking.interrupt import guarded
from fteval.runs.asking.judges import Judge, Judges, heard, standing_of
from fteval.runs.asking.suite import SuiteProbe
from fteval.runs.journal import codec, journal, lines, rows
from fteval.runs.journal.store import Run, Store

Guard = Callable[[], AbstractContextManager[None]]
Tell = Callable[[str, int, int], None]
Said = Mapping[tuple[str, str, int], tuple[Heard, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What judges said of the answers of one run."""

    standings: Mapping[str, Standing]
    said: Said
    """By probe, sample and repeat; with the keys of the replies."""

    def of(self, probe: str, sample: Sample, repeat: int) -> tuple[Heard, tuple[str, ...]] | None:
        """What is said of an answer; None where the probe has no judge."""
        standing = self.standings.get(probe)
        return None if standing is None else self.said.get((probe, sample.id, repeat), (Heard(standing=standing), ()))


@dataclass(frozen=True, slots=True)
class _Answer:
    sample: Sample
    repeat: int
    text: str


@dataclass(slots=True)
class Hearing:
    """The judges at work on one run."""

    judges: Judges
    store: Store
    run: Run
    ref: str
    """Of the model that answered."""
    tell: Tell
    n_asked: int = 0
    n_reused: int = 0
    seconds: float = 0.0
    written: set[str] = field(default_factory=set)
    """Keys of the replies that this run's journal holds."""
    settling: set[str] = field(default_factory=set)
    """Probes whose judge this run is the first to try, and has had too few answers for so far."""

    def testimony(
        self, probes: Sequence[SuiteProbe], keys: Sequence[Sequence[Sequence[str]]], guard: Guard, *, last: bool
    ) -> Testimony:
        """What is said of every answer that is there; `last` when no more answers will come."""
        began = time.perf_counter()
        if not self.written:
            known = replies(self.run)
            self.judges.known |= known
            self.written |= known.keys()
        given = self._answers(probes, keys)
        said: dict[tuple[str, str, int], tuple[Heard, tuple[str, ...]]] = {}
        standings: dict[str, Standing] = {}
        file = journal.Journal(self.run.replies)
        try:
            for suite_probe in probes:
                name, probe = suite_probe.name, suite_probe.probe
                if name not in given or not isinstance(probe, JudgedProbe):
                    continue
                is_base = self.ref == self.judges.base
                if is_base:
                    self.judges.answers[name] = {(a.sample.id, a.repeat): a.text for a in given[name]}
                standings[name] = self._standing(name, probe, given[name], file, guard, last)
                said |= self._said(name, probe, given[name], standings[name], file, guard)
        finally:
            file.close()
            self.seconds += time.perf_counter() - began
        return Testimony(standings, said)

    @property
    def cost(self) -> dict[str, Any]:
        """What it took, for the run's events."""
        return {"replies": self.n_asked, "reused": self.n_reused, "took": round(self.seconds, 3)}

    def _answers(
        self, probes: Sequence[SuiteProbe], keys: Sequence[Sequence[Sequence[str]]]
    ) -> dict[str, list[_Answer]]:
        found: dict[str, list[_Answer]] = {p.name: [] for p in probes if p.name in self.judges.judges}
        places: dict[str, list[tuple[str, Sample, int]]] = {}
        for probe, of_probe in zip(probes, keys, strict=True):
            for sample, of_sample in zip(probe.samples, of_probe, strict=True) if probe.name in found else ():
                for repeat, key in enumerate(of_sample):
                    places.setdefault(key, []).append((probe.name, sample, repeat))
        for row in lines.read(self.run.generations):
            for name, sample, repeat in places.pop(row["key"], ()) if row["status"] == "ok" else ():
                found[name].append(_Answer(sample, repeat, row["text"]))
        return found

    def _standing(
        self, name: str, probe: JudgedProbe, given: Sequence[_Answer], file: journal.Journal, guard: Guard, last: bool
    ) -> Standing:
        """How the judge stands its tests: settled by the first run of the comparison, for all. What it is so far
        counts for the others in a look before the end."""
        if name in self.judges.standings and name not in self.settling:
            return self.judges.standings[name]
        judge = self.judges.judges[name]
        first = [(a.sample, a.text) for a in given if a.repeat == 0]
        trials = probe.trials(first)
        requests = self._ask(name, [turns for trial in trials for turns in trial.asked], file, guard)
        found = standing_of(judge, probe, trials, lambda turns: list(map(self._reply, requests[turns])))
        required = [test for test in found.tests if test.required]
        self.judges.standings[name] = found
        if last or (required and all(test.trials >= _ENOUGH for test in required)):
            self.settling.discard(name)
        else:
            self.settling.add(name)
        return found

    def _said(
        self,
        name: str,
        probe: JudgedProbe,
        given: Sequence[_Answer],
        standing: Standing,
        file: journal.Journal,
        guard: Guard,
    ) -> dict[tuple[str, str, int], tuple[Heard, tuple[str, ...]]]:
        is_base = probe.beside_base and self.ref == self.judges.base
        theirs = self.judges.answers.get(name, {}) if probe.beside_base else {}
        asked: list[tuple[_Answer, str | None, tuple[Turns, ...]]] = []
        for one in given:
            base = theirs.get((one.sample.id, one.repeat))
            # A judge that failed its tests is not asked: nothing that it says would count.
            nothing = is_base or standing.fault is not None
            asked.append((one, base, () if nothing else probe.asks(one.sample, one.text, base)))
        requests = self._ask(name, [turns for _, _, questions in asked for turns in questions], file, guard)
        found = {}
        for one, base, questions in asked:
            sent = [request for turns in questions for request in requests[turns]]
            heard = Heard(tuple(map(self._reply, sent)), standing, None if is_base else base, is_base)
            found[name, one.sample.id, one.repeat] = heard, tuple(request.key for request in sent)
        return found

    def _reply(self, request: Request) -> Reply:
        return self.judges.known.get(request.key, Reply(None, "it was not asked"))

    def _ask(
        self, name: str, asked: Sequence[Turns], file: journal.Journal, guard: Guard
    ) -> dict[Turns, list[Request]]:
        """Has the judge reply to what neither this comparison nor an earlier run knows; what was sent, by question."""
        judge = self.judges.judges[name]
        sent = judge.requests(asked)
        wanted = {request.key: request for of_one in sent.values() for request in of_one}
        there = {key: reply for key in wanted if (reply := self.judges.known.get(key)) and reply.text is not None}
        earlier = self._earlier(judge, wanted.keys() - there.keys())
        self.judges.known |= earlier
        reused = [_line(key, reply) for key, reply in {**there, **earlier}.items() if key not in self.written]
        file.append(reused)
        self.n_reused += len(reused)
        self.written |= {row["key"] for row in reused}
        left = [request for key, request in wanted.items() if key not in there and key not in earlier]
        done = 0
        if left:
            self.tell(name, done, len(left))
        for group in guarded(judge.engine.generate(left, judge.sampling) if left else iter(()), guard):
            file.append(rows.from_generation(one) for one in group)
            self.judges.known |= {one.key: heard(one) for one in group}
            self.written |= {one.key for one in group if one.ok}
            self.n_asked += len(group)
            done += len(group)
            self.tell(name, done, len(left))
        return sent

    def _earlier(self, judge: Judge, wanted: Collection[str]) -> dict[str, Reply]:
        """What earlier runs hold of this very model; of a server's, its name is no content."""
        found: dict[str, Reply] = {}
        for run in reversed(self.store.runs()):
            if len(found) == len(wanted):
                break
            of_run = [one for one in (run.manifest.get("judges") or {}).values() if one["digest"] == judge.digest]
            engine = judge.engine
            if isinstance(engine, ServedEngine):
                of_run = [one for one in of_run if engine.same(one["served"], judge.served)]
            if run.id != self.run.id and of_run:
                found |= replies(run, {key.encode() for key in wanted if key not in found})
        return found


_ENOUGH = 8
"""Trials of each kind, after which more answers change nothing."""


def saved_testimony(run: Run) -> Testimony:
    """What a run's journals hold of its judges: nothing is asked again."""
    standings: dict[str, Standing] = {}
    said: dict[tuple[str, str, int], tuple[Heard, tuple[str, ...]]] = {}
    if not run.manifest.get("judges"):
        return Testimony(standings, said)
    known = replies(run)
    for row in lines.read(run.scores):
        if row.get("standing"):
            standings[row["probe"]] = codec.from_json(Standing, row["standing"])
        elif row.get("heard") and row["probe"] in standings:
            kept = row["heard"]
            heard = Heard(
                tuple(known.get(key, Reply(None, "its reply was not kept")) for key in kept["keys"]),
                standings[row["probe"]],
                kept["base"],
                kept["is_base"],
            )
            said[row["probe"], row["sample"], row["repeat"]] = heard, tuple(kept["keys"])
    return Testimony(standings, said)


def replies(run: Run, keys: set[bytes] | None = None) -> dict[str, Reply]:
    """What judges said in a run, of these keys or all of it; of what failed only without keys."""
    if not run.replies.exists():
        return {}
    found = {}
    for line in lines.checked(run.replies) if keys is None else rows.answers_among(run.replies, keys):
        one = rows.to_generation(lines.parse(line.data), "", 0)
        if one.ok or one.key not in found:
            found[one.key] = heard(one)
    return found


def _line(key: str, reply: Reply) -> dict[str, Any]:
    """A reply that was known before, as a line of the journal."""
    finish = "length" if reply.why else "stop"
    return {**rows.from_generation(Generation("", key, text=reply.text, finish_reason=finish)), "reused": True}
