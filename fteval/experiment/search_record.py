"""What was tried in a search for a prompt: kept in the store, so that nobody searches again and reports can say it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.records import Metric
from fteval.runs.journal.files import write_atomically
from fteval.stats import units

FOLDER = "searches"
"""Of the store: a file for each search, and the runs on dev rows."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A prompt that was measured on dev rows."""

    origin: str
    """`base`: none; `given`: by the user; `proposed`; `examples`: with examples that are shown."""
    prompt: str
    k: int
    """Examples that were shown; 0 for none."""
    score: float | None
    """Mean over the dev rows; None where too few of them could be judged."""
    guards: tuple[float | None, ...] = ()
    """Of what must not regress, in its order."""
    scored: int = 0


@dataclass(slots=True)
class Search:
    """A search as far as it is."""

    key: str
    """Digest of all that decides it: the model, the settings, the dev rows."""
    metric: str
    """PROBE.METRIC."""
    unit: str
    better: str
    rows: int
    tried: list[Tried] = field(default_factory=list)
    asked: int = 0
    """Proposals that were asked for."""
    discarded: int = 0
    """Of these, prose, nothing, or a prompt that was there already."""
    chosen: int | None = None
    """Place of the best among `tried`; None before the end."""
    engines: list[str] = field(default_factory=list)
    """Digests of the models that are asked with what was chosen."""

    def words(self) -> str:
        """What a report says of it."""
        assert self.chosen is not None
        best, base = self.tried[self.chosen], self.tried[0]
        same = next((t for t in self.tried if t.k == best.k and not t.prompt), None) if best.k and best.prompt else None
        beside = f", the same {best.k} examples without a prompt {self._value(same)}" if same else ""
        dropped = f"; {self.discarded} of {self.asked} proposals were of no use" if self.discarded else ""
        what = " ".join(best.prompt.split()) or "no prompt"
        shown = f" and {best.k} examples" if best.k else ""
        return (
            f"chosen as the best of {len(self.tried)} on {self.rows} dev rows by {self.metric}: {self._value(best)},"
            f" without any {self._value(base)}{beside}{dropped}; “{what}”{shown}"
        )

    def _value(self, tried: Tried) -> str:
        return "not judged" if tried.score is None else units.value(tried.score, Metric(self.metric, unit=self.unit))

    def save(self, store: Path) -> None:
        folder = store / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        write_atomically(folder / f"{self.key[7:23]}.json", json.dumps(asdict(self), indent=1).encode("ascii"))


def load(store: Path, key: str) -> Search | None:
    """A search that was made or begun; None for one that is not there."""
    path = store / FOLDER / f"{key[7:23]}.json"
    found = _search(read_json(path)) if path.is_file() else None
    return found if found is not None and found.key == key else None


def search_of(store: Path, engine: str) -> Search | None:
    """The search that chose how this model (a digest of its identity) is asked, of several the one that was used last;
    None where nobody searched."""
    return next((one for one in _all(store) if engine in one.engines), None)


def _all(store: Path) -> Iterator[Search]:
    """The last used first."""
    folder = store / FOLDER
    files = folder.glob("*.json") if folder.is_dir() else ()
    for path in sorted(files, key=lambda path: -path.stat().st_mtime_ns):
        yield _search(read_json(path))


def _search(row: Mapping[str, Any]) -> Search:
    tried: Sequence[Mapping[str, Any]] = row["tried"]
    return Search(**{**row, "tried": [Tried(**{**one, "guards": tuple(one["guards"])}) for one in tried]})
