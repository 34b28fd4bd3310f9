"""What a run would change of accepted scores: its samples and scorers first, then what both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fteval.records import MetricChange, ProbeResult


@dataclass(frozen=True, slots=True)
class Moved:
    """How the samples of one probe differ between what was accepted and a run."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    """The same id with another content, group or slices."""
    scorer: bool
    """Whether the probe's version, parameters or scorers differ."""

    @property
    def reason(self) -> str | None:
        """Why the two cannot be compared, as in `suite changed (2 added, 1 edited)`; None where they can."""
        parts = [f"{len(ids)} {what}" for what, ids in self._samples if ids]
        found = ["scorer changed"] if self.scorer else []
        found += [f"suite changed ({', '.join(parts)})"] if parts else []
        return " and ".join(found) or None

    @property
    def _samples(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("added", self.added), ("removed", self.removed), ("edited", self.edited)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a run would change of one probe."""

    probe: str
    moved: Moved
    common: int
    """Samples that both have."""
    answers: int
    """Of them, samples that were answered in other words."""
    changes: tuple[MetricChange, ...]
    """Over them; empty where another scorer judged."""


def moved(old: ProbeResult, new: ProbeResult) -> Moved:
    """What differs before any score is looked at."""
    before, after = _rows(old), _rows(new)
    return Moved(
        added=tuple(i for i in after if i not in before),
        removed=tuple(i for i in before if i not in after),
        edited=tuple(i for i, row in before.items() if i in after and after[i] != row),
        scorer=old.digest != new.digest,
    )


def only(result: ProbeResult, ids: Sequence[str]) -> ProbeResult:
    """A result over some of its samples."""
    wanted = set(ids)
    rows = [i for i, sample in enumerate(result.sample_ids) if sample in wanted]
    return replace(
        result,
        sample_ids=tuple(result.sample_ids[i] for i in rows),
        sample_digests=tuple(result.sample_digests[i] for i in rows),
        groups=tuple(result.groups[i] for i in rows),
        slices=tuple(result.slices[i] for i in rows),
        scores={name: [column[i] for i in rows] for name, column in result.scores.items()},
        sequential=None,
    )


def _rows(result: ProbeResult) -> dict[str, tuple[str, str | None, dict[str, str]]]:
    rows = zip(result.sample_ids, result.sample_digests, result.groups, result.slices, strict=True)
    return {sample: (content, group, dict(slices)) for sample, content, group, slices in rows}
