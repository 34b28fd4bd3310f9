"""Which probes need no more samples, while base and candidate are still being asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fteval.records import Gate, RunRecord
from fteval.stats.compare import paired
from fteval.stats.gates import Circumstances, default_gates, expand, judge


def decided(
    base: RunRecord,
    run: RunRecord,
    gates: Sequence[Gate] = (),
    anchors: Mapping[str, RunRecord] | None = None,
    n_candidates: int = 1,
) -> frozenset[str]:
    """The probes all of whose blocking gates passed or failed by now; a probe without a gate is asked to its end.

    A gate that came with a graded metric counts like any other. Answers in error decide nothing.
    """
    pairings = {None: paired(base, "candidate", run)} | {
        name: paired(kept, "candidate", run) for name, kept in (anchors or {}).items()
    }
    results = [pairing.base for pairing in pairings[None].values()]
    rules = [one for gate in gates or default_gates(results) for one in expand(gate, results)]
    judged = [g for g in judge(rules, pairings, Circumstances(n_candidates=n_candidates)) if not g.gate.advisory]
    open_ = {g.gate.probe for g in judged if g.result not in ("pass", "fail") or g.stopped_after is None}
    return frozenset({g.gate.probe for g in judged} - open_)
