"""The callback that looks at a model while a trainer of transformers or TRL trains it.

    trainer.add_callback(fteval.Watch(probes={"lipogram": {"letters": "e"}}, data="dev.jsonl"))

A look comes right after the log of its step, and the trainer goes on as if there had been none. What is kept is
checkpointed in memory, the trained weights alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from fteval.records import Curve, Look, Message
from fteval.stats import units
from fteval.trainers.making.overlap import prompt_digest
from fteval.trainers.making.progress import Fruitless
from fteval.trainers.watching import curves, rules, watchable, words
from fteval.trainers.watching.collapse import signs
from fteval.trainers.watching.kept import Seen
from fteval.trainers.watching.observer import Observer, Turns, observer
from fteval.trainers.watching.watch import Watched

_LOGGED = {"reward": "reward", "equal": "frac_reward_zero_std", "cut": "completions/clipped_ratio", "loss": "loss"}
"""Field of a look -> what TRL logs."""


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Looks at the base before the first step, at the model every so many steps and after the last one."""

    def __init__(
        self, watched: Watched, tell: Callable[[str], None] | None = None, prompts: Sequence[Turns] | None = None
    ) -> None:
        """`tell` hears of each look in words; `prompts` are what is trained on, where the trainer's rows do not say."""
        self.watched, self.tell, self.prompts = watched, tell or _silent, prompts
        self.metrics = {p.name: tuple(p.probe.metrics) for p in watched.suite.probes}
        self.looks: list[Look] = []
        self.warnings: dict[str, str] = {}
        self.stopped: str | None = None
        self._kept: tuple[Look, dict[str, Any]] | None = None
        self._logs: list[Mapping[str, Any]] = []
        self._due = False
        self._steps, self._folder = 0, Path()
        self._observer: Observer | None = None
        self._seen: Seen | None = None
        self._base: Callable[[], Any] | None = None

    def go_on(self, seen: Seen, base: Callable[[], Any]) -> None:
        """Has the next training go on with what was seen of it before; `base` loads the model that it began with."""
        self._seen, self._base = seen, base

    def saved(self) -> Seen:
        """What `go_on` takes."""
        logs = [
            {name: float(log[name]) for name in _LOGGED.values() if log.get(name) is not None} for log in self._logs
        ]
        return Seen(self.curve, dict(self.warnings), logs, None if self._kept is None else self._kept[1])

    @property
    def curve(self) -> Curve:
        """What was seen so far."""
        samples = {p.name: len(p.samples) for p in self.watched.suite.probes}
        return Curve(
            tuple(self.looks),
            self.metrics,
            samples,
            self.watched.every,
            self._steps,
            stop_if=tuple((rule.probe, rule.metric) for rule in self.watched.stop_if),
            keep_best=self.watched.keep_best,
            kept=None if self._kept is None else self._kept[0].step,
            stopped=self.stopped,
            warnings=tuple(self.warnings.values()),
            prompts=tuple(sorted({prompt_digest(s.messages) for p in self.watched.suite.probes for s in p.samples})),
        )

    # --- what the trainer calls

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """The look at the base. Raises UserError for what cannot be watched, before the first step."""
        watchable.check(args, state, given["model"], self._base is not None)
        self.looks, self.warnings, self.stopped, self._kept, self._logs = [], {}, None, None, []
        self._due, self._steps, self._folder = False, state.max_steps, Path(args.output_dir)
        self._observer = observer(given["model"], watchable.tokenizer(given["processing_class"]), self.watched)
        live = self._live
        if self._base is not None:
            live.keep_base(self._base())  # what is trained by now is no base
        elif self.watched.wants_base:
            live.keep_base()
        prompts = self.prompts if self.prompts is not None else watchable.prompts(given.get("train_dataloader"))
        self._count_trained(prompts)
        with live.undisturbed():
            base = self._observer.first(prompts)
        if not self.watched.wants_base:
            live.forget_base()
        if self._seen is not None:
            self._restore(self._seen)
            return
        rules.check_base(self.watched.stop_if, self.watched.keep_best, base, self.metrics)
        self._take(base)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step % self.watched.every == 0 or state.global_step >= state.max_steps:
            self._due = control.should_log = True  # the look is taken when the loss up to here is known

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if logs is None or "loss" not in logs:
            return  # an evaluation's, or the summary at the end
        self._logs.append(logs)
        if state.global_step == 1 and self.looks:  # before the first update it is the base that answers
            self.looks[0] = replace(self.looks[0], **_means(self._logs))
        if self._due:
            self._look(state)
            if self.stopped:
                control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The last look, and the weights that are kept put back."""
        if self.looks and self.looks[-1].step < state.global_step:
            self._look(state)
        if self._kept is not None:
            self._put_back(state.global_step)
            curves.write(self.curve, self._folder)
        elif self.stopped:
            raise Fruitless(
                f"the training was stopped at step {state.global_step}: {self.stopped}; no look before it was good, so"
                " there is nothing to keep",
                fix=f"look more often (every: {max(1, self.watched.every // 4)}), or set a lower learning_rate",
            )

    # --- looks

    @property
    def _live(self) -> Any:
        assert self._observer is not None
        return self._observer.live.weights()

    def _look(self, state: Any) -> None:
        assert self._observer is not None
        self._due = False
        with self._live.undisturbed():
            look = self._observer.look(state.global_step)
        self._take(replace(look, **_means(self._logs)))
        self._logs = []
        curves.write(self.curve, self._folder)  # a training that is killed leaves what was seen of it

    def _take(self, look: Look) -> None:
        """A look into the curve; what it means is told, decided, and kept."""
        distances = {kind: nats for kind, nats in look.kl.items() if math.isfinite(nats)}
        broken = len(distances) < len(look.kl)
        look = replace(look, kl=distances)
        self.looks.append(look)
        self.tell(words.said(look, self.curve))
        if look.step == 0:
            return
        for kind, sentence in signs(self.looks):
            if kind not in self.warnings:
                self.warnings[kind] = f"at step {look.step} {sentence}"
                self.tell(f"warning: {self.warnings[kind]}")
        self.stopped = rules.broken(self.watched.stop_if, self.looks[0], look, self.metrics)
        if broken:
            self.stopped = "the model gives the base's own answers no likelihood any more: its weights are broken"
        if self.stopped is None:
            self._keep(look)

    def _keep(self, look: Look) -> None:
        """A checkpoint, where a rule may ask for it again."""
        best = self.watched.keep_best
        if best is not None:
            if rules.better(look, self._kept[0] if self._kept else None, best, self.metrics):
                self._kept = look, self._weights()
        elif self.watched.stop_if:
            self._kept = look, self._weights()

    def _weights(self) -> dict[str, Any]:
        trained = ((name, p) for name, p in self._live.model.named_parameters() if p.requires_grad)
        return {name: p.detach().to("cpu", copy=True) for name, p in trained}

    def _restore(self, seen: Seen) -> None:
        self.looks, self.warnings, self._logs = list(seen.curve.looks), dict(seen.warnings), list(seen.logs)
        if seen.weights is not None:
            kept = next(look for look in self.looks if look.step == seen.curve.kept)
            self._kept = kept, dict(seen.weights)
        self._seen = self._base = None

    def _put_back(self, step: int) -> None:
        """The kept weights into the model, to the bit."""
        import torch

        assert self._kept is not None
        look, weights = self._kept
        if look.step != step:
            with torch.no_grad():
                for name, parameter in self._live.model.named_parameters():
                    if name in weights:
                        parameter.copy_(weights[name])
        why = f"stopped: {self.stopped}" if self.stopped else ""
        if self.watched.keep_best is not None:
            best = f"the best of {self.curve.chosen_among} looks by {units.name(*self.watched.keep_best)}"
            why = f"{why}; {best}" if why else best
            if not rules.better(look, self.looks[0], self.watched.keep_best, self.metrics):
                self.warnings["worse"] = f"no look was better than the base by {units.name(*self.watched.keep_best)}"
                self.tell(f"warning: {self.warnings['worse']}")
        if why:
            self.tell(f"step {look.step} of {self._steps} is kept ({why})")

    def _count_trained(self, prompts: Sequence[Turns]) -> None:
        trained = {prompt_digest(Message(t["role"], t["content"]) for t in turns) for turns in prompts}
        asked = {prompt_digest(s.messages) for p in self.watched.suite.probes for s in p.samples}
        if same := len(trained & asked):
            self.warnings["trained"] = (
                f"{same} of {len(asked)} dev prompts are trained on: what is seen of them is no sign for others"
            )
            self.tell(f"warning: {self.warnings['trained']}")


def _means(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of what was logged since the look before."""
    found: dict[str, Any] = {}
    for field, name in _LOGGED.items():
        values = [float(log[name]) for log in logs if log.get(name) is not None]
        if values:
            found[field] = sum(values) / len(values)
    return found


def _silent(text: str) -> None:
    """Nobody listens."""
