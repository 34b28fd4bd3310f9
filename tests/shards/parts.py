"""A run cut into shards, in stores of their own: what the tests of shards and of merging share."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.experiment.asked import Asked
from fteval.experiment.describe import find_config
from fteval.experiment.experiment import Experiment
from fteval.experiment.measure import measure
from fteval.experiment.place import Place
from fteval.experiment.yardstick import described
from fteval.records import Comparison, RunRecord, Shard
from fteval.reports.files.verdict_json import as_data
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store
from fteval.shards import share
from fteval.shards.merge import find, merge

CONFIG = """version: 1
base: replay:weak.jsonl
candidates: {good: {model: "replay:good.jsonl"}}
probes: {words: {use: holdout, data: words.jsonl, score: [exact]}}
gates: [{probe: words, metric: exact, min_gain: 5pp}]
"""


@dataclass(frozen=True)
class Project:
    """A folder with a hold-out, a base that knows two of three answers, and a candidate that knows all."""

    folder: Path
    n: int

    def write(self) -> None:
        def put(name: str, rows: list[dict[str, Any]]) -> None:
            (self.folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

        ids = [f"s{i}" for i in range(self.n)]
        put("words.jsonl", [{"id": s, "prompt": f"Which word is {s}?", "target": f"word of {s}"} for s in ids])
        put("good.jsonl", [{"id": s, "output": f"word of {s}"} for s in ids])
        put("weak.jsonl", [{"id": s, "output": f"word of {s}" if i % 3 else "no"} for i, s in enumerate(ids)])
        (self.folder / "fteval.yaml").write_text(CONFIG)

    def experiment(self, **asked: Any) -> Experiment:
        config = find_config(self.folder / "fteval.yaml", wanted=True)
        return described(Asked(config=self.folder / "fteval.yaml", **asked), config)

    def store(self, name: str) -> Path:
        return self.folder / name

    def ask(self, index: int, of: int, store: str | None = None, **asked: Any) -> tuple[share.Asked, ...]:
        """One shard, in a store of its own where none is named."""
        place = Place(store=self.store(store or f"shard{index}"), command=f"fteval run --shard {index}/{of} --store x")
        return share.ask(self.experiment(**asked), place, Shard(index, of))

    def merge(self, *stores: str, into: str = "whole", which: str | None = None) -> Comparison | RunRecord:
        found = find([self.store(name) for name in stores], which)
        return merge(found, Place(store=self.store(into), command="fteval merge"))

    def whole(self) -> Comparison | RunRecord:
        """The same in one process."""
        return measure(self.experiment(), Place(store=self.store("one")))

    def answered(self, *stores: str) -> Counter[tuple[str, str]]:
        """How often these stores have an answer to each (model, key)."""
        return Counter(
            (run.manifest["ref"], row["key"])
            for name in stores
            for run in Store(self.store(name), readonly=True).runs()
            for row in lines.read(run.generations)
            if row["status"] == "ok"
        )


def verdict(result: Comparison | RunRecord) -> str:
    """What verdict.json says, byte for byte, but for the ids of runs."""
    said = json.dumps(as_data(result), indent=1)
    assert isinstance(result, Comparison)
    for number, run in enumerate((result.base, *(c.run for c in result.candidates))):
        said = said.replace(run.id, f"run {number}")
    return said
