"""How often a gate errs when the truth is exactly at its limit: every outcome with its probability, nothing simulated.

Worst over the share of samples that change (the margin itself to 40 %), as docs/statistics.md prints it. Beside it the
textbook: a paired t on the same outcomes. Limits: passing wrongly 2.6 %, failing wrongly 5.3 %.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.special import stdtrit
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from exact import Outcomes, outcomes

from fteval.stats.student import t_quantile
from fteval.stats.tango import effective_n, wilson_interval

PASS, FAIL = 0.026, 0.053
SIZES = (20, 50, 100, 200, 500)
MARGINS = (0.05, 0.02, 0.0)
LEVELS = (0.5, 0.9, 0.95, 0.98, 0.99)


def worst(seen: Outcomes, margin: float) -> tuple[float, float, float]:
    """The highest chances of passing wrongly with a paired t, of passing wrongly, and of failing wrongly."""
    estimate = (seen.gains - seen.losses) / seen.n
    error = np.sqrt(((seen.gains + seen.losses) / seen.n - estimate**2) / (seen.n - 1))
    textbook = estimate - stdtrit(seen.n - 1, 0.975) * error > -margin
    passes, fails = seen.decided(-margin)
    found = []
    for changed in np.arange(max(margin, 0.005), 0.4005, 0.005):
        chance = seen.chances(changed, -margin)
        found.append([chance[textbook].sum(), chance[passes].sum(), chance[fails].sum()])
    highest = np.max(found, axis=0)
    return float(highest[0]), float(highest[1]), float(highest[2])


def of_level(n: int, truth: float) -> tuple[float, float]:
    """The chances that a gate `min: truth` passes, and that it fails, for right-or-wrong samples."""
    right = np.arange(n + 1)
    share, counts = effective_n((np.arange(n) < right[:, None]).astype(float), np.ones(n))
    low, high = wilson_interval(share, counts, t_quantile(0.975, n - 1))
    chance = binom.pmf(right, n, truth)
    return float(chance[low > truth].sum()), float(chance[high < truth].sum())


def main() -> int:
    print("a change, truth at the margin     paired t passes    passes    fails")
    highest = np.zeros(2)
    for n in SIZES:
        seen = outcomes(n, 0.4)
        for margin in MARGINS:
            textbook, passes, fails = worst(seen, margin)
            highest = np.maximum(highest, [passes, fails])
            print(f"n {n:4}   margin {100 * margin:3.0f} pp   {textbook:21.1%}   {passes:7.1%}  {fails:7.1%}")
    print("a level, truth at the minimum      passes / fails")
    for n in SIZES:
        cells = ("{:.0%}: {:.1%} / {:.1%}".format(level, *of_level(n, level)) for level in LEVELS)
        print(f"n {n:4}   " + "   ".join(cells))
    print(f"changes: passing at most {highest[0]:.2%} (limit {PASS:.1%}), failing {highest[1]:.2%} (limit {FAIL:.1%})")
    return 0 if highest[0] <= PASS and highest[1] <= FAIL else 1


if __name__ == "__main__":
    sys.exit(main())
