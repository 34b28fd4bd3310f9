"""What it costs to watch a training of nano: three probes on 64 dev samples every 20 steps, against the same unwatched.

    python perf/watching.py [STEPS]

CPU seconds of this process, after imports, so that a busy machine does not count. Target: at most 15 % more for the
looks that come every 20 steps; the first look, at the base, also settles what its reference says and comes once.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import fteval
from fteval.nano import holdouts
from fteval.trainers.watching import callback

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
PROBES = {"lipogram": {"letters": "e"}, "laziness": {}, "relevance": {}}
spent: list[float] = []


class Timed(callback.Watch):  # type: ignore[misc]
    """Notes what each look takes."""

    def on_train_begin(self, *args: object, **given: object) -> None:
        began = time.process_time()
        super().on_train_begin(*args, **given)
        spent.append(time.process_time() - began)

    def _look(self, state: object) -> None:
        began = time.process_time()
        super()._look(state)
        spent.append(time.process_time() - began)


def main() -> None:
    callback.Watch = Timed  # type: ignore[misc]
    samples = list(holdouts.samples("lipogram", 400) or ())
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        asked = [s.prompt_text for s in samples]
        answer = {"role": "assistant", "content": "It has a tail."}
        rows = {
            "dev": [{"prompt": prompt} for prompt in asked[:64]],
            "train": [{"messages": [{"role": "user", "content": prompt}, answer]} for prompt in asked[100:228]],
            "prompts": [{"prompt": prompt} for prompt in asked[100:228]],
        }
        for name, written in rows.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
        watch = {"probes": PROBES, "data": str(folder / "dev.jsonl"), "every": 20}
        reward = [{"probe": "lipogram", "metric": "forbidden_per_100", "weight": -1.0}]
        for trainer, data, more in (("sft", "train", {}), ("grpo", "prompts", {"rewards": reward})):
            times = {}
            for how in ("warm", "plain", "watched"):
                spent.clear()
                began = time.process_time()
                fteval.train(
                    trainer, "nano", folder / f"{data}.jsonl", name=how, store=folder / "store", device="cpu",
                    max_steps=2 if how == "warm" else STEPS, threads=1, **more,
                    **({"watch": watch} if how == "watched" else {}),
                )  # fmt: skip
                times[how] = time.process_time() - began
            first, *looks = spent
            print(
                f"{trainer}: {STEPS} steps {times['plain']:.1f} s, watched {times['watched']:.1f} s;"
                f" the base {first:.2f} s, then {sum(looks) / len(looks):.2f} s a look:"
                f" {100 * sum(looks) / times['plain']:.0f} % every 20 steps"
            )


if __name__ == "__main__":
    main()
