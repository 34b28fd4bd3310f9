"""Greedy generation against lm-eval's `hf` model at batch 16: same model and prompts, both as their users run them.

    python perf/generate.py --peer-python PATH    an interpreter with lm-eval; default: this one, if it has it

Limits: 1.6 times the samples/s in the model part (inside the decoding loop; inside `model.generate`), 2 times for the
whole process, the same texts, 1.3 times the peak memory. Each contender is a process of its own, in turn, after a
short run that warms the disk cache; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODEL_LIMIT, WHOLE_LIMIT, MEMORY_LIMIT = 1.6, 2.0, 1.3
MAX_TOKENS = 64
SHORTEST, LONGEST = 10, 300

# Run by the peer's interpreter: its own command line, with a clock around what the model does.
PEER = """
import json, sys, time
import lm_eval.models.huggingface as hf
spent, inner = [0.0], hf.HFLM._model_generate
def timed(self, *args, **kwargs):
    started = time.perf_counter()
    out = inner(self, *args, **kwargs)
    spent[0] += time.perf_counter() - started
    return out
hf.HFLM._model_generate = timed
from lm_eval.__main__ import cli_evaluate
cli_evaluate()
json.dump(spent[0], open(sys.argv[sys.argv.index("--output_path") + 1] + "/model_seconds.json", "w"))
"""

TASK = """
task: perf_generate
dataset_path: json
dataset_kwargs: {data_files: {test: "%s"}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{target}}"
generation_kwargs: {until: ["<|im_end|>"], max_gen_toks: %d, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


@dataclass
class Run:
    """One whole process."""

    wall: float
    model: float
    megabytes: float
    texts: dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="a model ref; lm-eval gets its folder")
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--write-prompts", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_prompts:
        write_prompts(Path(options.write_prompts), options.model, options.prompts)
        return 0
    if subprocess.run([options.peer_python, "-c", "import lm_eval"], capture_output=True).returncode:
        print(f"{options.peer_python} has no lm-eval. Install it beside the same torch and transformers:")
        print("  python -m venv peer")
        print("  peer/bin/pip install torch==2.13.0 transformers==5.23.0 lm-eval==0.4.13 accelerate")
        print("  python perf/generate.py --peer-python peer/bin/python")
        return 2
    from fteval.engines.refs import NANO, parse

    base = parse(options.model).base
    folder = NANO if base.kind == "nano" else Path(base.name)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = Path(
            shutil.copytree(folder, scratch / "model")
        )  # the same weights for both, whatever is built meanwhile
        for file, count in (("prompts.jsonl", options.prompts), ("few.jsonl", 8)):
            writing = ["--write-prompts", str(scratch / file), "--model", str(folder), "--prompts", str(count)]
            subprocess.run([sys.executable, __file__, *writing], check=True, env=environment())
        for contender in (fteval_run, peer_run):
            contender(folder, scratch / "few.jsonl", scratch / f"warm-{contender.__name__}", options.peer_python)
        ours: list[Run] = []
        theirs: list[Run] = []
        for number in range(options.rounds):
            for runs, contender in ((ours, fteval_run), (theirs, peer_run)):
                out = scratch / f"{contender.__name__}-{number}"
                runs.append(contender(folder, scratch / "prompts.jsonl", out, options.peer_python))
                print(f"  {contender.__name__}: {runs[-1].wall:.1f} s, model {runs[-1].model:.1f} s", flush=True)
        return report(ours, theirs, options.prompts)


def report(ours: list[Run], theirs: list[Run], prompts: int) -> int:
    """Prints the figures and ratios; 0 when all limits are met."""

    def median(runs: list[Run], field: str) -> float:
        return statistics.median(getattr(run, field) for run in runs)

    print(f"{prompts} prompts of {SHORTEST}-{LONGEST} tokens, <= {MAX_TOKENS} new tokens, median of {len(ours)}")
    for name, runs in (("fteval run", ours), ("lm-eval hf, batch 16", theirs)):
        print(
            f"  {name:<22} model {prompts / median(runs, 'model'):6.1f} samples/s, whole process"
            f" {prompts / median(runs, 'wall'):5.1f} samples/s, peak {median(runs, 'megabytes'):5.0f} MB"
        )
    different = [key for key, text in ours[0].texts.items() if theirs[0].texts.get(key) != text]
    same = len(ours[0].texts) - len(different)
    model = median(theirs, "model") / median(ours, "model")
    whole = median(theirs, "wall") / median(ours, "wall")
    memory = median(ours, "megabytes") / median(theirs, "megabytes")
    print(f"  model part     {model:.2f} x (limit >= {MODEL_LIMIT} x)")
    print(f"  whole process  {whole:.2f} x (limit >= {WHOLE_LIMIT} x)")
    print(f"  peak memory    {memory:.2f} x (limit <= {MEMORY_LIMIT} x)")
    print(f"  same texts     {same} of {prompts}")
    for key in different[:3]:
        print(f"    {key}: {ours[0].texts[key]!r} and {theirs[0].texts.get(key)!r}")
    met = model >= MODEL_LIMIT and whole >= WHOLE_LIMIT and memory <= MEMORY_LIMIT and same == prompts
    print("all limits met" if met else "a limit is missed")
    return 0 if met else 1


def fteval_run(folder: Path, prompts: Path, out: Path, peer_python: str) -> Run:
    """`fteval run` on a hold-out, journals and scores included."""
    command = [sys.executable, "-m", "fteval", "run", "--model", str(folder), "--holdout", str(prompts)]
    command += ["--score", "exact", "--answer-tokens", str(MAX_TOKENS), "--store", str(out), "--device", "cpu", "-q"]
    wall, megabytes = measured(command)
    (journal,) = out.glob("runs/*/generations.jsonl")
    rows = [json.loads(line) for line in journal.read_bytes().splitlines()]
    return Run(wall, sum(r["seconds"] for r in rows), megabytes, {r["sample"]: r["text"].strip() for r in rows})


def peer_run(folder: Path, prompts: Path, out: Path, peer_python: str) -> Run:
    """`lm_eval run` on a task of the same rows."""
    out.mkdir()
    (out / "perf_generate.yaml").write_text(TASK % (prompts, MAX_TOKENS))
    command = [peer_python, "-c", PEER, "run", "--model", "hf"]
    command += ["--model_args", f"pretrained={folder},dtype=auto", "--tasks", "perf_generate"]
    command += ["--include_path", str(out), "--batch_size", "16", "--device", "cpu", "--log_samples"]
    command += ["--output_path", str(out)]
    wall, megabytes = measured(command)
    texts = {}
    (samples,) = out.rglob("samples_perf_generate_*.jsonl")
    for line in samples.read_bytes().splitlines():
        row = json.loads(line)
        texts[row["doc"]["id"]] = row["resps"][0][0].strip()
    return Run(wall, json.loads((out / "model_seconds.json").read_text()), megabytes, texts)


def measured(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak megabytes of a process with the children it waited for."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command[:4])} … ended with {process.returncode}:\n{log.read().decode()[-3000:]}")
    return wall, usage.ru_maxrss / 1024


def environment() -> dict[str, str]:
    """Offline, and this checkout before an installed fteval; the peer does not mind."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **offline, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def write_prompts(path: Path, model: str, count: int) -> None:
    """Questions and passages of nano's world, joined and cut to lengths that are even on a logarithmic scale."""
    from fteval.engines.local.chat import Chat
    from fteval.engines.refs import NANO, parse
    from fteval.nano.corpus import conversations
    from fteval.nano.world import build_world
    from fteval.records import Message

    base = parse(model).base
    chat = Chat(NANO if base.kind == "nano" else Path(base.name))
    source = random.Random(7)
    texts = (m["content"] for talk in conversations(build_world(), 7, 100 * count) for m in talk if m["role"] == "user")
    written: dict[str, str] = {}  # no prompt twice: fteval asks the same question once
    while len(written) < count:
        wanted = int(math.exp(source.uniform(math.log(SHORTEST), math.log(LONGEST))))
        words: list[str] = []
        while len(chat.encode(chat.render([Message("user", " ".join(words))]))) < wanted:
            words += next(texts).split()
        while len(words) > 1 and len(chat.encode(chat.render([Message("user", " ".join(words))]))) > wanted:
            words.pop()
        message = Message("user", " ".join(words))
        row = {"id": f"p{len(written)}", "prompt": chat.render([message]), "target": "x"}
        row["messages"] = [{"role": "user", "content": message.content}]
        written.setdefault(message.content, json.dumps(row))
    path.write_text("".join(line + "\n" for line in written.values()))


if __name__ == "__main__":
    sys.exit(main())
