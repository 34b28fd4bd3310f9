"""What judging costs: a million pairs with groups, and the report of a comparison of 100,000 replayed samples.

Limits: interval and test of a million pairs 1 s; the report of a saved comparison 5 s and 300 MB, in a process of its
own. What comes before it (making both runs, comparing them again from their journals) is shown without a limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PAIRS, PAIRS_SECONDS = 1_000_000, 1.0
SECONDS, MEGABYTES = 5.0, 300.0


def pairs() -> float:
    """Seconds for an interval and a test on a million pairs in 200,000 groups, beside a bare paired t."""
    import numpy as np
    from scipy.special import stdtr

    from fteval.stats import difference

    rng = np.random.default_rng(0)
    base = rng.integers(0, 2, PAIRS).astype(float)
    candidate = np.where(rng.random(PAIRS) < 0.1, 1 - base, base)
    groups = rng.integers(0, PAIRS // 5, PAIRS)

    def paired_t() -> tuple[float, float]:
        change = candidate - base
        error = change.std(ddof=1) / np.sqrt(PAIRS)
        return float(change.mean()), float(stdtr(PAIRS - 1, change.mean() / error))

    bare = _fastest(paired_t)
    alone = _fastest(lambda: difference(base, candidate, threshold=-0.01))
    grouped = _fastest(lambda: difference(base, candidate, groups, threshold=-0.01))
    print(f"{PAIRS} pairs: {alone:.3f} s, with groups {grouped:.3f} s (limit {PAIRS_SECONDS:.0f} s)")
    print(f"of a bare numpy paired t ({bare:.3f} s): {alone / bare:.1f} x, with groups {grouped / bare:.1f} x")
    return max(alone, grouped)


def _fastest(call: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def outputs(folder: Path, samples: int) -> tuple[Path, Path]:
    """Files of a base and of a candidate that answers one in ten otherwise."""
    paths = folder / "base.jsonl", folder / "candidate.jsonl"
    for path, every in zip(paths, (3, 10), strict=True):
        with path.open("w", encoding="utf-8") as file:
            for i in range(samples):
                date = f"19{i % 90 + 10}-0{i % 9 + 1}-1{i % 9}"
                question = f"When was person number {i} born, and where? Answer with the date, then the town."
                messages = [{"role": "user", "content": question}, {"role": "assistant", "content": f"{date}, Verona"}]
                output = f"{date}, {'Verona' if i % 3 and i % every else 'Mantua'}"
                row = {"id": f"q{i}", "messages": messages, "output": output, "group": f"g{i // 2}"}
                file.write(json.dumps(row) + "\n")
    return paths


def report(folder: Path, samples: int) -> tuple[float, float]:
    """Wall seconds and peak megabytes of the report of a comparison of two saved runs."""
    base, candidate = outputs(folder, samples)
    store = ["--store", str(folder / "store")]
    run = ["run", "--model", f"replay:{candidate}", "--against", f"replay:{base}", "--holdout", str(base)]
    print(
        "{} samples: making and judging both runs {:.1f} s, {:.0f} MB".format(
            samples, *_measured([*run, "--score", "exact", *store, "-q"])
        )
    )
    ids = sorted(path.name for path in (folder / "store" / "runs").iterdir() if path.is_dir())
    print("comparing the saved runs {:.1f} s, {:.0f} MB".format(*_measured(["compare", *ids[:2], *store, "-q"])))
    path = folder / "report.md"
    seconds, megabytes = _measured(["report", "latest", *store, "-o", str(path), "-q"])
    if not path.stat().st_size:
        raise SystemExit(f"{path.name} is empty")
    print(f"report {seconds:.1f} s (limit {SECONDS:.0f} s), peak {megabytes:.0f} MB (limit {MEGABYTES:.0f} MB)")
    return seconds, megabytes


def _measured(arguments: list[str]) -> tuple[float, float]:
    """Wall seconds and peak megabytes of one command; a verdict of any kind is a success."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "fteval", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 4):
        raise SystemExit(f"fteval {' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - began, used.ru_maxrss / 1024  # KiB on Linux


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    options = parser.parse_args()
    # First, and before numpy is loaded: a child's peak starts with its parent's.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        seconds, megabytes = report(Path(folder), options.samples)
    slowest = pairs()
    return 0 if slowest <= PAIRS_SECONDS and seconds <= SECONDS and megabytes <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
