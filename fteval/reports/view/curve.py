"""What was seen of a candidate while it was trained: a row for each number, drawn from look to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from fteval.records import Curve, Look, Metric
from fteval.reports.view.table import TextTable
from fteval.stats import units

BARS = "▁▂▃▄▅▆▇█"
WIDEST = 40
"""Looks that are drawn; of more, as many evenly spread ones."""
GAP = "·"


@dataclass(frozen=True, slots=True)
class CurveView:
    """All of a curve, with what was decided by it."""

    table: TextTable
    notes: tuple[str, ...]
    """How many looks the choice was made among, and why the training was ended."""


def of_curve(curve: Curve | None) -> CurveView | None:
    """The view; None for a training that nobody watched."""
    if curve is None or not curve.looks:
        return None
    kept = next((look for look in curve.looks if look.step == curve.kept), curve.looks[-1])
    ends = [(f"kept, step {kept.step}", kept)]
    if kept.step != curve.last:
        ends.append((f"last, step {curve.last}", curve.looks[-1]))
    title = f"While it was trained: answers to {max(curve.samples.values())} dev samples every {curve.every} steps"
    header = ("", "base", *(name for name, _ in ends), "from look to look")
    looks = [curve.looks[0], *(look for _, look in ends)]
    rows = [
        (name, *(_cell(of(look), metric) for look in looks), spark([*map(of, curve.looks)]))
        for name, metric, of in numbers(curve)
    ]
    return CurveView(TextTable(title, header, tuple(rows)), tuple(_notes(curve, kept)))


def numbers(curve: Curve) -> Iterator[tuple[str, Metric, Callable[[Look], float | None]]]:
    """What is shown of each look."""
    for probe, metric in _shown(curve):
        yield units.name(probe, metric.name), metric, partial(_score, probe=probe, metric=metric.name)
    for name, metric in _OWN.items():
        if any(getattr(look, name) is not None for look in curve.looks):
            yield metric.name, metric, attrgetter(name)
    for kind in ("training", "neutral"):
        if any(kind in look.kl for look in curve.looks):
            yield f"KL from the base, {kind} prompts", _KL, partial(_kl, kind=kind)


_OWN = {
    "words": Metric("words of an answer", unit="words"),
    "distinct": Metric("different answers"),
    "loss": Metric("loss", unit="nats"),
    "reward": Metric("reward", unit=""),
}
_KL = Metric("kl", unit="nats per token")


def _shown(curve: Curve) -> list[tuple[str, Metric]]:
    """What probes are about, and what rules are on."""
    asked = {*curve.stop_if, *([curve.keep_best] if curve.keep_best else [])}
    return [(p, m) for p, metrics in curve.metrics.items() for m in metrics if m.primary or (p, m.name) in asked]


def _score(look: Look, probe: str, metric: str) -> float | None:
    return look.scores.get(probe, {}).get(metric)


def _kl(look: Look, kind: str) -> float | None:
    return look.kl.get(kind, 0.0 if look.step == 0 else None)


def _cell(value: float | None, metric: Metric) -> str:
    return "–" if value is None else units.value(value, metric).strip()


def spark(values: Sequence[float | None]) -> str:
    """The values as bars between the lowest and the highest of them; a dot where there is none."""
    if len(values) > WIDEST:
        values = [values[round(i * (len(values) - 1) / (WIDEST - 1))] for i in range(WIDEST)]
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (high - low) / (len(BARS) - 1) or 1.0
    return "".join(GAP if value is None else BARS[round((value - low) / step)] for value in values)


def _notes(curve: Curve, kept: Look) -> Iterator[str]:
    if curve.keep_best is not None:
        yield (
            f"Step {kept.step} of {curve.steps} was kept: the best of {curve.chosen_among} by"
            f" {units.name(*curve.keep_best)} on the dev samples. The numbers there flatter it, the hold-out does not."
        )
    if curve.stopped is not None:
        yield f"Stopped at step {curve.last} of {curve.steps}: {curve.stopped}."
