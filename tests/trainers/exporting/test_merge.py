"""Merged weights compute what PEFT computes with the adapter beside them, and load in transformers alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny

from fteval.engines.local.chat import Chat
from fteval.engines.local.folders import Located, locate
from fteval.engines.refs import parse
from fteval.errors import Incomplete, UserError
from fteval.trainers.exporting.how import How, check_source
from fteval.trainers.exporting.merge import check_same, merged
from fteval.trainers.exporting.write import write

PROBES = [[1, 40, 41, 42, 43], [7, 300, 12]]
KINDS: dict[str, dict[str, Any]] = {
    "lora": {},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "on the input embedding": {"target_modules": ["q_proj", "embed_tokens"]},
    "on the output embedding": {"target_modules": ["q_proj", "lm_head"]},
    "on both, tied": {"target_modules": ["q_proj", "embed_tokens"], "ensure_weight_tying": True},
    "an embedding saved whole": {"modules_to_save": ["embed_tokens"]},
    "trained rows": {"trainable_token_indices": [5, 9]},
}


def located(base: Path, adapter: Path | None = None) -> Located:
    return locate(parse(f"{base}+{adapter}" if adapter else str(base)), offline=True)


def by_peft(base: Path, adapter: Path) -> list[Any]:
    """Logits of the base with the adapter beside it: PEFT alone."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(adapter)).eval()
    with torch.no_grad():
        return [model(torch.tensor([ids])).logits for ids in PROBES]


def by_transformers(folder: Path) -> tuple[list[Any], Any]:
    """Logits of a folder, and the model: transformers alone."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.no_grad():
        return [model(torch.tensor([ids])).logits for ids in PROBES], model


@pytest.mark.filterwarnings("ignore:.*tie")
@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_folder_computes_what_peft_computes(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    import torch

    adapter = tiny.make_adapter(tmp_path / "adapter", tiny_model, **KINDS[kind])
    if "embedding" in kind or "rows" in kind or "both" in kind:
        changed(adapter)
    wanted = by_peft(tiny_model, adapter)
    source = located(tiny_model, adapter)
    write(merged(source, PROBES), source, Chat(tiny_model, adapter), "float32", tmp_path)
    found, model = by_transformers(tmp_path)
    for a, b in zip(wanted, found, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-3)
    # What is tied still is saved once; what an adapter parted is two matrices.
    parted = kind.startswith(("on the", "an embedding"))
    assert model.config.tie_word_embeddings is not parted


def changed(adapter: Path) -> None:
    """Moves what an adapter trained of the embedding: as saved it is the base's."""
    from safetensors.torch import load_file, save_file

    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    save_file(
        {k: v if ".lora_A." in k or ".lora_B." in k else v + 0.1 for k, v in weights.items()}, file, {"format": "pt"}
    )


def test_a_resized_vocabulary_is_kept_with_its_tokens(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    tokenizer = Chat(tiny_model).tokenizer
    tokenizer.add_tokens(["<|act|>"], special_tokens=True)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    model.resize_token_embeddings(len(tokenizer))
    tuned = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    tuned.save_pretrained(tmp_path / "adapter")
    tokenizer.save_pretrained(tmp_path / "adapter")
    with torch.no_grad():
        wanted = tuned.eval()(torch.tensor([[1, 512, 40]])).logits
    source = located(tiny_model, tmp_path / "adapter")
    chat = Chat(tiny_model, tmp_path / "adapter")
    place = tmp_path / "made"
    place.mkdir()
    write(merged(source, [[1, 512, 40]]), source, chat, "float32", place)
    loaded = AutoModelForCausalLM.from_pretrained(place).eval()
    with torch.no_grad():
        assert torch.allclose(wanted, loaded(torch.tensor([[1, 512, 40]])).logits, rtol=1e-4, atol=1e-3)
    assert Chat(place).encode("<|act|>") == [512]
    assert loaded.config.tie_word_embeddings


def test_everything_but_the_weights_is_the_candidates_own(tiny_model: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_model, base)
    (base / "candidate.json").write_text("{}")
    (base / "pytorch_model.bin").write_bytes(b"a pickle")
    adapter = tiny.make_adapter(tmp_path / "adapter", base)
    (adapter / "chat_template.jinja").write_text("TALK " + tiny.CHATML)
    place = tmp_path / "made"
    place.mkdir()
    source = located(base, adapter)
    write(merged(source, PROBES), source, Chat(base, adapter), "bfloat16", place)
    names = {path.name for path in place.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "generation_config.json"} <= names
    assert not names & {"candidate.json", "pytorch_model.bin", "adapter_config.json"}
    assert (place / "chat_template.jinja").read_text().startswith("TALK ")
    assert (place / "generation_config.json").read_bytes() == (base / "generation_config.json").read_bytes()
    assert located(place).config["dtype"] == "bfloat16"


def test_a_merge_at_the_wrong_scale_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    """As of a library that forgets lora_alpha: the same matrices, a quarter of their strength."""
    right = tiny.make_adapter(tmp_path / "right", tiny_model)
    wrong = tmp_path / "wrong"
    shutil.copytree(right, wrong)
    tiny.edit_json(wrong / "adapter_config.json", lora_alpha=2)
    wanted = by_peft(tiny_model, right)
    check_same(wanted, by_peft(tiny_model, right), "here")
    with pytest.raises(Incomplete, match="compute something else than the adapter"):
        check_same(wanted, by_peft(tiny_model, wrong), "here")
    with pytest.raises(Incomplete):
        check_same(wanted, [one * float("nan") for one in wanted], "here")


@pytest.mark.parametrize(
    ("config", "how", "says"),
    [
        ({"peft_type": "PROMPT_TUNING"}, How(merge=True), "cannot be merged: it changes no weight"),
        ({"peft_type": "PREFIX_TUNING"}, How(gguf="q8_0"), "cannot be merged: it changes no weight"),
        (None, How(merge=True), "is a full model: there is nothing to merge"),
    ],
)
def test_what_cannot_be_merged_is_said_before_anything_is_loaded(
    tiny_model: Path, config: dict[str, Any] | None, how: How, says: str
) -> None:
    source = Located(parse(str(tiny_model)), tiny_model, "sha256:0", {}, adapter_config=config)
    with pytest.raises(UserError, match=says):
        check_source(source, how)


@pytest.mark.parametrize(
    ("how", "says"),
    [(How(), "what is to be made"), (How(gguf="f16", dtype="bfloat16"), "--gguf f16 says which numbers")],
)
def test_an_order_that_means_nothing_is_refused(how: How, says: str) -> None:
    with pytest.raises(UserError, match=says):
        how.check()
