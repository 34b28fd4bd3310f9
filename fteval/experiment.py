"""What is measured, against what, by which rules: a config or a command line as one checked record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval import registry
from fteval.engines.remote.budget import Budget
from fteval.engines.remote.limits import Limits
from fteval.engines.remote.prices import Price
from fteval.engines.remote.servers import Servers
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import Gate, Metric, Probe, RunRecord, Sample, Sampling

if TYPE_CHECKING:
    from fteval.config import Config, GateSpec
    from fteval.runs.suite import Suite

DEFAULT_CONFIG = Path("fteval.yaml")
DEFAULT_STORE = Path(".fteval")


@dataclass(frozen=True, slots=True)
class ProbeUse:
    """One probe of the suite: under which name, with which parameters, on whose samples."""

    name: str
    probe: str
    params: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    """A hold-out file, or `nano:500` for so many questions of nano's world; None for the probe's own samples."""
    where: str | None = None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A candidate: a model ref, or the recipe to train one by."""

    ref: str | None = None
    trainer: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything that decides the result. `base` is None where one model is only measured."""

    probes: tuple[ProbeUse, ...] = ()
    base: str | None = None
    baseline: str | None = None
    """`baseline`, or `baseline:FILE`: accepted scores that stand for the base's, which is not asked then."""
    candidates: Mapping[str, ModelUse] = field(default_factory=dict)
    gates: tuple[Gate | GateSpec, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    repeats: int = 1
    limit: int | None = None
    store: Path = DEFAULT_STORE
    on_inconclusive: str = "fail"
    """`fail`, or `warn`: too little evidence does not block."""
    sequential: bool = False
    """Ask in random order and stop each probe when its gates are decided."""
    allow_subset: bool = False
    """Judge although `limit` leaves samples out."""
    suite: str | None = None
    """What baselines of this suite are called."""
    folder: Path = Path()
    """Where the config lies; baselines are beside it, in evals/baseline."""
    servers: Servers = field(default_factory=Servers)


def find_config(given: Path | None, *, wanted: bool) -> Config | None:
    """The config of -c, else the folder's fteval.yaml where the command line alone does not say what to do."""
    path = DEFAULT_CONFIG if given is None and wanted and DEFAULT_CONFIG.is_file() else given
    if path is None:
        return None
    from fteval import config

    try:
        return config.load(path)
    except config.BrokenConfig as error:
        also = _wrong_in(error.rest) if error.rest else ""
        raise UserError("\n".join(filter(None, [error.what, also])), fix=error.fix) from None


def _wrong_in(rest: Config) -> str:
    """What is wrong with the sound gates of a config too: whoever mends a file wants to do it once."""
    try:
        left = describe(config=rest)
        resolve_gates(left, measurable(build_suite(left)))
    except UserError as error:
        return error.what
    return ""


def describe(
    *,
    config: Config | None = None,
    model: str | None = None,
    against: str | None = None,
    probes: Iterable[str] = (),
    holdouts: Iterable[Path] = (),
    scorers: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    gates: Sequence[Gate] = (),
    sampling: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    limit: int | None = None,
    sequential: bool = False,
    allow_subset: bool = False,
    server: Mapping[str, Any] | None = None,
) -> Experiment:
    """An experiment from a config, from arguments, or from both: what is said outside the file wins.

    A probe that is named and stands in the config is the config's; of the config's gates those on what is run remain.
    Raises UserError when there is nothing to measure, nothing to measure it with, or no gate left of a config's.
    """
    known = {use.name: use for use in config_probes(config)} if config else {}
    named = [known.get(name, ProbeUse(name, name, where="--probe")) for name in probes]
    own = [ProbeUse(_holdout_name(path), "holdout", data=path, where="--holdout") for path in holdouts]
    uses = _with_settings([*named, *own], settings or {}, scorers) or list(known.values())
    if not uses:
        raise UserError(
            "nothing to measure with",
            fix="name a --probe (`fteval probes` lists all) or a --holdout FILE, or write a config (`fteval init`)",
        )
    candidates: Mapping[str, ModelUse] = dict(config_candidates(config)) if config else {}
    if model is not None:
        candidates = {model: candidates[model]} if model in candidates else {short_name(model): ModelUse(model)}
    baseline = against if against is not None and is_baseline(against) else None
    base = against if against is not None and baseline is None else (config.base if config else None)
    if base is None and not candidates:
        raise UserError(
            "no model to measure", fix="name one with --model (nano, a folder, BASE+ADAPTER, ft:…, replay:FILE)"
        )
    given = {key: value for key, value in (sampling or {}).items() if value is not None}
    chosen = replace(config.sampling.sampling if config else Sampling(), **given)
    repeats = repeats if repeats is not None else (config.sampling.repeats if config else 1)
    _check_sampling(chosen, repeats)
    return Experiment(
        probes=tuple(uses),
        base=base,
        baseline=baseline,
        candidates=candidates,
        gates=tuple(gates) or (_gates_on(config, uses) if config else ()),
        sampling=chosen,
        repeats=repeats,
        limit=limit,
        store=(config.store if config else None) or DEFAULT_STORE,
        on_inconclusive=config.on_inconclusive if config else "fail",
        sequential=sequential or (config is not None and config.sequential),
        allow_subset=allow_subset,
        suite=config.suite if config else None,
        folder=config.path.parent if config else Path(),
        servers=_servers(config, server or {}),
    )


def _servers(config: Config | None, given: Mapping[str, Any]) -> Servers:
    """What the config says of servers, with what was said outside it: limits, `max_usd`, `max_tokens`."""
    said = {key: value for key, value in given.items() if value is not None}
    known = {"max_usd", "max_tokens", *(f.name for f in dataclasses.fields(Limits))}
    for name, value in said.items():
        if name not in known or isinstance(value, bool) or not isinstance(value, int | float):
            what = f"{name!r} is {value!r}, wanted a number" if name in known else f"no server setting {name!r}"
            raise UserError(what, fix=f"known: {', '.join(sorted(known))}")
    least = {"max_retries": 0, "concurrency": 1, "max_tokens": 1}
    wrong = [
        f"{name} is {value}, wanted {f'{least[name]} or more' if name in least else 'more than 0'}"
        for name, value in said.items()
        if not (value >= least[name] if name in least else 0 < value < float("inf"))
    ]
    if wrong:
        raise UserError("\n".join(wrong))
    budget = Budget(said.pop("max_usd", None), said.pop("max_tokens", None))
    if config is None:
        return Servers(replace(Limits(), **said), budget)
    spec = config.server
    limits = Limits(spec.timeout, spec.max_retries, spec.concurrency, spec.give_up_after)
    prices = {name: Price(p.input, p.output, config.path.name) for name, p in config.prices.items()}
    return Servers(replace(limits, **said), budget, prices, spec.key)


def _gates_on(config: Config, uses: Iterable[ProbeUse]) -> tuple[GateSpec, ...]:
    """The config's gates on probes that are run. Raises UserError when gates were written and none of them counts."""
    names = {use.name for use in uses}
    chosen = tuple(gate for gate in config.gates if gate.probe in names)
    unknown = tuple(gate for gate in config.gates if gate.probe not in {*names, *config.probes})
    if config.gates and not chosen and not unknown:
        raise UserError(
            f"none of the config's gates is on what is run ({', '.join(sorted(names))})",
            where=str(config.path),
            fix="choose a probe that has a gate, or measure without the config",
        )
    return (*chosen, *unknown)


def build_suite(experiment: Experiment) -> Suite:
    """Reads the hold-outs and makes the probes. Raises UserError for what is wrong with them; no model is needed."""
    from fteval.runs import suite

    asked = [experiment.base] if experiment.base else [use.ref for use in experiment.candidates.values()]
    of_nano = all(ref is not None and _is_nano(ref) for ref in asked)
    specs = []
    for use in experiment.probes:
        made = registry.probe(use.probe, use.params, where=use.where)
        specs.append((use.name, made, _samples_of(use, made, of_nano)))
    return suite.build(specs, limit=experiment.limit, name=experiment.suite)


def _samples_of(use: ProbeUse, probe: Probe, of_nano: bool) -> list[Sample] | None:
    """What a probe asks: a file, questions of nano's world, or (None) its own samples.

    nano knows its own world only, so that without a file it is asked about that.
    """
    from fteval.data.read import read_samples

    name = getattr(probe, "probe", use.probe)  # one that wraps another asks what that one does
    if use.data is None and not of_nano:
        return None
    if use.data is None or (registry.is_generated(str(use.data)) and not use.data.exists()):
        from fteval.nano import holdouts

        if use.data is None:
            return holdouts.samples(name)
        n = str(use.data).partition(":")[2]
        found = holdouts.samples(name, int(n) if n else None)
        if found is None:
            raise UserError(f"nano's world has no questions for '{name}'", where=use.where, fix="give a file")
        return found
    rows = read_samples(use.data)
    if not rows:
        raise NothingToEvaluate(f"{use.data} holds no rows", where=use.where, fix="one sample a line")
    return rows


def _is_nano(ref: str) -> bool:
    return ref == "nano" or ref.startswith(("nano+", "ft:nano:"))


def is_baseline(ref: str) -> bool:
    """Whether `--against` names accepted scores and no model."""
    return ref == "baseline" or ref.startswith("baseline:")


@dataclass(frozen=True, slots=True)
class Measurable:
    """What gates may be on: a probe's metrics, and its samples' slices."""

    metrics: Mapping[str, Metric]
    slices: Sequence[Mapping[str, str]]


def measurable(what: Suite | RunRecord) -> dict[str, Measurable]:
    """probe -> what is measured, of a suite that will be run or of a run that was."""
    if isinstance(what, RunRecord):
        return {p.probe: Measurable({m.name: m for m in p.metrics}, p.slices) for p in what.probes}
    return {
        p.name: Measurable({m.name: m for m in p.probe.metrics}, [s.slices for s in p.samples]) for p in what.probes
    }


def resolve_gates(experiment: Experiment, known: Mapping[str, Measurable]) -> tuple[Gate, ...]:
    """The gates in the units of the metrics they are on.

    Raises UserError with every gate on an unknown probe, metric or slice, with a threshold of the wrong unit, or
    without a bound: before a model is loaded, because an hour later is too late.
    """
    if not experiment.gates:
        return ()
    from fteval.stats.evidence import bound_of

    gates: list[Gate] = []
    problems: list[str] = []
    for rule in experiment.gates:
        metric = _metric_of(rule, known, problems)
        if metric is None:
            continue
        try:
            gate = rule if isinstance(rule, Gate) else rule.gate(metric)
            bound_of(gate, metric)
            _check_slice(gate, known[gate.probe].slices)
            gates.append(gate)
        except UserError as error:
            fix = f" ({error.fix})" if error.fix else ""
            problems.append(f"{rule.where}: {error.what}{fix}" if rule.where else error.what + fix)
    if problems:
        raise UserError("\n".join(problems), fix="mend the gates; `fteval probes show NAME` lists a probe's metrics")
    return tuple(gates)


def _check_slice(gate: Gate, slices: Sequence[Mapping[str, str]]) -> None:
    """Raises UserError for a slice that none of the probe's samples is in."""
    for key, wanted in (gate.slice or {}).items():
        values = {of_sample[key] for of_sample in slices if key in of_sample}
        if not values:
            keys = {k for of_sample in slices for k in of_sample}
            raise UserError(f"no sample of probe '{gate.probe}' has the slice '{key}'. {registry.suggest(key, keys)}")
        if wanted != "*" and wanted not in values:
            raise UserError(
                f"no sample of probe '{gate.probe}' has {key} '{wanted}'. {registry.suggest(wanted, values)}"
            )


def short_name(ref: str) -> str:
    """What a report calls a model that has no name: the last part of its ref."""
    if ref.startswith(("http:", "https:")) and "#" in ref:
        return ref.rpartition("#")[2]
    last = ref.rstrip("/").rsplit("+", 1)[-1].rstrip("/")
    return last.rsplit("/", 1)[-1] if last.rsplit("/", 1)[-1] not in ("", ".", "..") else ref


def config_probes(config: Config) -> Iterable[ProbeUse]:
    """The probes of a config."""
    for name, spec in config.probes.items():
        yield ProbeUse(name, spec.use or name, spec.params, spec.data, spec.where)


def config_candidates(config: Config) -> Iterable[tuple[str, ModelUse]]:
    """The candidates of a config."""
    for name, spec in config.candidates.items():
        yield name, ModelUse(spec.model, spec.train, spec.recipe, spec.data, spec.where)


def _holdout_name(path: Path) -> str:
    return path.name.removesuffix(".jsonl").removesuffix(".holdout")


def _with_settings(uses: list[ProbeUse], settings: Mapping[str, Any], scorers: Sequence[str]) -> list[ProbeUse]:
    """--set and --score go to the probes that know them; a setting that none knows is an error of the first one."""
    if not uses:
        if settings or scorers:
            raise UserError(
                "--set and --score need a --probe or a --holdout", fix="put a config's parameters into the config"
            )
        return []
    params: list[dict[str, Any]] = []
    for use in uses:
        cls = registry.probe_class(use.probe)
        known = {f.name.removesuffix("_") for f in dataclasses.fields(cls)}  # type: ignore[arg-type]  # a Probe is a dataclass by contract
        own = {key: value for key, value in settings.items() if key.replace("-", "_") in known and key != "data"}
        scored = {"score": tuple(scorers)} if scorers and "score" in known else {}
        params.append({**use.params, **own, **scored})
    unused = {key: value for key, value in settings.items() if key != "data" and not any(key in p for p in params)}
    params[0] |= unused
    if scorers and not any("score" in p for p in params):
        raise UserError("--score is for a --holdout", fix="leave it out, or give a hold-out file")
    data = Path(settings["data"]) if "data" in settings else None
    return [replace(use, params=p, data=data or use.data) for use, p in zip(uses, params, strict=True)]


def _check_sampling(sampling: Sampling, repeats: int) -> None:
    problems = []
    if repeats < 1:
        problems.append(f"repeats is {repeats}, wanted 1 or more")
    if sampling.max_tokens < 1:
        problems.append(f"max_tokens is {sampling.max_tokens}, wanted 1 or more")
    if not 0 <= sampling.temperature < float("inf"):
        problems.append(f"temperature is {sampling.temperature}, wanted 0 (greedy) or more")
    if not 0 < sampling.top_p <= 1:
        problems.append(f"top_p is {sampling.top_p}, wanted more than 0 and at most 1")
    if sampling.top_k < 0:
        problems.append(f"top_k is {sampling.top_k}, wanted 0 (off) or more")
    if problems:
        raise UserError("\n".join(problems))


def _metric_of(rule: Gate | GateSpec, known: Mapping[str, Measurable], problems: list[str]) -> Metric | None:
    where = f"{rule.where}: " if rule.where else ""  # all problems are shown at once, each with its place
    if rule.probe not in known:
        problems.append(
            f"{where}a gate is on probe '{rule.probe}', which is not run. {registry.suggest(rule.probe, known)}"
        )
        return None
    metrics = known[rule.probe].metrics
    if rule.metric not in metrics:
        problems.append(
            f"{where}probe '{rule.probe}' has no metric '{rule.metric}'. {registry.suggest(rule.metric, metrics)}"
        )
        return None
    return metrics[rule.metric]
