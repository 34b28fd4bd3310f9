"""What a run would change of accepted scores: its samples and scorers first, then what both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fteval.records import Moved, ProbeResult


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
