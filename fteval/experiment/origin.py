"""What a suite is made of, by content: a plan that was kept beside a run is known again by it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.records import Probe, WrappingProbe, canonical, digest
from fteval.runs.asking import identity
from fteval.version import __version__

_Stamp = tuple[int, int, int]


def origin_of(experiment: Experiment) -> Callable[[], str | None] | None:
    """Says of what the suite is made that is read now; None where a probe is an object or code of the user's, or reads
    a pipe, which gives its rows once."""
    if experiment.allow_code or any(use.made is not None for use in experiment.probes):
        return None
    given = [use.data for use in experiment.probes if use.data is not None]
    if any(os.path.exists(data) and not os.path.isfile(data) for data in given):
        return None
    with contextlib.suppress(OSError):  # whoever reads it says what is wrong
        return _Origin(experiment, {data: _stamp(data) for data in given if os.path.isfile(data)})
    return None


@dataclass(frozen=True, slots=True)
class _Origin:
    experiment: Experiment
    files: dict[Path, _Stamp]
    """As they were before they were read."""

    def __call__(self) -> str | None:
        """The digest; None where a file has been written since or is gone, and for samples that a probe has from
        elsewhere."""
        try:
            said = [self._said(use) for use in self.experiment.probes]
            if any(_stamp(path) != then for path, then in self.files.items()):
                return None
        except (OSError, UserError):
            return None
        models = [self.experiment.base, *(use.ref for use in self.experiment.candidates.values())]  # nano's are its own
        if None in said:
            return None
        return digest([__version__, self.experiment.suite, self.experiment.limit, models, said])

    def _said(self, use: ProbeUse) -> list[object] | None:
        probe = registry.probe(use.probe, use.params, where=use.where)
        if use.data is None and not _brings_its_own(probe):
            return None
        data = use.data and (_content(use.data) if use.data in self.files else str(use.data))  # nano:500
        return [use.name, use.probe, identity.probe_digest(probe, use.name), data, use.limit,
                canonical(dict(use.sampling)).decode("ascii")]  # fmt: skip


def _brings_its_own(probe: Probe) -> bool:
    """Whether a probe's samples come with fteval: those of a benchmark or of another package may be others tomorrow."""
    asked = probe.wrapped if isinstance(probe, WrappingProbe) else probe
    return type(asked).__module__.startswith("fteval.evals.")


def _content(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
