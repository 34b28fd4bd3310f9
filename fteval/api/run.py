"""`fteval.run`: measure a model, or a change to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fteval.api import given as arguments
from fteval.api.given import GateArgument, Given, ModelArgument, ProbeArgument
from fteval.api.results import Comparison, RunRecord, shown
from fteval.experiment.asked import Asked, with_parts
from fteval.experiment.describe import find_config
from fteval.experiment.experiment import DEFAULT_STORE
from fteval.experiment.measure import measure
from fteval.experiment.place import Listener, placed
from fteval.experiment.yardstick import described
from fteval.runs.journal.mirror import opened


def run(
    model: ModelArgument | None = None,
    against: ModelArgument | None = None,
    probes: ProbeArgument = (),
    *,
    benchmarks: str | Sequence[str] = (),
    include: str | Path | None = None,
    holdout: Any = (),
    config: str | Path | None = None,
    yardstick: str | None = None,
    score: str | Callable[..., Any] | Sequence[str | Callable[..., Any]] = (),
    settings: Mapping[str, Any] | None = None,
    gates: GateArgument = (),
    candidates: Mapping[str, Any] | None = None,
    sampling: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    limit: int | None = None,
    sequential: bool = False,
    allow_subset: bool = False,
    allow_same: bool = False,
    of: int | None = None,
    allow_code: bool = False,
    reference: str | None = None,
    server: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    launch: str | None = None,
    vllm: str | None = None,
    listener: Listener | None = None,
) -> Comparison | RunRecord:
    """Measures a model; against a base, says what changed and whether to ship.

    A Comparison where there is a base and a candidate, else the RunRecord of the one model.

    model, against   a ref ("nano", "hf:ORG/NAME", "./adapter", "replay:FILE", a URL), (model, tokenizer) of
                     transformers or PEFT, a function `messages -> str` (or async), or `fteval.Model` to name it
    probes           a name or several, probes that are made already, or {"name": {…}} as under `probes:` in fteval.yaml
    holdout          a JSONL file or several, rows (a list of dicts, a frame of pandas or polars, a `datasets.Dataset`),
                     or {"name": either}
    score            scorers of the hold-out: names, and functions of (output, target)
    gates            {"probe": …, "metric": …, "max_drop": "2pp"} as in fteval.yaml, or `fteval.Gate`; one or several
    candidates       by name, as under `candidates:` in fteval.yaml ({"prompt": "Be brief."}), or a model
    settings         parameters of the probes; `benchmarks` are tasks of lm-eval, `include` a folder of your own ones
    sampling         fields of Sampling: temperature, max_tokens, seed, …
    server           fields of Limits, and max_usd, max_total_tokens

    The rest is as the options of `fteval run`. Raises UserError and its children.
    """
    with opened(store) as folder:
        found = find_config(Path(config) if config else None, wanted=False)
        kept = folder or (found.store if found else None) or DEFAULT_STORE
        given = Given(kept)
        asked = Asked(
            model=None if model is None else given.ref(model),
            against=None if against is None else given.ref(against),
            probes=given.probes(probes), benchmarks=arguments.texts(benchmarks),
            include=Path(include) if include else None, holdouts=given.holdouts(holdout),
            scorers=arguments.scorers(score), settings=settings, config=Path(config) if config else None,
            gates=arguments.gates(gates), yardstick=yardstick, candidates=given.candidates(candidates),
            repeats=repeats, limit=limit, sequential=sequential, allow_subset=allow_subset,
            allow_same=allow_same, of=of, allow_code=allow_code, reference=reference,
            store=folder, device=device, dtype=dtype, offline=offline, launch=launch, vllm=vllm,
        )  # fmt: skip
        experiment = described(with_parts(asked, sampling, server), found)
        place = replace(placed(asked, experiment, listener or Listener()), given=given.models)
        return shown(measure(experiment, place), place.store)
