"""Likelihoods of choices against lm-eval's `hf` model at batch 16: the same questions, four choices each, float32.

    python perf/choices.py [MODEL …] [--items 1000]     default: nano's folder; needs lm-eval (the extra `benchmarks`)

Limits: a fourth of lm-eval's processor time in the model part, sums within 0.001 nats, a third of its memory at a
vocabulary of 49,000. `10M` is a model of that size with random weights and nano's tokenizer. Each side runs in a
process of its own; the time is the processor's, because others may be at work beside it. Printed beside it is how many
times fewer tokens are read where each context is read once: what is more than that, other things save.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NANO = str(Path(__file__).parents[1] / "fteval" / "nano" / "weights")
WORDS = """\
the of and to in a is that it was for on are as with his they at be this from have or by one had not but what
all were when we there can an your which their said if do will each about how up out them then she many some so these
would other into has more her two like him see time could no make than first been its who now people my made over did
down only way find use may water long little very after words called just where most know"""


def questions(n: int) -> list[tuple[str, list[str]]]:
    """Contexts of 15 to 60 words, with four choices of one to six."""
    draw, words = random.Random(0), WORDS.split()

    def text(least: int, most: int) -> str:
        return " ".join(draw.choice(words) for _ in range(draw.randint(least, most)))

    return [(f"Question: {text(15, 60)}?\nAnswer:", [f" {text(1, 6)}" for _ in range(4)]) for _ in range(n)]


def of_ten_million(folder: str) -> str:
    """A model of 9.6 million random weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 5, "vocab_size": 1500}
    heads = {"num_attention_heads": 6, "num_key_value_heads": 6, "tie_word_embeddings": True}
    shutil.copytree(NANO, folder, dirs_exist_ok=True)
    Qwen2ForCausalLM(Qwen2Config(**shape, **heads, max_position_embeddings=512)).save_pretrained(folder)
    return folder


def fewer_tokens(model: str, asked: list[tuple[str, list[str]]]) -> float:
    """How many times as many tokens are read where each choice is read with its context."""
    from fteval.engines import Pool
    from fteval.engines.local.engine import TransformersEngine

    with Pool(device="cpu") as pool:
        engine = pool.open(model)
        assert isinstance(engine, TransformersEngine)
        cut = [engine.chat.pairs([(context, text) for text in texts]) for context, texts in asked]
    apart = sum(len(before) + len(text) - 1 for of in cut for before, text in of)
    return apart / sum(len(of[0][0]) + sum(len(text) - 1 for _, text in of) for of in cut)


def by_fteval(model: str, asked: list[tuple[str, list[str]]]) -> tuple[float, list[list[float]]]:
    from fteval.engines import Pool
    from fteval.engines.local.engine import TransformersEngine
    from fteval.records import Continuation, Message, Request

    with Pool(device="cpu", dtype="float32") as pool:
        engine = pool.open(model)
        assert isinstance(engine, TransformersEngine)
        engine.weights()
        began = time.process_time()
        requests = [
            Request(str(i), "", engine.prompt([Message("text", c)]), continuations=tuple(map(Continuation, texts)))
            for i, (c, texts) in enumerate(asked)
        ]
        found = {g.key: [one.nats for one in g.likelihoods or ()] for group in engine.weigh(requests) for g in group}
        return time.process_time() - began, [found[str(i)] for i in range(len(asked))]


def by_lm_eval(model: str, asked: list[tuple[str, list[str]]]) -> tuple[float, list[list[float]]]:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=model, device="cpu", dtype="float32", batch_size=16)
    requests = [Instance("loglikelihood", {}, (context, text), 0) for context, texts in asked for text in texts]
    began = time.process_time()
    found = [float(nats) for nats, _ in lm.loglikelihood(requests, disable_tqdm=True)]
    return time.process_time() - began, [found[i : i + 4] for i in range(0, len(found), 4)]


def in_a_process(side: str, model: str, items: int) -> dict[str, Any]:
    command = [sys.executable, __file__, model, "--items", str(items), "--side", side]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=[NANO])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--side", choices=["fteval", "lm_eval"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        run = by_fteval if options.side == "fteval" else by_lm_eval
        seconds, sums = run(options.models[0], questions(options.items))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(json.dumps({"seconds": seconds, "sums": sums, "peak": peak}))
        return
    for name in options.models:
        model = of_ten_million(tempfile.mkdtemp()) if name == "10M" else name
        ours, theirs = (in_a_process(side, model, options.items) for side in ("fteval", "lm_eval"))
        fewer = fewer_tokens(model, questions(options.items))
        far = max(
            abs(a - b) for x, y in zip(ours["sums"], theirs["sums"], strict=True) for a, b in zip(x, y, strict=True)
        )
        print(
            f"{name}: {options.items} questions, lm-eval {theirs['seconds']:.1f} s, fteval {ours['seconds']:.1f} s: "
            f"{theirs['seconds'] / ours['seconds']:.2f} x (limit 4; {fewer:.2f} x fewer tokens); "
            f"sums within {far:.1e} nats (limit 1e-3); "
            f"peak {ours['peak']} MB against {theirs['peak']} MB, {ours['peak'] / theirs['peak']:.2f} x"
        )


if __name__ == "__main__":
    main()
