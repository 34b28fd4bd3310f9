"""What keeping costs: the journal's share of generating with nano, and a run of 100,000 replayed samples with report.

Limits: journal 2 % of the generation time of the same run; the replayed run 30 s and 400 MB at its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARE, SECONDS, MEGABYTES = 0.02, 30.0, 400.0


def journal_share(folder: Path, prompts: int) -> float:
    """Journal seconds (encoding, writing, syncing) over generation seconds, of nano answering `prompts` questions."""
    from fteval import registry
    from fteval.engines.pool import Pool
    from fteval.records import Sampling
    from fteval.runs.asking import suite
    from fteval.runs.asking.execute import execute
    from fteval.runs.journal import lines
    from fteval.runs.journal.store import Store

    store = Store(folder / "store")
    asked = suite.build([("facts", registry.probe("facts"), None)], limit=prompts)
    with Pool(store.candidates_dir, device="cpu") as pool:
        run = execute(asked, pool.open("nano"), Sampling(max_tokens=64), store)
    (finished,) = [row for row in lines.read(Path(run.path) / "events.jsonl") if row["event"] == "finished"]
    journal, generation = finished["journal_seconds"], finished["generation_seconds"]
    share = float(journal / generation)
    print(f"nano, {run.planned} answers: generation {generation:.2f} s, journal {journal:.3f} s")
    print(f"journal share {share:.2%} (limit {SHARE:.0%})")
    return share


def replayed(folder: Path, samples: int) -> tuple[float, float]:
    """Wall seconds and peak megabytes of `fteval run` on a file of outputs, a report written."""
    path = folder / "outputs.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for i in range(samples):
            date = f"19{i % 90 + 10}-0{i % 9 + 1}-1{i % 9}"
            question = f"When was person number {i} born, and where? Answer with the date, then the town."
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": f"{date}, Verona"}]
            output = f"{date}, {'Verona' if i % 3 else 'Mantua'}"
            file.write(json.dumps({"id": f"q{i}", "messages": messages, "output": output}) + "\n")
    command = [sys.executable, "-m", "fteval", "run", "--model", f"replay:{path}", "--holdout", str(path)]
    command += ["--score", "exact", "--store", str(folder / "replayed"), "-o", str(folder / "report.md"), "-q"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = time.perf_counter() - began, used.ru_maxrss / 1024  # KiB on Linux
    if process.returncode != 0 or not (folder / "report.md").stat().st_size:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    print(f"{samples} replayed samples, report included: {used.ru_utime + used.ru_stime:.1f} CPU s")
    print(f"wall {seconds:.1f} s (limit {SECONDS:.0f} s), peak {megabytes:.0f} MB (limit {MEGABYTES:.0f} MB)")
    return seconds, megabytes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--prompts", type=int, default=500)
    options = parser.parse_args()
    # Not /tmp if that is memory: a journal on tmpfs costs nothing and proves nothing.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        seconds, megabytes = replayed(Path(folder), options.samples)
        share = journal_share(Path(folder), options.prompts)
    return 0 if share <= SHARE and seconds <= SECONDS and megabytes <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
