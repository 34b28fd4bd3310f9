"""A suite through an engine into a run: plan, reuse, ask, score. Interrupted anywhere, it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.records import Engine, RunRecord, Sampling
from fteval.runs import identity, results, scoring
from fteval.runs.attempt import Attempt, Progress
from fteval.runs.interrupt import Signals, Stop
from fteval.runs.plan import Work, plan
from fteval.runs.reuse import Found, find
from fteval.runs.store import Run, Store
from fteval.runs.suite import Suite

__all__ = ["Progress", "execute"]


def execute(
    suite: Suite,
    engine: Engine,
    sampling: Sampling,
    store: Store,
    *,
    repeats: int = 1,
    resume: str | None = None,
    reuse: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> RunRecord:
    """A new run, or with `resume` (an id, its beginning, or `latest` incomplete) the same one continued.

    Greedy answers that earlier runs of the store hold are reused by content; sampled ones (temperature above 0) within
    their own run only, since two runs are two draws. Answers and judgements in error leave the run incomplete: look at
    `complete` and `warnings` of what comes back. `command` is what the user typed, for the manifest and the way back.

    Raises UserError when nothing could be started (a changed plan on resume, an unwritable store), Incomplete when the
    store or the engine fails on the way, Interrupted after SIGINT or SIGTERM. What was acknowledged is kept.
    """
    if repeats < 1:
        raise UserError(f"repeats is {repeats}, wanted 1 or more")
    work = plan(suite, engine, sampling, repeats)
    if resume is None:
        found = _reusable(store, work, set(), reuse)
        store.check_space(work.total, sampling.max_tokens, work.prompt_bytes)
        run, lock = store.create_run(work.manifest(engine, command))
    else:
        run = _resumable(store, resume, work.plan)
        lock = run.lock()
    go_on = f"{run.manifest.get('command') or 'fteval run'} --resume {run.id}"
    with lock, Signals(f"stopping: what is done is being saved. To go on: {go_on}") as signals:
        attempt = Attempt(run, work, engine, signals, on_progress)
        try:
            attempt.event("started" if resume is None else "resumed")
            if lock.notice:
                attempt.event("warning", text=lock.notice)
            attempt.write_samples()
            with attempt.hearing(), attempt.generations() as file:
                if resume is not None:
                    attempt.recall()
                    found = _reusable(store, work, attempt.answered, reuse)
                attempt.copy(found, file)
                attempt.ask(sampling, file)
            scoring.score(run, suite.probes, work.keys, signals.cancelling)
            attempt.event("finished", **attempt.times())
            done = results.record(run)
            results.write_summary(run, done)
            signals.check()
        except Stop:
            raise attempt.interrupted(go_on) from None
        except BaseException as error:
            attempt.failed(error)
            if type(error) is Incomplete:
                fix = f"{error.fix}; or go on with: {go_on}" if error.fix else go_on
                raise Incomplete(error.what, where=error.where, fix=fix) from error
            raise
    return done


def _reusable(store: Store, work: Work, answered: set[str], reusing: bool) -> dict[str, Found]:
    greedy = work.plan["sampling"]["temperature"] == 0
    return find(store, work.requests.keys() - answered, work.plan) if reusing and greedy else {}


def _resumable(store: Store, text: str, planned: Mapping[str, Any]) -> Run:
    if text == "latest":
        latest = results.latest_incomplete(store)
        if latest is None:
            raise UserError("there is no incomplete run to resume", where=str(store.root))
        text = latest
    run = store.find(text)
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
