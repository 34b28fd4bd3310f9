"""Answers that earlier runs already hold: found by key, copied with the id of the run that made them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from fteval.records import DrawingEngine, Engine, Sampling, ServedEngine
from fteval.runs.asking.plan import Work, samplings
from fteval.runs.asking.requests import Keys, Requests
from fteval.runs.journal import lines, rows
from fteval.runs.journal.store import Run, Store


class Found(Collection[str]):
    """The keys that earlier runs hold answers to, and where these lie: in columns, a place for each request."""

    def __init__(self, requests: Requests) -> None:
        self._requests, self._keys = requests, Keys(requests)
        self._runs: list[Run] = []
        self._of, self._offsets = array("H"), array("Q")

    def add(self, at: int, run: Run, offset: int) -> None:
        """The answer to a request, by its number, lies there."""
        if not self._runs or self._runs[-1] is not run:
            self._runs.append(run)
        if not self._of:
            self._of = array("H", bytes(2 * len(self._requests)))
            self._offsets = array("Q", bytes(8 * len(self._requests)))
        self._of[at], self._offsets[at] = len(self._runs) - 1, offset
        self._keys.put(at)

    @property
    def runs(self) -> Sequence[Run]:
        """Which hold an answer."""
        return self._runs

    def has(self, at: int) -> bool:
        return self._keys.has(at)

    def take(self, keys: Collection[str] | None) -> Sequence[int]:
        """The numbers of these (all by default) that are in it; they are not any more."""
        numbers = self._keys.numbers if keys is None else map(self._requests.number, set(keys))
        found = array("I", (at for at in numbers if at is not None and self._keys.has(at)))
        for at in found:
            self._keys.put(at, there=False)
        return found

    def records(self, numbers: Collection[int]) -> Iterator[dict[str, Any]]:
        """The generation records of these, each with `reused`: the run that generated it."""
        in_order = sorted(numbers, key=lambda at: (self._of[at], self._offsets[at]))
        for of, places in groupby(in_order, key=self._of.__getitem__):
            run = self._runs[of]
            with open(run.generations, "rb") as file:
                for at in places:
                    file.seek(self._offsets[at])
                    record = lines.parse(file.readline())
                    record.pop("crc")
                    record.pop("v")
                    yield {**record, "reused": record.get("reused") or run.id}

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def repeatable(engine: Engine, work: Work, keys: Keys) -> Keys:
    """Of these keys, those whose answer may stand for another run's: greedy ones.

    Votes are drawn at any temperature. Their seeds repeat them here; what a server does with a seed nobody knows.
    """
    drawing = engine if isinstance(engine, ServedEngine) and isinstance(engine, DrawingEngine) else None

    def is_greedy(drawn: Sampling) -> bool:
        return (drawing.drawn_at(drawn.temperature) if drawing else drawn.temperature) == 0

    if not work.others:
        return keys if is_greedy(work.sampling) else Keys(work.requests)
    return Keys(work.requests, (at for at in keys.numbers if is_greedy(work.drawn(work.requests.key(at)))))


def find(
    store: Store,
    keys: Keys,
    work: Work,
    same: Callable[[Mapping[str, Any] | None], bool] | None = None,
    resumed: Run | None = None,
) -> Found:
    """For each of these keys that an earlier run answered, where; the newest run wins. Failures are never among them,
    and nothing of the run that is gone on with: these keys are what it lacks.

    `same` is asked about the model that answered an earlier run, as its manifest says: a server's name is no content.
    Only runs of the plan's engine and sampling are read. Raises Incomplete for a damaged line, UserError for a newer
    run.
    """
    found = Found(work.requests)
    ways = samplings(work.plan)
    alike = [
        run for run in store.runs()
        if run.plan.get("engine") == work.plan["engine"] and ways & samplings(run.plan)
        and (resumed is None or run.id != resumed.id)
    ]  # fmt: skip
    missing = _Missing(work.requests, keys, found)
    for run in reversed(alike):
        if len(found) == len(keys):
            break
        if same is not None and (not same(run.manifest.get("served")) or _mixed(run)):
            continue
        for line in rows.answers_among(run.generations, missing):  # checked one by one as keys are found
            if b'"finish_reason":"refusal"' in line.data:
                continue  # a provider's filter is no property of the model: it may let the next one pass
            if b'"likelihoods":[]' in line.data:
                continue  # a server may say today what it did not say then
            at = missing.number(line.data[rows.KEY])
            assert at is not None  # it is among them
            found.add(at, run, line.offset)
    return found


class _Missing:
    """Keys as journals have them, less those that were found."""

    def __init__(self, requests: Requests, keys: Keys, found: Found) -> None:
        self._requests, self._keys, self._found = requests, keys, found

    def number(self, key: bytes) -> int | None:
        return self._requests.number(key.decode("ascii", "replace"))

    def __contains__(self, key: object) -> bool:
        at = self.number(key) if isinstance(key, bytes) else None
        return at is not None and self._keys.has(at) and not self._found.has(at)


def _mixed(run: Run) -> bool:
    """Whether a run was resumed on another model than it began with: nobody can tell which answer is whose."""
    return any(row["event"] == "another_model" for row in lines.read(run.events))
