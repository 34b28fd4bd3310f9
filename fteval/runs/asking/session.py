"""A run that is open for work: its folder locked, its samples written, its answers asked in parts or all at once."""

from __future__ import annotations

import contextlib
import signal
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import Engine, RunRecord, Sampling, Sequential, ServedEngine, digest
from fteval.runs.asking import identity, kept, scoring
from fteval.runs.asking.attempt import Attempt
from fteval.runs.asking.hearing import Hearing
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.runs.asking.plan import Work, plan
from fteval.runs.asking.referees import Judging
from fteval.runs.asking.requests import Keys
from fteval.runs.asking.reuse import Found, find, repeatable
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.journal import Journal
from fteval.runs.journal.store import Run, Store
from fteval.runs.reading import results


@dataclass(slots=True)
class Session:
    """One engine at work on one run."""

    run: Run
    work: Work
    attempt: Attempt
    file: Journal
    reusable: Found
    asked: dict[str, int] = field(default_factory=dict)
    """probe -> how many samples of the random order it was asked; all where it is not here."""
    judging: Judging | None = None
    hearing: Hearing | None = None

    def ask(self, keys: Collection[str] | None = None) -> None:
        """Has these answers (all by default) made, or copied where an earlier run holds them."""
        found = array("I", (at for at in self.reusable.take(keys) if not self.attempt.answered.has(at)))
        self.attempt.copy(self.reusable, found, self.file)
        self.attempt.ask(self.file, keys)

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keeps answers that were made elsewhere, as they stand in the journal there."""
        self.attempt.take(rows, self.file)

    def judged(self) -> RunRecord:
        """The run so far, with every answer judged."""
        self._judge(last=False)
        return results.record(self.run, self.asked)

    def finish(self) -> RunRecord:
        """The run with every answer judged, its end in its events, and a summary beside it."""
        self.work.requests.clear()  # nothing is asked any more, and judging needs room
        self._judge(last=True)
        self.work.requests.forget()
        for probe, asked in self.asked.items():
            self.attempt.event("stopped", probe=probe, asked=asked)
        if self.judging is not None:
            self.attempt.event("read", **self.judging.cost)
        if self.hearing is not None:
            self.attempt.event("heard", **self.hearing.cost)
        self.attempt.event("finished", **self.attempt.times())
        done = results.record(self.run)
        results.write_summary(self.run, done)
        kept.forget(self.run)
        self.attempt.signals.check()
        return done

    def _judge(self, *, last: bool) -> None:
        """Has what is not judged yet read by the references and judged by the judges, and scored."""
        self.file.sync()
        probes, keys, guard = self.work.suite.probes, self.work.keys, self.attempt.signals.cancelling
        readings = None if self.judging is None else self.judging.readings(probes, keys, guard, last=last)
        said = None if self.hearing is None else self.hearing.testimony(probes, keys, guard, last=last)
        scoring.score(self.run, probes, keys, guard, readings, said)


@contextlib.contextmanager
def session(
    suite: Suite,
    engine: Engine,
    sampling: Sampling,
    store: Store,
    terms: Terms,
    signals: Signals | None = None,
) -> Iterator[Session]:
    """A new run, or with `terms.resume` the same one continued, under its lock; see `execute` for what it raises.

    `signals` are shared by runs that are open together.
    """
    if terms.repeats < 1:
        raise UserError(f"repeats is {terms.repeats}, wanted 1 or more")
    resume, referees = terms.resume, terms.referees
    work = planned = _planned(suite, engine, sampling, terms)
    if work is None:
        work = plan(suite, engine, sampling, terms.repeats, terms.sequential, terms.base)
    if resume is None:
        store.check_space(work.total, work.longest, work.prompt_bytes)
        with _cancelling(signals):
            served, reusable = _met(engine, sampling, store, work, Keys(work.requests), terms)
        run, lock = store.create_run({**work.manifest(engine, terms.command, served, referees), **terms.noted})
    else:
        run = _resumable(store, resume, work.plan, terms.noted.get("shard"))
        lock = run.lock()
    go_on = terms.go_on or f"{run.manifest.get('command') or 'fteval run'} --resume {run.id}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock)
        heard = signals or stack.enter_context(Signals(f"stopping: what is done is being saved. To go on: {go_on}"))
        attempt = Attempt(run, work, engine, heard, terms.on_progress)
        try:
            attempt.event("started" if resume is None else "resumed", **({"plan": "kept"} if planned else {}))
            if lock.notice:
                attempt.event("warning", text=lock.notice)
            if planned is None:
                if resume is not None:
                    kept.forget(run)  # what it lacks of samples.jsonl comes last, where no kept plan has it
                attempt.write_samples()
            if resume is None:
                kept.keep(run, work, engine, terms.repeats, terms.origin)
            with attempt.hearing(), attempt.generations() as file:
                if resume is not None:
                    with heard.cancelling():
                        served, reusable = _met(engine, sampling, store, work, attempt.answered, terms, run)
                    tell_of_another(attempt, served)
                if "batches" in work.plan:
                    _tell_of_other_batches(attempt, work, {*attempt.answered, *reusable})
                opened = Session(run, work, attempt, file, reusable)
                if referees is not None and referees.references:
                    opened.judging = Judging(referees, store, run, digest(engine.identity()))
                if referees is not None and referees.judges is not None:
                    opened.hearing = Hearing(referees.judges, store, run, engine.ref, referees.tell)
                yield opened
        except Stop:
            raise attempt.interrupted(go_on) from None
        except Interrupted:
            attempt.interrupted(go_on)  # another run that is open together with this one was stopped
            raise
        except BaseException as error:
            attempt.failed(error)
            if type(error) is Incomplete:
                fix = f"{error.fix}; or go on with: {go_on}" if error.fix else go_on
                raise Incomplete(error.what, where=error.where, fix=fix) from error
            raise


def _planned(suite: Suite, engine: Engine, sampling: Sampling, terms: Terms) -> Work | None:
    """What the run that is gone on with has planned, where that was kept."""
    found = terms.planned
    if found is None or found.suite is not suite or found.run.id != terms.resume or terms.sequential is not None:
        return None
    return found.work(engine, sampling, terms.repeats, terms.base)


@contextlib.contextmanager
def _cancelling(signals: Signals | None) -> Iterator[None]:
    """Where runs that are open together hear one signal: it must stop a contact that hangs, too."""
    if signals is None:
        yield
        return
    try:
        with signals.cancelling():
            yield
    except Stop:
        number = signals.number or signal.SIGINT
        raise Interrupted(f"interrupted by {signal.Signals(number).name}", signal_number=number) from None


def _met(
    engine: Engine,
    sampling: Sampling,
    store: Store,
    work: Work,
    answered: Keys,
    terms: Terms,
    resumed: Run | None = None,
) -> tuple[Mapping[str, Any] | None, Found]:
    """What a server says of its model, and what earlier runs can give.

    A server is not contacted where nothing is missing and the model's name says for ever which one it is: what is shown
    then is what the earlier run was told.
    """
    nothing = Found(work.requests)
    if not terms.asks:
        return None, nothing
    wanted = answered.others()
    greedy = repeatable(engine, work, wanted) if terms.reuse else Keys(work.requests)
    if not isinstance(engine, ServedEngine):
        return None, find(store, greedy, work, resumed=resumed)
    if not wanted:
        return None, nothing
    if not engine.timeless:
        # Also where nothing is missing: who serves a model under a name may have put another one there.
        served = engine.start(sampling)
        return served, find(store, greedy, work, lambda then: engine.same(then, served), resumed)
    found = find(store, greedy, work, lambda then: engine.same(then, None), resumed)
    if len(found) < len(wanted):
        return engine.start(sampling), found
    newest = max(found.runs, key=lambda run: run.id)
    return newest.manifest.get("served"), found


def tell_of_another(attempt: Attempt, served: Mapping[str, Any] | None) -> None:
    """Says where the server is not what it was when the run began: its answers are of two models then."""
    before = attempt.run.manifest.get("served")
    if before is None or served is None or served.get("timeless"):
        return
    changed = [what for what in ("served", "behaviour") if before.get(what) != served.get(what)]
    if changed:
        names = f" ({before.get('served')} → {served.get('served')})" if "served" in changed else ""
        text = f"the server is not the same as when this run began{names}: its answers may be of two models"
        attempt.event("another_model", text=text)


def _tell_of_other_batches(attempt: Attempt, work: Work, there: Collection[str]) -> None:
    """Says where answers that were computed together in an uninterrupted run will not be."""
    missing = work.requests.keys() - there - work.refused.keys()
    # One that stops when its gates are decided asks in rounds anyway.
    if "sequential" not in work.plan and there and missing:
        text = f"gone on with after an interruption: {len(there)} answers were computed in other batches than the rest"
        attempt.event("warning", text=f"{text}, which moves answers below float32 (`fteval noise` counts them)")


def _resumable(store: Store, text: str, planned: Mapping[str, Any], shard: Mapping[str, Any] | None = None) -> Run:
    run = results.to_go_on_with(store, text)
    if run is None:
        raise UserError("there is no incomplete run to resume", where=str(store.root))
    if shard is None and (of := results.shard_of(run)) is not None:
        raise UserError(
            f"run {run.id} is shard {of} of a run, and is gone on with as that",
            where=str(run.path),
            fix=f"leave --resume out and say --shard {of}: it finds its run",
        )
    changed = identity.differences(run.plan, planned)
    # What the digest of all keys follows from is more telling, where it is known.
    changed = [line for line in changed if not line.startswith("requests:")] or changed
    if changed:
        raise UserError(
            f"run {run.id} was planned differently, so that it cannot be continued:\n  " + "\n  ".join(changed),
            where=str(run.path),
            fix="leave --resume out: a new run reuses every answer that is still the same",
        )
    return run


def order_of(suite: Suite, seed: int) -> dict[str, tuple[Sequential, list[list[int]]]]:
    """probe -> how it is asked in random order, and its samples' places, group by group, in that order."""
    found = {}
    for probe in suite.probes:
        groups = Sequential(seed, len(probe.samples)).order(probe.ids, probe.groups)
        found[probe.name] = Sequential(seed, len(probe.samples), max(map(len, groups))), groups
    return found
