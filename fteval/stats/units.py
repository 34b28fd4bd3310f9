"""Numbers as people read them: shares as percent, their differences in points (pp), everything else in its unit."""

from __future__ import annotations

from collections.abc import Mapping

from fteval.records import Gate, Metric

NOT_MEASURED = "not measured"


def value(x: float | None, metric: Metric) -> str:
    """`66.8 %` or `12.4 words`."""
    if x is None:
        return NOT_MEASURED
    return f"{level(x, metric)} {'%' if metric.unit == 'share' else metric.unit}"


def level(x: float | None, metric: Metric) -> str:
    """The number of `value` without its unit."""
    if x is None:
        return NOT_MEASURED
    return percent(x) if metric.unit == "share" else plain(x)


def change(x: float | None, metric: Metric) -> str:
    """`+8.5 pp` or `−1.20 words`, always with its sign."""
    if x is None:
        return NOT_MEASURED
    return f"{signed(x, metric)} {unit(metric)}"


def signed(x: float, metric: Metric) -> str:
    """A difference with its sign and without its unit; a difference that rounds to nothing has no sign."""
    shown = f"{100 * x:+.1f}" if metric.unit == "share" else plain(x, sign="+")
    if float(shown) == 0:
        shown = shown.lstrip("+-")
    return shown.replace("-", "−")


def interval(low: float | None, high: float | None, metric: Metric) -> str:
    """`[+5.2, +11.8]`, in the unit of the difference that it follows."""
    if low is None or high is None:
        return "[no interval]"
    return f"[{signed(low, metric)}, {signed(high, metric)}]"


def level_interval(low: float | None, high: float | None, metric: Metric) -> str:
    """`[96.5, 98.9]`, of a level and not of a difference."""
    if low is None or high is None:
        return "[no interval]"
    ends = [f"{percent(x)}" if metric.unit == "share" else plain(x) for x in (low, high)]
    return f"[{ends[0]}, {ends[1]}]"


def between(low: float | None, high: float | None, metric: Metric) -> str:
    """An interval in words: `between +5.2 and +11.8 pp`."""
    if low is None or high is None:
        return "with no interval to go by"
    return f"between {signed(low, metric)} and {change(high, metric)}"


def turned(metric: Metric, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """An interval of a difference as one of a gain: turned where less is better."""
    if metric.better == "higher" or low is None or high is None:
        return low, high
    return -high, -low


def size(x: float, metric: Metric) -> str:
    """The size of a difference without its sign: `2.0 pp`."""
    return f"{100 * abs(x):.1f} pp" if metric.unit == "share" else f"{plain(abs(x))} {metric.unit}"


def threshold(gate: Gate, metric: Metric) -> str:
    """A gate's threshold: points for a change, percent for a level."""
    return size(gate.threshold, metric) if gate.rule in ("min_gain", "max_drop") else value(gate.threshold, metric)


def unit(metric: Metric) -> str:
    """The unit of a difference."""
    return "pp" if metric.unit == "share" else metric.unit


def percent(x: float) -> str:
    """A share in percent; 1999 of 2000 is not shown as 100.0."""
    shown = f"{100 * x:.1f}"
    return f"{100 * x:.2f}" if shown in ("0.0", "100.0") and x not in (0.0, 1.0) else shown


def plain(x: float, sign: str = "") -> str:
    """A number of an unbounded metric: three digits or so."""
    digits = 4 if 0 < abs(x) < 0.1 else 2 if abs(x) < 10 else 1 if abs(x) < 1000 else 0
    return f"{x:{sign},.{digits}f}".replace(",", " ") if digits == 0 else f"{x:{sign}.{digits}f}"


def gate_name(gate: Gate) -> str:
    """A gate's metric, and the kept release that it looks back to."""
    since = f" since {gate.anchor}" if gate.anchor else ""
    return name(gate.probe, gate.metric, gate.slice) + since


def name(probe: str, metric: str, slice: Mapping[str, str] | None = None) -> str:
    """`facts.correct`, `facts.correct [language=de]`: how reports and messages call a metric."""
    where = f" [{', '.join(f'{k}={v}' for k, v in sorted(slice.items()))}]" if slice else ""
    return f"{probe}.{metric}{where}"
