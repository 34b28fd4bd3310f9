"""Gates that may be looked at while the samples come in: stop as soon as the evidence is enough.

The samples come in a random order of their groups that the seed fixes, so that a saved run can be judged again and says
the same. Each side of a gate has an e-process (`betting`) with a fifth of the error; the test at the planned end has
the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from fteval.records import Gate, Sequential
from fteval.stats.betting import SHARE, EProcess
from fteval.stats.evidence import CHANGES, Evidence
from fteval.stats.pairing import Columns


def end_level(level: float) -> float:
    """The level of the test at the planned end: it has what stopping early does not spend."""
    return 1 - (1 - level) * (1 - SHARE)


def looked_at(
    gate: Gate, seen: Evidence, columns: Columns, asked: Sequential, n_gates: int, n_candidates: int, level: float
) -> Evidence:
    """The evidence with the decision of the first moment that it was enough; unchanged where it never was.

    `n_gates` share the error of failing a release, `n_candidates` that of shipping one. A decision shows in the
    tests: one side is at its error, the other says nothing.
    """
    process = _process(gate, seen, asked, n_gates, n_candidates, level)
    scores = _turned(gate, columns, seen.sign)
    n = 0
    for members in asked.order(columns.ids, columns.groups):
        n += len(members)
        found = process.update(_total(scores[i] for i in members), len(members))
        if found:
            alpha = (1 - level) / 2 * SHARE
            tails = (alpha / n_candidates, 1.0) if found == "pass" else (1.0, alpha / n_gates)
            return replace(seen, p_pass=tails[0], p_fail=tails[1], method="e-process", stopped_after=n)
    return seen


def _process(gate: Gate, seen: Evidence, asked: Sequential, n_gates: int, n_candidates: int, level: float) -> EProcess:
    low = -seen.scale
    ends = (low, seen.scale) if gate.rule in CHANGES else (0.0, seen.scale) if seen.sign > 0 else (low, 0.0)
    return EProcess(
        seen.target,
        level,
        low=ends[0],
        high=ends[1],
        gates=max(n_gates, 1),
        candidates=n_candidates,
        largest=max(asked.largest_group, 1),
    )


def _turned(gate: Gate, columns: Columns, sign: int) -> list[float]:
    """What the rule is about, sample by sample, with more being better; NaN where a score is missing."""
    if gate.rule not in CHANGES:
        return [math.nan if new is None else sign * new for new in columns.candidate]
    pairs = zip(columns.base, columns.candidate, strict=True)
    return [math.nan if old is None or new is None else sign * (new - old) for old, new in pairs]


def _total(scores: Iterable[float]) -> float:
    return math.fsum(scores)
