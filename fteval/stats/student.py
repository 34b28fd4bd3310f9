"""Quantiles of Student's t without scipy, whose import takes longer than a whole `fteval report`.

Exact for few degrees of freedom (closed form for whole numbers, Abramowitz & Stegun 26.7.3 and 26.7.4), above 300 the
expansion 26.7.5, which is right to nine digits there. Checked against scipy in the tests.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist


def normal_quantile(p: float) -> float:
    """The value below which a standard normal lies with probability p."""
    return NormalDist().inv_cdf(p)


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: int) -> float:
    """The value below which Student's t with `df` degrees of freedom lies with probability p, for 0.5 <= p < 1."""
    if df < 1 or not 0.5 <= p < 1:
        raise ValueError(f"no quantile for p={p}, df={df}")
    z = normal_quantile(p)
    if df > 300:
        return _expansion(z, df)
    central = 2 * p - 1
    low, high = z, 10.0
    while _central(high, df) < central:
        high *= 10
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if _central(middle, df) < central:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _central(t: float, df: int) -> float:
    """P(-t < T < t)."""
    angle = math.atan(t / math.sqrt(df))
    cos2 = math.cos(angle) ** 2
    odd = df % 2
    if df == 1:
        return 2 * angle / math.pi
    term = math.cos(angle) if odd else 1.0
    total = term
    for k in range(2 + odd, df - 1, 2):
        term *= cos2 * (k - 1) / k
        total += term
    series = math.sin(angle) * total
    return 2 / math.pi * (angle + series) if odd else series


def _expansion(z: float, df: int) -> float:
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / df + g2 / df**2 + g3 / df**3 + g4 / df**4


def t_tails(z: float, df: int) -> tuple[float, float]:
    """P(T >= z) and P(T <= z) of Student's t. Imports scipy: only judging needs it, showing does not."""
    from scipy.special import stdtr

    return float(stdtr(df, -z)), float(stdtr(df, z))
