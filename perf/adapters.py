"""Three adapters and their base on one model load, against one run of one of them: memory and time.

Limits: 1.15 times the peak memory of one run, 4.2 times its time. Each is a process of its own, in turn; the time is
that of the whole process and, apart, of the generations alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEMORY_LIMIT, TIME_LIMIT = 1.15, 4.2
MAX_TOKENS = 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--worker", nargs="+", metavar="REF", help=argparse.SUPPRESS)
    parser.add_argument("--make", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker, options.prompts)
    if options.make:
        return make(Path(options.make), options.model, options.rank)
    with tempfile.TemporaryDirectory() as name:
        call(["--make", name, "--model", options.model, "--rank", str(options.rank)])
        adapted = [f"{options.model}+{name}/{seed}" for seed in (1, 2, 3)]
        loads = {"base": [options.model], "adapter": [adapted[0]], "base and 3 adapters": [options.model, *adapted]}
        found: dict[str, list[dict[str, float]]] = {key: [] for key in loads}
        call(["--worker", options.model, "--prompts", "8"])  # warms the disk cache
        for _ in range(options.rounds):
            for key, refs in loads.items():
                found[key].append(call(["--prompts", str(options.prompts), "--worker", *refs]))
    middle = {
        key: {field: statistics.median(run[field] for run in runs) for field in runs[0]} for key, runs in found.items()
    }
    print(f"{options.prompts} prompts, <= {MAX_TOKENS} new tokens, LoRA rank {options.rank} on all linear layers")
    for key, run in middle.items():
        print(f"  {key:<20} {run['wall']:6.1f} s, generations {run['model']:6.1f} s, peak {run['megabytes']:5.0f} MB")
    one, all_four = middle["base"], middle["base and 3 adapters"]
    memory, whole = all_four["megabytes"] / one["megabytes"], all_four["wall"] / one["wall"]
    generations = all_four["model"] / one["model"]
    print(f"  memory {memory:.2f} x of one base run (limit <= {MEMORY_LIMIT} x)")
    print(f"  time   {whole:.2f} x of one base run (limit <= {TIME_LIMIT} x), generations alone {generations:.2f} x")
    met = memory <= MEMORY_LIMIT and whole <= TIME_LIMIT
    print("all limits met" if met else "a limit is missed")
    return 0 if met else 1


def call(arguments: list[str]) -> dict[str, float]:
    """This script as another process; its last line, with wall time and peak memory."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{arguments} ended with {process.returncode}")
        out.seek(0)
        lines = out.read().decode().splitlines()
    return {"wall": wall, "megabytes": usage.ru_maxrss / 1024, **(json.loads(lines[-1]) if lines else {})}


def work(refs: list[str], count: int) -> int:
    """One run per ref, all in one pool."""
    from fteval.engines import Pool
    from fteval.nano.corpus import conversations
    from fteval.nano.world import build_world
    from fteval.records import Message, Request, Sampling

    talks = [
        [Message(m["role"], m["content"]) for m in t if m["role"] == "user"][:1]
        for t in conversations(build_world(), 3, count)
    ]
    model = 0.0
    with Pool(device="cpu") as pool:
        for engine in [pool.open(ref) for ref in refs]:
            asked = [Request(str(i), str(i), engine.prompt(talk)) for i, talk in enumerate(talks)]
            made = [g for group in engine.generate(asked, Sampling(max_tokens=MAX_TOKENS)) for g in group]
            assert len(made) == count and all(g.ok for g in made)
            model += sum(g.seconds or 0.0 for g in made)
    print(json.dumps({"model": model}))
    return 0


def make(folder: Path, model: str, rank: int) -> int:
    """Three adapters with random weights, small enough to leave answers of ordinary length."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from fteval.engines.refs import NANO, parse

    base = parse(model).base
    path = NANO if base.kind == "nano" else Path(base.name)
    for seed in (1, 2, 3):
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", task_type="CAUSAL_LM")
        tuned = get_peft_model(AutoModelForCausalLM.from_pretrained(path), config)
        with torch.no_grad():
            for key, parameter in tuned.named_parameters():
                if "lora_B" in key:
                    parameter.normal_(std=0.01)
        tuned.save_pretrained(folder / str(seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
