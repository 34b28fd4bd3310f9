"""How a training says how far it is, and stops when its loss is no number any more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fteval.errors import Incomplete
from fteval.records import TrainProgress


def callback(on_progress: Callable[[TrainProgress], None] | None, rate: float) -> Any:
    """A callback for a Trainer with `logging_steps=1`; `rate` is what a message names.

    Raises Incomplete out of the training at the first loss that is not finite.
    """
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.first: tuple[float, int] | None = None
            if on_progress:
                on_progress(TrainProgress(state.global_step, state.max_steps))

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
            if logs is None or "loss" not in logs:
                return  # the summary at the end
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                raise diverged(f"the loss is {loss} at step {state.global_step} of {state.max_steps}", rate)
            now = time.monotonic()
            self.first = (now, state.global_step) if self.first is None else self.first
            done = state.global_step - self.first[1]
            left = (now - self.first[0]) / done * (state.max_steps - state.global_step) if done > 0 else None
            if on_progress:
                on_progress(TrainProgress(state.global_step, state.max_steps, loss, left, logs.get("reward")))

    return Report()


def check_learnt(losses: Sequence[float], vocabulary: int, rate: float) -> None:
    """Raises Incomplete when the loss more than doubled from the first tenth to the last, and guessing is better.

    Guessing has ln(vocabulary). A loss that only rose a little is a bad candidate, which is for the probes to say.
    """
    some = max(1, len(losses) // 10)
    start, end = sum(losses[:some]) / some, sum(losses[-some:]) / some
    if end > max(2 * start, math.log(vocabulary)):
        raise diverged(f"the loss rose from {start:.2f} to {end:.2f}, which is worse than guessing", rate)


class Fruitless(Incomplete):
    """A training whose record leads nowhere: to go on with it would end the same way, so nothing of it is kept."""


def diverged(what: str, rate: float) -> Fruitless:
    return Fruitless(
        f"the training diverged: {what}; no candidate was registered",
        fix=f"set a lower learning_rate (it was {rate:g}), and precision float32 if it was not",
    )
