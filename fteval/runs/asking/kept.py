"""What a large run is going to do, in a file beside its journals: who goes on with it need not plan it again.

Derived, gone once the run is finished, and believed only where all that a plan follows from is the same by content: the
files of the hold-outs, the probes, what they are asked with (`Origin`); engine, sampling, repeats; this version of
fteval. Else the run is planned as a new one is. Samples are read from the run's own samples.jsonl, each line checked.
"""

from __future__ import annotations

import contextlib
import os
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from fteval import registry
from fteval.engines.spool import Spool
from fteval.errors import Incomplete, UserError
from fteval.records import Engine, KeyedEngine, MeetingEngine, Sampling, ServedEngine, digest
from fteval.records.columns import Digests, Kinds, Texts
from fteval.runs.asking import identity
from fteval.runs.asking.plan import Work, own_requests
from fteval.runs.asking.requests import KeysOf, Requests
from fteval.runs.asking.spooled import JournalSamples
from fteval.runs.asking.suite import Suite, SuiteProbe
from fteval.runs.journal import blocks, lines
from fteval.runs.journal.store import Run
from fteval.version import __version__

FILE = "plan"
FORMAT = 1
"""Goes up when the same plan would lie otherwise in the file."""
MANY = 10_000
"""Answers from which on a plan is kept: fewer are planned in a second or two."""
_MAGIC = b"fteval plan\n"
_END = 4096

Origin = Callable[[], str | None]
"""Digest of all that a suite is made of; None where nobody can say."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A run that was begun, with its plan as it was kept."""

    run: Run
    suite: Suite
    _file: blocks.Blocks

    def work(self, engine: Engine, sampling: Sampling, repeats: int, base: Engine | None) -> Work | None:
        """What the run is going to do; None where it would now be another plan, or the file is damaged."""
        head = self._file.head
        if head["asked"] != _asked(engine.identity(), sampling, repeats, base):
            return None
        try:
            requests = Requests.of_columns(own_requests(self.suite), self._file.read)
            keys = []
            for probe in self.suite.probes:
                of_probe = KeysOf(requests, repeats)
                of_probe.numbers = array("I", self._file.read(f"{probe.name} numbers"))
                keys.append(of_probe)
        except (OSError, ValueError, KeyError):
            return None
        total = sum(len(one.numbers) for one in keys)
        plan, shares, size = dict(self.run.plan), _shares(requests, keys), head["prompt_bytes"]
        return Work(self.suite, plan, tuple(keys), requests, shares, total, size, sampling, {}, base=base)


def keep(run: Run, work: Work, engine: Engine, repeats: int, origin: Origin | None) -> None:
    """Leaves the plan beside the journals of a run whose samples are written, where it is large and can be kept: a
    server's, whose requests are the samples' own prompts, and which need not be told of the samples first."""
    served = isinstance(engine, ServedEngine) and not isinstance(engine, MeetingEngine | KeyedEngine)
    columns = work.requests.columns() if work.total >= MANY and served else None
    plain = not (work.others or work.refused or work.unweighed or work.remarks or "sequential" in work.plan)
    judged = "references" in run.manifest or "judges" in run.manifest
    of = origin() if columns is not None and origin is not None and plain and not judged else None
    if of is None or columns is None:
        return
    ends = array("Q", (line.offset + len(line.data) for line in lines.raw(run.samples)))
    found: dict[str, Any] = {**columns, "lines": ends}
    probes = []
    for probe, keys in zip(work.suite.probes, work.keys, strict=True):
        ids, groups = Texts.of(probe.ids), Kinds.of(probe.groups)
        slices = Kinds.of(tuple(one.items()) for one in probe.slices)
        digests = probe.sample_digests
        if not isinstance(digests, Digests) or not isinstance(keys, KeysOf):
            return
        named = {"ids": ids.block, "ends": ids.ends, "digests": digests.block, "groups": groups.codes,
                 "slices": slices.codes, "numbers": keys.numbers}  # fmt: skip
        found |= {f"{probe.name} {name}": column for name, column in named.items()}
        probes.append([probe.name, list(groups.values), list(slices.values), dict(probe.sampling)])
    head = {
        "format": FORMAT,
        "order": sys.byteorder,
        "origin": of,
        "asked": _asked(work.plan["engine"], work.sampling, repeats, work.base),
        "samples": _stamp(run),
        "probes": probes,
        "prompt_bytes": work.prompt_bytes,
    }
    with contextlib.suppress(Incomplete):  # it is derived: what the disk has no room for is worked out again
        blocks.save(run.path / FILE, _MAGIC, head, found)


def forget(run: Run) -> None:
    """Takes the plan of a finished run away."""
    with contextlib.suppress(OSError):
        (run.path / FILE).unlink(missing_ok=True)


def planned(run: Run, origin: Origin) -> Planned | None:
    """What was kept of a run, where its suite is made of the same still; None where there is nothing."""
    try:
        file = blocks.load(run.path / FILE, _MAGIC)
        head = file.head
        if (head["format"], head["order"], head["samples"]) != (FORMAT, sys.byteorder, _stamp(run)):
            return None
        said = run.manifest["probes"]
        made = {name: registry.probe(said[name]["use"], said[name]["params"]) for name, *_ in head["probes"]}
        if any(identity.probe_digest(probe, name) != said[name]["digest"] for name, probe in made.items()):
            return None  # it would judge otherwise
        if head["origin"] != origin():
            return None
        spool = Spool.over(open(run.samples, "rb", buffering=0), array("Q", file.read("lines")))  # noqa: SIM115
        probes, first = [], 0
        for name, groups, slices, sampling in head["probes"]:
            columns = [file.read(f"{name} {column}") for column in ("ids", "ends", "groups", "slices", "digests")]
            kinds = Kinds(array("i", columns[2]), groups), Kinds(array("i", columns[3]), [dict(one) for one in slices])
            ids = Texts(columns[0], array("Q", columns[1]))
            samples = JournalSamples(run.samples, spool, first, ids, *kinds)
            own = {field: tuple(value) if isinstance(value, list) else value for field, value in sampling.items()}
            first += len(samples)
            probes.append(SuiteProbe(name, made[name], samples, Digests(columns[4]), said[name]["digest"], own))
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return None
    told = {name: list(run.manifest.get(name, ())) for name in ("oddities", "notes")}
    suite = Suite(tuple(probes), run.plan["subset"], str(run.manifest["suite_name"]), run.plan["suite"], told)
    return Planned(run, suite, file)


def _asked(engine: Mapping[str, Any], sampling: Sampling, repeats: int, base: Engine | None) -> str:
    """Digest of all that requests follow from beside the suite."""
    of_base = None if base is None else dict(base.identity())
    shared = [identity.KEY_VERSION, dict(engine), identity.sampling_fields(sampling), repeats, of_base]
    return digest([__version__, *shared])


def _shares(requests: Requests, keys: Sequence[KeysOf]) -> dict[str, int]:
    if sum(len(one.numbers) for one in keys) == len(requests):
        return {}
    asked = Counter(at for one in keys for at in one.numbers)
    return {requests.key(at): n for at, n in asked.items() if n > 1}


def _stamp(run: Run) -> list[int]:
    """Of samples.jsonl: how long it is, and a checksum of its end; every line that is read is checked by its own."""
    with open(run.samples, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END))
        return [size, crc32(file.read())]
