"""Shards made whole: the answers of all of them in one run of each model, judged as `fteval run` would have.

Answers are taken by content key: order, overlap and how many shards there were do not matter. The shards' stores are
only read. What was taken is kept, and a merge that was cut off goes on with the same command.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, heard
from fteval.experiment.prepare import Prepared, concluded, prepared
from fteval.records import Comparison, RunRecord, Shard
from fteval.runs.asking import identity
from fteval.runs.asking.interrupt import Signals
from fteval.runs.asking.plan import plan
from fteval.runs.asking.session import Session, session, tell_of_another
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines, rows
from fteval.runs.journal.lock import held
from fteval.runs.journal.run import Run
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.shards.plan_file import experiment_from_json
from fteval.shards.share import job_of

_KEPT = ("warning", "another_model", "capabilities", "servers")
"""Events of a shard that say something of its answers."""


@dataclass(frozen=True, slots=True)
class Found:
    """The runs of one sharded run, in the order in which they were made: base and candidates, all shards."""

    job: str
    runs: tuple[Run, ...]

    @property
    def told(self) -> dict[str, Any]:
        """What the newest of them says of the whole."""
        told: dict[str, Any] = self.runs[-1].manifest["shard"]
        return told

    @property
    def command(self) -> str | None:
        command = self.runs[-1].manifest.get("command")
        return None if command is None else str(command)

    def of(self, name: str) -> list[Run]:
        """Those of base or a candidate."""
        return [run for run in self.runs if run.manifest["shard"]["name"] == name]


def find(stores: Sequence[Path], which: str | None = None) -> Found:
    """The shards that lie in these stores; `which` is the id of one of them, or its beginning.

    Raises UserError where there are none, or those of several runs and `which` does not choose: then it says in what
    the runs differ.
    """
    jobs: dict[str, list[Run]] = {}
    for store in dict.fromkeys(path.resolve() for path in stores):
        for run in Store(store, readonly=True).runs():
            if (told := results.told_of_shard(run)) is not None:
                jobs.setdefault(told["job"], []).append(run)
    where = ", ".join(str(path) for path in stores)
    if not jobs:
        raise UserError("no shards here", where=where, fix="`fteval run … --shard 1/8 --store STORE` makes them")
    made = [Found(job, tuple(sorted(runs, key=_made))) for job, runs in jobs.items()]
    found = sorted(made, key=lambda one: _made(one.runs[-1]))
    if which is not None:
        found = [one for one in found if any(run.id.startswith(which) for run in one.runs)]
        if len(found) != 1:
            raise UserError(f"'{which}' names {len(found) or 'no'} runs of these", where=where, fix="give a shard's id")
    if len(found) > 1:
        listed = [f"{one.runs[-1].id}  {len(one.runs)} runs of shards, by: {one.command}" for one in found]
        raise UserError(
            "these are shards of different runs:\n  " + "\n  ".join([*listed, *_apart(found[-2], found[-1])]),
            where=where,
            fix="choose one with --run ID; or, if they were meant to be one run, ask those again that differ",
        )
    return found[0]


def _made(run: Run) -> tuple[str, str]:
    """When a run was made."""
    return str(run.manifest["created"]), run.id


def _apart(one: Found, other: Found) -> list[str]:
    names = [run.manifest["shard"]["name"] for run in other.runs]
    for name in dict.fromkeys(names):
        if one.of(name) and (changed := identity.differences(_settled(one.of(name)[-1]), _settled(other.of(name)[-1]))):
            # What the digests follow from is more telling, where it is known.
            told = [line for line in changed if not line.startswith(("requests:", "suite:"))] or changed
            return [f"{name} differs in {line}" for line in told[:8]]
    return []


def _settled(run: Run) -> dict[str, Any]:
    told = run.manifest["shard"]
    return {**run.plan, "gates": told["gates"], "fteval": run.manifest.get("fteval")}


def merge(found: Found, place: Place, *, allow_code: bool = False) -> Comparison | RunRecord:
    """What `measure` would have returned, from all shards; the runs are in the place's store.

    Raises UserError where it would be planned otherwise here, Incomplete naming the shards whose answers are missing:
    what is there is kept.
    """
    experiment = replace(_experiment(found), allow_code=allow_code)  # a store's word is not enough for that
    for text in _twice(found):
        place.listener.note(text)
    with prepared(experiment, place) as ready:
        if job_of(ready, experiment) != found.job:
            raise _otherwise(found, ready, experiment)
        with _whole(ready, experiment, place, found) as sides:
            missing = [text for name, side in sides for text in _missing(name, side, found)]
            records = [] if missing else [(name, side.finish()) for name, side in sides]
        if missing:
            raise Incomplete(
                "\n  ".join([f"{len(missing)} shards are not whole; what is there is kept", *missing]),
                where=str(place.store),
                fix=f"{_command(found, missing[0])}, and so on; then merge again",
            )
        return concluded(ready, records, experiment, place)


@contextlib.contextmanager
def _whole(ready: Prepared, experiment: Experiment, place: Place, found: Found) -> Iterator[list[tuple[str, Session]]]:
    """A run of base and of each candidate with all answers that the shards have."""
    with contextlib.ExitStack() as stack:
        go_on = place.command or "fteval merge"
        signals = stack.enter_context(Signals(f"stopping: what was taken is kept. To go on: {go_on}"))
        sides = []
        for name, engine in ready.engines:
            shards = found.of(name)
            merged = {"job": found.job, "name": name}
            noted = {"merged": merged, **({"served": served} if (served := _served(shards)) is not None else {})}
            terms = Terms(
                experiment.repeats, referees=ready.referees, base=ready.base, resume=_earlier(ready.store, merged),
                asks=False, noted=noted, on_progress=heard(name, place), command=place.command, go_on=go_on,
            )  # fmt: skip
            opened = stack.enter_context(session(ready.suite, engine, experiment.sampling, ready.store, terms, signals))
            for run in shards:
                if changed := identity.differences(run.plan, opened.work.plan):
                    raise UserError(
                        f"run {run.id} was planned differently:\n  " + "\n  ".join(changed), where=str(run.path)
                    )
            _take(opened, shards)
            sides.append((name, opened))
        yield sides


def _take(opened: Session, shards: Sequence[Run]) -> None:
    """Of each key the first answer, and a failure where there is no answer at all."""
    attempt = opened.attempt
    open_keys = {key.encode() for key in opened.work.requests if key not in attempt.answered}
    for run in shards:
        opened.take(_answers(run, open_keys))
    failed = {row["key"] for row in lines.read(opened.run.generations) if row["status"] == "error"}
    failures: dict[str, dict[str, Any]] = {}
    for run in shards if open_keys else ():
        for row in lines.read(run.generations):
            if row["status"] == "error" and row["key"].encode() in open_keys and row["key"] not in failed:
                failures[row["key"]] = _bare(row)
    opened.take(failures.values())
    _tell(opened, shards)


def _answers(run: Run, open_keys: set[bytes]) -> Iterator[dict[str, Any]]:
    for line in rows.answers_among(run.generations, open_keys):
        open_keys.remove(line.data[rows.KEY])
        yield _bare(lines.parse(line.data))


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("crc", "v")}


def _tell(opened: Session, shards: Sequence[Run]) -> None:
    """Says once of every shard that it is in here, and what it had to say of its answers."""
    attempt = opened.attempt
    known = {row["source"] for row in lines.read(opened.run.events) if row["event"] == "merged"}
    new = {run.id: run for run in shards if run.id not in known}
    if new and not known and len(new) > 1 and "batches" in opened.work.plan:
        text = f"merged from {len(new)} runs: their answers were computed in other batches than in one process"
        attempt.event("warning", text=f"{text}, which moves answers below float32 (`fteval noise` counts them)")
    for run in new.values():
        tell_of_another(attempt, run.manifest.get("served"))
        told = list(lines.read(run.events))
        for row in told:
            if row["event"] in _KEPT:
                attempt.event(**{k: v for k, v in _bare(row).items() if k != "time"})
        seconds = sum(row.get("seconds", 0.0) for row in told)
        attempt.event("merged", source=run.id, shard=str(results.shard_of(run)), seconds=round(seconds, 3))


def _missing(name: str, side: Session, found: Found) -> list[str]:
    """A line for every shard that has not answered all that it should."""
    runs = found.of(name)
    failed = {row["key"] for row in lines.read(side.run.generations) if row["status"] == "error"}
    left = [key for key in side.work.requests if key not in side.attempt.answered and key not in failed]
    if not left:
        return []
    of = Counter(run.manifest["shard"]["of"] for run in runs).most_common(1)[0][0] if runs else found.told["of"]
    shards = [Shard(index, of) for index in range(1, of + 1)]
    count = Counter(int(key[:16], 16) % of for key in left)
    lines_ = []
    for shard in shards:
        n = count[shard.index - 1]
        if n:
            own = [run for run in runs if results.shard_of(run) == shard]
            lines_.append(f"{name} {shard}: {n:,} answers are missing, {_state(own)}")
    return lines_


def _command(found: Found, missing: str) -> str:
    """What was typed for a shard, for the one that a line of `_missing` begins with."""
    shard = missing.split(":")[0].rpartition(" ")[2]
    return re.sub(r"(--shard[ =])\S+", rf"\g<1>{shard}", found.command or "fteval run --shard")


def _state(runs: Sequence[Run]) -> str:
    if not runs:
        return "nobody has begun it in these stores"
    if holder := next((who for run in runs if (who := held(run.path / ".lock")) is not None), None):
        return f"it is at work: {holder}"
    return "it was stopped before its end"


def _twice(found: Found) -> list[str]:
    """What a reader should know: shards that are here more than once."""
    count = Counter((run.manifest["shard"]["name"], str(results.shard_of(run))) for run in found.runs)
    many = [f"{name} {shard}" for (name, shard), n in count.items() if n > 1]
    several = sorted({run.manifest["shard"]["of"] for run in found.runs})
    said = [f"here more than once, which is fine: {', '.join(many)}; of each answer the first counts"] if many else []
    if len(several) > 1:
        said.append(f"cut into {' and '.join(map(str, several))} shards, which is fine: each answer counts once")
    return said


def _experiment(found: Found) -> Experiment:
    try:
        return experiment_from_json(found.told["experiment"])
    except (ValueError, KeyError, TypeError) as error:
        run = found.runs[-1]
        fix = "merge with the version of fteval that asked, or ask with this one"
        raise UserError(
            f"its experiment cannot be read by this fteval: {error}", where=str(run.path), fix=fix
        ) from None


def _otherwise(found: Found, ready: Prepared, experiment: Experiment) -> UserError:
    """Why this would be another run here: other versions, samples, weights, or another kind of device."""
    changed = []
    for name, engine in ready.engines:
        for run in found.of(name)[-1:]:
            here = plan(ready.suite, engine, experiment.sampling, experiment.repeats, base=ready.base).plan
            told = [line for line in identity.differences(run.plan, here) if not line.startswith("requests:")]
            changed += [f"{name}: {line}" for line in told]
    return UserError(
        "here it is another run than the shards are of:\n  " + "\n  ".join(changed or ["its models or gates"]),
        where=str(found.runs[-1].path),
        fix="merge where the files, versions and device are those of the shards",
    )


def _served(shards: Sequence[Run]) -> Any:
    return next((run.manifest["served"] for run in shards if run.manifest.get("served") is not None), None)


def _earlier(store: Store, merged: dict[str, str]) -> str | None:
    """The run that an earlier merge of the same shards has begun."""
    found = (run.id for run in reversed(store.runs()) if run.manifest.get("merged") == merged)
    return next(found, None)
