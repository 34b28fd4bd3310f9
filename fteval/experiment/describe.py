"""A config or a command line as one experiment: what is said outside the file wins."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fteval import registry
from fteval.engines.refs import base_url
from fteval.engines.remote.budget import Budget
from fteval.engines.remote.prices import Price
from fteval.engines.remote.servers import Servers
from fteval.engines.workers import Cluster
from fteval.errors import UserError
from fteval.experiment import logged
from fteval.experiment.asked import Asked
from fteval.experiment.candidates import config_candidates, with_candidates
from fteval.experiment.experiment import DEFAULT_CONFIG, DEFAULT_STORE, Experiment, ModelUse, ProbeUse
from fteval.experiment.uses import probe_use
from fteval.records import Limits, Sampling

if TYPE_CHECKING:
    from fteval.config import Config, EngineSpec, GateSpec


def find_config(given: Path | None, *, wanted: bool) -> Config | None:
    """The config of -c, else the folder's fteval.yaml where the command line alone does not say what to do.

    Raises UserError for one that is there and cannot be read: what somebody wrote is never passed over.
    """
    folders = given == DEFAULT_CONFIG or (given is None and wanted)
    path = (_default_config() if folders else None) or given
    if path is None:
        return None
    from fteval import config

    try:
        return config.load(path)
    except config.BrokenConfig as error:
        from fteval.experiment.check import by_line

        also = _wrong_in(error.rest) if error.rest else []
        raise UserError("\n".join(by_line([*error.what.split("\n"), *also])), fix=error.fix) from None


def _default_config() -> Path | None:
    if os.path.lexists(DEFAULT_CONFIG):
        if DEFAULT_CONFIG.is_file():
            return DEFAULT_CONFIG
        what = (
            "a folder" if DEFAULT_CONFIG.is_dir() else "a link to nothing" if DEFAULT_CONFIG.is_symlink() else "no file"
        )
        raise UserError(
            f"{DEFAULT_CONFIG} is {what}", where=str(DEFAULT_CONFIG.absolute()), fix="name a config with -c"
        )
    other = DEFAULT_CONFIG.with_suffix(".yml")
    if os.path.lexists(other):
        raise UserError(f"{other} is not read", fix=f"call it {DEFAULT_CONFIG}, or name it: -c {other}")
    return None


def _wrong_in(rest: Config) -> list[str]:
    """What is wrong with the sound rest of a config too: whoever mends a file wants to do it once."""
    from fteval.experiment.check import problems

    try:
        return problems(describe(Asked(), rest))
    except UserError:  # what is missing may be what was wrong
        return []


def describe(asked: Asked, config: Config | None = None) -> Experiment:
    """An experiment from a config, from what was asked, or from both: what is said outside the file wins.

    A probe that is named and stands in the config is the config's; of the config's gates those on what is run remain.
    Raises UserError when there is nothing to measure, nothing to measure it with, or no gate left of a config's.
    """
    asked.check()
    model, against = asked.model, asked.against
    baseline = against if against is not None and is_baseline(against) else None
    base = against if against is not None and baseline is None else (config.base if config else None)
    named = with_candidates(config, asked.candidates) if asked.candidates else config
    candidates: Mapping[str, ModelUse] = dict(config_candidates(named, base)) if named else {}
    if model is not None:
        candidates = {model: candidates[model]} if model in candidates else {short_name(model): ModelUse(model)}
    if base is None and not candidates:
        raise UserError(
            "no model to measure", fix="name one with --model (nano, a folder, BASE+ADAPTER, ft:…, replay:FILE)"
        )
    models = [base, *(use.ref for use in candidates.values())]
    logs = logged.folders(models)
    uses = [logged.as_logged(use, logs) if logs else use for use in _uses(asked, config, logged.tasks(logs), models)]
    uses = [logged.as_scored(use, models) for use in uses]
    if asked.reference is not None:
        uses = [replace(use, reference=None) for use in uses]
    drawn = asked.part(Sampling)
    uses = [replace(use, sampling={k: v for k, v in use.sampling.items() if k not in drawn}) for use in uses]
    return Experiment(
        probes=tuple(uses),
        base=base,
        baseline=baseline,
        candidates=candidates,
        gates=asked.gates or (_gates_on(config, uses) if config else ()),
        sampling=replace(config.sampling.sampling if config else Sampling(), **drawn),
        repeats=asked.repeats if asked.repeats is not None else (config.sampling.repeats if config else 1),
        limit=asked.limit,
        store=(config.store if config else None) or DEFAULT_STORE,
        on_inconclusive=config.on_inconclusive if config else "fail",
        unguarded=config.unguarded if config else "warn",
        sequential=asked.sequential or (config is not None and config.sequential),
        allow=tuple(config.allow) if config else (),
        allow_subset=asked.allow_subset,
        allow_same=asked.allow_same,
        of=asked.of or 0,
        allow_code=asked.allow_code,
        suite=config.suite if config else None,
        reference=asked.reference if asked.reference is not None else (config.reference if config else None),
        folder=config.path.parent if config else Path(),
        servers=_servers(asked, config),
        cluster=_cluster(config.engine if config else None),
    )


def experiment_of(config: Path | None) -> Experiment:
    """The experiment of a config alone: of the folder's fteval.yaml where none is named."""
    return describe(Asked(), find_config(config, wanted=True))


def _uses(
    asked: Asked, config: Config | None, logged_tasks: Iterable[str], models: Sequence[str | None]
) -> list[ProbeUse]:
    known = {use.name: use for use in config_probes(config)} if config else {}
    named = [
        one if isinstance(one, ProbeUse) else known.get(one, ProbeUse(one, one, where="--probe"))
        for one in asked.probes
    ]
    own = [ProbeUse(_holdout_name(path), "holdout", data=path, where="--holdout") for path in asked.holdouts]
    tasks = [task.strip() for given in asked.benchmarks for task in given.split(",") if task.strip()]
    own += [known.get(task, _benchmark(task, "--benchmark")) for task in tasks]
    if not (named or own or known) and logged.scored(models):
        named = [ProbeUse(logged.SCORES, logged.SCORES, where="the scores")]
    uses = _with_settings([*named, *own], asked.settings or {}, asked.scorers) or list(known.values())
    uses = uses or [_benchmark(task, "the logs") for task in logged_tasks]
    uses = _with_own_tasks(uses, asked.include, config)
    if not uses:
        raise UserError(
            "nothing to measure with",
            fix="name a --probe (`fteval probes` lists all), --benchmark or --holdout FILE, or write a config "
            "(`fteval init`)",
        )
    return uses


def _cluster(said: EngineSpec | Literal["ray"] | None) -> Cluster | None:
    if said is None or said == "ray":
        return None if said is None else Cluster()
    return Cluster(**said.ray.model_dump())


def _servers(asked: Asked, config: Config | None) -> Servers:
    """What the config says of servers, with what was said outside it."""
    budget, given = Budget(**asked.part(Budget)), asked.part(Limits)
    if config is None:
        return Servers(Limits(**given), budget)
    spec = config.server
    limits = Limits(spec.timeout, spec.max_retries, spec.concurrency, spec.give_up_after)
    prices = {name: Price(p.input, p.output, config.path.name) for name, p in config.prices.items()}
    return Servers(replace(limits, **given), budget, prices, spec.key, groups=_groups(asked, config))


def _groups(asked: Asked, config: Config) -> tuple[tuple[str, ...], ...]:
    """The servers that share work. Raises UserError for what is no server, for one twice, and for a list that no model
    is at; a config without models leaves these to the command line."""
    where = f"{config.path}: servers"
    groups = tuple(tuple(base_url(url, where) for url in group) for group in config.servers)
    if named := [url for group in config.servers for url in group if "#" in url]:
        fix = "the model's name stands in its ref, and is the same on each"
        raise UserError(f"a server is a base URL without a model's name: {named[0]}", where=where, fix=fix)
    seen = Counter(url for group in groups for url in group)
    if twice := [url for url, n in seen.items() if n > 1]:
        raise UserError(f"the same server twice: {', '.join(twice)}", where=where)
    rest = f"{asked} {config.model_dump(exclude={'servers'})}"
    named_here = config.base is not None or config.candidates
    for group in groups:
        if named_here and not any(url.split("/")[2] in rest for url in group):
            fix = f"a ref names one of them: {group[0]}#NAME"
            raise UserError(f"no model of the config is at {' or '.join(group)}", where=where, fix=fix)
    return groups


def _gates_on(config: Config, uses: Iterable[ProbeUse]) -> tuple[GateSpec, ...]:
    """The config's gates on probes that are run. Raises UserError when gates were written and none of them counts."""
    names = {use.name for use in uses}
    chosen = tuple(gate for gate in config.gates if gate.probe in names)
    unknown = tuple(g for g in config.gates if g.probe not in {*names, *config.probes, *config.benchmarks})
    if config.gates and not chosen and not unknown:
        raise UserError(
            f"none of the config's gates is on what is run ({', '.join(sorted(names))})",
            where=str(config.path),
            fix="choose a probe that has a gate, or measure without the config",
        )
    return (*chosen, *unknown)


def is_baseline(ref: str) -> bool:
    """Whether `--against` names accepted scores and no model."""
    return ref == "baseline" or ref.startswith("baseline:")


def short_name(ref: str) -> str:
    """What a report calls a model that has no name: the last part of its ref."""
    if ref.startswith("python:"):
        return ref.partition(":")[2]
    if ref.startswith(("http:", "https:")) and "#" in ref:
        return ref.rpartition("#")[2]
    last = ref.rstrip("/").rsplit("+", 1)[-1].rstrip("/")
    return last.rsplit("/", 1)[-1] if last.rsplit("/", 1)[-1] not in ("", ".", "..") else ref


def config_probes(config: Config) -> Iterable[ProbeUse]:
    """The probes of a config."""
    yield from (probe_use(name, spec) for name, spec in config.probes.items())
    yield from (_benchmark(task, f"{config.path}: benchmarks") for task in config.benchmarks)


def _benchmark(task: str, where: str) -> ProbeUse:
    return ProbeUse(task, "benchmark", {"task": task}, where=where)


def _with_own_tasks(uses: list[ProbeUse], asked: Path | None, config: Config | None) -> list[ProbeUse]:
    """The benchmarks with the folder of one's own tasks, where they name none. Raises UserError where none is run."""
    if asked is not None and not any(use.probe == "benchmark" for use in uses):
        raise UserError("--include is for benchmarks", fix="name one of its tasks: --benchmark TASK")
    include = asked or (config.include if config else None)
    if include is None:
        return uses
    own, said = ({"include": str(folder)} if folder else {} for folder in (include, asked))
    return [replace(use, params={**own, **use.params, **said}) if use.probe == "benchmark" else use for use in uses]


def _holdout_name(path: Path) -> str:
    return path.name.removesuffix(".jsonl").removesuffix(".holdout")


def _with_settings(uses: list[ProbeUse], settings: Mapping[str, Any], scorers: Sequence[Any]) -> list[ProbeUse]:
    """--set and --score go to the probes that know them; a setting that none knows is an error of the first one."""
    if not uses:
        if settings or scorers:
            raise UserError(
                "--set and --score need a --probe or a --holdout", fix="put a config's parameters into the config"
            )
        return []
    params: list[dict[str, Any]] = []
    for use in uses:
        if use.made is not None:  # whose parameters are set
            params.append({})
            continue
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
