"""What chance alone makes of the best of many."""

from __future__ import annotations

import numpy as np

_GRID = np.linspace(-9, 9, 20_001)


def luck(k: int) -> float:
    """The mean of the largest of k standard normal numbers; 0 for one (Teichroew 1956 has the table)."""
    from scipy.stats import norm

    weights = k * norm.cdf(_GRID) ** (k - 1) * norm.pdf(_GRID)
    return float(np.trapezoid(_GRID * weights, _GRID))
