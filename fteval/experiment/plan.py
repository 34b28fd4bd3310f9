"""A run before it is made: what each model would have to answer, and what each gate could see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fteval.experiment.experiment import Experiment
from fteval.experiment.gates import measurable, resolve_gates
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.suite import build_suite
from fteval.records import Engine, Gate, GatePlan, Metric, ModelPlan, Plan, PricedEngine, ServedEngine
from fteval.stats import units
from fteval.stats.evidence import CHANGES, bound_of

if TYPE_CHECKING:
    from fteval.runs.asking.suite import Suite, SuiteProbe
    from fteval.runs.journal.store import Store

CHANGED = {"5 %": 0.05, "15 %": 0.15, "30 %": 0.3}
"""Shares of the answers that may change; which of them holds is not known before a run."""
USUAL = 0.15
LEAST = 0.5
"""A gate with less power than this is a coin that mostly says `cannot tell`."""


def _planned(
    experiment: Experiment, suite: Suite, gates: Sequence[Gate], store: Store | None, open_: Callable[[str], Engine]
) -> Plan:
    """The plan of an experiment. Opens engines for their identity and prompts; loads no weights, writes nothing."""
    models = []
    if experiment.base is not None and experiment.baseline is None:
        models.append(_model("base", experiment.base, experiment, suite, store, open_))
    for name, use in experiment.candidates.items():
        models.append(_model(name, use.ref, experiment, suite, store, open_))
    plans = [one for gate in gates for one in _gates(gate, suite)]
    weak = [p for p in plans if p.power and p.power["15 %"] < LEAST]
    return Plan(tuple(models), tuple(plans), tuple(_weak(p) for p in weak))


def _model(
    name: str,
    ref: str | None,
    experiment: Experiment,
    suite: Suite,
    store: Store | None,
    open_: Callable[[str], Engine],
) -> ModelPlan:
    most = experiment.sampling.max_tokens
    if ref is None:
        # Whether it exists already is known only once the trainer has read base and rows.
        prompts = {tuple((m.role, m.content) for m in s.messages) for p in suite.probes for s in p.samples}
        total = len(prompts) * experiment.repeats
        return ModelPlan(name, None, total, 0, None, total * most)
    from fteval.runs.asking.plan import plan
    from fteval.runs.asking.reuse import find

    engine = open_(ref)
    work = plan(suite, engine, experiment.sampling, experiment.repeats)
    greedy = experiment.sampling.temperature == 0
    # Nobody is asked here: it is reckoned as if a server had still the same model.
    still = (lambda then: engine.same(then, then)) if isinstance(engine, ServedEngine) else None
    found = find(store, work.requests.keys(), work.plan, still) if store is not None and greedy else {}
    to_make = [request for key, request in work.requests.items() if key not in found]
    ids = [request.prompt.token_ids for request in to_make]
    price = engine.price if isinstance(engine, PricedEngine) else None
    local = not isinstance(engine, ServedEngine)
    # A server counts tokens itself, by a tokenizer that is not here: three bytes a token is on the high side.
    size = sum(len(m.content.encode("utf-8", "replace")) for request in to_make for m in request.prompt.messages)
    known = None if any(i is None for i in ids) else sum(len(i) for i in ids if i is not None)
    prompt_tokens = known if local else size // 3
    return ModelPlan(
        name,
        ref,
        len(work.requests),
        len(found),
        prompt_tokens,
        len(to_make) * most,
        price.usd(prompt_tokens or 0, len(to_make) * most) if price else None,
        local,
    )


def _gates(gate: Gate, suite: Suite) -> list[GatePlan]:
    probe = next(p for p in suite.probes if p.name == gate.probe)
    metric = next(m for m in probe.probe.metrics if m.name == gate.metric)
    return [_gate(one, metric, probe) for one in _expanded(gate, probe)]


def _expanded(gate: Gate, probe: SuiteProbe) -> list[Gate]:
    gates = [gate]
    for key, wanted in (gate.slice or {}).items():
        if wanted == "*":
            values = dict.fromkeys(s.slices[key] for s in probe.samples if key in s.slices)
            gates = [replace(g, slice={**(g.slice or {}), key: value}) for g in gates for value in values]
    return gates


def _gate(gate: Gate, metric: Metric, probe: SuiteProbe) -> GatePlan:
    from fteval.stats.planning import plan_n, power

    inside = [s for s in probe.samples if all(s.slices.get(k) == v for k, v in (gate.slice or {}).items())]
    groups = len({(s.group is None, s.id if s.group is None else s.group) for s in inside})
    if gate.rule not in CHANGES:
        return GatePlan(gate, metric, len(inside), groups, None, {}, None)
    bound = bound_of(gate, metric)
    margin = gate.threshold / bound
    # A guard is to pass a change that loses nothing, a target one that gains twice what is asked.
    effect, limit = (0.0, -margin) if gate.rule == "max_drop" else (2 * margin or 0.1, margin)
    powers = {label: power(groups, max(q, abs(effect)), effect, limit) for label, q in CHANGED.items()}
    return GatePlan(
        gate, metric, len(inside), groups, effect * bound, powers, plan_n(max(USUAL, abs(effect)), effect, limit)
    )


def _weak(plan: GatePlan) -> str:
    name = units.gate_name(plan.gate)
    needed = "no number of samples is" if plan.needed is None else f"about {plan.needed:,} samples are"
    return (
        f"{name}: with {plan.groups} independent samples this gate will probably say 'cannot tell', "
        f"also of a good candidate ({100 * plan.power['15 %']:.0f} % chance to pass); {needed} enough"
    )


def plan(experiment: Experiment, place: Place) -> Plan:
    """What a run would do and what its gates could see; asks no model and writes nothing."""
    from fteval.runs.journal.store import Store

    suite = build_suite(experiment)
    gates = resolve_gates(experiment, measurable(suite))
    store = Store(place.store, readonly=True) if place.store.is_dir() else None
    unasked = replace(experiment, servers=replace(experiment.servers, asked=False))
    with opened_pool(store, place, unasked) as pool:
        return _planned(experiment, suite, gates, store, pool.open)
