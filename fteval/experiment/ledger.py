"""How often a hold-out has decided, and what that is worth: said with every verdict, once it is often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fteval.records import CandidateResult, ProbeResult, RunRecord, digest
from fteval.records.columns import Digests, spelt
from fteval.records.digests import digest_of_list
from fteval.runs.journal import ledger
from fteval.runs.journal.ledger import Look
from fteval.runs.journal.order import in_order
from fteval.stats import units
from fteval.stats.luck import luck

OFTEN = 10
"""Candidates that one hold-out has judged, from which on it is said."""
_WIDTH = 2 * 1.96
"""Standard errors of an interval of 95 %."""


def looks(results: Sequence[CandidateResult], base: RunRecord) -> list[Look]:
    """The looks of one verdict: each candidate on each probe that the base has too."""
    when = datetime.now(UTC).isoformat(timespec="microseconds")
    known = {probe.probe for probe in base.probes}
    return [
        Look(when, holdout_digest(probe), probe.probe, str((result.run.manifest.get("plan") or {}).get("suite")),
             result.run.digest, result.run.ref, result.verdict)
        for result in results
        for probe in result.run.probes
        if probe.probe in known
    ]  # fmt: skip


def holdout_digest(probe: ProbeResult) -> str:
    """Of what is asked and wanted, in any order."""
    digests = probe.sample_digests
    if not isinstance(digests, Digests):
        return digest(sorted(digests))
    return digest_of_list(spelt(one) for one in in_order(digests.block, 32))


def warnings(root: Path, new: Sequence[Look], result: CandidateResult) -> tuple[str, ...]:
    """What is to be said of the hold-outs of a candidate, when these looks are added to those of the store.

    Candidates of one verdict are judged together, each the surer the more they are: they count as one.
    """
    before = ledger.decided(ledger.read(root))
    together = {look.candidate for look in new}
    often: dict[int, list[ProbeResult]] = {}
    known = {look.probe: look.holdout for look in new if look.candidate == result.run.digest}
    for probe in result.run.probes:
        holdout = known.get(probe.probe) or holdout_digest(probe)
        n = 1 + len(before.get((probe.probe, holdout), set()) - together)
        if n >= OFTEN:
            often.setdefault(n, []).append(probe)
    return tuple(_often(n, probes, result) for n, probes in often.items())


def _often(n: int, probes: Sequence[ProbeResult], result: CandidateResult) -> str:
    names, several = ", ".join(f"'{probe.probe}'" for probe in probes), len(probes) > 1
    told = f"the hold-out{'s' * several} of {names} {'have' if several else 'has'} decided {n} releases: consider "
    told += "fresh ones" if several else "a fresh one"
    chance = [size for probe in probes if (size := _by_luck(n, probe, result))]
    return f"{told}. Of {n} that change nothing, the best shows about {', '.join(chance)} by chance" if chance else told


def _by_luck(n: int, probe: ProbeResult, result: CandidateResult) -> str:
    """How much better the best of so many looks that changed nothing; more where each followed a verdict."""
    change = next((c for c in result.changes if c.probe == probe.probe and c.metric.primary and not c.slice), None)
    if change is None or change.low is None or change.high is None:
        return ""
    size = luck(n) * (change.high - change.low) / _WIDTH
    better = size if change.metric.better == "higher" else -size
    return f"{units.change(better, change.metric)} of `{units.name(probe.probe, change.metric.name, None)}`"
