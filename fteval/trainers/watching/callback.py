"""The callback that looks at a model while a trainer of transformers or TRL trains it.

    trainer.add_callback(fteval.Watch(probes={"lipogram": {"letters": "e"}}, data="dev.jsonl"))

A look comes right after the log of its step, and the trainer goes on as if there had been none. What is kept is
checkpointed in memory, the trained weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from fteval.errors import Incomplete, UserError
from fteval.records import Curve, Look, Message
from fteval.stats import units
from fteval.trainers.making.overlap import prompt_digest
from fteval.trainers.watching import curves, rules
from fteval.trainers.watching.collapse import signs
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
        _check_watchable(args, state, given["model"])
        self.looks, self.warnings, self.stopped, self._kept, self._logs = [], {}, None, None, []
        self._due, self._steps, self._folder = False, state.max_steps, Path(args.output_dir)
        self._observer = observer(given["model"], _tokenizer(given["processing_class"]), self.watched)
        live = self._live
        if self.watched.wants_base:
            live.keep_base()
        prompts = self.prompts if self.prompts is not None else _prompts(given.get("train_dataloader"))
        self._count_trained(prompts)
        with live.undisturbed():
            base = self._observer.first(prompts)
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
            raise Incomplete(
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
        self.looks.append(look)
        self.tell(said(look, self.curve))
        if look.step == 0:
            return
        for kind, sentence in signs(self.looks):
            if kind not in self.warnings:
                self.warnings[kind] = f"at step {look.step} {sentence}"
                self.tell(f"warning: {self.warnings[kind]}")
        self.stopped = rules.broken(self.watched.stop_if, self.looks[0], look, self.metrics)
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


def said(look: Look, curve: Curve) -> str:
    """A look in a line: `step 40 of 120: loss 0.52, lipogram.useful 34.0 % (base 12.0 %), …`."""
    base = curve.looks[0]
    parts = [f"{name} {value:.3g}" for name in ("loss", "reward") if (value := getattr(look, name)) is not None]
    shown = [(p, m.name) for p, metrics in curve.metrics.items() for m in metrics if m.primary]
    shown += [one for one in (*curve.stop_if, *([curve.keep_best] if curve.keep_best else [])) if one not in shown]
    for probe, name in shown:
        metric = rules.metric_of(curve.metrics, probe, name)
        before = f" (base {units.level(base.scores[probe][name], metric)})" if look.step else ""
        parts.append(f"{units.name(probe, name)} {units.value(look.scores[probe][name], metric)}{before}")
    if look.words is not None:
        parts.append(f"{look.words:.1f} words")
    if look.kl:
        parts.append(f"KL from the base {', '.join(f'{value:.3f} ({kind})' for kind, value in look.kl.items())}")
    if look.failed:
        parts.append(f"{look.failed} without an answer")
    where = f"step {look.step} of {curve.steps}" if look.step else "the base"
    return f"{where}: {', '.join(parts)}"


def _means(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of what was logged since the look before."""
    found: dict[str, Any] = {}
    for field, name in _LOGGED.items():
        values = [float(log[name]) for log in logs if log.get(name) is not None]
        if values:
            found[field] = sum(values) / len(values)
    return found


def _check_watchable(args: Any, state: Any, model: Any) -> None:
    if getattr(args, "world_size", 1) > 1:
        raise UserError(
            f"a training in {args.world_size} processes cannot be watched: no one of them has the whole of it",
            fix="train in one process, or leave the watch out",
        )
    if state.global_step and not hasattr(model, "get_base_model"):
        raise UserError(
            f"the training goes on from step {state.global_step} with all weights, so the base cannot be looked at",
            fix="watch it from its first step on, or train an adapter",
        )
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if not hasattr(inner, "generate") or not callable(getattr(inner, "can_generate", None)) or not inner.can_generate():
        raise UserError(f"{type(inner).__name__} writes no text, so there are no answers to watch")


def _tokenizer(processing_class: Any) -> Any:
    found = getattr(processing_class, "tokenizer", processing_class)
    if found is None:
        raise UserError("the trainer has no tokenizer to ask with", fix="give it one: processing_class=TOKENIZER")
    return found


def _prompts(loader: Any) -> list[Turns]:
    """What a trainer's rows ask, where they still have their `prompt`."""
    rows = getattr(loader, "dataset", None)
    if rows is None or "prompt" not in (getattr(rows, "column_names", None) or ()):
        return []
    found = []
    for prompt in rows["prompt"]:
        found.append([{"role": "text", "content": prompt}] if isinstance(prompt, str) else prompt)
    return found


def _silent(text: str) -> None:
    """Nobody listens."""
