"""A run before it is made: what each model would have to answer, and what each gate could see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fteval.experiment.check import checked
from fteval.experiment.doctor import look_before
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.prepare import altered, lend_template
from fteval.experiment.prompts import announced
from fteval.experiment.train import coded, writes
from fteval.records import (
    Engine,
    Gate,
    GatePlan,
    Metric,
    ModelPlan,
    Plan,
    PricedEngine,
    RepeatingEngine,
    ServedEngine,
    primary,
)
from fteval.records.comparisons import DEFAULT
from fteval.runs.asking import plan as runs
from fteval.runs.asking.requests import Keys
from fteval.runs.asking.reuse import Found, find, repeatable
from fteval.runs.asking.suite import Suite, SuiteProbe
from fteval.runs.journal.store import Store
from fteval.stats import ahead, units
from fteval.stats.gates import DEFAULT_DROP, per_value
from fteval.stats.moves import with_moves

LEAST = 0.5
"""A gate with less power than this is a coin that mostly says `cannot tell`."""


def _planned(
    experiment: Experiment, suite: Suite, gates: Sequence[Gate], store: Store | None, open_: Callable[[str], Engine]
) -> Plan:
    """The plan of an experiment. Opens engines for their identity and prompts; loads no weights, writes nothing."""
    refs: dict[str, str | None] = {
        name: use.ref for name, use in experiment.candidates.items() if writes(coded(use, experiment.allow_code))
    }
    if experiment.base is not None and experiment.baseline is None:
        refs = {"base": experiment.base, **refs}
    engines = {name: altered(open_(ref), experiment, name) for name, ref in refs.items() if ref is not None}
    notes: list[str] = []
    look_before(list(engines.items()), "base", experiment.allow, notes.append)
    models = [_model(name, ref, experiment, suite, store, engines.get(name)) for name, ref in refs.items()]
    found = [(ahead.gate_plan(*one), one[2]) for one in _open_gates(experiment, gates, suite)]
    plans = [p for p, _ in found]
    weak = [p.power.get(ahead.USUAL, 1.0) < LEAST for p in plans]
    told = [ahead.cannot_pass(p, sizes) or (_weak(p) if w else None) for (p, sizes), w in zip(found, weak, strict=True)]
    warnings = (*notes, *(text for text in told if text))
    return Plan(tuple(models), tuple(plans), warnings, ahead.release_plan(plans))


def cannot_pass(experiment: Experiment, suite: Suite, gates: Sequence[Gate]) -> list[str]:
    """One sentence per gate that is too small to pass if no answer changes, for before the first answer."""
    opened = _open_gates(experiment, gates, suite)
    told = (ahead.cannot_pass(ahead.gate_plan(*one), one[2]) for one in opened)
    return [text for text in told if text]


def _open_gates(experiment: Experiment, gates: Sequence[Gate], suite: Suite) -> list[tuple[Gate, Metric, list[int]]]:
    """Every gate with its metric and the sizes of its groups of samples; without written ones the guards that will be
    there by themselves."""
    if not gates and experiment.limit is not None and not experiment.allow_subset:
        return []  # a try-out is not judged
    opened = []
    for gate in gates or [one for p in suite.probes for one in _default(p)]:
        probe = next(p for p in suite.probes if p.name == gate.probe)
        metric = next(m for m in with_moves(probe.probe.metrics) if m.name == gate.metric)
        groups, slices = probe.groups, probe.slices
        for one in per_value(gate, slices):
            wanted = (one.slice or {}).items()
            inside = (g for g, s in zip(groups, slices, strict=True) if all(s.get(k) == v for k, v in wanted))
            opened.append((one, metric, ahead.group_sizes(inside)))
    return opened


def _default(probe: SuiteProbe) -> list[Gate]:
    """The guard of a probe's headline; whether the base has something to lose there, only its answers show."""
    metric = primary(with_moves(probe.probe.metrics))
    return [Gate(probe.name, metric.name, "max_drop", DEFAULT_DROP, where=DEFAULT)] if metric.unit == "share" else []


def _model(
    name: str,
    ref: str | None,
    experiment: Experiment,
    suite: Suite,
    store: Store | None,
    engine: Engine | None,
) -> ModelPlan:
    if engine is None:
        # Whether it exists already is known only once the trainer has read base and rows.
        drawn = [(replace(experiment.sampling, **p.sampling), p.samples) for p in suite.probes]
        prompts = {(how, tuple((m.role, m.content) for m in s.messages)) for how, samples in drawn for s in samples}
        tokens = sum(how.max_tokens for how, _ in prompts) * experiment.repeats
        return ModelPlan(name, None, len(prompts) * experiment.repeats, 0, None, tokens)

    work = runs.plan(suite, engine, experiment.sampling, experiment.repeats)
    greedy = repeatable(engine, work, Keys(work.requests).others())
    # Nobody is asked here: it is reckoned as if a server had still the same model.
    still = (lambda then: engine.same(then, then)) if isinstance(engine, ServedEngine) else None
    found = find(store, greedy, work, still) if store is not None else Found(work.requests)
    to_make = [request for key, request in work.requests.items() if key not in found]
    ids = [request.prompt.token_ids for request in to_make]
    each = engine.most_requests if isinstance(engine, RepeatingEngine) else 1  # a vote asks several times
    most = each * sum(work.drawn(request.key).max_tokens for request in to_make)
    price = engine.price if isinstance(engine, PricedEngine) else None
    local = not isinstance(engine, ServedEngine)
    # A server counts tokens itself, by a tokenizer that is not here: three bytes a token is on the high side.
    size = sum(len(m.content.encode("utf-8", "replace")) for request in to_make for m in request.prompt.messages)
    known = None if any(i is None for i in ids) else sum(len(i) for i in ids if i is not None)
    prompt_tokens = (None if known is None else each * known) if local else each * size // 3
    return ModelPlan(
        name,
        ref,
        len(work.requests),
        len(found),
        prompt_tokens,
        most,
        price.usd(prompt_tokens or 0, most) if price else None,
        local,
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
    suite, gates = checked(experiment)
    store = Store(place.store, readonly=True) if place.store.is_dir() else None
    unasked = replace(experiment, servers=replace(experiment.servers, asked=False))
    with opened_pool(store, place, unasked) as pool:
        notes = announced(experiment)
        lend_template(experiment, pool, notes.append)
        planned = _planned(experiment, suite, gates, store, pool.open)
        return replace(planned, warnings=(*notes, *planned.warnings))
