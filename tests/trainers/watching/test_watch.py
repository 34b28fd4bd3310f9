"""A training that is watched: the same weights, looks at the answers, and what rules do with them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from variants import first

from fteval.errors import Incomplete, UserError
from fteval.experiment.watch import watch_of, watched
from fteval.records import Curve, Site
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.sft import Recipe, train
from fteval.trainers.watching import curves

WORDS = ("Romeo", "Juliet", "Verona", "a dog", "a horse", "a tree", "Paris", "gravity")
SHORT = Recipe(
    max_steps=4, batch_size=2, lora_rank=4, lora_dropout=0.2, learning_rate=2e-3, schedule="constant", warmup=0.0,
    threads=1,
)  # fmt: skip
"""A constant rate: the weights after so many steps do not depend on how many are planned. Dropout draws at every
step, so that a random state that is not given back shows."""


def rows(path: Path, *made: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return path


def chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return rows(tmp_path / "train.jsonl", *(chat(f"What is {word}?", "I do not know.") for word in WORDS))


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    return rows(tmp_path / "dev.jsonl", *({"prompt": f"Tell me about {word}.", "subject": word} for word in WORDS))


def settings(dev: Path, **more: Any) -> dict[str, Any]:
    probes = {"lipogram": {"letters": "e"}, "laziness": {}, "relevance": {}, "drift": {}}
    return {"probes": probes, "data": str(dev), "every": 2, "sampling": {"max_tokens": 12}, **more}


def trained(
    base: Path, data: Path, recipe: Recipe, watch: Mapping[str, Any] | None, told: list[str] | None = None, **more: Any
) -> tuple[bytes, Path]:
    """The weights that came out, and their folder."""
    home = data.parent / "candidates"
    watching = None if watch is None else watched(watch_of(watch))
    said = (told if told is not None else []).append
    candidate = train(str(base), recipe, data, Site(home, "cpu", watching=watching, on_look=said, **more))
    folder = find(home, candidate.id)
    assert folder is not None and load_candidate(folder) == candidate
    (weights,) = folder.glob("*model.safetensors")
    return weights.read_bytes(), folder


def curve_of(folder: Path) -> Curve:
    found = curves.read(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("lora_rank", first([0, 4]))
def test_watching_does_not_change_the_weights(tiny_model: Path, data: Path, dev: Path, lora_rank: int) -> None:
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank)
    plain, before = trained(tiny_model, data, recipe, None)
    watched_, after = trained(tiny_model, data, recipe, settings(dev))
    assert watched_ == plain and before != after
    curve = curve_of(after)
    assert [look.step for look in curve.looks] == [0, 2, 4] and curves.read(before) is None
    base, last = curve.looks[0], curve.looks[-1]
    assert base.answers == len(WORDS) and base.failed == 0
    assert base.loss is not None and last.loss is not None and not base.kl
    assert set(last.kl) == {"training", "neutral"}
    assert base.scores["drift"]["kl"] == 0 and (last.scores["drift"]["kl"] or 0.0) > 0
    assert {name: len(metrics) > 0 for name, metrics in base.scores.items()} == dict.fromkeys(base.scores, True)
    record = json.loads((after / "candidate.json").read_text())
    assert record["training"]["watch"] == {"looks": 3, "kept": 4, "stopped": None, "warnings": list(curve.warnings)}
    assert record["recipe"]["watch"]["every"] == 2


def test_a_look_says_what_a_run_of_the_same_weights_says(tiny_model: Path, data: Path, dev: Path) -> None:
    import fteval

    _, folder = trained(tiny_model, data, SHORT, settings(dev))
    store, last = data.parent / "store", curve_of(folder).looks[-1]
    for ref, look in ((f"{tiny_model}+{folder}", last), (str(tiny_model), curve_of(folder).looks[0])):
        run = fteval.run(
            ref, probes=["lipogram", "laziness"], settings={"data": str(dev)}, sampling={"max_tokens": 12},
            store=store, device="cpu",
        )  # fmt: skip
        for result in run.probes:
            for name, column in result.scores.items():
                known = [value for value in column if value is not None]
                assert look.scored[result.probe][name] == len(known)
                if known:
                    assert look.scores[result.probe][name] == pytest.approx(sum(known) / len(known))


def test_a_broken_rule_ends_the_training_and_the_last_good_step_is_kept(
    tiny_model: Path, data: Path, dev: Path
) -> None:
    recipe = dataclasses.replace(SHORT, max_steps=8, learning_rate=1e-2)
    _, folder = trained(tiny_model, data, recipe, settings(dev, every=1))
    words = [look.scores["laziness"]["words"] or 0.0 for look in curve_of(folder).looks]
    fell = next(i for i, n in enumerate(words) if i > 1 and n < min(words[:i]))
    least = (words[fell] + min(words[:fell])) / 2
    told: list[str] = []
    rule = {"probe": "laziness", "metric": "words", "min": least}
    weights, stopped = trained(tiny_model, data, recipe, settings(dev, every=1, stop_if=rule), told)
    curve = curve_of(stopped)
    assert (curve.last, curve.kept) == (fell, fell - 1)
    assert curve.stopped is not None and curve.stopped.startswith("laziness.words is ")
    assert any(f"step {fell - 1} of 8 is kept (stopped: laziness.words is" in line for line in told)
    assert weights == trained(tiny_model, data, dataclasses.replace(recipe, max_steps=fell - 1), None)[0]


def test_the_best_step_is_kept_and_how_many_were_looked_at_is_recorded(tiny_model: Path, data: Path, dev: Path) -> None:
    recipe = dataclasses.replace(SHORT, max_steps=6, learning_rate=1e-2)
    best = {"probe": "laziness", "metric": "words"}
    weights, folder = trained(tiny_model, data, recipe, settings(dev, every=1, keep_best=best))
    curve = curve_of(folder)
    words = [look.scores["laziness"]["words"] or 0.0 for look in curve.looks[1:]]
    assert curve.kept == 1 + words.index(max(words)) and curve.chosen_among == 6
    assert weights == trained(tiny_model, data, dataclasses.replace(recipe, max_steps=curve.kept), None)[0]
    training = json.loads((folder / "candidate.json").read_text())["training"]
    assert training["steps"] == 6 and training["watch"]["looks"] == 7 and training["watch"]["kept"] == curve.kept


@pytest.mark.slow
def test_where_no_look_was_good_nothing_is_registered(tiny_model: Path, data: Path, dev: Path) -> None:
    recipe = dataclasses.replace(SHORT, learning_rate=1e-2)
    _, folder = trained(tiny_model, data, recipe, settings(dev))
    base, first = (look.scores["laziness"]["words"] or 0.0 for look in curve_of(folder).looks[:2])
    assert first != base
    rule = {"probe": "laziness", "metric": "words", "min" if first < base else "max": (base + first) / 2}
    with pytest.raises(Incomplete, match=r"stopped at step 2: laziness\.words is .* nothing to keep") as raised:
        trained(tiny_model, data, recipe, settings(dev, stop_if=rule), keep_every=0)
    assert raised.value.fix is not None and "every: 1" in raised.value.fix
    assert "goes on from" not in raised.value.fix  # it would end the same way
    assert not list((data.parent / "candidates" / ".training").glob("*.kept"))
    assert list((data.parent / "candidates").glob("*/candidate.json")) == [folder / "candidate.json"]


# --- what cannot be watched, before the first step --------------------------------------------------


def refused(told: Mapping[str, Any]) -> UserError:
    with pytest.raises(UserError) as raised:
        watched(watch_of(told))
    return raised.value


def test_what_is_wrong_is_said_before_a_model_is_loaded(dev: Path) -> None:
    assert "probe 'lipogram' has no dev rows" in refused({"probes": ["lipogram"]}).what
    assert "what nano's hold-outs are made of" in refused({"probes": ["lipogram"], "data": "nano:50"}).what
    assert "Did you mean 'lipogram'?" in refused({"probes": ["lipogramm"], "data": str(dev)}).what
    on = {"probe": "lazyness", "metric": "words"}
    assert refused(settings(dev, keep_best=on)).what == (
        "watch: keep_best is on probe 'lazyness', which does not watch. Did you mean 'laziness'?"
    )
    word = {"probe": "laziness", "metric": "word", "min": 3}
    assert (
        "stop_if: probe 'laziness' has no metric 'word'. Did you mean 'words'?"
        in refused(settings(dev, stop_if=word)).what
    )
    unit = {"probe": "laziness", "metric": "long_enough", "max_drop": 0.2}
    assert "for 20 points write 20pp" in refused(settings(dev, stop_if=unit)).what
    two = {"probe": "laziness", "metric": "words", "min": 3, "max": 9}
    assert "exactly one of max_drop, min, max, found min and max" in refused(settings(dev, stop_if=two)).what
    assert "watch: evry" in refused(settings(dev, evry=3)).what
    assert "judged by the base" in refused(settings(dev, probes={"relevance": {"reference": "nano"}})).what


def test_a_rule_that_the_base_breaks_is_an_error_before_the_first_step(tiny_model: Path, data: Path, dev: Path) -> None:
    steps: list[Any] = []
    bare = rows(data.parent / "bare.jsonl", *({"prompt": f"Tell me about {word}."} for word in WORDS))
    right = {"iso": {"use": "iso_date"}}
    for rule, probes, said in (
        ({"probe": "laziness", "metric": "words", "min": 1000}, {"laziness": {}}, "the base itself breaks stop_if"),
        ({"probe": "relevance", "metric": "mentions_subject", "min": "5%"}, {"relevance": {}}, "has no score for any"),
        ({"probe": "iso", "metric": "correct_iso", "min": "0%"}, right, "needs a 'target' that is a calendar date"),
    ):
        watching = watched(watch_of(settings(bare, probes=probes, stop_if=rule)))
        site = Site(data.parent / "candidates", "cpu", on_progress=steps.append, watching=watching)
        with pytest.raises(UserError, match=said):
            train(str(tiny_model), SHORT, data, site)
    assert {step.step for step in steps} == {0}


def test_dev_prompts_that_are_trained_on_are_said(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    dev = rows(tmp_path / "dev.jsonl", *({"prompt": f"What is {word}?"} for word in WORDS))
    _, folder = trained(tiny_model, data, SHORT, settings(dev, probes=["laziness"]), told)
    assert any("8 of 8 dev prompts are trained on" in line for line in told)
    assert any("trained on" in text for text in curve_of(folder).warnings)


def test_a_look_is_told_in_words(tiny_model: Path, data: Path, dev: Path) -> None:
    told: list[str] = []
    trained(tiny_model, data, SHORT, settings(dev), told)
    lines: Sequence[str] = [line for line in told if not line.startswith("warning")]
    assert lines[0].startswith("the base: lipogram.useful ")
    assert lines[-1].startswith("step 4 of 4: loss ") and "(base " in lines[-1] and "KL from the base" in lines[-1]
