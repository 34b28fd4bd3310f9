"""A training by fteval against a bare script of TRL with the same settings: in all, and to the end of its first step.

    python perf/training.py [MODEL] [--steps N] [--rounds N]

MODEL is a folder, nano where none is named. Both begin with the rows in a file and end with the adapter in a folder,
in turns in this one process, after imports; ratios are of medians, in CPU seconds of the process, so that a busy
machine does not count, and in wall seconds. Targets: SFT 1.15, GRPO 1.10, first step 1.20. What a checkpoint costs
stands below; they are spaced so that they take 2 % of the time at most.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from _bare_training import bare

from fteval.engines import refs
from fteval.engines.local.folders import locate
from fteval.nano import holdouts
from fteval.records import Site, TrainProgress
from fteval.trainers import grpo, sft
from fteval.trainers.making import libraries

METHODS = {
    "sft": (sft, {}),
    "grpo": (grpo, {"max_tokens": 32, "rewards": [{"probe": "lipogram", "metric": "forbidden_per_100"}]}),
}


@dataclass
class Clock:
    """Seconds from its making, of the CPU and of the wall: to the end of the first step, and to the end."""

    began: tuple[float, float] = field(default_factory=lambda: (time.process_time(), time.monotonic()))
    first: tuple[float, float] | None = None
    whole: tuple[float, float] | None = None

    def now(self) -> tuple[float, float]:
        return time.process_time() - self.began[0], time.monotonic() - self.began[1]

    def step(self) -> None:
        self.first = self.first or self.now()

    def stop(self) -> Clock:
        self.whole = self.now()
        return self


def rows(folder: Path) -> None:
    """128 prompts of nano's world, with an answer and without."""
    asked = [sample.prompt_text for sample in holdouts.samples("lipogram", 128) or ()]
    answer = {"role": "assistant", "content": "It has a tail and a mouth, and it runs fast on a farm."}
    talks = [{"messages": [{"role": "user", "content": prompt}, answer]} for prompt in asked]
    for name, written in (("sft", talks), ("grpo", [{"prompt": prompt} for prompt in asked])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))


def ours(method: str, base: str, steps: int, folder: Path, keep_every: float = 30.0) -> Clock:
    module, own = METHODS[method]
    clock = Clock()

    def heard(progress: TrainProgress) -> None:
        if progress.step == 1:
            clock.step()

    site = Site(folder / f"store-{time.monotonic()}", "cpu", on_progress=heard, keep_every=keep_every)
    module.train(base, module.Recipe(max_steps=steps, threads=1, **own), folder / f"{method}.jsonl", site)
    return clock.stop()


def compared(method: str, base: str, located: Path, steps: int, rounds: int, folder: Path) -> None:
    """A line for a method: ours over bare."""
    seen: dict[str, list[Clock]] = {"bare": [], "ours": []}
    for number in range(rounds + 1):
        asked = steps if number else 2
        for how in ("bare", "ours") if number % 2 else ("ours", "bare"):
            clock = ours(method, base, asked, folder) if how == "ours" else bare(method, located, asked, folder, Clock)
            if number:  # the first round warms up
                seen[how].append(clock)

    def median(how: str, what: str, clock: int) -> float:
        return statistics.median(getattr(one, what)[clock] for one in seen[how])

    for what, name in (("whole", f"{steps} steps"), ("first", "first step")):
        cpu, wall = (median("ours", what, clock) / median("bare", what, clock) for clock in (0, 1))
        seconds = f"{median('ours', what, 0):.1f} s against {median('bare', what, 0):.1f} s of CPU"
        print(f"{method}: {name}: {cpu:.2f} × bare TRL ({seconds}; wall {wall:.2f} ×)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="nano")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    libraries.before_import()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        rows(folder)
        located = locate(refs.parse(asked.model, folder), offline=True).folder
        for method in METHODS:
            compared(method, asked.model, located, asked.steps, asked.rounds, folder)
            seldom, often = (ours(method, asked.model, 10, folder, every).now()[0] for every in (1e9, 0.0))
            print(f"{method}: a checkpoint: {(often - seldom) / 9:.2f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
