"""Answers that earlier runs already hold: found by key, copied with the id of the run that made them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from fteval.records import DrawingEngine, Engine, Sampling, ServedEngine
from fteval.runs.asking.plan import Work, samplings
from fteval.runs.journal import lines, rows
from fteval.runs.journal.store import Run, Store


@dataclass(frozen=True, slots=True)
class Found:
    """Where the answer to a key lies."""

    run: Run
    offset: int
    length: int


def repeatable(engine: Engine, work: Work, keys: AbstractSet[str]) -> AbstractSet[str]:
    """Of these keys, those whose answer may stand for another run's: greedy ones.

    Votes are drawn at any temperature. Their seeds repeat them here; what a server does with a seed nobody knows.
    """
    drawing = engine if isinstance(engine, ServedEngine) and isinstance(engine, DrawingEngine) else None

    def is_greedy(drawn: Sampling) -> bool:
        return (drawing.drawn_at(drawn.temperature) if drawing else drawn.temperature) == 0

    if not work.others:
        return keys if is_greedy(work.sampling) else set()
    return {key for key in keys if is_greedy(work.drawn(key))}


def find(
    store: Store,
    keys: AbstractSet[str],
    plan: Mapping[str, Any],
    same: Callable[[Mapping[str, Any] | None], bool] | None = None,
) -> dict[str, Found]:
    """For each key that an earlier run answered, where; the newest run wins. Failures are never among them.

    `same` is asked about the model that answered an earlier run, as its manifest says: a server's name is no content.
    Only runs of the plan's engine and sampling are read. Raises Incomplete for a damaged line, UserError for a newer
    run.
    """
    found: dict[str, Found] = {}
    ways = samplings(plan)
    alike = [run for run in store.runs() if run.plan.get("engine") == plan["engine"] and ways & samplings(run.plan)]
    missing = _Missing(keys)
    for run in reversed(alike):
        if not missing:
            break
        if same is not None and (not same(run.manifest.get("served")) or _mixed(run)):
            continue
        for line in rows.answers_among(run.generations, missing):  # checked one by one as keys are found
            if b'"finish_reason":"refusal"' in line.data:
                continue  # a provider's filter is no property of the model: it may let the next one pass
            if b'"likelihoods":[]' in line.data:
                continue  # a server may say today what it did not say then
            key = line.data[rows.KEY]
            missing.found(key)
            found[key.decode()] = Found(run, line.offset, len(line.data))
    return found


class _Missing(Collection[bytes]):
    """Keys as journals have them, less those that were found."""

    def __init__(self, keys: AbstractSet[str]) -> None:
        self._keys, self._found = keys, set[bytes]()

    def found(self, key: bytes) -> None:
        self._found.add(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and key not in self._found and key.decode("ascii", "replace") in self._keys

    def __iter__(self) -> Iterator[bytes]:
        return (key.encode() for key in self._keys if key.encode() not in self._found)

    def __len__(self) -> int:
        return len(self._keys) - len(self._found)


def _mixed(run: Run) -> bool:
    """Whether a run was resumed on another model than it began with: nobody can tell which answer is whose."""
    return any(row["event"] == "another_model" for row in lines.read(run.events))


def records(found: Mapping[str, Found]) -> Iterator[dict[str, Any]]:
    """The generation records at these places, each with `reused`: the run that generated it."""
    by_run: dict[str, list[Found]] = {}
    for place in found.values():
        by_run.setdefault(place.run.id, []).append(place)
    for run_id, places in by_run.items():
        with open(places[0].run.generations, "rb") as file:
            for place in sorted(places, key=lambda p: p.offset):
                file.seek(place.offset)
                record = json.loads(file.read(place.length))
                record.pop("crc")
                record.pop("v")
                yield {**record, "reused": record.get("reused") or run_id}
