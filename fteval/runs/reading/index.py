"""A run's journals, read once: what they add up to, and where each sample's lines begin, in a file beside them.

`index` is derived. It can be deleted at any time, and is made anew where it is damaged, of another format, or of other
journals than those that are there. Journals are the truth, and every line that is read through it is checked again.

Whether it is of these journals, their size and checksum say. A journal that has not been touched for a while before the
index was made (the filesystem's time, as git reckons it) needs only its end to be read for that; where a clock has
jumped, or files were copied, all of it is read.
"""

from __future__ import annotations

import contextlib
import os
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from fteval.errors import Incomplete
from fteval.records import ProbeResult
from fteval.records.columns import Digests, Kinds, Numbers, Texts
from fteval.runs.journal import codec, lines
from fteval.runs.journal.blocks import Blocks, load, save
from fteval.runs.journal.finder import NOWHERE
from fteval.runs.journal.run import JOURNALS, Run
from fteval.runs.reading import tally
from fteval.runs.reading.tally import Lines, Tally

FILE = "index"
FORMAT = 1
"""Goes up when the same journals would be added up to something else, or lie otherwise in the file."""
_SETTLED = 2 * 10**9
"""Nanoseconds after which a file's time tells whether it was written since: some filesystems count in seconds."""
_END = 4096
_CHUNK = 1 << 20
_LINES = ("samples", "answers", "first", "last")
_MANY = 1000
"""Places from which on the offsets are read together."""
_MAGIC = b"fteval index\n"

Row = Mapping[str, Any]


def tally_of(run: Run) -> Tally:
    """What a run's journals add up to, from its index where that is of them. Raises Incomplete for a damaged line.

    Leaves the index for the next reader; a store that cannot be written has none, and is read whole each time.
    """
    kept = _kept(run)
    found = kept.tally() if kept is not None else None
    if found is not None:
        return found
    before = _stamps(run)
    found = tally.tally(run)
    with contextlib.suppress(OSError, Incomplete):
        _save(run, found, before)
    return found


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run's journals say of one sample."""

    sample: Row
    answers: list[Row | None]
    """One per repeat: the first answer, a failure where there is none, None where nothing came."""
    first: Row | None
    """The last judgement of the first answer."""
    last: Row | None
    """The last judgement of any."""


def rows_of(run: Run, probe: str, places: Collection[int]) -> Iterator[Rows]:
    """The rows of the samples at these places in the columns of a probe. Raises Incomplete for a damaged line."""
    kept = _kept(run)
    found: Lines | _StoredLines | None = None
    if kept is not None:
        found = kept.lines(probe) if len(places) < _MANY else kept.all_lines(probe)
    if found is None:
        found = tally_of(run).lines[probe]
    with contextlib.ExitStack() as stack:
        samples, generations, scores = run.samples, run.generations, run.scores
        files = {path: stack.enter_context(open(path, "rb")) for path in (samples, generations, scores)
                 if path.exists()}  # fmt: skip

        def row(path: Path, offset: int) -> Row | None:
            return None if offset == NOWHERE else lines.at(files[path], path, offset)

        for at in places:
            sample = row(samples, found.samples[at])
            assert sample is not None  # every place has one
            n = len(sample["keys"])
            answers = [row(generations, found.answers[at * n + repeat]) for repeat in range(n)]
            first, last = found.first[at], found.last[at]
            judged = row(scores, first)
            yield Rows(sample, answers, judged, judged if last == first else row(scores, last))


# --- the file -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A journal as it was when it was read."""

    size: int
    time: int
    all: int = 0
    """Checksum of it."""
    end: int = 0
    """Checksum of its last bytes."""
    changed: int = 0
    """When the filesystem last saw a change of it or of its times, which nobody can put back."""


@dataclass(frozen=True, slots=True)
class _StoredLines:
    """The offsets of one probe, read one by one."""

    samples: _Stored
    answers: _Stored
    first: _Stored
    last: _Stored


@dataclass(frozen=True, slots=True)
class _Stored:
    """An array of offsets in the file."""

    path: Path
    begin: int

    def __getitem__(self, place: int) -> int:
        with open(self.path, "rb") as file:
            file.seek(self.begin + 8 * place)
            return array("Q", file.read(8))[0]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An index that is of the run's journals."""

    blocks: Blocks

    def tally(self) -> Tally | None:
        """None where a block is damaged."""
        try:
            return self._tally()
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def lines(self, probe: str) -> _StoredLines | None:
        try:
            return _StoredLines(*(self._stored(f"{probe} {name}") for name in _LINES))
        except KeyError:
            return None

    def all_lines(self, probe: str) -> Lines | None:
        try:
            return Lines(*(array("Q", self.blocks.read(f"{probe} {name}")) for name in _LINES))
        except (OSError, ValueError, KeyError):
            return None

    def _stored(self, name: str) -> _Stored:
        return _Stored(self.blocks.path, self.blocks.place(name)[0])

    def _tally(self) -> Tally:
        said = self.blocks.head["tally"]
        return Tally(
            results=tuple(self._result(one) for one in said["results"]),
            answers=tally.Answers(
                **{**said["answers"], "failures": Counter(said["answers"]["failures"]),
                   "seen": Counter({(served, print_): n for served, print_, n in said["answers"]["seen"]})}
            ),
            events=codec.from_json(tally.Events, said["events"]),
            score_errors=said["score_errors"],
            states=Counter({int(state): n for state, n in said["states"].items()}),
            left_out=said["left_out"],
            silent=said["silent"],
            lines={},
        )  # fmt: skip

    def _result(self, said: Mapping[str, Any]) -> ProbeResult:
        plain, name = codec.from_json(ProbeResult, said["result"]), said["result"]["probe"]
        read = self.blocks.read
        digests = read(f"{name} digests")
        return replace(
            plain,
            sample_ids=Texts(read(f"{name} ids"), array("Q", read(f"{name} ends"))),
            sample_digests=Digests(digests) if said["digests"] is None else Texts(digests, array("Q", said["digests"])),
            groups=Kinds(array("i", read(f"{name} groups")), said["groups"]),
            slices=Kinds(array("i", read(f"{name} slices")), said["slices"]),
            scores={m: Numbers(array("d", read(f"{name} score {m}"))) for m in said["scores"]},
            partly={metric: tuple(places) for metric, places in said["result"]["partly"].items()},
        )


def _kept(run: Run) -> _Kept | None:
    """The index of a run where it is whole and of these journals."""
    path = run.path / FILE
    try:
        blocks = load(path, _MAGIC)
        head = blocks.head
        if head["format"] != FORMAT or head["order"] != sys.byteorder or head["manifest"] != _checksum_of_manifest(run):
            return None
        stamps = {name: _Stamp(*one) for name, one in head["journals"].items()}
        now = _stamps(run)
        if stamps.keys() != now.keys():
            return None
        looked = [_same(run.path / name, stamps[name], now[name], blocks.made) for name in stamps]
        if not all(looked):
            return None
        if "whole" in looked:
            with contextlib.suppress(OSError):
                os.utime(path)  # what has just been read as a whole need not be again
        return _Kept(blocks)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # not there or not whole: it is derived, so that nothing is lost


def _same(path: Path, then: _Stamp, now: _Stamp, made: int) -> str | None:
    """How far a journal had to be read to know that it is the one of the index: its `end`, the `whole`; None for
    another one."""
    if now.size != then.size:
        return None
    if now.time == then.time and max(now.time, now.changed) + _SETTLED < made:
        return "end" if _checksum(path, now.size - min(now.size, _END), now.size) == then.end else None
    return "whole" if _checksum(path, 0, now.size) == then.all else None


def _stamps(run: Run) -> dict[str, _Stamp]:
    found = {}
    for name in JOURNALS:
        with contextlib.suppress(FileNotFoundError):
            seen = (run.path / name).stat()
            found[name] = _Stamp(seen.st_size, seen.st_mtime_ns, changed=seen.st_ctime_ns)
    return found


def _checksum(path: Path, begin: int, end: int) -> int:
    check, left = 0, end - begin
    with open(path, "rb") as file:
        file.seek(begin)
        while left and (data := file.read(min(_CHUNK, left))):
            check, left = crc32(data, check), left - len(data)
    return check if not left else -1


def _checksum_of_manifest(run: Run) -> int:
    return crc32((run.path / "manifest.json").read_bytes())


def _save(run: Run, found: Tally, before: Mapping[str, _Stamp]) -> None:
    """Leaves the index. Not of journals that somebody is writing: the next reader would have to begin anew."""
    journals = {
        name: (one.size, one.time, _checksum(run.path / name, 0, one.size),
               _checksum(run.path / name, one.size - min(one.size, _END), one.size))
        for name, one in before.items()
    }  # fmt: skip
    unread = [name for name, size in found.read.items() if name in before and before[name].size != size]
    if unread or _stamps(run) != before:
        return
    blocks: dict[str, Any] = {}
    results = []
    for one in found.results:
        results.append(_plain(one))
        blocks |= _blocks(one, found.lines[one.probe])
    answers = codec.to_json(replace(found.answers, seen=Counter()))
    head = {
        "format": FORMAT,
        "order": sys.byteorder,
        "manifest": _checksum_of_manifest(run),
        "journals": journals,
        "tally": {
            "results": results,
            "answers": {**answers, "seen": [[*by, n] for by, n in found.answers.seen.items()]},
            "events": codec.to_json(found.events),
            "score_errors": found.score_errors,
            "states": dict(found.states),
            "left_out": found.left_out,
            "silent": found.silent,
        },
    }
    save(run.path / FILE, _MAGIC, head, blocks)


def _plain(one: ProbeResult) -> dict[str, Any]:
    """What is not in blocks."""
    slim = replace(one, sample_ids=(), sample_digests=(), groups=(), slices=(), scores={})
    assert isinstance(one.groups, Kinds) and isinstance(one.slices, Kinds)
    ends = one.sample_digests.ends.tolist() if isinstance(one.sample_digests, Texts) else None
    return {
        "result": codec.to_json(slim),
        "groups": list(one.groups.values),
        "slices": [dict(slices) for slices in one.slices.values],
        "scores": list(one.scores),
        "digests": ends,
    }


def _blocks(one: ProbeResult, where: Lines) -> dict[str, Any]:
    ids, digests = one.sample_ids, one.sample_digests
    assert isinstance(ids, Texts) and isinstance(digests, Texts | Digests)
    assert isinstance(one.groups, Kinds) and isinstance(one.slices, Kinds)
    name = one.probe
    found: dict[str, Any] = {f"{name} ids": ids.block, f"{name} ends": ids.ends, f"{name} digests": digests.block}
    found |= {f"{name} groups": one.groups.codes, f"{name} slices": one.slices.codes}
    found |= {f"{name} score {m}": c.values for m, c in one.scores.items() if isinstance(c, Numbers)}
    found |= {f"{name} {part}": getattr(where, part) for part in _LINES}
    return found
