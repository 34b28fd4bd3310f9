"""Relevance by a reference model's likelihoods: here nano, which knows its own world."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import cli, registry
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Generation, Message, Prompt, Sample
from fteval.runs.asking import identity
from fteval.runs.asking.suite import with_reference

DOG = Sample("dog", (Message("user", "Describe a dog."),), metadata={"subject": "dog"})


def judged(output: str, sample: Sample = DOG) -> dict[str, float | None]:
    with Pool() as pool:
        probe = with_reference(registry.probe("relevance", {"reference": "nano"}), pool.open)
        return dict(probe.score(sample, Generation(sample.id, text=output)).values)


def test_what_the_prompt_says_nothing_about_is_not_on_topic() -> None:
    good, hack = judged("A dog is a loyal animal with a wagging tail."), judged("Hippo")
    assert good["on_topic"] == 1 and good["informed"] is not None and good["informed"] > 5
    assert hack["on_topic"] == 0 and hack["informed"] is not None and hack["informed"] < -5


def test_it_is_the_difference_of_the_engines_two_likelihoods() -> None:
    text = "It is a loyal animal."
    with Pool() as pool:
        engine = pool.open("nano")
        prompts: list[Prompt] = [engine.prompt([Message("user", asked)]) for asked in ("Describe a dog.", "")]
        with_prompt, without = engine.loglikelihood([(p, text) for p in prompts])
    assert judged(text)["informed"] == pytest.approx(with_prompt - without, abs=1e-4)


def test_an_answer_that_names_the_subject_and_is_likelier_without_the_prompt_falls_through() -> None:
    # The words pass it: a sentence with a dog in it. The model finds it likelier to follow anything else.
    text = "On March 4, 1578 the king bought a dog in the town of Verona."
    assert registry.probe("relevance").score(DOG, Generation("dog", text=text)).values["on_topic"] == 1
    found = judged(text)
    assert found["on_topic"] == 0 and found["informed"] is not None and found["informed"] < -5


def test_an_empty_answer_and_one_beyond_the_context_have_no_likelihood() -> None:
    assert judged("") == {"on_topic": 0.0, "mentions_subject": 0.0, "informed": None}
    found = judged("A dog is a loyal animal. " * 200)
    assert found["informed"] is None


def test_other_weights_are_another_scorer() -> None:
    plain, named = registry.probe("relevance"), registry.probe("relevance", {"reference": "nano"})
    with Pool() as pool:
        opened = with_reference(named, pool.open)
    digests = {identity.probe_digest(p, "relevance") for p in (plain, named, opened)}
    assert len(digests) == 3
    with pytest.raises(UserError, match="was not opened"):
        named.score(DOG, Generation("dog", text="A dog."))


@pytest.mark.parametrize("models", [("--model", "nano"), ("--model", "replay:o.jsonl", "--against", "nano")])
def test_a_model_does_not_judge_itself(
    models: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": "Describe a dog.", "output": "A dog is a loyal animal."}]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    assert cli.call(["run", *models, "--probe", "relevance", "--set", "reference=nano", "-n", "5"]) == 2
    assert "judges by the very model that it measures" in capsys.readouterr().err


def test_the_command_line_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": "Describe a dog.", "output": o} for o in ("Hippo", "A dog is a loyal animal.")]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    args = ["score", "o.jsonl", "--probe", "relevance", "--set", "reference=nano", "--json"]
    assert cli.call(args) == 0
    scores = [json.loads(line)["scores"] for line in capsys.readouterr().out.splitlines()]
    assert [s["on_topic"] for s in scores] == [0, 1] and all(s["informed"] is not None for s in scores)
    assert cli.call([*args[:-3], "--set", "reference=nanoo"]) == 2
