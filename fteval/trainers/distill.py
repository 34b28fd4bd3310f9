"""Distillation: a model learns to answer as another one does, or as it does itself when it is told how.

Measures nothing; makes a candidate. Rows are prompts, with or without an answer. The model answers them itself, and
each next word of its answer is compared with what the teacher would have said there. The teacher is another model with
the same tokenizer, as a bigger one of its family (`teacher`; TRL's DistillationTrainer), or the base with a text before
the question (`teacher_prompt`; TRL's SDFTTrainer, which TRL calls experimental), so that the text is no longer needed.

Where it comes from  on the model's own answers: arXiv:2306.13649, and TRL's beta of 1; from itself, told how:
                     arXiv:2601.19897. Rates: sft's, a choice that nothing here measured
Traps                what the teacher cannot do is not learnt, and what it does wrong is; measure it too
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.prompts import read_prompts
from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making import online
from fteval.trainers.making.base import Base, check_unchanged, find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.settle import Rules
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and prompts; what fteval.yaml may set."""

    trainer: ClassVar[str] = "distill"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 5e-4, "full": 5e-5}
    compares: ClassVar[bool] = True

    teacher: str | None = None
    """A model ref: nano, a folder, hf:…; it has the base's tokenizer."""
    teacher_digest: str | None = None
    """Of its weights; found out, and refused where another one is set."""
    teacher_prompt: str | None = None
    """Instead of a teacher: what the base is told before the question when it teaches itself."""
    max_tokens: int = field(default=128, metadata=ranged(Range(1)))
    """Of an answer; what is longer is cut."""
    temperature: float = field(default=1.0, metadata=ranged(Range(above=0)))
    """At which the answers are drawn."""
    beta: float = field(default=1.0, metadata=ranged(Range(0, 1)))
    """Which distance to the teacher: 1 keeps to what it would say, 0 covers all that it would, between is a mixture."""

    def rules(self) -> Rules:
        one = self.teacher is None or self.teacher_prompt is None
        return {**LoraRecipe.rules(self), "teacher_prompt": (one, "a teacher or a teacher_prompt, not both")}


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "distill") -> Candidate:
    """The candidate that `recipe` makes of `base` and the prompts in `data`, registered at the site.

    Raises as `train_with_trl`, and UserError for a teacher that is none.
    """
    rows = cleaned(read_prompts(data))
    if recipe.teacher is None and recipe.teacher_prompt is None:
        raise UserError("distill needs a teacher: a model, or a prompt for the base", fix="--set teacher=hf:ORG/NAME")
    student, teacher = find_base(base, site.candidates_dir, offline=site.offline), None
    if recipe.teacher is not None:
        teacher = find_base(recipe.teacher, site.candidates_dir, offline=site.offline)
        recipe = replace(recipe, teacher_digest=_same(recipe, student, teacher))
    classes, made = ("experimental.sdft.SDFTTrainer",), _from_itself
    if teacher is not None:
        classes, made = ("DistillationTrainer",), partial(_from_teacher, teacher)
    method: Method[Recipe] = Method(classes, made, _look)
    taught_by = (teacher.located.folder,) if teacher is not None else ()
    return train_with_trl(method, Training(name, recipe, rows, student, site, taught_by))


def _same(recipe: Recipe, student: Base, teacher: Base) -> str:
    """The teacher's digest. Raises UserError where the two do not read the same tokens."""
    found = teacher.located.weights
    if recipe.teacher_digest not in (None, found):
        raise UserError(f"the teacher is another one than the recipe's: {found}", where=recipe.teacher)
    rows = (student.located.rows(), teacher.located.rows())
    if rows[0] != rows[1] or Chat(student.located.folder).digest != Chat(teacher.located.folder).digest:
        raise UserError(
            f"the teacher has another tokenizer than the base ({rows[1]} and {rows[0]} tokens): words do not compare",
            where=recipe.teacher,
            fix="take a teacher of the same family, or learn from what it wrote: fteval train sft",
        )
    return found


def _from_teacher(teacher: Base, bench: Bench[Recipe]) -> Any:
    from trl import DistillationConfig, DistillationTrainer

    from fteval.engines.local.weights import load

    halved = "bfloat16" if bench.recipe.precision == "bfloat16" else "float32"
    module = load(teacher.located.folder, halved, bench.device)
    check_unchanged(teacher)
    return DistillationTrainer(
        model=bench.model(),
        teacher_model=module,
        args=DistillationConfig(**_settings(bench), beta=bench.recipe.beta),
        train_dataset=online.prompts(bench, bench.recipe.batch_size),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )


def _from_itself(bench: Bench[Recipe]) -> Any:
    from trl.experimental.sdft import SDFTConfig, SDFTTrainer

    told = bench.recipe.teacher_prompt
    rows = online.prompts(bench, bench.recipe.batch_size, before=f"{told}\n\n")
    return SDFTTrainer(
        model=bench.model(),
        args=SDFTConfig(
            **_settings(bench),
            num_generations=1,
            distillation_alpha=bench.recipe.beta,
            teacher_prompt_template="{privileged_context}\n\n{prompt}",
            max_prompt_length=bench.base.located.context or 512,
        ),
        train_dataset=rows.add_column("privileged_context", [told] * len(rows)),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )


def _settings(bench: Bench[Recipe]) -> dict[str, Any]:
    recipe = bench.recipe
    longest = bench.within_context(recipe.max_tokens)
    drawn = {"max_completion_length": longest, "temperature": recipe.temperature}
    return {**bench.settings(), **drawn, "disable_dropout": True}


def _look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    left, recipe, rows = set(trainer.train_dataset["row"]), bench.recipe, len(bench.rows)
    dropped = tuple(number for number in range(1, rows + 1) if number - 1 not in left)
    whom = "the base, told what to do" if recipe.teacher is None else recipe.teacher
    said = f"{len(left):,} prompts, answered by the model and corrected by {whom}"
    return Preflight((), rows, dropped, (), (bench.base.located.context or 0) - recipe.max_tokens, said=said)
