"""Seconds in which `fteval score` judges a file, with one core and with all, for each probe of rules.

    python perf/score.py [ROWS] [PROBE ...]

The answers are those of perf/probes.py. The whole command is timed: start, reading, judging, writing JSON lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from probes import answers, given

from fteval import registry
from fteval.errors import UserError

LIMIT = 60.0
"""Seconds for 100,000 rows on two cores. `sql` asks seven databases for each answer, and is the slowest."""


def written(name: str, n_rows: int, path: Path) -> None:
    """A file of rows as somebody would have saved them."""
    samples = list(registry.probe(name).samples())
    texts = answers(samples, "e") if name == "lipogram" else given(samples)
    with path.open("w") as file:
        for i, text in enumerate(islice(texts, n_rows)):
            one = samples[i % len(samples)]
            messages = [{"role": m.role, "content": m.content} for m in one.messages]
            row = {"id": f"{i}", "messages": messages, "output": text, "metadata": dict(one.metadata)}
            file.write(json.dumps({**row, "target": one.target} if one.target is not None else row) + "\n")


def seconds(name: str, path: Path, cores: set[int]) -> float:
    """Wall time of the command on these cores."""
    began = time.monotonic()
    command = [sys.executable, "-m", "fteval", "score", str(path), "--probe", name, "--json"]
    subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
    )
    return time.monotonic() - began


def main(n_rows: int, names: list[str]) -> int:
    """Prints the table; it measures and does not judge."""
    here = os.sched_getaffinity(0)
    most = LIMIT * n_rows / 100_000
    print(f"{n_rows:,} rows, {len(here)} cores")
    print(f"{'probe':<16}{'one core':>10}{'all':>10}{'gain':>8}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outputs.jsonl"
        for name in names:
            written(name, n_rows, path)
            one, all_ = seconds(name, path, {min(here)}), seconds(name, path, here)
            print(
                f"{name:<16}{one:>8.1f} s{all_:>8.1f} s{one / all_:>6.2f} x   (limit {most:.0f} s on two)", flush=True
            )
    return 0


def by_rules() -> list[str]:
    """The probes that need neither rows of the user's nor another model."""
    found = []
    for name in registry.probe_names():
        try:
            if any(True for _ in registry.probe(name).samples()):
                found.append(name)
        except UserError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2:] or by_rules()))
