"""One process at work on one run: what it has written, what of that it has acknowledged, what it says of itself."""

from __future__ import annotations

import contextlib
import signal
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import (
    DivergingEngine,
    Engine,
    Generation,
    Request,
    Sampling,
    TellingEngine,
    WeighingEngine,
    unweighed,
)
from fteval.records.columns import Rows
from fteval.runs.asking import reuse
from fteval.runs.asking.interrupt import Signals
from fteval.runs.asking.plan import Work
from fteval.runs.asking.requests import Keys, Some
from fteval.runs.journal import journal, lines, rows
from fteval.runs.journal.store import Run
from fteval.runs.reading import results


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, in acknowledged (sample, repeat) answers."""

    done: int
    total: int
    reused: int
    errors: int
    seconds: float
    tokens: int = 0
    """Written in these seconds, as far as the engine counts them."""


@dataclass(slots=True)
class Attempt:
    """A run being worked on, under its lock. Counts only what was synced."""

    run: Run
    work: Work
    engine: Engine
    signals: Signals
    on_progress: Callable[[Progress], None] | None
    answered: Keys = field(init=False)
    done: int = 0
    reused: int = 0
    tokens: int = 0
    errors: int = 0
    began: float = field(default_factory=time.perf_counter)
    generating: float = 0.0
    journaling: float = 0.0
    reported: float = 0.0

    def __post_init__(self) -> None:
        self.answered = Keys(self.work.requests)

    def event(self, event: str, **fields: Any) -> None:
        results.add_event(self.run, event, **fields)

    def times(self) -> dict[str, float]:
        return {
            "seconds": round(time.perf_counter() - self.began, 3),
            "generation_seconds": round(self.generating, 3),
            "journal_seconds": round(self.journaling, 3),
        }

    @contextlib.contextmanager
    def hearing(self) -> Iterator[None]:
        """What the engine reports (memory that ran out, a fallback) becomes events of the run."""
        engine = self.engine
        if not isinstance(engine, TellingEngine):
            yield
            return
        before = engine.on_event

        def hear(event: dict[str, Any]) -> None:
            self.event(**event)
            if before is not None:
                before(event)

        engine.on_event = hear
        try:
            yield
        finally:
            engine.on_event = before

    @contextlib.contextmanager
    def generations(self) -> Iterator[journal.Journal]:
        """The journal of answers, open; a torn last line is reported, and what is there counts."""
        file = journal.Journal(self.run.generations, self._recall)
        if self.done:
            self._report()
        try:
            if file.torn is not None:
                self.event("warning", text=f"an unfinished last line was moved to {file.torn.name}")
            yield file
        finally:
            self.journaling += file.seconds
            file.close()

    def write_samples(self) -> None:
        """The hold-out exactly as evaluated; on resume what is missing of it, be it by a kill or by a repair."""
        file = journal.Journal(self.run.samples)
        try:
            there = Rows()
            for head in rows.sample_heads(self.run.samples):
                there.add(head, 0)
            missing = (row for row in self.work.sample_rows() if not there or there.row(rows.sample_head(row)) is None)
            for batch in journal.chunks(missing):
                self.signals.check()
                file.write(batch)
            file.sync()
        finally:
            file.close()

    def _recall(self, line: lines.Line) -> None:
        """Counts an answer that an earlier attempt of this run left."""
        at = self.work.requests.number(line.data[rows.KEY].decode("ascii")) if rows.is_answer(line.data) else None
        if at is not None and not self.answered.has(at):
            self.answered.put(at)
            share = self.work.shares.get(self.work.requests.key(at), 1) if self.work.shares else 1
            self.done += share
            self.reused += share if b',"reused":"' in line.data else 0

    def copy(self, found: reuse.Found, numbers: Collection[int], file: journal.Journal) -> None:
        """Reused answers, so that this run is whole by itself. One sync for all."""
        if not numbers:
            return
        for batch in journal.chunks(found.records(numbers)):
            self.signals.check()
            file.write(batch)
        file.sync()
        self._count({"key": self.work.requests.key(at), "status": "ok", "reused": True} for at in numbers)

    def take(self, answers: Iterable[Mapping[str, Any]], file: journal.Journal) -> None:
        """Answers that were made elsewhere, as they stand there."""
        for batch in journal.chunks(answers):
            self.signals.check()
            file.append(batch)
            self._count(batch)

    def ask(self, file: journal.Journal, keys: Iterable[str] | None = None) -> None:
        """Requests what is missing, of these keys or of all. A group is written as it comes, and counts once synced."""
        requests, answered = self.work.requests, self.answered
        chosen = range(len(requests)) if keys is None else [requests.number(key) for key in dict.fromkeys(keys)]
        numbers = array("I", (at for at in chosen if at is not None and not answered.has(at)))
        still_open = Keys(requests, numbers)
        written: list[dict[str, Any]] = []
        try:
            for group in self._groups(numbers):
                batch = [rows.from_generation(g) for g in group]
                for row in batch:
                    at = requests.number(row["key"])
                    if at is None or not still_open.has(at):
                        raise RuntimeError(f"{self.engine.ref} answered {row['key']!r}, which was not open")
                    still_open.put(at, there=False)
                file.write(batch)
                written += batch
                if file.due():
                    file.sync()
                    self._count(written)
                    written = []
        finally:
            if not file.failed:  # also when stopped: what was written is kept
                file.sync()
                self._count(written)
                self._report(last=True)

    def _groups(self, numbers: Sequence[int]) -> Iterator[list[Generation]]:
        """The answers as they come, those that are drawn alike asked together."""
        work, requests = self.work, self.work.requests
        refused, silent = work.refused, work.unweighed
        if refused or silent:
            not_asked = {at for at in numbers if requests.key(at) in refused or requests.key(at) in silent}
            failed = [requests.of(at) for at in numbers if at in not_asked and requests.key(at) in refused]
            if failed:
                yield [Generation(r.sample_id, r.key, r.repeat, failure=refused[r.key]) for r in failed]
            unsaid = [requests.of(at) for at in numbers if at in not_asked and requests.key(at) not in refused]
            if unsaid:
                yield [unweighed(r) for r in unsaid]
            numbers = array("I", (at for at in numbers if at not in not_asked))
        alike: dict[Sampling, array[int]] = {}  # none, and nothing is loaded, where nothing is missing
        weighed: list[Request] = []
        apart: dict[Sampling, list[Request]] = {}
        for at in numbers:
            held = requests.held(at)
            drawn = work.drawn(requests.key(at)) if work.others else work.sampling
            if held is not None and held.continuations:
                weighed.append(held)
            elif held is not None and held.diverges:
                apart.setdefault(drawn, []).append(held)
            else:
                alike.setdefault(drawn, array("I")).append(at)
        for sampling, some in alike.items():
            yield from self._timed(partial(self.engine.generate, Some(requests, some), sampling))
        for sampling, of in apart.items():
            assert isinstance(self.engine, DivergingEngine) and self.work.base is not None
            yield from self._timed(partial(self.engine.diverge, of, sampling, self.work.base))
        if weighed:
            assert isinstance(self.engine, WeighingEngine)  # the plan has seen to that
            yield from self._timed(partial(self.engine.weigh, weighed))

    def _timed(self, asked: Callable[[], Iterator[list[Generation]]]) -> Iterator[list[Generation]]:
        began = time.perf_counter()
        with self.signals.cancelling():
            groups = asked()
        while True:
            with self.signals.cancelling():
                group = next(groups, None)
            self.generating += time.perf_counter() - began
            if group is None:
                return
            yield group
            began = time.perf_counter()

    def _count(self, written: Iterable[Mapping[str, Any]]) -> None:
        for row in written:
            share = self.work.shares.get(row["key"], 1)
            self.done += share
            if row["status"] == "ok":
                self.answered.add(row["key"])
            else:
                self.errors += share
            if row.get("reused"):
                self.reused += share
            else:
                self.tokens += row.get("completion_tokens") or 0
        self._report()

    def _report(self, last: bool = False) -> None:
        now = time.perf_counter()
        if self.on_progress is not None and (last or now - self.reported >= 0.1):
            self.reported = now
            seconds = now - self.began
            self.on_progress(Progress(self.done, self.work.total, self.reused, self.errors, seconds, self.tokens))

    def interrupted(self, go_on: str) -> Interrupted:
        number = signal.Signals(self.signals.number or signal.SIGINT)
        self.event("interrupted", signal=number.name, **self.times())
        return Interrupted(
            f"interrupted by {number.name}: {self.done} of {self.work.total} answers are kept",
            signal_number=number.value,
            where=str(self.run.path),
            fix=go_on,
        )

    def failed(self, error: BaseException) -> None:
        what = error.what if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        with contextlib.suppress(Incomplete):  # the disk may be full, which is why we are here
            self.event("failed", what=what, **self.times())
