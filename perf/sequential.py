"""What stopping early saves on the embedded model: answers made with and without looks, and whether the verdict is one.

    python perf/sequential.py

The demo's candidate under four sets of gates, each measured whole and with --sequential in a store of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fteval.nano.demo import write

GATES = {
    "learns the form, loses facts": "  - {probe: iso_date, metric: iso, min_gain: 50pp}\n"
    "  - {probe: facts, metric: correct, max_drop: 5pp}\n",
    "only the form is gated": "  - {probe: iso_date, metric: iso, min_gain: 50pp}\n",
    "only the facts are gated": "  - {probe: facts, metric: correct, max_drop: 5pp}\n",
    "a guard that nothing broke": "  - {probe: degeneration, metric: sound, max_drop: 20pp}\n",
}


def main() -> None:
    """Prints a line per set of gates."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        config = write(place / "demo")
        text = config.read_text(encoding="utf-8")
        run(place, "-c", str(config), "--store", "trained")  # makes the candidate, once
        print(f"{'gates':<32}{'answers whole':>15}{'with looks':>12}{'saved':>8}   verdicts")
        for name, gates in GATES.items():
            probes = sorted({line.split("probe: ")[1].split(",")[0] for line in gates.splitlines()})
            chosen = place / "demo" / "chosen.yaml"
            before, after = text.split("gates:\n")[0], text.split("sampling:")[1]
            chosen.write_text(f"{before}gates:\n{gates}sampling:{after}", encoding="utf-8")
            results = []
            for flags in ([], ["--sequential"]):
                store = tempfile.mkdtemp(dir=place)
                (Path(store) / "candidates").symlink_to(place / "trained" / "candidates")
                named = [word for probe in probes for word in ("--probe", probe)]
                results.append(run(place, "-c", str(chosen), "--store", store, *named, *flags))
            whole, looked = (made(place / r["store"]) for r in results)
            words = " and ".join(r["verdict"] for r in results)
            print(f"{name:<32}{whole:>15}{looked:>12}{100 * (1 - looked / whole):>7.0f}%   {words}")


def run(place: Path, *args: str) -> dict[str, Any]:
    """One `fteval run`; its verdict.json with the store that it used."""
    command = [sys.executable, "-m", "fteval", "run", *args, "--json", "-q"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if not done.stdout:
        sys.exit(done.stderr)
    return {**json.loads(done.stdout), "store": args[args.index("--store") + 1]}


def made(store: Path) -> int:
    """Answers that the runs of a store made."""
    lines = 0
    for journal in store.glob("runs/*/generations.jsonl"):
        lines += len(journal.read_bytes().splitlines())
    return lines


if __name__ == "__main__":
    main()
