"""Many rules, one decision: which errors it controls is why passing and failing are counted differently.

A release passes only when every rule passes, so that wrongly passing needs the one bad rule to pass wrongly: no
correction (intersection-union test, Berger 1982). It fails when any rule fails, so that every rule is one more chance
to fail wrongly: Holm (1979).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Evidence(Protocol):
    """What a rule found: `Difference`, `Mean` with a threshold, or anything else with two one-sided tests."""

    @property
    def p_pass(self) -> float: ...
    @property
    def p_fail(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say together."""

    result: str
    """`pass`, `fail` or `inconclusive`."""
    passed: tuple[Any, ...]
    """Names of rules, or their places where they have none."""
    failed: tuple[Any, ...]
    open: tuple[Any, ...]


def decide(rules: Mapping[Any, Evidence] | Sequence[Evidence], level: float = 0.95) -> Decision:
    """PASS when every rule passes, FAIL when Holm's procedure fails any, else INCONCLUSIVE; so without a rule.

    Each side has (1 - level) / 2: if any rule is truly broken at most 1 release in 40 passes, if none is at most 1 in
    40 fails. NaN proves nothing.
    """
    named = dict(rules.items()) if isinstance(rules, Mapping) else dict(enumerate(rules))
    alpha = (1 - level) / 2
    names = list(named)
    rejected = holm([named[name].p_fail for name in names], alpha)
    failed = tuple(name for name, fails in zip(names, rejected, strict=True) if fails)
    passed = tuple(name for name in names if named[name].p_pass < alpha and name not in failed)
    open_ = tuple(name for name in names if name not in passed and name not in failed)
    result = "fail" if failed else "pass" if names and not open_ else "inconclusive"
    return Decision(result, passed, failed, open_)


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses Holm's step-down procedure rejects: a false rejection of any has at most chance alpha."""
    return [step.rejected for step in holm_steps(p_values, alpha)]


@dataclass(frozen=True, slots=True)
class Step:
    """How Holm's procedure tested one hypothesis."""

    rejected: bool
    alpha: float
    """At which it was tested; where the procedure ended before it, at which it ended."""


def holm_steps(p_values: Sequence[float], alpha: float) -> list[Step]:
    """As `holm`, with what each was tested at: an interval of that level says what the procedure does."""
    n = len(p_values)
    order = sorted(range(n), key=lambda i: (math.isnan(p_values[i]), p_values[i]))
    steps = [Step(False, alpha)] * n
    ended: float | None = None
    for rank, i in enumerate(order):
        at = alpha / (n - rank) if ended is None else ended
        if ended is None and not p_values[i] < at:
            ended = at
        steps[i] = Step(ended is None, at)
    return steps
