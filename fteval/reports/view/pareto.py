"""Quality against cost: every model as a point, and which of them another one makes needless. Drawn in text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fteval.records import Comparison, Metric, MetricChange
from fteval.reports.view import rows
from fteval.stats import units
from fteval.stats.costs import dominated
from fteval.stats.rivals import targets

WIDTH, HEIGHT = 48, 11
FEWEST = 3
"""Points below which there is nothing to draw."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NOTE = (
    "Upper case: nothing that was tried is both better and cheaper, by what was measured. Intervals and the cost of a "
    "training are not in the picture{}. What is more than chance stands under the verdict."
)


@dataclass(frozen=True, slots=True)
class Point:
    """A model in the chart."""

    letter: str
    name: str
    cost: float
    quality: float
    said: str
    """`38.4 tokens, 88.3 %; dominated by 'masked'`"""


@dataclass(frozen=True, slots=True)
class ParetoView:
    title: str
    lines: tuple[str, ...]
    """The chart, the best at the top and the cheapest on the left, then a line for each point."""
    note: str


def of_pareto(comparison: Comparison) -> ParetoView | None:
    """The view; None without a target, with few models, or where somebody's cost or quality is not known."""
    target = next(iter(targets(comparison.candidates[0])), None)
    if target is None or not FEWEST <= len(comparison.costs) <= len(_LETTERS):
        return None
    found = [next((g.change for g in c.gates if g.gate == target), None) for c in comparison.candidates]
    changes = [change for change in found if change is not None]
    in_usd = all(cost.usd is not None for cost in comparison.costs)
    costs = [cost.usd if in_usd else cost.tokens for cost in comparison.costs]
    if len(changes) < len(found):
        return None
    levels = [changes[0].base, *(change.candidate for change in changes)]
    known = [(c, q) for c, q in zip(costs, levels, strict=True) if c is not None and q is not None]
    if len(known) < len(costs):
        return None
    points = _points(comparison, known, changes[0].metric, in_usd)
    what = "USD per 1,000 requests" if in_usd else "tokens of prompt and answer"
    name = units.name(target.probe, target.metric, target.slice)
    chart = _chart(points, changes[0], in_usd)
    weigh = "" if in_usd else ", nor that a token of an answer takes longer than one of a prompt"
    return ParetoView(
        f"{name} against what a request costs, in {what}",
        (*chart, *(f"{p.letter} {p.name}: {p.said}" for p in points)),
        _NOTE.format(weigh),
    )


def _points(comparison: Comparison, known: Sequence[tuple[float, float]], metric: Metric, in_usd: bool) -> list[Point]:
    sign = 1 if metric.better == "higher" else -1
    names = [cost.name for cost in comparison.costs]
    over = dominated([(name, cost, sign * quality) for name, (cost, quality) in zip(names, known, strict=True)])
    verdicts = {c.name: c.verdict for c in comparison.candidates}
    points = []
    for letter, name, (cost, quality) in zip(_LETTERS, names, known, strict=False):
        said = [f"{_cost(cost, in_usd)}, {units.value(quality, metric)}"]
        said += [f"dominated by '{over[name]}'"] if name in over else []
        said += ["does not ship"] if verdicts.get(name) == "do_not_ship" else []
        points.append(Point(letter if name in over else letter.upper(), name, cost, quality, "; ".join(said)))
    return points


def _cost(cost: float, in_usd: bool) -> str:
    return f"{rows.usd(cost)} USD" if in_usd else f"{cost:.1f} tokens"


def _chart(points: Sequence[Point], change: MetricChange, in_usd: bool) -> list[str]:
    """A frame with the points in it; two in one place stand next to each other."""
    metric = change.metric
    low, high = (0.0, 1.0) if metric.unit == "share" else _ends([p.quality for p in points])
    most = max(p.cost for p in points) or 1.0
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    for p in points:
        share = (p.quality - low) / (high - low)
        row = round((1 - share if metric.better == "higher" else share) * (HEIGHT - 1))
        column = round(p.cost / most * (WIDTH - 1))
        cells[row][_free(cells[row], column)] = p.letter
    ends = (high, low) if metric.better == "higher" else (low, high)
    top, bottom = (units.level(x, metric) for x in ends)
    wide = max(len(top), len(bottom))
    sides = [top, *[""] * (HEIGHT - 2), bottom]
    lines = [f"{side:>{wide}} │{''.join(row)}".rstrip() for side, row in zip(sides, cells, strict=True)]
    right = _cost(most, in_usd)
    return [*lines, f"{'':>{wide}} └{'─' * WIDTH}", f"{'':>{wide}}  0{right.rjust(WIDTH - 1)}"]


def _free(row: Sequence[str], column: int) -> int:
    """The nearest place that is free."""
    return min((i for i in range(len(row)) if row[i] == " "), key=lambda i: abs(i - column))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(0.0, *values), max(values)
    return low, high if high > low else low + 1.0
