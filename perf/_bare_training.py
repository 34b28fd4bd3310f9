"""What `perf/training.py` measures against: the least that a script of TRL does, from rows in a file to an adapter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

from fteval.evals.lipogram import Lipogram
from fteval.records import Generation, Message, Sample


def bare(method: str, model: Path, steps: int, folder: Path, clock: Callable[[], Any]) -> Any:
    """The clock of a training, stopped when the adapter is saved."""
    torch.set_num_threads(1)
    began = clock()

    class First(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        def on_step_end(self, *_: Any, **__: Any) -> None:
            began.step()

    trainer = {"sft": _sft, "grpo": _grpo}[method](model, steps, folder)
    trainer.add_callback(First())
    trainer.train()
    trainer.save_model(str(folder / "bare"))
    return began.stop()


def _common(steps: int, folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "bare"), "max_steps": steps, "learning_rate": 5e-4, "warmup_steps": 0.1, "seed": 0,
        "use_cpu": True, "bf16": False, "activation_checkpointing": False, "save_strategy": "no", "report_to": "none",
        "disable_tqdm": True, "lr_scheduler_type": "linear", "max_grad_norm": 1.0, "weight_decay": 0.0,
    }  # fmt: skip


def _lora() -> LoraConfig:
    return LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")


def _loaded(model: Path) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32), AutoTokenizer.from_pretrained(model)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _sft(model: Path, steps: int, folder: Path) -> Any:
    loaded, tokenizer = _loaded(model)
    talks = [row["messages"] for row in _rows(folder / "sft.jsonl")]
    return SFTTrainer(
        model=loaded,
        args=SFTConfig(**_common(steps, folder), per_device_train_batch_size=8),
        train_dataset=Dataset.from_list([{"prompt": talk[:-1], "completion": talk[-1:]} for talk in talks]),
        processing_class=tokenizer,
        peft_config=_lora(),
    )


def _grpo(model: Path, steps: int, folder: Path) -> Any:
    loaded, tokenizer = _loaded(model)
    asked = [row["prompt"] for row in _rows(folder / "grpo.jsonl")]
    return GRPOTrainer(
        model=loaded,
        reward_funcs=_fewer_of_e,
        args=GRPOConfig(
            **_common(steps, folder), per_device_train_batch_size=16, num_generations=8, max_completion_length=32
        ),
        train_dataset=Dataset.from_list([{"prompt": [{"role": "user", "content": prompt}]} for prompt in asked]),
        processing_class=tokenizer,
        peft_config=_lora(),
    )


def _fewer_of_e(prompts: Any, completions: Any, **_: Any) -> list[float]:
    """The same probe's metric, called as anybody would: what it costs to judge is no part of the comparison."""
    judge, found = Lipogram(), []
    for prompt, said in zip(prompts, completions, strict=True):
        sample = Sample("1", (Message("user", prompt[0]["content"]),))
        scores = judge.score(sample, Generation("1", text=said[0]["content"], finish_reason="stop"))
        found.append(-(scores.values["forbidden_per_100"] or 0.0))
    return found
