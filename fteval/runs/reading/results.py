"""A run read back from its journals: scores, counts, texts, and the samples whose score changed.

Needs no engine and no probe. Everything is computed from the journals each time; summary.json is only a shortcut for
lists, believed when it carries the digest of the journals as they are.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from fteval.errors import UserError
from fteval.records import RunRecord, Shard, digest
from fteval.runs.journal import journal, lines
from fteval.runs.journal.files import write_atomically
from fteval.runs.journal.store import JOURNALS, Run, Store
from fteval.runs.reading import index, tally
from fteval.runs.reading import server_words as served
from fteval.runs.reading.columns import State


def load(store: Store, run_id: str) -> RunRecord:
    """A run with its scores per sample, as its journals say now.

    Raises Incomplete for a damaged line, UserError for a shard: a part of the answers is nobody's result.
    """
    run = store.find(run_id)
    if (shard := shard_of(run)) is not None:
        raise UserError(
            f"run {run.id} is shard {shard} of a run: a part of the answers, which nothing is judged by",
            where=str(run.path),
            fix=f"fteval merge {store.root}: with all shards it is a run",
        )
    return record(run)


def record(run: Run, asked: Mapping[str, int] | None = None) -> RunRecord:
    """`load` for a run in hand. `asked`: how many samples of its random order each probe has been asked by now."""
    found = index.tally_of(run) if asked is None else tally.tally(run, asked)
    answers, events = found.answers, found.events
    states = Counter(found.states)
    price = served.price(run.manifest)
    planned = run.manifest["planned"] - found.left_out
    states[State.UNANSWERED] += planned - sum(states.values())  # samples that were not written, or moved aside
    complete = states[State.SCORED] == planned
    today = datetime.datetime.now(datetime.UTC).date()
    warnings = [
        *events.warnings,
        *served.warnings(run.manifest, answers.seen, today, answers.reused),
        *tally.shortfalls(states, answers, found.score_errors, planned),
        *found.silent,
        *run.manifest.get("oddities", ()),
    ]
    return RunRecord(
        id=run.id,
        ref=run.manifest["ref"],
        digest=_model_digest(run),
        path=str(run.path),
        complete=complete,
        subset=run.plan["subset"],
        probes=found.results,
        planned=planned,
        reused=answers.reused,
        generated=answers.generated,
        errors=states[State.FAILED] + states[State.SCORE_ERROR],
        seconds=events.seconds,
        manifest=run.manifest,
        warnings=tuple(warnings),
        usd=answers.tokens[0] * price[0] + answers.tokens[1] * price[1] if price else None,
        ended=served.ended(run.manifest, today),
        capabilities=events.capabilities,
        servers=events.servers,
        readings=events.readings,
        replies=events.replies,
    )


def summary(run: Run) -> dict[str, Any]:
    """What a list shows of a run: id, ref, created, complete, planned, done, errors, subset, and each probe's means."""
    try:
        saved = json.loads((run.path / "summary.json").read_bytes())
        if isinstance(saved, dict) and saved.get("digest") == _journals_digest(run):
            return saved
    except (OSError, ValueError):
        pass  # not there or not whole: it is derived, so that nothing is lost
    return _summary(run, record(run))


def _model_digest(run: Run) -> str:
    """Of the engine's identity; with replayed outputs, also of these: there they are what a model's weights are. Of a
    server's model also what it is called and says there: a name may stand for another one tomorrow."""
    plan, served = run.plan, run.manifest.get("served")
    found: list[Any] = [plan["engine"]]
    if plan["outputs"] is not None:
        found.append(plan["outputs"])
    if served is not None and not served.get("timeless"):
        # What was not found out is like nothing else, not even like itself.
        found += [served.get("served"), served.get("behaviour") or run.id]
    return digest(found[0] if len(found) == 1 else found)


def write_summary(run: Run, done: RunRecord) -> None:
    """Leaves summary.json beside the journals that it was computed from."""
    data = json.dumps(_summary(run, done), indent=1, ensure_ascii=True, allow_nan=False)
    write_atomically(run.path / "summary.json", data.encode("ascii") + b"\n")


def latest_incomplete(store: Store) -> str | None:
    """The id of the newest run that is not complete; what `--resume` without a name means."""
    whole = (run for run in reversed(store.runs()) if shard_of(run) is None)
    return next((run.id for run in whole if _is_open(run) or not summary(run)["complete"]), None)


def to_go_on_with(store: Store, text: str) -> Run | None:
    """The run of an id, of its beginning, or the `latest` incomplete one, None where there is none. Raises UserError
    for an id that no run has."""
    found = latest_incomplete(store) if text == "latest" else text
    return None if found is None else store.find(found)


def _is_open(run: Run) -> bool:
    """Whether the last attempt at it did not come to its end: that much is known without reading its answers."""
    attempts = [row["event"] for row in lines.read(run.events) if row["event"] in ("started", "resumed", "finished")]
    return bool(attempts) and attempts[-1] != "finished"


def shard_of(run: Run) -> Shard | None:
    """Which part of a run's plan this one asks; None where it is the whole. Raises as `told_of_shard`."""
    told = told_of_shard(run)
    return None if told is None else Shard(told["index"], told["of"])


def told_of_shard(run: Run) -> Mapping[str, Any] | None:
    """What its manifest says of a run that is a shard, None for a whole one. Raises UserError for nonsense."""
    told: dict[str, Any] | None = run.manifest.get("shard")
    if told is None:
        return None
    typed = isinstance(told, dict) and {name: type(told.get(name)) for name in _OF_A_SHARD} == _OF_A_SHARD
    if not typed or not 1 <= told["index"] <= told["of"]:
        raise UserError(
            f"'shard' is {json.dumps(told)[:80]}, which is no shard: wanted index, of, job and name",
            where=str(run.path / "manifest.json"),
            fix="the manifest was changed after the run was made: put it back, or move the run's folder away",
        )
    return told


_OF_A_SHARD = {"index": int, "of": int, "job": str, "name": str}


def add_event(run: Run, event: str, **fields: Any) -> None:
    """One line in events.jsonl; hold the run's lock."""
    events = journal.Journal(run.events)
    try:
        events.append([{"event": event, "time": journal.timestamp(), **fields}])
    finally:
        events.close()


def _summary(run: Run, done: RunRecord) -> dict[str, Any]:
    shard = shard_of(run)
    planned = done.planned
    if shard is not None:
        planned = sum(shard.has(key) for row in lines.read(run.samples) for key in row["keys"])
    return {
        "v": lines.VERSION,
        "digest": _journals_digest(run),
        "id": done.id,
        "ref": done.ref,
        "created": run.manifest["created"],
        "complete": done.complete,
        "subset": done.subset,
        **({"shard": str(shard)} if shard is not None else {}),
        "planned": planned,
        "done": done.reused + done.generated,
        "errors": done.errors,
        "seconds": done.seconds,
        "probes": {p.probe: {name: _mean(column) for name, column in p.scores.items()} for p in done.probes},
    }


def _mean(column: Iterable[float | None]) -> dict[str, Any]:
    known = [value for value in column if value is not None]
    return {"mean": sum(known) / len(known) if known else None, "scored": len(known)}


def _journals_digest(run: Run) -> str:
    total = hashlib.sha256()
    for name in JOURNALS:
        total.update(name.encode())
        content = run.content(name)
        if content is not None:
            total.update(content)
    return f"sha256:{total.hexdigest()}"
