"""The callback that keeps a training: every while, and where it is stopped or fails, as it stood after its last step.

What decides the rest of the weights is in a checkpoint: weights, optimizer, schedule, random states, the place in the
data and what a watch has seen. transformers writes and reads most of it; what it loses is put back here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import TrainerCallback

from fteval.engines.local.randomness import put_back, random_states
from fteval.errors import Interrupted, UserError
from fteval.runs.asking.interrupt import Signals
from fteval.trainers.making import weights
from fteval.trainers.making.checkpoints import Checkpoint, Checkpoints
from fteval.trainers.watching import kept as seen
from fteval.trainers.watching.callback import Watch

SHARE = 0.02
"""Of the time, that writing checkpoints may take."""


class Keeper(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Added last, so that a checkpoint has what the other callbacks did at its step."""

    def __init__(
        self, trainer: Any, checkpoints: Checkpoints | None, signals: Signals, every: float, note: Callable[[str], None]
    ) -> None:
        """`every`: seconds between two checkpoints, at least; 0 keeps each step. `note` hears what becomes of them.

        Without `checkpoints` nothing is kept: one of several processes has a part of the training alone.
        """
        self.trainer, self.checkpoints, self.signals, self.every, self.note = trainer, checkpoints, signals, every, note
        self.watch = next((c for c in trainer.callback_handler.callbacks if isinstance(c, Watch)), None)
        self.kept: Checkpoint | None = None if checkpoints is None else checkpoints.latest(note)
        self._before = 0.0 if self.kept is None else self.kept.seconds
        self._began = self._last = time.monotonic()
        self._cost, self._failed = 0.0, False
        self._states: tuple[Any, ...] | None = None
        self._tokens = 0
        """Seen by then: a step that is cut counts its own before it is done."""
        self._whole = False
        """Whether weights and optimizer are those of the last step's end."""

    @property
    def seconds(self) -> float:
        """Of training, with those before it was stopped."""
        return self._before + time.monotonic() - self._began

    def train(self, base: Callable[[], Any]) -> None:
        """Trains to the end, from the checkpoint on where there is one; what is raised on the way leaves another.

        `base` loads the model that the training began with.
        """
        if self.kept is not None:
            self.note(f"goes on from step {self.kept.step} of {self.kept.steps}")
            if self.watch is not None:
                self.watch.go_on(seen.read(self.kept.folder), base)
        try:
            self.trainer.train(resume_from_checkpoint=None if self.kept is None else str(self.kept.folder))
        except BaseException:
            self.signals.patient = True
            if self._whole and self._states is not None:
                put_back(self._states)
                self.trainer.state.num_input_tokens_seen = self._tokens
                self._keep()
            raise

    @property
    def where(self) -> str:
        """`kept at step 30 of 60`."""
        assert self.kept is not None
        return f"kept at step {self.kept.step} of {self.kept.steps}"

    def interrupted(self) -> Interrupted:
        """What is said of a training that a signal stopped."""
        number = self.signals.number or 2
        if self.kept is None:
            what, fix = "the training was interrupted before its first step was kept", "the same command trains it anew"
        else:
            what = f"the training was interrupted: {self.where}"
            fix = "the same command goes on from there"
        return Interrupted(f"{what}; no candidate was registered", signal_number=number, fix=fix)

    # --- what the trainer calls

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if state.global_step:
            _draw_orders(given["train_dataloader"], state, args.gradient_accumulation_steps)
            if hasattr(self.trainer, "_total_train_tokens"):  # SFT's, for its log alone
                self.trainer._total_train_tokens = next(
                    (log["num_tokens"] for log in reversed(state.log_history) if "num_tokens" in log), 0
                )

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._whole, self.signals.patient = False, True  # until the step is whole, and looked at

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs is None or "loss" not in logs:
            return  # the summary at the end
        if state.global_step >= state.max_steps or control.should_training_stop:
            return  # a signal is heard when the candidate is registered: it is nearly there
        self._states, self._tokens = random_states(), state.num_input_tokens_seen
        self._whole = True
        if self.every == 0 or time.monotonic() - self._last >= max(self.every, self._cost / SHARE):
            self._keep()
        self.signals.patient = False
        self.signals.check()

    # --- checkpoints

    def _keep(self) -> None:
        """Writes a checkpoint. The one before stays where the disk does not take it and the candidate beside it, which
        is noted once."""
        state = self.trainer.state
        if self.checkpoints is None or (self.kept is not None and self.kept.step == state.global_step):
            return
        began, states = time.monotonic(), random_states()
        try:
            fill = partial(_fill, self.trainer, self.watch)
            self.kept = self.checkpoints.write(state.global_step, state.max_steps, self.seconds, fill)
        except (OSError, RuntimeError, SafetensorError, UserError) as error:  # torch's writer raises RuntimeError
            if not self._failed:
                why = error.what if isinstance(error, UserError) else error
                self.note(f"warning: step {state.global_step} cannot be kept, the training goes on: {why}")
            self._failed = True
        put_back(states)
        self._last = time.monotonic()
        self._cost = self._last - began


def _fill(trainer: Any, watch: Watch | None, folder: Path) -> None:
    """The files of a checkpoint, most of them as transformers reads them."""
    from safetensors.torch import save_file

    model = trainer.model
    if hasattr(model, "get_base_model"):
        model.save_pretrained(folder, save_embedding_layers=False)  # "auto" would ask the Hub
        (folder / "README.md").unlink(missing_ok=True)
    else:
        # Under the module's own names: save_pretrained gives some architectures' others.
        named = {name: p.detach().contiguous() for name, p in model.named_parameters()}
        save_file(named, folder / "model.safetensors", {"format": "pt"})
    trainer._save_optimizer_and_scheduler(str(folder))
    trainer._save_rng_state(str(folder))
    trainer.state.save_to_json(str(folder / "trainer_state.json"))
    if watch is not None:
        seen.write(watch.saved(), folder)
    weights.check_space(model, folder)  # a checkpoint must not take the candidate's place


def _draw_orders(loader: Any, state: Any, accumulate: int) -> None:
    """Has TRL's sampler of prompts where it was: it draws each epoch's order from one stream, begun anew here."""
    from trl.trainer.utils import RepeatSampler

    sampler = getattr(loader.batch_sampler, "sampler", None)
    if isinstance(sampler, RepeatSampler):
        for _ in range(state.global_step // max(1, -(-len(loader) // accumulate))):
            next(iter(sampler), None)
