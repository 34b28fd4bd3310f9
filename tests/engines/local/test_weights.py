"""Adapters on one load: complete, on their own base, with an effect, and gone when disabled."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from engine_helpers import answers, conversations, requests
from safetensors.torch import load_file, save_file
from variants import first

from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message, Sampling

GREEDY = Sampling(max_tokens=24)


def refused(ref: str) -> UserError:
    """The error that using a ref ends in."""
    with Pool(device="cpu") as pool, pytest.raises(UserError) as caught:
        engine = pool.open(ref)
        list(engine.generate(requests(engine, conversations(1)), GREEDY))
    return caught.value


def edited(adapter: Path, to: Path, change: Callable[[dict[str, Any]], None], **config: Any) -> Path:
    """A copy of an adapter with other weights."""
    shutil.copytree(adapter, to)
    weights = load_file(to / "adapter_model.safetensors")
    change(weights)
    save_file(weights, to / "adapter_model.safetensors")
    tiny.edit_json(to / "adapter_config.json", **config)
    return to


def test_three_adapters_and_the_base_share_one_load(tiny_model: Path, make_adapter: Callable[..., Path]):
    folders = [make_adapter(f"a{seed}", seed=seed) for seed in (11, 12, 13)]
    refs = [str(tiny_model), *(f"{tiny_model}+{folder}" for folder in folders)]
    alone = []
    for ref in refs:
        with Pool(device="cpu") as pool:
            engine = pool.open(ref)
            asked = requests(engine, conversations(16))
            alone.append({k: g.text for k, g in answers(engine, asked, GREEDY).items()})
    with Pool(device="cpu") as pool:
        engines = [pool.open(ref) for ref in refs]
        for index in (0, 3, 1, 0, 2, 3):
            made = answers(engines[index], asked, GREEDY)
            assert {k: g.text for k, g in made.items()} == alone[index]
        assert len(pool.loads) == 1
    assert len({tuple(texts.values()) for texts in alone}) == 4


def test_missing_keys_are_an_error_that_names_five(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    def drop(weights: dict[str, Any]) -> None:
        for key in [k for k in weights if "layers.1" in k]:
            del weights[key]

    error = refused(f"{tiny_model}+{edited(tiny_adapter, tmp_path / 'a', drop)}")
    assert error.exit_code == 2
    assert "lacks 6 weights" in error.what
    assert error.what.count("layers.1") == 5


def test_unexpected_keys_are_an_error(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    def rename(weights: dict[str, Any]) -> None:
        for key in [k for k in weights if "layers.1" in k]:
            weights[key.replace("layers.1", "layers.9")] = weights[key].clone()

    error = refused(f"{tiny_model}+{edited(tiny_adapter, tmp_path / 'a', rename)}")
    assert "has unexpected 6 weights" in error.what
    assert "layers.9" in error.what


@pytest.mark.parametrize("how", ["lora_B zero", "weights tiny beyond float32"])
def test_an_adapter_without_effect_is_an_error(
    tiny_model: Path, make_adapter: Callable[..., Path], tmp_path: Path, how: str
):
    def shrink(weights: dict[str, Any]) -> None:
        for key in weights:
            weights[key] *= 1e-30

    folder = make_adapter("idle", strength=0.0) if how == "lora_B zero" else make_adapter("small")
    if how != "lora_B zero":
        folder = edited(folder, tmp_path / "a", shrink)
    assert "adapter has no effect on 3 probe prompts" in refused(f"{tiny_model}+{folder}").what


def test_an_adapter_of_another_shape_is_an_error(tmp_path: Path, tiny_adapter: Path):
    wide = tiny.make_model(tmp_path / "wide", hidden_size=32)
    adapter = edited(tiny_adapter, tmp_path / "a", lambda weights: None, base_model_name_or_path=str(wide))
    error = refused(f"{wide}+{adapter}")
    assert "does not fit this base" in error.what
    assert "size mismatch" in error.what


def test_an_adapter_for_modules_that_the_base_has_not_is_an_error(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    adapter = edited(tiny_adapter, tmp_path / "a", lambda weights: None, target_modules=["c_attn"])
    assert "does not fit this base" in refused(f"{tiny_model}+{adapter}").what


def test_after_a_refused_adapter_base_and_others_work_on(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    bad = edited(tiny_adapter, tmp_path / "bad", lambda weights: weights.pop(next(iter(weights))))
    with Pool(device="cpu") as pool:
        base, good, broken = (
            pool.open(r) for r in (str(tiny_model), f"{tiny_model}+{tiny_adapter}", f"{tiny_model}+{bad}")
        )
        asked = requests(base, conversations(8))
        before = {k: g.text for k, g in answers(base, asked, GREEDY).items()}
        for _ in range(2):
            with pytest.raises(UserError, match="lacks 1 weights"):
                list(broken.generate(asked, GREEDY))
        assert {k: g.text for k, g in answers(base, asked, GREEDY).items()} == before
        changed = {k: g.text for k, g in answers(good, asked, GREEDY).items()}
    with Pool(device="cpu") as pool:
        assert {k: g.text for k, g in answers(pool.open(good.ref), asked, GREEDY).items()} == changed


def test_a_lora_with_biases_gets_a_load_of_its_own(
    tiny_model: Path, tiny_adapter: Path, make_adapter: Any, generate_alone: Any
):
    """It changes the base's own biases, also while it is disabled, and PEFT allows no second adapter beside it."""
    import torch

    biased = make_adapter("biased", bias="all")
    weights = load_file(biased / "adapter_model.safetensors")
    for key in weights:
        if key.endswith("bias"):
            weights[key] += torch.ones_like(weights[key])
    save_file(weights, biased / "adapter_model.safetensors")
    with Pool(device="cpu") as pool:
        base, plain = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tiny_adapter}")
        odd = pool.open(f"{tiny_model}+{biased}")
        asked = requests(base, conversations(6))
        before = answers(base, asked, GREEDY)
        answers(plain, asked, GREEDY)
        made = answers(odd, asked, GREEDY)
        after = answers(base, asked, GREEDY)
        assert odd.weights() is not base.weights()
    for request, tokens in zip(asked, generate_alone(tiny_model, biased, asked, 24), strict=True):
        assert made[request.sample_id, 0].text == odd.chat.decode(tokens)
    assert {k: g.text for k, g in before.items()} == {k: g.text for k, g in after.items()}


def test_an_adapter_that_brings_weights_of_the_base_leaves_the_base_alone(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path
):
    """PEFT loads whatever fits by name, here an embedding that was saved along, into the base's own module."""

    def embed(weights: dict[str, Any]) -> None:
        embedding = load_file(tiny_model / "model.safetensors")["model.embed_tokens.weight"]
        weights["base_model.model.model.embed_tokens.weight"] = embedding.flip(0).contiguous()

    adapter = edited(tiny_adapter, tmp_path / "a", embed)
    with Pool(device="cpu") as pool:
        base, plain = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tiny_adapter}")
        odd = pool.open(f"{tiny_model}+{adapter}")
        asked = requests(base, conversations(6))
        before, expected = answers(base, asked, GREEDY), answers(plain, asked, GREEDY)
        changed = answers(odd, asked, GREEDY)
        after, again = answers(base, asked, GREEDY), answers(plain, asked, GREEDY)
    for one, other in ((before, after), (expected, again)):
        assert {k: g.text for k, g in one.items()} == {k: g.text for k, g in other.items()}
    assert {k: g.text for k, g in changed.items()} != {k: g.text for k, g in expected.items()}


def test_a_base_that_changed_under_an_adapter_is_refused_and_loaded_anew(tiny_model: Path, tiny_adapter: Path):
    """Whatever changes it: here a hook that moves a weight whenever the model runs."""
    import torch

    with Pool(device="cpu") as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tiny_adapter}")
        asked = requests(base, conversations(4))
        before = answers(base, asked, GREEDY)
        module = base.weights().module

        @torch.no_grad()
        def drift(*_: Any) -> None:
            module.model.norm.weight.mul_(1.01)

        module.register_forward_hook(drift)
        with pytest.raises(UserError, match="the base is not the base any more"):
            answers(candidate, asked, GREEDY)
        after = answers(base, asked, GREEDY)
        assert {k: g.text for k, g in before.items()} == {k: g.text for k, g in after.items()}
        assert answers(candidate, asked, GREEDY)


@pytest.mark.parametrize("kind", first(["prefix", "modules_to_save", "ia3", "dora"], always=2))
def test_other_kinds_of_adapter_answer_as_in_peft(tiny_model: Path, tmp_path: Path, generate_alone: Any, kind: str):
    import torch
    from peft import IA3Config, LoraConfig, PeftModel, PrefixTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    common = {"task_type": "CAUSAL_LM", "base_model_name_or_path": str(tiny_model)}
    config = {
        "ia3": lambda: IA3Config(**common, target_modules=["k_proj", "v_proj"], feedforward_modules=[]),
        "prefix": lambda: PrefixTuningConfig(**common, num_virtual_tokens=3),
        "dora": lambda: LoraConfig(**common, r=2, use_dora=True, target_modules=["q_proj"], init_lora_weights=False),
        "modules_to_save": lambda: LoraConfig(
            **common, r=2, target_modules=["q_proj"], modules_to_save=["norm"], init_lora_weights=False
        ),
    }[kind]()
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "lora" not in name:
                parameter.add_(torch.randn_like(parameter) * 0.5)
    model.save_pretrained(tmp_path / kind)
    with Pool(device="cpu") as pool:
        base, engine = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tmp_path / kind}")
        asked = requests(engine, conversations(8))
        before = answers(base, asked, GREEDY)
        made = answers(engine, asked, GREEDY)
        after = answers(base, asked, GREEDY)
        values = engine.loglikelihood([(r.prompt, "Verona.") for r in asked])
    alone = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), str(tmp_path / kind)).eval()
    more = engine.chat.encode("Verona.")
    for request, value in zip(asked, values, strict=True):
        with torch.no_grad():
            logits = alone(torch.tensor([[*request.prompt.token_ids, *more]])).logits[0, -len(more) - 1 : -1]
        expected = logits.log_softmax(-1)[range(len(more)), more].sum().item()
        assert value == pytest.approx(expected, abs=1e-4)
    for request, tokens in zip(asked, generate_alone(tiny_model, tmp_path / kind, asked, 24), strict=True):
        assert made[request.sample_id, 0].text == engine.chat.decode(tokens)
    assert {k: g.text for k, g in before.items()} == {k: g.text for k, g in after.items()}


def test_weights_saved_over_after_opening_are_refused(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    with Pool(device="cpu") as pool:
        engine = pool.open(str(folder))
        asked = requests(engine, conversations(1))
        tiny.make_model(folder, seed=5)
        with pytest.raises(UserError, match="saved over"):
            list(engine.generate(asked, GREEDY))
        fresh = pool.open(str(folder))
        assert fresh.identity()["weights"] != engine.identity()["weights"]
        answers(fresh, asked, GREEDY)


def test_a_checkpoint_that_lacks_weights_is_not_filled_with_random_ones(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    error = refused(str(folder))
    assert "lacks 1 weights: model.layers.1.mlp.up_proj.weight" in error.what


def test_truncated_weights_are_an_error(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "cannot be loaded" in refused(str(folder)).what


def test_weights_that_nobody_uses_make_room_for_others(tiny_model: Path, tmp_path: Path):
    other = tiny.make_model(tmp_path / "other", seed=9)
    with Pool(device="cpu") as pool:
        first = pool.open(str(tiny_model))
        answers(first, requests(first, conversations(1)), GREEDY)
        first.close()
        assert len(pool.loads) == 1  # the next engine may share them
        second = pool.open(str(other))
        answers(second, requests(second, conversations(1)), GREEDY)
        assert len(pool.loads) == 1
        third = pool.open(str(tiny_model))
        answers(third, requests(third, [[Message("user", "dog")]]), GREEDY)
        assert len(pool.loads) == 2  # both are in use
