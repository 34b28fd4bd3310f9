"""One shard of a run, asked here: a part of the plan that follows from the content keys, for anybody's scheduler.

Each of base and candidates gets a run with the plan of the whole, of which only the shard's requests are asked, and
nothing is judged. The same command goes on with it after a kill. `merge.py` makes a whole of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, heard
from fteval.experiment.prepare import Prepared, prepared
from fteval.records import Engine, Shard, digest
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.session import session
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import codec
from fteval.runs.journal.lock import Lock
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.shards.plan_file import experiment_as_json


@dataclass(frozen=True, slots=True)
class Asked:
    """How far one model is in a shard."""

    name: str
    run: str
    planned: int
    done: int


def read_shard(text: str) -> Shard:
    """The shard of `2/8`. Raises UserError for what is none."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if found is None:
        raise UserError(f"--shard wants I/N, found {text!r}", fix="for example --shard 2/8")
    shard = Shard(int(found[1]), int(found[2]))
    if not 1 <= shard.index <= shard.of:
        fix = f"from 1/{shard.of} to {shard.of}/{shard.of}" if shard.of else "at least one shard: 1/1"
        if shard.of and shard.index == 0:
            fix += f"; of a scheduler that counts from 0: --shard $((INDEX + 1))/{shard.of}"
        raise UserError(f"there is no shard {text}: they are counted from 1", fix=fix)
    return shard


def ask(experiment: Experiment, place: Place, shard: Shard) -> tuple[Asked, ...]:
    """Asks the shard's part of base and candidates; what an earlier process of the same shard has is not asked again.

    Raises UserError for what cannot be done in parts, Incomplete where another process is at this shard, Interrupted.
    """
    _check(experiment)
    with prepared(experiment, place) as ready:
        job = job_of(ready, experiment)
        told = {
            "index": shard.index,
            "of": shard.of,
            "job": job,
            "gates": codec.to_json(ready.rules.gates),
            "folder": str(Path.cwd()),
            "experiment": experiment_as_json(experiment, ready.rules.gates),
            "place": {name: getattr(place, name) for name in ("device", "dtype", "batch_tokens", "offline")},
        }
        # Not the run's lock alone: two that begin at once would each make a run.
        with Lock(ready.store.root / f".shard-{job[7:23]}-{shard.index}-of-{shard.of}.lock"):
            return tuple(
                _asked(ready, name, engine, experiment, place, {**told, "name": name}) for name, engine in ready.engines
            )


def job_of(ready: Prepared, experiment: Experiment) -> str:
    """What the shards of one run have in common: what is asked of whom, how, and judged by which gates."""
    models = {name: dict(engine.identity()) for name, engine in ready.engines}
    asked = [ready.suite.digest, codec.to_json(experiment.sampling), experiment.repeats]
    return digest([*asked, models, codec.to_json(ready.rules.gates)])


def _check(experiment: Experiment) -> None:
    if experiment.sequential:
        raise UserError(
            "--sequential decides after each answer what to ask next, and a shard sees its own alone",
            fix="leave out --sequential or --shard",
        )
    budget = experiment.servers.budget
    if budget.max_usd is not None or budget.max_total_tokens is not None:
        raise UserError(
            "a budget (--max-usd, --max-total-tokens) of the whole run cannot be held by processes that do not know of "
            "each other",
            fix="leave it out, and set a limit at the provider",
        )
    made = [name for name, use in experiment.candidates.items() if use.ref is None]
    made += experiment.searched
    if made:
        raise UserError(
            f"candidates that are still to be made ({', '.join(made)}) would be made by every shard",
            fix="make them once (`fteval train`, or `fteval run` without --shard), and name what was made: model: …",
        )


def _asked(
    ready: Prepared, name: str, engine: Engine, experiment: Experiment, place: Place, told: dict[str, Any]
) -> Asked:
    shard = Shard(told["index"], told["of"])
    total: list[int] = []
    terms = Terms(
        experiment.repeats,
        referees=ready.referees,
        base=ready.base,
        resume=_earlier(ready.store, told),
        noted={"shard": told},
        on_progress=_of_part(heard(f"{name} {shard}", place), total),
        command=place.command,
        go_on=place.command,
    )
    with session(ready.suite, engine, experiment.sampling, ready.store, terms) as opened:
        work = opened.work
        keys = [key for key in work.requests if shard.has(key)]
        total.append(sum(work.shares.get(key, 1) for key in keys))
        opened.ask(keys)
        opened.attempt.event("asked", **opened.attempt.times())
        done = results.record(opened.run)
        results.write_summary(opened.run, done)
        answered = sum(work.shares.get(key, 1) for key in keys if key in opened.attempt.answered)
        return Asked(name, opened.run.id, total[0], answered)


def _earlier(store: Store, told: dict[str, Any]) -> str | None:
    """The run that an earlier process of the same shard has begun."""
    same = {name: told[name] for name in ("job", "name", "index", "of")}
    for run in reversed(store.runs()):
        if same.items() <= (results.told_of_shard(run) or {}).items():
            return run.id
    return None


def _of_part(tell: Callable[[Progress], None], total: list[int]) -> Callable[[Progress], None]:
    """Progress of so many answers as the shard has, once that is known."""
    return lambda progress: tell(replace(progress, total=total[0]) if total else progress)
