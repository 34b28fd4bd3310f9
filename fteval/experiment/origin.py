"""What a suite is made of, by content: a plan that was kept beside a run is known again by it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fteval import registry
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.records import canonical, digest
from fteval.runs.asking import identity
from fteval.version import __version__

_Stamp = tuple[int, int, int]


def origin_of(experiment: Experiment) -> Callable[[], str | None] | None:
    """Says of what the suite is made that is read now; None where a probe is an object or code of the user's."""
    if experiment.allow_code or any(use.made is not None for use in experiment.probes):
        return None
    files = {use.data: _stamp(use.data) for use in experiment.probes if use.data is not None and use.data.is_file()}
    return _Origin(experiment, files)


@dataclass(frozen=True, slots=True)
class _Origin:
    experiment: Experiment
    files: dict[Path, _Stamp]
    """As they were before they were read."""

    def __call__(self) -> str | None:
        """The digest; None where a file has been written since."""
        contents = {path: _content(path) for path in self.files}
        if any(_stamp(path) != then for path, then in self.files.items()):
            return None
        models = [self.experiment.base, *(use.ref for use in self.experiment.candidates.values())]  # nano's are its own
        uses = [[*_said(use), contents.get(use.data) if use.data else None] for use in self.experiment.probes]
        return digest([__version__, self.experiment.suite, self.experiment.limit, models, uses])


def _said(use: ProbeUse) -> list[object]:
    probe = registry.probe(use.probe, use.params, where=use.where)
    given = str(use.data) if use.data is not None and not use.data.is_file() else None  # nano:500
    return [use.name, use.probe, identity.probe_digest(probe, use.name), given, use.limit,
            canonical(dict(use.sampling)).decode("ascii")]  # fmt: skip


def _content(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
