"""What a model knows before anybody changes it, fact by fact: slices for a hold-out (SliCK, arXiv:2405.05904)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fteval.errors import UserError
from fteval.evals.answer.told import accepted, is_unknown
from fteval.experiment.experiment import Experiment
from fteval.experiment.measure import Asking, execute
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.suite import build_suite
from fteval.records import ProbeResult, Sample
from fteval.runs.asking.suite import Suite
from fteval.runs.journal.store import Store

SLICE = "known"
TEMPERATURE, REPEATS = 0.5, 4
"""Of the answers that are drawn: the paper's temperature, and a quarter of its sixteen draws for each wording."""
METRIC = "correct"


def known(experiment: Experiment, place: Place) -> list[dict[str, Any]]:
    """The rows of a hold-out, each with the slice `known`: `highly` where every wording of the fact is answered
    rightly by greedy decoding, `maybe` where one is, `weakly` where only a drawn answer is right, else `unknown`.

    Wordings take the place of the paper's few-shot prompts. Where an answer could not be judged, and where nothing is
    to be known, there is no such slice. Raises UserError where there is no model or no probe that says what is right.
    """
    suite = build_suite(experiment)
    if experiment.base is None:
        raise UserError("no model whose knowledge is asked for", fix="name it with --model")
    if len(suite.probes) != 1 or METRIC not in {m.name for m in suite.probes[0].probe.metrics}:
        raise UserError(f"one probe is needed, and one that scores `{METRIC}`", fix="--probe facts")
    kinds = kinds_of(suite, experiment, place)
    samples = suite.probes[0].samples
    return [_row(sample, kinds.get(fact_of(sample))) for sample in samples]


def kinds_of(suite: Suite, experiment: Experiment, place: Place) -> dict[str, str]:
    """Fact -> how well the experiment's base knows it, by a suite of one probe that scores `correct`."""
    assert experiment.base is not None
    store = Store(place.store)
    with opened_pool(store, place, experiment) as pool:
        asking, engine = Asking(suite, store), pool.open(experiment.base)
        ways = (("greedy", 0.0, 1), (f"at temperature {TEMPERATURE}", TEMPERATURE, REPEATS))
        greedy, drawn = (
            execute(
                f"{experiment.base} {label}",
                engine,
                asking,
                replace(experiment, sampling=replace(experiment.sampling, temperature=t), repeats=repeats),
                place,
            ).probes[0]
            for label, t, repeats in ways
        )
    return dict(_kinds(suite.probes[0].samples, _right(greedy), _right(drawn)))


def _right(result: ProbeResult) -> Mapping[str, float | None]:
    return dict(zip(result.sample_ids, result.scores[METRIC], strict=True))


def _kinds(
    samples: Sequence[Sample], greedy: Mapping[str, float | None], drawn: Mapping[str, float | None]
) -> Iterator[tuple[str, str]]:
    """(fact, how well it is known)."""
    facts: dict[str, list[Sample]] = {}
    for sample in samples:
        if not is_unknown(accepted(sample)):
            facts.setdefault(fact_of(sample), []).append(sample)
    for fact, wordings in facts.items():
        first, later = ([of.get(s.id) for s in wordings] for of in (greedy, drawn))
        if all(value == 1 for value in first):
            yield fact, "highly"
        elif any(first):
            yield fact, "maybe"
        elif any(later):
            yield fact, "weakly"
        elif None not in (*first, *later):
            yield fact, "unknown"


def fact_of(sample: Sample) -> str:
    """What a sample asks for: its group, else itself."""
    return sample.group or sample.id


def _row(sample: Sample, kind: str | None) -> dict[str, Any]:
    return {
        "id": sample.id,
        "messages": [{"role": m.role, "content": m.content} for m in sample.messages],
        "target": sample.target,
        **({"group": sample.group} if sample.group is not None else {}),
        "slices": {**sample.slices, **({SLICE: kind} if kind else {})},
        "metadata": dict(sample.metadata),
    }
