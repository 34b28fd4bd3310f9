"""What a report says of the models that judge: who they are, how they stood their tests, what they cost."""

from __future__ import annotations

from dataclasses import asdict
from statistics import fmean
from typing import Any

from fteval.records import ProbeResult, RunRecord


def facts(run: RunRecord) -> dict[str, str]:
    """Probe by probe, and what was asked; nothing where nobody judged."""
    found: dict[str, str] = {}
    for probe in run.probes:
        if probe.standing is None:
            continue
        tests = [test for test in probe.standing.tests if test.required]
        passed = "passed" if probe.standing.fault is None else "FAILED"
        found[f"judge of {probe.probe}"] = probe.standing.ref
        found[f"self-tests of {probe.probe}"] = f"{passed}: {', '.join(map(str, tests)) or 'none could be made'}"
        for test in probe.standing.tests:
            if not test.required:
                found[f"people on {probe.probe}"] = f"agree with the judge in {test.passed} of {test.trials} pairs"
        consistent, first = _mean(probe, "consistent"), _mean(probe, "first_shown")
        if consistent is not None:
            wins = "" if first is None else f", the first one shown is chosen in {100 * first:.0f} %"
            found[f"orders of {probe.probe}"] = f"both agree on {100 * consistent:.0f} % of the pairs{wins}"
    if run.replies is not None:
        reused = f", {run.replies.reused:,} known before" if run.replies.reused else ""
        found["time of the judge"] = f"{run.replies.seconds:.1f} s for {run.replies.asked:,} replies{reused}"
    return found


def as_json(run: RunRecord) -> dict[str, Any]:
    """For scripts, `judges`: who judged which probe, and whether that counts; nothing where nobody did."""
    probes = [
        {
            "probe": p.probe,
            "ref": p.standing.ref,
            "digest": p.standing.judge,
            "counts": p.standing.fault is None,
            "reason": p.standing.fault,
            "self_tests": [{**asdict(test), "failed": test.failed} for test in p.standing.tests],
            **{name: _mean(p, name) for name in ("consistent", "first_shown")},
        }
        for p in run.probes
        if p.standing is not None
    ]
    return {"judges": {"probes": probes, "cost": run.replies and asdict(run.replies)}} if probes else {}


def _mean(probe: ProbeResult, metric: str) -> float | None:
    known = [value for value in probe.scores.get(metric, ()) if value is not None]
    return fmean(known) if known else None
