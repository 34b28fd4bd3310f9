"""Training on rewards: a model answers prompts, its answers are judged, the better ones become likelier.

What GRPO and RLOO share: the recipe, the prompts, and the one function that TRL asks for rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from fteval.data.prompts import read_prompts, sample_of
from fteval.engines import refs
from fteval.engines.local.chat import stop_ids
from fteval.errors import UserError
from fteval.records import Candidate, Generation, Message, Range, Site, ranged
from fteval.trainers.making import vllm
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.recipe import LoraRecipe, TrlRecipe
from fteval.trainers.making.reward_models import OfModel
from fteval.trainers.making.rewards import Reward, rewards, summed
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.settle import Rules
from fteval.trainers.making.sources import TRIED, Answers, judged_none
from fteval.trainers.making.train_with_trl import Method, train_with_trl

_ROWS_TRIED = 4
SILENT = 64
"""The model's own answers after which a training ends whose rewards have judged none of them."""


@dataclass(frozen=True, slots=True)
class OnlineRecipe(LoraRecipe):
    """Everything that decides the weights beside base and prompts; what fteval.yaml may set."""

    compares: ClassVar[bool] = True

    rewards: tuple[Any, ...] = ()
    """`PROBE.METRIC`, or `{probe, metric, weight, …}`, `{preset: …}`, `{python: file.py:function}`."""
    batch_size: int = field(default=16, metadata=ranged(Range(2)))
    """Answers per optimizer step: num_generations to each prompt."""
    num_generations: int = field(default=8, metadata=ranged(Range(2)))
    """Answers to a prompt, which are judged against each other; a divisor of batch_size."""
    max_tokens: int = field(default=128, metadata=ranged(Range(1)))
    """Of an answer; what is longer is cut, and its probes know that."""
    temperature: float = field(default=1.0, metadata=ranged(Range(above=0)))
    """At which the answers are drawn."""
    beta: float = field(default=0.0, metadata=ranged(Range(0, least_is="off")))
    """Weight of the distance (KL) to the base, which keeps the model near it; 0 is off."""

    def __post_init__(self) -> None:
        TrlRecipe.__post_init__(self)
        object.__setattr__(self, "rewards", rewards(self.rewards))  # the dataclass is frozen

    def rules(self) -> Rules:
        divides = self.num_generations > 0 and self.batch_size % self.num_generations == 0
        return {**LoraRecipe.rules(self), "num_generations": (divides, f"a divisor of batch_size ({self.batch_size})")}

    def resolved(self, rows: int) -> Self:
        """Where no epochs are set: 240 prompts in all, each at least once and at most 25 times."""
        epochs = self.epochs
        if epochs is None and self.max_steps is None:
            epochs = float(min(25, max(1, round(240 / rows))))
        return replace(LoraRecipe.resolved(replace(self, epochs=epochs), rows), epochs=epochs)

    @property
    def rows_a_step(self) -> int:
        return at_once(self)

    def recorded(self) -> dict[str, Any]:
        return {**LoraRecipe.recorded(self), "rewards": [reward.spec for reward in self.rewards]}


def train_online(
    trainer: Callable[[Bench[Any]], Any], classes: tuple[str, ...], base: str, recipe: OnlineRecipe, data: Path,
    site: Site, name: str,
) -> Candidate:  # fmt: skip
    """The candidate of a training on rewards. Raises UserError as `train_with_trl` does."""
    rows = cleaned(read_prompts(data))
    if not recipe.rewards:
        raise UserError(
            f"{recipe.trainer} needs rewards: what is a good answer?",
            fix="rewards: [lipogram.compliant, laziness.long_enough], or --set rewards=PROBE.METRIC",
        )
    samples = [sample_of(row, number) for number, row in enumerate(rows, 1)]
    on = replace(find_base(base, site.candidates_dir, offline=site.offline), template=recipe.template)
    fitted = tuple(reward.fitted(samples, site, on) for reward in recipe.rewards)
    recipe = replace(recipe, rewards=fitted)
    taught_by = tuple(r.source.folder for r in fitted if isinstance(r.source, OfModel) and r.source.folder is not None)
    return train_with_trl(Method(classes, trainer, _look), Training(name, recipe, rows, on, site, taught_by))


def at_once(recipe: OnlineRecipe) -> int:
    """Prompts of a step."""
    return recipe.batch_size // recipe.num_generations


def settings(bench: Bench[Any]) -> dict[str, Any]:
    """What the configs of TRL are told of the answers that are drawn."""
    recipe = bench.recipe
    return {
        **bench.settings(),
        **vllm.settings(bench.vllm),
        "num_generations": recipe.num_generations,
        "max_completion_length": bench.within_context(recipe.max_tokens),
        "temperature": recipe.temperature,
        "beta": recipe.beta,
        "disable_dropout": True,
    }


def prompts(bench: Bench[Any], at_once: int, before: str = "") -> Any:
    """The prompts that leave room for an answer, each with its number in `row`; a step takes `at_once`.

    `before` is what a teacher reads before the question: it needs room, too. Raises UserError for too few.
    """
    from datasets import Dataset

    context, longest = bench.base.located.context, bench.recipe.max_tokens
    kept = []
    for number, row in enumerate(bench.rows):
        *earlier, last = (Message(turn["role"], turn["content"]) for turn in row["prompt"])
        asked = bench.chat.prompt([*earlier, Message(last.role, before + last.content)]).token_ids or ()
        if context is None or len(asked) + longest <= context:
            kept.append({"prompt": row["prompt"], "row": number})
    if len(kept) < at_once:
        raise UserError(
            f"{len(kept)} of {len(bench.rows)} prompts leave room for {longest} tokens of answer, and each step takes"
            f" {at_once}",
            fix="give more or shorter prompts, or set a smaller batch_size",
        )
    return Dataset.from_list(kept)


class Total:
    """The sum of the weighted rewards, as TRL asks for it: None for an answer that one of them cannot judge."""

    __name__ = "total"

    def __init__(self, bench: Bench[Any]) -> None:
        self.rewards: Sequence[Reward] = bench.recipe.rewards
        self.samples = [sample_of(row, number) for number, row in enumerate(bench.rows, 1)]
        folder = bench.base.located.folder / "generation_config.json"
        given = refs.read_json(folder) if folder.exists() else {}
        self.stops = stop_ids(bench.chat.tokenizer, given, bench.base.located.config)
        self.silent: int | None = 0
        """How many answers there were and none was judged; None once one was."""

    def __call__(self, completions: Any, completion_ids: Any, row: Sequence[int], **told: Any) -> list[float | None]:
        state = told["trainer_state"]
        samples = [self.samples[number] for number in row]
        generations = [
            Generation(
                sample.id,
                text=said[0]["content"],
                finish_reason="stop" if ids and ids[-1] in self.stops else "length",
                completion_tokens=len(ids),
            )
            for sample, said, ids in zip(samples, completions, completion_ids, strict=True)
        ]
        told |= {"completions": completions, "completion_ids": completion_ids}
        progress = state.global_step / max(1, state.max_steps)
        answers = Answers(samples, generations, progress, told)
        totals = summed(self.rewards, answers)
        self._check_heard(totals, answers)
        return totals

    def _check_heard(self, totals: Sequence[float | None], answers: Answers) -> None:
        """Raises UserError once SILENT answers have come and none was judged: nothing can be learnt from that."""
        if self.silent is None or any(total is not None for total in totals):
            self.silent = None
            return
        self.silent += len(totals)
        if self.silent >= SILENT:
            mute = [r.name for r in self.rewards if all(value is None for value in r.values(answers))]
            raise UserError(
                f"no answer of the first {self.silent} has a reward: {' and '.join(mute) or 'one or another of them'}"
                " judges none",
                fix="what only a likelihood can tell is no reward of a probe: take aboutness or surprise for it",
            )

    def tried(self) -> None:
        """Raises UserError for a reward that fails, or that judges none of a few plain answers, first and last."""
        first = self.samples[:_ROWS_TRIED]
        pairs = [(s, text) for s in first for text in (*TRIED, *([s.target] if isinstance(s.target, str) else []))]
        samples = [sample for sample, _ in pairs]
        generations = [Generation(s.id, text=text, finish_reason="stop", completion_tokens=8) for s, text in pairs]
        told: Mapping[str, Any] = {
            "prompts": [[{"role": m.role, "content": m.content} for m in s.messages] for s in samples],
            "completions": [[{"role": "assistant", "content": text}] for _, text in pairs],
            "completion_ids": [[0] * 8 for _ in pairs],
            "log_metric": lambda name, value: None,
            "log_extra": lambda column, values: None,
        }
        for step in (0, 99):
            state = SimpleNamespace(global_step=step, max_steps=100)
            answers = Answers(samples, generations, step / 100, {**told, "trainer_state": state})
            for reward in self.rewards:
                if all(value is None for value in reward.values(answers)):
                    raise judged_none(reward.name, len(pairs))


def _look(bench: Bench[OnlineRecipe], trainer: Any) -> Preflight:
    trainer.reward_funcs[0].tried()
    recipe, rows = bench.recipe, len(bench.rows)
    left = set(trainer.train_dataset["row"])
    parts = ", ".join(f"{_weight(reward)} {reward.name}" for reward in recipe.rewards)
    said = f"{len(left):,} prompts, {recipe.num_generations} answers to each; rewards: {parts}"
    dropped = tuple(number for number in range(1, rows + 1) if number - 1 not in left)
    context = bench.base.located.context or 0
    return Preflight((), rows, dropped, truncated=(), max_length=context - recipe.max_tokens, said=said)


def _weight(reward: Reward) -> str:
    line = reward.weight
    ends = f"{line.start:g}" if line.start == line.end else f"{line.start:g} to {line.end:g}"
    return f"{ends} ×"
