"""Going on with a large run: how long until the first answer, of a run that was stopped, and of the same begun anew.

    python perf/resume.py [--samples 1000000] [--answered 100000]

A server that answers at once; the run is stopped by SIGINT after so many answers, gone on with, and stopped again.
Seconds are the processor's, of `fteval run` until its journal has the first new answer. Limit: 5 s for a million.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from server import ENVIRONMENT, fteval, server, written

LIMIT = 5.0
_LINE = 200
"""Bytes of a journal's line, at least."""


def until(command: list[str], folder: Path, answers: int) -> tuple[float, float]:
    """Of the processor and of the clock until the first new answer; stopped after so many."""
    began, before, first = time.monotonic(), size(folder), None
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        grown = size(folder) - before
        if first is None and grown:
            first = cpu(process.pid), time.monotonic() - began
        if grown > answers * _LINE:
            process.send_signal(signal.SIGINT)
            process.wait()
        time.sleep(0.02)
    if first is None or process.returncode != 128 + signal.SIGINT:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return first


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "store").glob("runs/*/generations.jsonl"))


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--answered", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, server(0.0, faults=False) as (url, _):
        folder = Path(name)
        command = fteval(url, written(folder / "rows.jsonl", options.samples), folder)
        for what, asked, limit in (("begun", [], ""), ("gone on with", ["--resume"], f"   (limit <= {LIMIT:g} s)")):
            of_cpu, of_clock = until([*command, *asked], folder, options.answered if not asked else 1000)
            said = f"{options.samples} samples, {what}, to the first answer"
            print(f"  {said}: {of_cpu:.1f} s of CPU, {of_clock:.1f} s{limit}")


if __name__ == "__main__":
    main()
