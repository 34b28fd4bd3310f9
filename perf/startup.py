"""Start-up: of `fteval --help` against importing the two libraries that any command line of this kind needs, and of a
local run against loading its model with transformers.

    python perf/startup.py [MODEL]

Limits: 1.5 times `python -c "import click, rich"`, median of ten; 1.05 times torch, tokenizer and model until the first
prompt is read, median of five. The two are started in turn, so that a noisy machine hits both.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.5
LOCAL_LIMIT = 1.05
ROUNDS = 10
LOCAL_ROUNDS = 5
ROWS = 500
HEAVY = ("torch", "transformers", "trl", "openai", "scipy", "pydantic")


def seconds(code: str) -> float:
    """Wall seconds of a fresh interpreter running `code`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - began


BARE = """
from transformers import AutoModelForCausalLM, AutoTokenizer
AutoTokenizer.from_pretrained({model!r})
AutoModelForCausalLM.from_pretrained({model!r}, dtype="auto").eval()
"""
OURS = """
import os
from fteval.engines.local import decode
decode.prefill = lambda *args: os._exit(0)
from fteval.cli import call
call(["run", "--model", {model!r}, "--holdout", {rows!r}, "--score", "exact", "--store", {store!r}, "--offline"])
os._exit(1)
"""


def local(model: str) -> float:
    """How many times a bare load a run takes until it reads its first prompt."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "holdout.jsonl")
        asked = ({"prompt": f"What is {i} + {i}?", "target": str(2 * i)} for i in range(ROWS))
        rows.write_text("".join(json.dumps(one) + "\n" for one in asked))
        for i in range(LOCAL_ROUNDS + 1):
            ours = OURS.format(model=model, rows=str(rows), store=str(Path(folder, f"store{i}")))
            pairs.append((seconds(ours), seconds(BARE.format(model=model))))
    mine, theirs = (statistics.median(column) for column in zip(*pairs[1:], strict=True))  # the first warms the disk
    print(f"a run of {model} to its first prompt {mine:.2f} s, torch, tokenizer and model alone {theirs:.2f} s")
    return mine / theirs


def main(model: str) -> int:
    ours = "from fteval.cli import call; call(['--help'])"
    peer = "import click, rich"
    for code in (ours, peer):
        seconds(code)  # bytecode and disk cache
    pairs = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    imported = subprocess.run(
        [sys.executable, "-c", f"{ours}\nimport sys\nprint('IMPORTED', *[m for m in {HEAVY!r} if m in sys.modules])"],
        check=True, capture_output=True, text=True,
    ).stdout.rsplit("IMPORTED", 1)[1].split()  # fmt: skip
    ratio = mine / theirs
    print(f"fteval --help {mine * 1000:.0f} ms, import click, rich {theirs * 1000:.0f} ms")
    print(f"ratio {ratio:.2f} x (limit {LIMIT} x)")
    print(f"heavy modules imported: {', '.join(imported) or 'none'}")
    of_load = local(model)
    print(f"ratio {of_load:.2f} x (limit {LOCAL_LIMIT} x)")
    return 0 if ratio <= LIMIT and not imported and of_load <= LOCAL_LIMIT else 1


if __name__ == "__main__":
    nano = Path(__file__).resolve().parent.parent / "fteval" / "nano" / "weights"
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else str(nano)))
