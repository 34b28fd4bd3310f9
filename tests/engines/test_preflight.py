"""Preflight: each thing that spoils a run is found, named, and told what to do about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import tiny

from fteval.engines import Check, Pool, checks
from fteval.engines.preflight import same_prompt


def found(ref: str) -> dict[str, Check]:
    with Pool(device="cpu") as pool:
        made = checks(pool.open(ref), pool)
    assert len({c.name for c in made}) == len(made)
    assert all(c.message and (c.fix or c.ok is not False) for c in made)
    return {c.name: c for c in made}


def test_a_good_base_and_a_good_adapter_pass(tiny_model: Path, tiny_adapter: Path):
    base = found(str(tiny_model))
    assert all(c.ok for c in base.values()), base
    assert {"chat template", "one BOS", "tokenizer", "context", "weights", "stop token"} <= set(base)
    candidate = found(f"{tiny_model}+{tiny_adapter}")
    assert all(c.ok for c in candidate.values()), candidate
    assert {"adapter base", "adapter effect", "base unchanged", "adapter template"} <= set(candidate)


def test_an_adapter_without_effect(tiny_model: Path, make_adapter):
    check = found(f"{tiny_model}+{make_adapter('idle', strength=0.0)}")["weights"]
    assert check.ok is False
    assert "no effect" in check.message


def test_an_adapter_saved_with_another_template(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    (adapter / "chat_template.jinja").write_text(tiny.CHATML)
    assert found(f"{tiny_model}+{adapter}")["adapter template"].ok
    (adapter / "chat_template.jinja").write_text(tiny.CHATML.replace("<|im_start|>", "[INST]"))
    check = found(f"{tiny_model}+{adapter}")["adapter template"]
    assert check.ok is False
    assert "different chat templates" in check.message
    assert "[INST]" in check.message and "<|im_start|>" in check.message


def test_a_template_that_is_missing_or_writes_the_date(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text("{{ strftime_now('%d %b %Y') }}" + tiny.CHATML)
    assert found(str(folder))["chat template"].ok is None
    (folder / "chat_template.jinja").unlink()
    check = found(str(folder))["chat template"]
    assert check.ok is False and "no chat template" in check.message


def test_a_tokenizer_that_is_loaded_otherwise_than_saved(tiny_model: Path, tmp_path: Path):
    """AutoTokenizer puts Qwen2's pre-tokenizer around any qwen2 vocabulary; here the file says otherwise."""
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    saved = json.loads((folder / "tokenizer.json").read_text())
    saved["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    check = found(str(folder))["tokenizer"]
    assert check.ok is None
    assert "splits text otherwise than tokenizer.json" in check.message


def test_two_models_that_read_a_question_differently(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(tiny.CHATML.replace("assistant\n", "assistant: "))
    (tmp_path / "o.jsonl").write_text('{"id": "a", "output": "x"}\n')
    with Pool(device="cpu") as pool:
        base, other = pool.open(str(tiny_model)), pool.open(str(folder))
        assert same_prompt(pool.open(f"{tiny_model}+{tiny_adapter}"), base).ok
        check = same_prompt(other, base)
        assert check.ok is False and "assistant: '" in check.message and check.fix
        assert same_prompt(pool.open(f"replay:{tmp_path / 'o.jsonl'}"), base).ok is None


def test_a_model_that_never_stops(tiny_model: Path, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    weights["lm_head.weight"][2] = 0  # the stop token's logit is 0 whatever was read
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tiny.edit_json(folder / "config.json", tie_word_embeddings=False)
    check = found(str(folder))["stop token"]
    assert check.ok is None
    assert "none of 3 probe answers ended" in check.message


def test_a_small_context_is_said(tmp_path: Path):
    folder = tiny.make_model(tmp_path / "m", max_position_embeddings=128)
    assert found(str(folder))["context"].ok is None


def test_replayed_outputs_need_no_model(tmp_path: Path):
    (tmp_path / "o.jsonl").write_text('{"id": "a", "output": "x"}\n')
    assert [c.ok for c in found(f"replay:{tmp_path / 'o.jsonl'}").values()] == [True]
