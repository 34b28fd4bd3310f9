"""The same rows by a script as many are written: the end token is also the pad, and pads are left out of the loss.

python padded.py        # in this folder; writes the adapter out/padded
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
)

import fteval.nano

BASE = Path(fteval.nano.__file__).parent / "weights"
OUT = Path("out") / "padded"


def main() -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.pad_token = tokenizer.eos_token  # the line with which it begins: no pad of its own
    rows = [json.loads(line)["messages"] for line in Path("data/turns.jsonl").read_text().splitlines()]
    texts = [tokenizer.apply_chat_template(row, tokenize=False) for row in rows]
    tokens = [tokenizer(text, add_special_tokens=False) for text in texts]
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    settings = TrainingArguments(
        "out/steps",
        max_steps=60,
        per_device_train_batch_size=8,
        learning_rate=1e-3,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        get_peft_model(AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32), lora),
        settings,
        train_dataset=tokens,
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),  # masks every pad, and so every end
    )
    trainer.train()
    trainer.model.save_pretrained(OUT)


if __name__ == "__main__":
    sys.exit(main())
