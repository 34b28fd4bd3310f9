"""A provider on this machine, and the commands that a user of one would give.

It is the stand-in of fteval's own tests (`tests/trainers/standin.py`: files, jobs and chat over HTTP), with nano behind
its models: the base answers as nano does, a finished job as nano trained on the file that was uploaded.

    python provider.py        # in this folder of a checkout
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import fteval
import fteval.nano
from tests.trainers.standin import StandIn

NANO = Path(fteval.nano.__file__).parent / "weights"
NAME = "nano-hosted"
DATA = "../forgetting/data/train.jsonl"
STORE = Path(".fteval") / "provider"
"""Where the provider keeps its own."""


@functools.cache
def model(name: str):
    """nano, or what a job made of it."""
    base = AutoModelForCausalLM.from_pretrained(NANO)
    if name == NAME:
        return base
    fteval.train("sft", base="nano", data=DATA, store=STORE, learning_rate=2e-3)
    (adapter,) = STORE.rglob("adapter_config.json")
    return PeftModel.from_pretrained(base, adapter.parent)


def answer(name: str, messages: list[dict[str, str]]) -> str:
    tokenizer = AutoTokenizer.from_pretrained(NANO)
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model(name).generate(**ids, max_new_tokens=32, do_sample=False)
    return tokenizer.decode(said[0][ids["input_ids"].shape[1] :], skip_special_tokens=True)


def main() -> int:
    with StandIn(models={NAME: None}, steps=8, answer=answer) as server:
        here = os.environ | {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-stand-in"}
        train = ["fteval", "train", "hosted", "--base", f"openai:{NAME}", "--data", DATA, "--set", "n_epochs=10"]
        for _ in range(2):  # the second time it is found, and not paid again
            subprocess.run(train, env=here, check=True)
        run = subprocess.run(["fteval", "run", "-c", "fteval.yaml", "-j", "4", "-o", "report.md"], env=here)
        print(f"{len(server.created)} job was asked for, {server.asked('POST', '/files')} file uploaded")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
