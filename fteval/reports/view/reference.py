"""What a report says of the reference: who it is, how well it tells good answers from bad ones, what it cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fteval.records import RunRecord
from fteval.records.readings import Limit, Limits

_CEILING, _FLOOR = "nats per byte", "nats per token"


def in_words(limits: Limits) -> str:
    """`reference nano, calibrated on the base's own answers (80): surprise AUC 1.00, …`"""
    parts = [f"surprise {_limit(limits.ceiling, 'ceiling', _CEILING)}"]
    parts.append(f"aboutness {_limit(limits.floor, 'floor', _FLOOR)}")
    return f"reference {limits.ref}, calibrated on {limits.of} ({limits.answers}): {'; '.join(parts)}"


def facts(run: RunRecord) -> dict[str, str]:
    """Probe by probe, and what was read; nothing where no reference judged."""
    found = {f"reference of {p.probe}": in_words(p.limits) for p in run.probes if p.limits is not None}
    if run.readings is not None:
        reused = f", {run.readings.reused:,} known before" if run.readings.reused else ""
        found["time of the reference"] = f"{run.readings.seconds:.1f} s for {run.readings.asked:,} likelihoods{reused}"
    return found


def as_json(run: RunRecord) -> dict[str, Any]:
    """For scripts, `reference`: who judged which probe by which limits, and what it took; nothing where nobody did."""
    probes = [
        {
            "probe": p.probe,
            "ref": p.limits.ref,
            "digest": p.limits.judge,
            "calibrated_on": p.limits.of,
            "answers": p.limits.answers,
            "surprise": {"unit": _CEILING, **asdict(p.limits.ceiling)},
            "aboutness": {"unit": _FLOOR, **asdict(p.limits.floor)},
        }
        for p in run.probes
        if p.limits is not None
    ]
    cost = run.readings and asdict(run.readings)
    return {"reference": {"probes": probes, "cost": cost}} if probes else {}


def _limit(limit: Limit, what: str, unit: str) -> str:
    area = "" if limit.auc is None else f"AUC {limit.auc:.2f}, "
    if limit.value is None:
        return f"{area}no {what}: {limit.reason}"
    return f"{area}{what} {limit.value:.2f} {unit}, false alarms {100 * (limit.false_alarms or 0):.0f} %"
