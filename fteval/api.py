"""What `import fteval` gives.

comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])
comparison = fteval.run(config="fteval.yaml")
comparison = fteval.compare("20261120T101756Z-7f3a", "20261120T102001Z-91bc")
candidate = fteval.train("sft", base="nano", data="train.jsonl", epochs=10)
rows = fteval.score("outputs.jsonl", "lipogram", settings={"letters": "e"})
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.experiment import score as scoring
from fteval.experiment import train as training
from fteval.experiment.asked import Asked, with_parts
from fteval.experiment.describe import find_config
from fteval.experiment.experiment import DEFAULT_STORE, ModelUse
from fteval.experiment.measure import measure
from fteval.experiment.place import Listener, Place, placed
from fteval.experiment.saved import compare
from fteval.experiment.watch import watch_of, watched
from fteval.experiment.yardstick import described
from fteval.records import Candidate, Comparison, Gate, RunRecord

__all__ = ["Watch", "compare", "run", "score", "train"]


def run(
    model: str | None = None,
    against: str | None = None,
    probes: Sequence[str] = (),
    *,
    benchmarks: Sequence[str] = (),
    include: str | Path | None = None,
    holdout: str | Path | Sequence[str | Path] = (),
    config: str | Path | None = None,
    yardstick: str | None = None,
    score: Sequence[str | Callable[..., Any]] = (),
    settings: Mapping[str, Any] | None = None,
    gates: Sequence[Gate] = (),
    candidates: Mapping[str, Mapping[str, Any]] | None = None,
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

    A Comparison where there is a base and a candidate, else the RunRecord of the one model. `settings` are parameters
    of the probes, `benchmarks` tasks of lm-eval (`include`: a folder of your own ones), `score` names and functions of
    (output, target); `candidates` are those that fteval.yaml would have, by name, beside the config's own:
    {"told": {"prompt": "Be brief."}, "sft": {"train": "sft", "data": "train.jsonl"}}; `sampling` takes fields of
    `records.Sampling`, `server` of `records.Limits`, `max_usd`, `max_total_tokens`. Raises UserError and its children.
    """
    files = [holdout] if isinstance(holdout, str | Path) else list(holdout)
    asked = Asked(
        model=model, against=against, probes=tuple(probes), benchmarks=tuple(benchmarks),
        include=Path(include) if include else None, holdouts=tuple(Path(f) for f in files),
        scorers=tuple(score), settings=settings, config=Path(config) if config else None, gates=tuple(gates),
        yardstick=yardstick, candidates=candidates,
        repeats=repeats, limit=limit, sequential=sequential, allow_subset=allow_subset,
        allow_same=allow_same, of=of, allow_code=allow_code, reference=reference,
        store=Path(store) if store else None, device=device, dtype=dtype, offline=offline, launch=launch, vllm=vllm,
    )  # fmt: skip
    asked = with_parts(asked, sampling, server)
    experiment = described(asked, find_config(asked.config, wanted=False))
    return measure(experiment, placed(asked, experiment, listener or Listener()))


def train(
    trainer: str,
    base: str,
    data: str | Path,
    *,
    name: str | None = None,
    store: str | Path | None = None,
    offline: bool = False,
    device: str = "auto",
    **recipe: Any,
) -> Candidate:
    """Makes a candidate of a base and rows; its `id` is a model for `run`.

    `recipe` are the fields of the trainer's Recipe, and perhaps `watch` with the keys that it has in fteval.yaml, and
    `launch="accelerate:CONFIG.yaml"` for several processes, `vllm` for a server. What was trained before is not trained
    again. Raises UserError and its children.
    """
    watch, launch, vllm = (recipe.pop(name, None) for name in ("watch", "launch", "vllm"))
    looked = None if watch is None else watch_of(watch)
    use = ModelUse(trainer=trainer, recipe=recipe, data=Path(data), watch=looked)
    kept = Path(store) if store else DEFAULT_STORE
    place = Place(store=kept, device=device, offline=offline, launch=launch, vllm=vllm)
    return training.train(name or Path(data).stem, use, base, place)


def Watch(
    probes: Sequence[str] | Mapping[str, Mapping[str, Any] | None],
    data: str | Path | None = None,
    *,
    tell: Callable[[str], None] | None = None,
    **settings: Any,
) -> Any:
    """A callback for a trainer of transformers or TRL: probes judge what the model answers to dev rows on its way.

    trainer.add_callback(fteval.Watch({"lipogram": {"letters": "e"}, "laziness": {}}, "dev.jsonl", every=20))

    `settings` are the other keys of `watch:` in fteval.yaml: every, stop_if, keep_best, limit, sampling. `tell` hears
    each look in words, instead of stderr; `curve` has all of them, as `watch.json` in the trainer's output_dir does.
    Raises UserError for what is wrong with them, and before the first step for what cannot be watched.
    """
    given = {"probes": probes, **({} if data is None else {"data": str(data)}), **settings}
    from fteval.trainers.watching.callback import Watch as Callback  # brings transformers

    return Callback(watched(watch_of(given)), tell or functools.partial(print, file=sys.stderr))


def score(
    rows: str | Path | Iterable[Mapping[str, Any]], probe: str, *, settings: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Judges outputs made elsewhere, a file's or these rows': {"id", "scores", "answer", "reasons"} for each, in order.

    A row has `prompt` or `messages`, `output` or `outputs`, and what the probe needs; `settings` are the probe's
    parameters. A score is None where a reason says why there is none. Raises UserError and its children.
    """
    given = Path(rows) if isinstance(rows, str | Path) else list(rows)
    judge = registry.probe(probe, settings)
    return list(scoring.score_rows(given, scoring.fitted(judge, given)))
