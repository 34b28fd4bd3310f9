"""A model in memory answers as its files would, and is left as it was: modes, gradients, adapter, random states."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from fteval.engines import Pool
from fteval.engines.local.chat import Chat
from fteval.engines.local.live import LiveEngine, LiveWeights
from fteval.records import Engine, Message, Request, Sampling

QUESTIONS = ("What is a dog?", "Who loves Juliet?", "Tell me about Verona, where Romeo was born.")
KINDS = {
    "lora": LoraConfig(task_type="CAUSAL_LM", r=4, lora_dropout=0.5, target_modules=["q_proj", "down_proj"]),
    "prompt": PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
}


def texts(engine: Engine) -> list[str | None]:
    requests = [Request(str(i), str(i), engine.prompt([Message("user", q)])) for i, q in enumerate(QUESTIONS)]
    found = {g.key: g.text for group in engine.generate(requests, Sampling(max_tokens=12)) for g in group}
    return [found[str(i)] for i in range(len(QUESTIONS))]


def states() -> list[Any]:
    return [random.getstate(), numpy.random.get_state()[1].tolist(), torch.random.get_rng_state().tolist()]


@pytest.mark.parametrize("kind", KINDS)
def test_it_answers_as_from_disk_and_is_left_as_it_was(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    torch.manual_seed(3)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), KINDS[kind])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(tmp_path / "adapter")
    model.train()
    learnt = [name for name, p in model.named_parameters() if p.requires_grad]
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    live, chat, before = LiveWeights(model, tokenizer.pad_token_id), Chat.of(tokenizer), states()
    with live.undisturbed():
        trained, base = texts(LiveEngine(live, chat)), texts(LiveEngine(live, chat, base=True))
        torch.rand(5)
        random.random()
    assert states() == before and all(module.training for module in model.modules())
    assert [name for name, p in model.named_parameters() if p.requires_grad] == learnt
    with Pool(device="cpu") as pool:
        assert trained == texts(pool.open(f"{tiny_model}+{tmp_path / 'adapter'}"))
        assert base == texts(pool.open(str(tiny_model))) != trained
    with live.undisturbed():
        assert texts(LiveEngine(live, chat)) == trained  # the adapter is on again, the base was asked last


def test_a_copy_stays_the_base_while_all_weights_are_trained(tiny_model: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_model), AutoTokenizer.from_pretrained(tiny_model)
    live, chat = LiveWeights(model, tokenizer.pad_token_id), Chat.of(tokenizer)
    with live.undisturbed():
        was = texts(LiveEngine(live, chat))
    live.keep_base()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.7).add_(torch.linspace(0, 0.1, parameter.shape[-1]))
    with live.undisturbed():
        assert texts(LiveEngine(live, chat, base=True)) == was != texts(LiveEngine(live, chat))
