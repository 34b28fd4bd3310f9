"""A look in words, as the terminal tells it."""

from __future__ import annotations

from fteval.records import Curve, Look
from fteval.stats import units
from fteval.trainers.watching import rules


def said(look: Look, curve: Curve) -> str:
    """A look in a line: `step 40 of 120: loss 0.52, lipogram.useful 34.0 % (base 12.0 %), …`."""
    base = curve.looks[0]
    parts = [f"{name} {value:.3g}" for name in ("loss", "reward") if (value := getattr(look, name)) is not None]
    shown = [(p, m.name) for p, metrics in curve.metrics.items() for m in metrics if m.primary]
    shown += [one for one in (*curve.stop_if, *([curve.keep_best] if curve.keep_best else [])) if one not in shown]
    for probe, name in shown:
        metric = rules.metric_of(curve.metrics, probe, name)
        before = f" (base {units.level(base.scores[probe][name], metric)})" if look.step else ""
        parts.append(f"{units.name(probe, name)} {units.value(look.scores[probe][name], metric)}{before}")
    if look.words is not None:
        parts.append(f"{look.words:.1f} words")
    if look.kl:
        parts.append(f"KL from the base {', '.join(f'{value:.3f} ({kind})' for kind, value in look.kl.items())}")
    if look.failed:
        parts.append(f"{look.failed} without an answer")
    where = f"step {look.step} of {curve.steps}" if look.step else "the base"
    return f"{where}: {', '.join(parts)}"
