"""A model in memory: known by its tensors, asked as its folder would be, and left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from engine_helpers import answers, conversations, requests
from transformers import AutoModelForCausalLM, AutoTokenizer

from fteval.engines.given.loaded import LoadedEngine
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Model, Sampling


def loaded(folder: Path) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def said(engine: Any, **drawn: Any) -> list[str | None]:
    sampling = Sampling(max_tokens=12, **drawn)
    made = answers(engine, requests(engine, conversations(4, longest=8)), sampling)
    return [made[place].text for place in sorted(made)]


def test_a_loaded_model_says_what_its_folder_says(tiny_model: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    with Pool(given={"python:m": Model(model, tokenizer)}, device="cpu") as pool:
        texts = [said(pool.open(ref)) for ref in ("python:m", str(tiny_model))]
    assert texts[0] == texts[1] and any(texts[0])


def test_what_counts_are_the_tensors_and_not_where_they_came_from(tiny_model: Path, tmp_path: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    model.save_pretrained(tmp_path / "copy")
    tokenizer.save_pretrained(tmp_path / "copy")
    first = LoadedEngine.of("python:a", Model(model, tokenizer)).identity()
    assert LoadedEngine.of("python:b", Model(*loaded(tmp_path / "copy"))).identity() == first
    with torch.no_grad():
        next(model.parameters())[0, 0] += 0.001
    assert LoadedEngine.of("python:a", Model(model, tokenizer)).identity()["weights"] != first["weights"]


def test_the_model_is_left_as_it_was(tiny_model: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    model.train()
    next(model.parameters()).requires_grad_(False)
    before = torch.random.get_rng_state()
    with Pool(given={"python:m": Model(model, tokenizer)}, device="cpu") as pool:
        said(pool.open("python:m"), temperature=1.0)
        assert not model.training
    assert all(part.training for part in model.modules())
    assert [p.requires_grad for p in model.parameters()].count(False) == 1
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_peft_model_is_itself_and_without_its_adapter_its_base(tiny_model: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    plain = LoadedEngine.of("python:m", Model(model, tokenizer)).identity()
    torch.manual_seed(0)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    tuned = peft.get_peft_model(model, config)
    given = {"python:t": Model(tuned, tokenizer), "python:b": Model(tuned, tokenizer, adapter=False)}
    with Pool(given=given, device="cpu") as pool:
        after, base = pool.open("python:t"), pool.open("python:b")
        texts = [said(one) for one in (after, base, after, pool.open(str(tiny_model)))]
        assert texts[0] == texts[2] != texts[1] == texts[3]
        assert after.identity()["adapter"] is not None
        assert {**base.identity()} == {**plain}, "the base is what it was before there was an adapter"
    assert tuned.base_model.model.model.layers[0].self_attn.q_proj.disable_adapters is False


def test_a_model_with_somebody_s_adapters_in_its_layers_is_refused(tiny_model: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj"]))
    with pytest.raises(UserError, match="there are adapters in the layers"):
        LoadedEngine.of("python:m", Model(model, tokenizer))


def test_adapters_that_are_disabled_are_not_measured_and_stay_so(tiny_model: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    with tuned.disable_adapter():
        with pytest.raises(UserError, match="disabled"):
            LoadedEngine.of("python:m", Model(tuned, tokenizer))
        with Pool(given={"python:b": Model(tuned, tokenizer, adapter=False)}, device="cpu") as pool:
            said(pool.open("python:b"))
        assert tuned.base_model.model.model.layers[0].self_attn.q_proj.disable_adapters is True


def test_a_hook_or_a_scaling_that_was_set_in_place_is_another_model(tiny_model: Path, tiny_adapter: Path) -> None:
    model, tokenizer = loaded(tiny_model)
    model.enable_input_require_grads()  # a hook of the library's own, which changes no answer
    plain = LoadedEngine.of("python:a", Model(model, tokenizer)).identity()
    assert LoadedEngine.of("python:a", Model(model, tokenizer)).identity() == plain
    handle = model.get_input_embeddings().register_forward_hook(lambda part, given, found: found * 2)
    hooked = [LoadedEngine.of("python:a", Model(model, tokenizer)) for _ in "ab"]
    assert len({str(found) for found in (plain, *(one.identity() for one in hooked))}) == 3
    handle.remove()
    assert LoadedEngine.of("python:a", Model(model, tokenizer)).identity() == plain

    tuned = peft.PeftModel.from_pretrained(model, str(tiny_adapter))
    full = LoadedEngine.of("python:a", Model(tuned, tokenizer)).identity()
    layer = next(part for part in tuned.modules() if hasattr(part, "lora_A"))
    layer.scale_layer(0.5)
    assert LoadedEngine.of("python:a", Model(tuned, tokenizer)).identity() != full
    layer.unscale_layer()
    assert LoadedEngine.of("python:a", Model(tuned, tokenizer)).identity() == full
