"""How many samples decide a gate, and what a number of samples can see. Before a run, and after an open one.

The variance under the null of the score test (Nam 1997): the usual formula is too hopeful where few answers change.
"""

from __future__ import annotations

import math

from fteval.stats.student import normal_quantile, t_quantile

MOST = 10_000_000
"""More samples than this is never."""
POWER = 0.8
"""The chance that a release that is as good as assumed passes all its gates."""


def each(gates: int) -> float:
    """The power that each of so many gates needs for all of them to have POWER, if each has its own chance to miss."""
    return float(POWER ** (1 / max(gates, 1)))


def plan_n(
    changed: float, effect: float, threshold: float, power: float = 0.8, level: float = 0.95, deff: float = 1.0
) -> int | None:
    """Samples after which a gate at `threshold` decides with this power, if the true difference is `effect`.

    `changed` is the share of samples whose score changes (graded: the mean size of a change). `deff` is 1 + (mean group
    size - 1) × the correlation within groups. None where no number does: the effect is the threshold itself.
    """
    if not math.isfinite(deff):
        return None
    if effect < threshold:
        effect, threshold = -effect, -threshold
    spread = _spread(changed, effect, threshold)
    if spread is None or not 0 < power < 1:
        return None
    under_null, under_effect = spread
    z = normal_quantile((1 + level) / 2) * under_null + normal_quantile(power) * under_effect
    n = max(z / (effect - threshold), 0.0) ** 2
    if threshold < 0:
        n = max(n, unchanged_n(-threshold, level))
    n *= max(deff, 1.0)
    return math.ceil(n) if n <= MOST else None


def power(n: int, changed: float, effect: float, threshold: float, level: float = 0.95, deff: float = 1.0) -> float:
    """The chance that a gate at `threshold` decides with n samples, if the true difference is `effect`."""
    if effect < threshold:
        effect, threshold = -effect, -threshold
    spread = _spread(changed, effect, threshold)
    if spread is None or n < 2 or not math.isfinite(deff):
        return 0.0
    under_null, under_effect = spread
    distance = (effect - threshold) * math.sqrt(n / max(deff, 1.0))
    spare = distance - normal_quantile((1 + level) / 2) * under_null
    if under_effect < 1e-9:  # every sample shows the same
        return float(spare > 0 and (threshold >= 0 or n / max(deff, 1.0) >= unchanged_n(-threshold, level)))
    z = spare / under_effect
    return 0.5 * math.erfc(-z / math.sqrt(2))


def detectable(
    changed: float, n: int, threshold: float = 0.0, power: float = 0.8, level: float = 0.95, deff: float = 1.0
) -> float | None:
    """The smallest true difference above `threshold` that n samples show with this power; None where none does."""
    low, high = threshold, 1.0
    if not _enough(changed, high, threshold, power, level, deff, n):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        if _enough(changed, middle, threshold, power, level, deff, n):
            high = middle
        else:
            low = middle
    return high


def unchanged_n(margin: float, level: float = 0.95) -> int:
    """The fewest samples that pass a guard of this margin when nothing at all has changed: 76 for 5 points."""
    if not margin * MOST > 1:
        return MOST
    if margin >= 1:
        return 2
    z = normal_quantile((1 + level) / 2)
    n = max(2, math.floor(z * z * (1 / margin - 1)))
    while n < MOST:
        t = t_quantile((1 + level) / 2, n - 1)
        if t * t / (n + t * t) < margin:
            return n
        n += 1
    return MOST


def _enough(changed: float, effect: float, threshold: float, power: float, level: float, deff: float, n: int) -> bool:
    wanted = plan_n(changed, effect, threshold, power, level, deff) if effect > threshold else None
    return wanted is not None and wanted <= n


def _spread(changed: float, effect: float, threshold: float) -> tuple[float, float] | None:
    """Standard deviations of one difference if the truth were the threshold, and as assumed."""
    if not math.isfinite(changed) or not effect - threshold >= 1e-9 or not -1 < threshold < 1 or abs(effect) > 1:
        return None
    q = min(max(changed, abs(effect), 0.0), 1.0)
    b = -q + (2 - effect) * threshold
    c = -(q - effect) / 2 * threshold * (1 - threshold)
    lost = (math.sqrt(max(b * b - 8 * c, 0.0)) - b) / 4
    null = max(2 * lost + threshold * (1 - threshold), 0.0)
    return math.sqrt(null), math.sqrt(max(q - effect**2, 0.0))
