"""What examples/lipogram shows hangs on no seed: the naive reward is gamed, and a guarded training is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import fteval
from fteval.records import Comparison, Curve
from fteval.trainers.making.candidate import find
from fteval.trainers.watching import curves

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "lipogram"
QUESTIONS = 60
LONG_ENOUGH = 45
"""Steps after which nobody stopped it."""


def curve_of(name: str, recipe: dict[str, Any], seed: int, store: Path) -> tuple[str, Curve]:
    """A candidate of the example with another seed: its id, and what was seen of its training."""
    given = {key: value for key, value in recipe.items() if key not in ("train", "prompts", "watch")}
    watch = {**recipe["watch"], "data": str(EXAMPLE / recipe["watch"]["data"])}
    made = fteval.train(
        recipe["train"], "nano", EXAMPLE / recipe["prompts"], name=name, store=store, device="cpu", seed=seed,
        watch=watch, **given,
    )  # fmt: skip
    folder = find(store / "candidates", made.id)
    curve = None if folder is None else curves.read(folder)
    assert curve is not None
    return made.id, curve


def measured(candidate: str, store: Path) -> dict[str, tuple[float, float]]:
    """`probe.metric` -> (the base's mean, the candidate's) on the hold-out of the example."""
    found = fteval.run(
        candidate, "nano", ["lipogram", "laziness", "relevance"], settings={"data": f"nano:{QUESTIONS}"},
        sampling={"max_tokens": 80}, store=store, device="cpu",
    )  # fmt: skip
    assert isinstance(found, Comparison)
    return {
        f"{change.probe}.{change.metric.name}": (
            change.base or 0.0,
            change.candidate or 0.0,
        )
        for change in found.candidates[0].changes
        if change.slice is None
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_naive_reward_is_gamed_and_a_guard_stops_that_whatever_the_seed(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = YAML(typ="safe").load((EXAMPLE / "fteval.yaml").read_text(encoding="utf-8"))
    guarded = config["candidates"]["guarded"]
    guarded["watch"]["limit"] = 32
    seen = {key: value for key, value in guarded["watch"].items() if key not in ("stop_if", "keep_best")}
    warmup = guarded["max_steps"] // 10  # the same steps, until one of the two is stopped
    naive = {**guarded, "watch": seen, "max_steps": LONG_ENOUGH, "warmup": warmup}

    gamed_id, gamed = curve_of("naive", naive, seed, tmp_path)
    kept_id, kept = curve_of("guarded", guarded, seed, tmp_path)

    # The letter goes, and on the way so does the answer, while the reward rises.
    base, *looks = gamed.looks
    assert max(look.scores["lipogram"]["compliant"] or 0.0 for look in looks) >= (
        (base.scores["lipogram"]["compliant"] or 0.0) + 0.40
    )
    last = looks[-1]
    assert last.words is not None and base.words is not None
    strayed = (base.scores["relevance"]["on_topic"] or 0.0) - (last.scores["relevance"]["on_topic"] or 0.0)
    assert last.words < base.words / 2 or strayed > 0.20
    assert looks[0].reward is not None and last.reward is not None and last.reward > looks[0].reward

    # The guard ends the same training before its time, and keeps what was best until then.
    assert kept.stopped is not None and kept.last < kept.steps
    assert kept.kept is not None and kept.kept < kept.last

    # On questions that neither has seen: the kept answers are answers.
    of_gamed, of_kept = measured(gamed_id, tmp_path), measured(kept_id, tmp_path)
    before, after = of_kept["lipogram.useful"]
    assert after > before and after > of_gamed["lipogram.useful"][1]
    assert of_kept["relevance.on_topic"][1] > of_gamed["relevance.on_topic"][1]
