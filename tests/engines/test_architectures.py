"""The own loop on other architectures: absolute, rotary and linear positions, sliding windows, experts; and the
fallback for those whose cache or inputs are not standard. The reference is `generate` with batch 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
from engine_helpers import answers, conversations, requests
from variants import first

from fteval.engines import Pool
from fteval.records import Message, Sampling

GPT = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}
OWN_LOOP = {
    "llama": {},
    "gemma3_text": {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"], "head_dim": 16},
    "gpt2": {**GPT, "bos_token_id": 2},
    "gpt_neox": {},
    "opt": {"ffn_dim": 128, "word_embed_proj_dim": 64},
    "bloom": {"n_layer": 2, "n_head": 4},
    "mistral": {"sliding_window": 16},
    "gpt_oss": {"sliding_window": 16, "num_local_experts": 4, "head_dim": 16},
}
FALLBACK = {
    "phi3": {"original_max_position_embeddings": 512},
    "mamba": {},
}


@pytest.mark.parametrize("architecture", [*first(OWN_LOOP, always=2), *first(FALLBACK)])
def test_greedy_answers_are_those_of_generate(architecture: str, tmp_path: Path, pool: Pool, generate_alone: Any):
    config = {**OWN_LOOP, **FALLBACK}[architecture]
    folder = tiny.make_model(tmp_path / architecture, architecture=architecture, **config)
    engine = pool.open(str(folder))
    system = Message("system", "You are a helpful assistant. " * 5)
    asked = requests(engine, [*conversations(14), *([system, *t] for t in conversations(6, seed=1))])
    made = answers(engine, asked, Sampling(max_tokens=24))
    for request, tokens in zip(asked, generate_alone(folder, None, asked, 24), strict=True):
        generation = made[request.sample_id, 0]
        assert generation.text == engine.chat.decode(tokens)
        assert generation.completion_tokens == len(tokens)
    own = engine.weights().use(None).why_not is None
    assert own == (architecture in OWN_LOOP)


def test_the_fallback_is_told_once(tmp_path: Path, pool: Pool):
    engine = pool.open(str(tiny.make_model(tmp_path / "phi3", architecture="phi3", **FALLBACK["phi3"])))
    events: list[dict[str, Any]] = []
    engine.on_event = events.append
    for _ in range(2):
        answers(engine, requests(engine, conversations(3)), Sampling(max_tokens=4))
    assert [e["event"] for e in events] == ["decode_fallback"]


@pytest.mark.parametrize("dtype", first(["float32", "bfloat16"]))
@pytest.mark.parametrize("architecture", first((a for a in OWN_LOOP if a != "gpt_oss"), always=2))
def test_texts_after_one_prompt_do_not_see_each_other(architecture: str, dtype: str, tmp_path: Path):
    folder = tiny.make_model(tmp_path / "m", architecture=architecture, **OWN_LOOP[architecture])
    texts = ["Verona.", " a dog is an animal", "1990-03-14", "no"]
    with Pool(device="cpu", dtype=dtype) as pool:
        engine = pool.open(str(folder))
        pairs = [(engine.prompt(talk), text) for talk in conversations(5) for text in texts]
        together = engine.loglikelihood(pairs)
        apart = [engine.loglikelihood([pair])[0] for pair in pairs]
    assert together == pytest.approx(apart, abs=1e-4 if dtype == "float32" else 0.3)


@pytest.mark.parametrize("architecture", first(["llama", "bloom", "gpt2", "mistral"], always=2))
def test_log_likelihoods_are_those_of_a_plain_forward(architecture: str, tmp_path: Path, pool: Pool):
    import torch
    from transformers import AutoModelForCausalLM

    folder = tiny.make_model(tmp_path / "m", architecture=architecture, **OWN_LOOP[architecture])
    engine = pool.open(str(folder))
    prompts = [engine.prompt(talk) for talk in conversations(10)]
    texts = ["Verona.", " a dog is an animal", "1990-03-14", "no"] * 3
    values = engine.loglikelihood(list(zip(prompts, texts, strict=False)))
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    for prompt, text, value in zip(prompts, texts, values, strict=False):
        ids, more = engine.chat.continuation(prompt, text)
        with torch.no_grad():
            logs = model(torch.tensor([[*ids, *more]])).logits.log_softmax(-1)[0]
        expected = sum(logs[len(ids) + i - 1, token].item() for i, token in enumerate(more))
        assert value == pytest.approx(expected, abs=1e-4)
