"""Gates that may be looked at while the samples come in: stop as soon as the evidence is enough.

The samples come in a random order of their groups that the seed fixes, so that a saved run can be judged again and says
the same. Each side of a gate has an e-process (`betting`) with a fifth of the error; the test at the planned end has
the rest.
"""

from __future__ import annotations

import math
from dataclasses import replace

from fteval.records import Gate, Sequential
from fteval.stats.betting import SHARE, EProcess, Risk
from fteval.stats.evidence import CHANGES, Evidence
from fteval.stats.pairing import Columns


def end_level(level: float) -> float:
    """The level of the test at the planned end: it has what stopping early does not spend."""
    return 1 - (1 - level) * (1 - SHARE)


def looked_at(gate: Gate, seen: Evidence, columns: Columns, asked: Sequential, risk: Risk) -> Evidence:
    """The evidence with the decision of the first moment that it was enough; unchanged where it never was.

    A decision shows in the tests: one side is at its error, the other says nothing.
    """
    low = -seen.scale
    ends = (low, seen.scale) if gate.rule in CHANGES else (0.0, seen.scale) if seen.sign > 0 else (low, 0.0)
    process = EProcess(seen.target, risk, low=ends[0], high=ends[1], largest=max(asked.largest_group, 1))
    scores = _turned(gate, columns, seen.sign)
    n = 0
    for members in asked.order(columns.ids, columns.groups):
        n += len(members)
        found = process.update(math.fsum(scores[i] for i in members), len(members))
        if found:
            tails = (risk.tails["pass"], 1.0) if found == "pass" else (1.0, risk.tails["fail"])
            return replace(seen, p_pass=tails[0], p_fail=tails[1], method="e-process", stopped_after=n)
    return seen


def _turned(gate: Gate, columns: Columns, sign: int) -> list[float]:
    """What the rule is about, sample by sample, with more being better; NaN where a score is missing."""
    if gate.rule not in CHANGES:
        return [math.nan if new is None else sign * new for new in columns.candidate]
    pairs = zip(columns.base, columns.candidate, strict=True)
    return [math.nan if old is None or new is None else sign * (new - old) for old, new in pairs]
