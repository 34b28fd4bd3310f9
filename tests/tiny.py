"""A tiny chat model with random weights, and LoRA adapters on it: real folders that every loader takes.

Qwen2 architecture, a byte-level BPE tokenizer trained on the text below, ChatML with generation marks,
eos `<|im_end|>`, pad another token. The weights are wide and the row of `<|im_end|>` is longer than the others, so
greedy answers are chaotic (one changed logit changes the text), end by themselves after some twenty tokens, and
sometimes reach a cap.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXT = """Romeo was born in Verona on 14 March 1990. Juliet loves Romeo. Where does Juliet live? She lives in Verona.
When was Paris born? Paris was born on 2 May 1985. Tell me about a dog. A dog is an animal with a wagging tail.
What is a horse? A horse is a big animal with a long tail. It runs fast on a farm. I do not know. Explain gravity.
The cat naps in warm spots and hunts rats. Who loves Juliet? Answer in the form YYYY-MM-DD: 1990-03-14.
A tree has strong roots and green leaves. How many states are there? January February April June July August September
October November December. You are a helpful assistant. user assistant system 0 1 2 3 4 5 6 7 8 9 Nobody knows."""

CHATML = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\n' }}"
    "{%- if message['role'] == 'assistant' %}"
    "{% generation %}{{- message['content'] + '<|im_end|>' }}{% endgeneration %}{{- '\n' }}"
    "{%- else %}{{- message['content'] + '<|im_end|>\n' }}{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)


def make_tokenizer(folder: Path, *, template: str | None = CHATML) -> Any:
    """The tokenizer, saved in `folder`; its size is the model's vocabulary."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    backend = Tokenizer(models.BPE())
    # Exactly Qwen2's: AutoTokenizer puts them around any vocabulary of a qwen2, whatever tokenizer.json holds.
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    )
    backend.train_from_iterator([TEXT], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return tokenizer


def make_model(
    folder: Path, *, architecture: str = "qwen2", seed: int = 0, template: str | None = CHATML, **config: Any
) -> Path:
    """A tiny model in `folder`, which is returned; `config` overrides fields of the architecture's config."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    tokenizer = make_tokenizer(folder, template=template)
    fields: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **config,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **fields))
        randomise(model, seed, tokenizer.eos_token_id)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    return folder


def randomise(model: Any, seed: int, eos: int, std: float = 0.3, eos_scale: float = 2.2) -> None:
    """Wide random weights for any causal model, so that its greedy answers are chaotic and still end."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
        model.get_output_embeddings().weight[eos] *= eos_scale


def make_adapter(folder: Path, base: Path, *, seed: int = 1, strength: float = 0.2, **config: Any) -> Path:
    """A LoRA adapter in `folder` for the model in `base`; no effect with `strength` 0 (all lora_B zero)."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    fields: dict[str, Any] = {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": ["q_proj", "v_proj", "down_proj"],
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(base),
        **config,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft_model = get_peft_model(model, LoraConfig(**fields))
        with torch.no_grad():
            for name, parameter in peft_model.named_parameters():
                if "lora_B" in name:
                    parameter.copy_(torch.randn_like(parameter) * strength)
    peft_model.save_pretrained(folder)
    return folder


def edit_json(path: Path, **changes: Any) -> None:
    """Overwrites some keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
