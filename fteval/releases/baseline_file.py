"""A baseline as a file for git: JSON with one sample per line, so that a diff shows what changed.

    {"v": 1, "suite": "support", …,
     "samples": [
     {"probe": "support", "id": "t-041", …, "scores": {"exact": 1.0}, "outputs": ["sha256:…"]},
     …

Read strictly: what is not whole, or not as it was written, is an error, never another baseline. A checksum cannot stop
somebody who wants to deceive; it finds the hand-edited score and the merge that mixed two releases.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.records import Baseline, Metric, ProbeResult, canonical
from fteval.records.readings import Limits
from fteval.releases import strict
from fteval.runs.journal import codec
from fteval.runs.journal.files import write_atomically

VERSION = 1
"""Goes up when a field means something else than before."""

_SHOWN = 5
"""Problems of one file that are told; more are counted."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def write(path: Path, kept: Baseline) -> None:
    """Replaces the file in one step. Raises Incomplete when the disk does not take it."""
    write_atomically(path, _lines(kept))


def _lines(kept: Baseline) -> Iterator[bytes]:
    head = {
        "v": VERSION,
        **{name: getattr(kept, name) for name in _PLAIN},
        "planned": kept.n_samples,
        "scored": kept.scored,
        "probes": [codec.to_json(_head_of(p, kept.versions[p.probe])) for p in kept.probes],
    }
    rows = [_encode(row) for row in sorted(_rows(kept), key=lambda row: (row["probe"], row["id"]))]
    head["checksum"] = _checksum(head, rows)
    yield json.dumps(head, indent=1, ensure_ascii=True, allow_nan=False)[:-2].encode("ascii") + b',\n "samples": ['
    for n, row in enumerate(rows):
        yield (b",\n " if n else b"\n ") + row
    yield b"\n ]\n}\n"


def _encode(row: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(row).encode("ascii")


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def _checksum(head: Mapping[str, Any], rows: Iterable[bytes]) -> str:
    """Of what the file says, however its lines are broken."""
    total = hashlib.sha256(canonical({k: v for k, v in head.items() if k not in ("checksum", "samples")}))
    for row in rows:
        total.update(b"\n" + row)
    return f"sha256:{total.hexdigest()}"


def _rows(kept: Baseline) -> Iterator[dict[str, Any]]:
    for p in kept.probes:
        columns = [(m.name, p.scores[m.name]) for m in p.metrics]
        for i, sample in enumerate(p.sample_ids):
            yield {
                "probe": p.probe,
                "id": sample,
                "digest": p.sample_digests[i],
                "group": p.groups[i],
                "slices": dict(sorted(p.slices[i].items())),
                "scores": {name: column[i] for name, column in columns},
                "outputs": list(kept.outputs[p.probe, sample]),
            }


@dataclass(frozen=True, slots=True)
class _Head:
    """What the file says of a probe before its samples."""

    probe: str
    digest: str
    version: int
    metrics: tuple[Metric, ...]
    unscored: Mapping[str, int] = field(default_factory=dict)
    truncated: int = 0
    empty: int = 0
    answer_tokens: float | None = None
    within: Mapping[str, float] = field(default_factory=dict)
    no_answer: int = 0
    partly: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    limits: Limits | None = None


_ALIKE = [f.name for f in dataclasses.fields(_Head) if f.name != "version"]
"""What a probe's result has under the same name."""


def _head_of(p: ProbeResult, version: int) -> _Head:
    return _Head(version=version, **{name: getattr(p, name) for name in _ALIKE})


def read(path: Path) -> Baseline:
    """The accepted scores in a file. Raises UserError for another version's file, Incomplete for a damaged one."""
    try:
        value = strict.parse(strict.read_bytes(path))
        strict.check_version(value.get("v"), VERSION, path)
        missing = [f.name for f in dataclasses.fields(_File) if f.name not in value]
        if missing:
            raise ValueError(f"it has no {', '.join(missing)}")
        found = _Reader(codec.from_json(_File, value)).baseline()
        if _checksum(value, map(_encode, value["samples"])) != value["checksum"]:
            raise ValueError("it is not as fteval wrote it: a line was edited, or two releases were merged")
        return found
    except (ValueError, OverflowError) as error:
        raise strict.damaged(path, str(error)) from None


@dataclass(frozen=True, slots=True)
class _File:
    suite: str
    suite_digest: str
    anchor: str | None
    accepted: str
    reason: str | None
    run: str
    ref: str
    digest: str
    fteval: str
    engine: Mapping[str, Any]
    sampling: Mapping[str, Any]
    repeats: int
    planned: int
    scored: int
    checksum: str
    probes: tuple[_Head, ...]
    samples: tuple[Any, ...]
    """Checked row by row: there may be 100,000."""


_PLAIN = [f.name for f in dataclasses.fields(_File) if f.name in Baseline.__slots__ and f.name != "probes"]
"""What stands in the file as it is kept."""


class _Reader:
    """Puts samples under their probes; gathers what is wrong with them."""

    def __init__(self, given: _File) -> None:
        self.given = given
        self.problems: list[str] = []
        self.rows: dict[str, dict[str, Mapping[str, Any]]] = {p.probe: {} for p in given.probes}
        self.metrics = {p.probe: {m.name for m in p.metrics} for p in given.probes}

    def baseline(self) -> Baseline:
        """Raises ValueError with the first few problems."""
        self._check_head()
        for n, row in enumerate(self.given.samples, start=1):
            if problem := self._problem(row):
                self.problems.append(f"sample {n}: {problem}")
            else:
                self.rows[row["probe"]][row["id"]] = row
        self.problems += [f"probe {name!r} has no samples" for name, rows in self.rows.items() if not rows]
        self._raise()
        given = self.given
        made = Baseline(
            **{name: getattr(given, name) for name in _PLAIN},
            versions={p.probe: p.version for p in given.probes},
            probes=tuple(self._result(p) for p in given.probes),
            outputs={(p, i): tuple(row["outputs"]) for p, rows in self.rows.items() for i, row in rows.items()},
        )
        for name, found, said in (
            ("samples", made.n_samples, given.planned),
            ("scored samples", made.scored, given.scored),
        ):
            if found != said:
                self.problems.append(f"it holds {found} {name} and says {said}")
        self._raise()
        return made

    def _raise(self) -> None:
        if self.problems:
            more = f"; and {len(self.problems) - _SHOWN} more" if len(self.problems) > _SHOWN else ""
            raise ValueError("; ".join(self.problems[:_SHOWN]) + more)

    def _check_head(self) -> None:
        given = self.given
        if len(self.rows) < len(given.probes):
            self.problems.append("a probe stands there twice")
        if not given.probes:
            self.problems.append("it has no probes")
        if given.repeats < 1:
            self.problems.append(f"repeats is {given.repeats}")
        for p in given.probes:
            if not p.metrics or len(self.metrics[p.probe]) < len(p.metrics):
                self.problems.append(f"probe {p.probe!r} has no metrics, or one of them twice")
            odd = [m.better for m in p.metrics if m.better not in ("higher", "lower")]
            self.problems += [f"probe {p.probe!r}: better is {word!r}" for word in odd]
        for what, text in (("suite_digest", given.suite_digest), ("digest", given.digest)):
            if not _DIGEST.fullmatch(text):
                self.problems.append(f"{what} is no digest")
        self._raise()

    def _problem(self, row: Any) -> str | None:
        if not isinstance(row, dict):
            return "it is not an object"
        probe, sample, scores, slices = (row.get(key) for key in ("probe", "id", "scores", "slices"))
        if not isinstance(probe, str) or probe not in self.rows:
            return f"its probe is {probe!r}, which is not among the probes"
        if not isinstance(sample, str):
            return "it has no id"
        if sample in self.rows[probe]:
            return f"the id {sample!r} stands there twice"
        if not _is_digest(row.get("digest")):
            return "its digest is none"
        if not (row.get("group") is None or isinstance(row["group"], str)):
            return f"its group is {row['group']!r}"
        if not isinstance(slices, dict) or not all(isinstance(value, str) for value in slices.values()):
            return "its slices are no texts"
        if not isinstance(scores, dict) or scores.keys() != self.metrics[probe]:
            return f"its scores are not those of {', '.join(sorted(self.metrics[probe]))}"
        odd = [name for name, value in scores.items() if not _is_score(value)]
        if odd:
            return f"its score of {odd[0]!r} is {scores[odd[0]]!r}"
        found = row.get("outputs")
        if not isinstance(found, list) or len(found) != self.given.repeats or not all(map(_is_digest, found)):
            return f"its outputs are not {self.given.repeats} digests"
        return None

    def _result(self, p: _Head) -> ProbeResult:
        rows = self.rows[p.probe]
        return ProbeResult(
            sample_ids=tuple(rows),
            sample_digests=tuple(row["digest"] for row in rows.values()),
            groups=tuple(row["group"] for row in rows.values()),
            slices=tuple(row["slices"] for row in rows.values()),
            scores={m.name: [row["scores"][m.name] for row in rows.values()] for m in p.metrics},
            **{name: getattr(p, name) for name in _ALIKE},
        )


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))
