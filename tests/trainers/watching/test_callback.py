"""The callback in somebody's own training: plain trainers of TRL, and nothing of fteval but `fteval.Watch`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from peft import LoraConfig
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

import fteval
from fteval.errors import Incomplete, UserError

WORDS = ("Romeo", "Juliet", "Verona", "a dog", "a horse", "a tree")
COMMON = {
    "use_cpu": True, "bf16": False, "activation_checkpointing": False, "report_to": "none", "save_strategy": "no",
    "disable_tqdm": True, "seed": 0, "lr_scheduler_type": "constant",
}  # fmt: skip
LORA = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    path = tmp_path / "dev.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"Tell me about {word}."}) + "\n" for word in WORDS))
    return path


def asked(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"What is {word}?"}]


def sft(base: Path, out: Path, *callbacks: Any, **more: Any) -> SFTTrainer:
    rows = [{"prompt": asked(w), "completion": [{"role": "assistant", "content": "I do not know."}]} for w in WORDS]
    args = SFTConfig(**{
        **COMMON, "output_dir": str(out), "max_steps": 4, "per_device_train_batch_size": 2, "learning_rate": 2e-3,
        "logging_steps": 3, **more,
    })  # fmt: skip
    trainer = SFTTrainer(str(base), args, train_dataset=Dataset.from_list(rows), peft_config=LORA)
    for callback in callbacks:
        trainer.add_callback(callback)
    trainer.train()
    return trainer


def weights(trainer: Any) -> dict[str, Any]:
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(p.equal(other[name]) for name, p in one.items())


def short_is_good(completions: list[Any], **_: Any) -> list[float]:
    return [-float(len(c[0]["content"])) for c in completions]


def grpo(base: Path, out: Path, *callbacks: Any) -> GRPOTrainer:
    args = GRPOConfig(**COMMON, output_dir=str(out), max_steps=2, per_device_train_batch_size=4, num_generations=4,
                      max_completion_length=8, learning_rate=1e-3, logging_steps=1)  # fmt: skip
    rows = Dataset.from_list([{"prompt": asked(word)} for word in WORDS])
    trainer = GRPOTrainer(str(base), short_is_good, args, rows, peft_config=LORA)
    for callback in callbacks:
        trainer.add_callback(callback)
    trainer.train()
    return trainer


def test_a_plain_sft_trainer_is_watched_and_trains_as_it_did(tiny_model: Path, tmp_path: Path, dev: Path) -> None:
    told: list[str] = []
    watch = fteval.Watch(["laziness", "lipogram"], dev, every=2, sampling={"max_tokens": 8}, tell=told.append)
    seen = sft(tiny_model, tmp_path / "seen", watch)
    assert same(weights(seen), weights(sft(tiny_model, tmp_path / "plain")))
    assert [look.step for look in watch.curve.looks] == [0, 2, 4]
    assert told[0].startswith("the base: ") and told[-1].startswith("step 4 of 4: loss ")
    assert json.loads((tmp_path / "seen" / "watch.json").read_text())["every"] == 2
    assert seen.model.training  # as it was before the last look


def test_a_plain_grpo_trainer_is_watched_and_its_reward_stands_beside(
    tiny_model: Path, tmp_path: Path, dev: Path
) -> None:
    watch = fteval.Watch({"laziness": {"min_words": 2}}, dev, every=1, sampling={"max_tokens": 8}, tell=[].append)
    seen = grpo(tiny_model, tmp_path / "seen", watch)
    assert same(weights(seen), weights(grpo(tiny_model, tmp_path / "plain")))
    base, *others = watch.curve.looks
    assert base.reward is not None and [look.step for look in others] == [1, 2]
    assert all(look.reward is not None and look.equal is not None and set(look.kl) == {"training", "neutral"}
               for look in others)  # fmt: skip


def test_a_rule_stops_a_plain_trainer_too(tiny_model: Path, tmp_path: Path, dev: Path) -> None:
    rule = {"probe": "laziness", "metric": "words", "max_drop": 1}
    watch = fteval.Watch(["laziness"], str(dev), every=1, sampling={"max_tokens": 8}, stop_if=rule, tell=[].append)
    try:
        sft(tiny_model, tmp_path, watch, learning_rate=1e-1, max_steps=12)
    except Incomplete as error:  # where the first step is the bad one
        assert "nothing to keep" in error.what
    assert watch.curve.stopped is not None or watch.curve.last == 12
    assert watch.curve.stopped is None or watch.curve.last < 12


def test_what_cannot_be_watched_is_an_error_before_the_first_step(tiny_model: Path, tmp_path: Path, dev: Path) -> None:
    with pytest.raises(UserError, match="Did you mean 'laziness'"):
        fteval.Watch(["lazyness"], dev)
    with pytest.raises(UserError, match="has no dev rows"):
        fteval.Watch(["laziness"])
    steps: list[int] = []
    watch = fteval.Watch(["facts"], dev, tell=[].append)  # rows without a target
    watch.on_step_begin = lambda *_, **__: steps.append(1)
    with pytest.raises(UserError, match="cannot judge sample"):
        sft(tiny_model, tmp_path, watch)
    assert not steps
