"""Adapters with rows of the embedding of their own, and of a quantised base: they compute what PEFT computes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny
from engine_helpers import answers, conversations, requests
from variants import first

from fteval.engines import Pool
from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.records import Message, Sampling

NEW = ["<|act|>", "<|think|>", "<|done|>"]
TEMPLATE = "<|act|>" + tiny.CHATML
ASKED = [Message("user", "Who is Romeo?")]


def adapted(base: Path, folder: Path, *, rows: int | None = None, new: list[str] = NEW, **config: Any) -> Path:
    """A LoRA adapter on a base whose tokenizer got new tokens and whose embedding got `rows`, saved by PEFT."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    tokenizer = Chat(base).tokenizer
    tokenizer.add_tokens(new, special_tokens=True)
    tokenizer.chat_template = TEMPLATE
    model = AutoModelForCausalLM.from_pretrained(base)
    torch.manual_seed(5)
    model.resize_token_embeddings(rows or len(tokenizer))
    fields = {"r": 2, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM", "init_lora_weights": False, **config}
    tuned = get_peft_model(model, LoraConfig(**fields))
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if parameter.requires_grad and "lora" not in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    tuned.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def peft_logits(base: Path, adapter: Path, rows: int, ids: list[int]) -> Any:
    """By PEFT alone: the base with so many rows, and the adapter on it."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(rows)
    with torch.no_grad():
        return PeftModel.from_pretrained(model, str(adapter)).eval()(torch.tensor([ids])).logits[0]


@pytest.mark.parametrize("tied", first([True, False]))
@pytest.mark.parametrize(
    "kind", ["resized", "padded to 64", "smaller", "modules_to_save", "trainable tokens", "lora on it"]
)
def test_rows_of_the_embedding_are_those_that_peft_restores(tmp_path: Path, kind: str, tied: bool):
    import torch

    base = tiny.make_model(tmp_path / "base", tie_word_embeddings=tied)
    had = len(Chat(base).tokenizer)
    config: dict[str, Any] = {
        "modules_to_save": {"modules_to_save": ["embed_tokens"] if tied else ["embed_tokens", "lm_head"]},
        "trainable tokens": {"trainable_token_indices": {"embed_tokens": [had, had + 1, had + 2]}},
        "lora on it": {"target_modules": ["q_proj", "embed_tokens"]},
    }.get(kind, {})
    new = [] if kind == "smaller" else NEW
    rows = {"padded to 64": (had // 64 + 1) * 64, "smaller": had - 4}.get(kind, had + len(new))
    adapter = adapted(base, tmp_path / "a", rows=rows, new=[], **config) if kind == "smaller" else adapted(
        base, tmp_path / "a", rows=rows, **config
    )  # fmt: skip
    if kind == "smaller":
        (adapter / "chat_template.jinja").write_text(tiny.CHATML)
    with Pool(device="cpu") as pool:
        plain, engine = pool.open(str(base)), pool.open(f"{base}+{adapter}")
        before = answers(plain, requests(plain, conversations(4)), Sampling(max_tokens=12))
        ids = list(engine.prompt(ASKED).token_ids)
        assert (had in ids) is bool(new)
        with torch.no_grad():
            logits = engine.weights().use(engine.located.adapter).module(torch.tensor([ids])).logits[0]
        after = answers(plain, requests(plain, conversations(4)), Sampling(max_tokens=12))
        assert answers(engine, requests(engine, [ASKED]), Sampling(max_tokens=8))
    # An output row that the adapter does not bring is drawn at random by PEFT: nothing to compare with.
    known = had if kind in ("lora on it", "trainable tokens") and not tied else rows
    expected = peft_logits(base, adapter, rows, ids)
    assert torch.allclose(logits[:, :known], expected[:, :known], atol=1e-4)
    assert {k: g.text for k, g in before.items()} == {k: g.text for k, g in after.items()}


def test_a_new_token_without_a_row_is_refused_only_where_a_prompt_has_it(tmp_path: Path, tiny_model: Path):
    adapter = adapted(tiny_model, tmp_path / "a")
    lora = tiny.make_adapter(tmp_path / "lora", tiny_model)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(adapter / name, lora)
    with Pool(device="cpu") as pool:
        engine = pool.open(f"{tiny_model}+{lora}")
        assert answers(engine, requests(engine, [ASKED]), Sampling(max_tokens=4))
        with pytest.raises(UserError, match=r"token '<.act.>', for which there is no embedding"):
            engine.prompt([Message("user", "<|act|> now")])


@pytest.mark.parametrize(
    "said",
    first(["unsloth/{}-unsloth-bnb-4bit", "org/{}-AWQ", "unsloth/{}-bnb-4bit", "org/{}-GPTQ-Int4", "x/{}-4bit"], 2),
)
def test_an_adapter_trained_on_a_quantised_copy_runs_on_the_base_that_is_given(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, said: str, capsys: pytest.CaptureFixture[str]
):
    from fteval import cli

    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=said.format("Tiny-Instruct"))
    with Pool(device="cpu") as pool:
        engine, same = pool.open(f"{tiny_model}+{adapter}"), pool.open(f"{tiny_model}+{tiny_adapter}")
        asked = requests(engine, conversations(4))
        made, expected = (answers(e, asked, Sampling(max_tokens=12)) for e in (engine, same))
        assert {k: g.text for k, g in made.items()} == {k: g.text for k, g in expected.items()}
        with pytest.raises(UserError, match="trained on quantised weights") as caught:
            pool.open(str(adapter))
        assert f"BASE+{adapter}" in caught.value.fix
    assert cli.call(["doctor", "--model", f"{tiny_model}+{adapter}", "--store", str(tmp_path / "s")]) == 0
    assert f"trained on {said.format('Tiny-Instruct')}, measured on {tiny_model}" in capsys.readouterr().out


def test_a_quantised_copy_of_another_model_of_the_hub_is_refused(tiny_adapter: Path, tmp_path: Path):
    from fteval.engines.local.folders import check_same_base
    from fteval.engines.refs import ModelRef, Source

    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path="unsloth/Qwen2.5-0.5B-Instruct-bnb-4bit")
    on = Source("local", str(adapter))
    check_same_base(ModelRef("x", Source("hub", "Qwen/Qwen2.5-0.5B-Instruct"), on), tmp_path, "sha256:0", adapter)
    with pytest.raises(UserError, match=r"was made on 'unsloth/Qwen2\.5-0\.5B-Instruct-bnb-4bit'"):
        check_same_base(ModelRef("x", Source("hub", "Qwen/Qwen2.5-1.5B"), on), tmp_path, "sha256:0", adapter)


def test_an_activated_lora_is_named_and_not_called_untrained(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    tiny.edit_json(adapter / "adapter_config.json", alora_invocation_tokens=[1, 2])
    with Pool(device="cpu") as pool, pytest.raises(UserError, match=r"aLoRA.*alora_invocation_tokens") as caught:
        pool.open(f"{tiny_model}+{adapter}")
    assert "was it trained" not in str(caught.value)


def test_a_gguf_gets_the_line_that_serves_it(tmp_path: Path):
    (tmp_path / "m y").mkdir()
    file = tmp_path / "m y" / "smol-Q4.gguf"
    file.write_bytes(b"GGUF")
    for ref in (str(file), str(file.parent)):
        with Pool(device="cpu") as pool, pytest.raises(UserError) as caught:
            pool.open(ref)
        assert f"llama-server -m '{file}' --alias smol-Q4 --port 8080 --jinja" in caught.value.fix
        assert "http://127.0.0.1:8080/v1#smol-Q4" in caught.value.fix
