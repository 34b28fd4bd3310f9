"""Supervised fine-tuning: a model learns to give the answers of a file of conversations.

Measures nothing; makes a candidate. TRL's SFTTrainer does the work. Each assistant turn is learnt, what stands before
it is only read: a row, here, is one answer with its prompt. `lora_rank: 0` trains all weights.

Where it comes from  LoRA: arXiv:2106.09685; on all linear layers: arXiv:2305.14314, section 4
Traps                a stop token outside the loss mask (the model never ends), rows dropped without a word, telemetry,
                     a checkpoint's pickles: each is checked or kept out here
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fteval.data.chat import read_conversations, valid_text
from fteval.engines import refs
from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import Candidate, Message
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.trainers.making import candidate as registered
from fteval.trainers.making import libraries, overlap, progress, weights, workshop
from fteval.trainers.making.base import Base, check_unchanged, find_base
from fteval.trainers.making.preflight import Preflight, look
from fteval.trainers.making.progress import TrainProgress
from fteval.trainers.making.settle import settle

if TYPE_CHECKING:
    from fteval.engines.local.chat import Chat

VERSION = 1
"""Goes up when the same recipe would give other weights."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights beside base and data; what fteval.yaml may set.

    Raises UserError naming every value that means nothing.
    """

    lora_rank: int = 16
    """Width of the adapter; 0 trains all weights."""
    lora_alpha: int | None = None
    """The adapter's output is scaled by lora_alpha / lora_rank. None: twice the rank."""
    lora_dropout: float = 0.0
    """Share of the adapter's inputs that is zeroed in training."""
    target_modules: tuple[str, ...] = ("all-linear",)
    """Layers that get an adapter, by the end of their names."""
    learning_rate: float | None = None
    """Of AdamW, at its highest. None: 5e-4 for an adapter, 5e-5 for all weights."""
    epochs: float | None = None
    """Passes over the rows. None: three; more where that is under 480 rows in all, at most 25."""
    max_steps: int | None = None
    """Optimizer steps, instead of `epochs`."""
    batch_size: int = 8
    """Rows per optimizer step; a row is one answer to learn, with what stands before it."""
    accumulate: int = 1
    """Parts that a batch is worked off in, to save memory."""
    warmup: float = 0.1
    """Share of the steps, or from 1 on their whole number, in which the rate rises from 0."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the rate falls after that."""
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    """Longer gradients are shortened to this."""
    max_length: int = 1024
    """Tokens of a row, prompt and answer; at most the model's context. What is longer is cut, and said."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the arithmetic. The adapter itself is always float32."""
    threads: int | None = None
    """CPU threads, which decide the last bits. None: one below 100 MB of weights, else OMP_NUM_THREADS or the cores."""
    seed: int = 0

    def __post_init__(self) -> None:
        settle(self, "sft", _rules)

    def resolved(self, rows: int) -> Recipe:
        """The recipe for so many rows, with a number for every None but `threads`: what is recorded."""
        epochs = self.epochs
        if epochs is None and self.max_steps is None:
            epochs = float(min(25, max(3, math.ceil(480 / rows))))
        return dataclasses.replace(
            self,
            lora_alpha=2 * self.lora_rank if self.lora_alpha is None else self.lora_alpha,
            learning_rate=self.rate,
            epochs=epochs,
        )

    @property
    def rate(self) -> float:
        if self.learning_rate is not None:
            return self.learning_rate
        return 5e-4 if self.lora_rank else 5e-5


def _rules(r: Recipe) -> dict[str, tuple[bool, str]]:
    """Whether each field is in range, and what is wanted."""
    return {
        "lora_rank": (r.lora_rank >= 0, "0 (all weights) or more"),
        "lora_alpha": (r.lora_alpha is None or r.lora_alpha > 0 or r.lora_rank == 0, "more than 0"),
        "lora_dropout": (0 <= r.lora_dropout < 1, "a share from 0 to below 1"),
        "target_modules": (
            bool(r.target_modules) and "lm_head" not in r.target_modules and "" not in r.target_modules,
            "names of layers, not lm_head: TRL computes the loss past an adapter on it",
        ),
        "learning_rate": (0 < r.rate < math.inf, "more than 0"),
        "epochs": (r.epochs is None or 0 < r.epochs < math.inf, "more than 0"),
        "max_steps": (r.max_steps is None or (r.max_steps > 0 and r.epochs is None), "1 or more, and no epochs"),
        "batch_size": (r.batch_size > 0, "1 or more"),
        "accumulate": (r.accumulate > 0 and r.batch_size % r.accumulate == 0, "a divisor of batch_size"),
        "warmup": (0 <= r.warmup < 1 or (r.warmup > 0 and r.warmup.is_integer()), "a share below 1, or whole steps"),
        "weight_decay": (0 <= r.weight_decay < math.inf, "0 or more"),
        "max_grad_norm": (0 < r.max_grad_norm < math.inf, "more than 0"),
        "max_length": (r.max_length > 1, "2 or more"),
        "threads": (r.threads is None or r.threads > 0, "1 or more"),
        "seed": (0 <= r.seed < 2**32, "0 to 4294967295"),
    }  # fmt: skip


def train(
    base: str,
    recipe: Recipe,
    data: Path,
    candidates_dir: Path,
    *,
    name: str = "sft",
    device: str = "auto",
    offline: bool = False,
    on_preflight: Callable[[Preflight], None] | None = None,
    on_progress: Callable[[TrainProgress], None] | None = None,
) -> Candidate:
    """The candidate that `recipe` makes of `base` and the conversations in `data`, registered under `candidates_dir`.

    One that was made of the same record before is returned as it is. `on_preflight` hears what will be learnt before
    the first step. Raises UserError for a base, rows or a recipe that cannot work, Incomplete for a training that
    diverged or whose disk or memory was full, Interrupted for SIGINT and SIGTERM: nothing is registered then.
    """
    rows = [_clean(row) for row in read_conversations(data)]
    source = find_base(base, candidates_dir, offline=offline)
    workshop.prepare(candidates_dir)
    with Signals("stopping: nothing is registered, the same command trains it anew") as signals:
        try:
            return _train(name, recipe, rows, source, candidates_dir, device, signals, on_preflight, on_progress)
        except (Stop, KeyboardInterrupt):
            raise Interrupted(
                "the training was interrupted; no candidate was registered",
                signal_number=signals.number or 2,
                fix="the same command trains it anew",
            ) from None


def _train(
    name: str,
    recipe: Recipe,
    rows: list[dict[str, Any]],
    base: Base,
    candidates_dir: Path,
    device: str,
    signals: Signals,
    on_preflight: Callable[[Preflight], None] | None,
    on_progress: Callable[[TrainProgress], None] | None,
) -> Candidate:
    libraries.before_import()
    versions = libraries.versions()

    from fteval.engines.local.chat import Chat

    chat = Chat(base.located.folder)
    environment = libraries.environment(device, recipe.threads, base.size)
    recipe = recipe.resolved(len(rows))
    planned = _planned(name, recipe, rows, base, chat, versions, environment)
    known = registered.existing(candidates_dir, planned)
    if known is not None:
        return known
    signals.check()
    libraries.load()
    with workshop.workshop(candidates_dir, registered.folder_name(planned)) as place:
        known = registered.existing(candidates_dir, planned)  # another process may have made it in the meantime
        if known is not None:
            return known
        with signals.cancelling(), libraries.quiet_and_offline(), libraries.repeatable(environment):
            trainer = _trainer(recipe, rows, base, chat, place, environment["device"])
            seen = _look(trainer, rows, base, chat)
            if on_preflight:
                on_preflight(seen)
            weights.check_space(trainer.model, place)
            trainer.add_callback(progress.callback(on_progress, signals.check, recipe.rate))
            training = _run(trainer, recipe)
            weights.check_trained(trainer.model)
            with weights.writing(place):
                save = weights.save_adapter if recipe.lora_rank else weights.save_full
                save(trainer.model, base, place)
                weights.write_json(place / "training_log.json", trainer.state.log_history[:-1])
                overlap.write_prompts(rows, base.located.folder, place)
        counts = {"rows": seen.rows, "used": seen.used, "dropped": len(seen.dropped), "truncated": len(seen.truncated)}
        made = dataclasses.replace(planned, data={**planned.data, **counts})
        return registered.register(place, candidates_dir, made, training)


def _planned(
    name: str,
    recipe: Recipe,
    rows: list[dict[str, Any]],
    base: Base,
    chat: Chat,
    versions: dict[str, str],
    environment: dict[str, Any],
) -> Candidate:
    """The record of a candidate before it is made: everything that decides its weights, and so its id."""
    settings = {**dataclasses.asdict(recipe), "target_modules": list(recipe.target_modules)}
    del settings["threads"]  # the number in effect is in the environment
    planned = Candidate(
        id="",
        name=name,
        path=".",
        kind="adapter" if recipe.lora_rank else "full",
        base=base.ref,
        base_digest=base.located.weights,
        weights_digest="",
        trainer="sft",
        recipe=settings,
        data={"digest": registered.rows_digest(rows), "tokenizer": chat.digest, "template": chat.template_digest},
        versions={"fteval.trainers.sft": str(VERSION), **versions},
        seed=recipe.seed,
        environment=environment,
    )
    return registered.identified(planned, base.label)


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    return {
        part: [{"role": turn["role"], "content": valid_text(turn["content"])} for turn in row[part]]
        for part in ("prompt", "completion")
    }


def _trainer(recipe: Recipe, rows: Sequence[dict[str, Any]], base: Base, chat: Chat, place: Path, device: str) -> Any:
    """TRL's trainer with the model as the engine loads it, and the rows tokenised and masked."""
    import jinja2
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from fteval.engines.local.weights import load

    bf16, folder = recipe.precision == "bfloat16", base.located.folder
    settings = SFTConfig(
        output_dir=str(place),  # TRL saves nothing: save_strategy
        seed=recipe.seed,
        data_seed=recipe.seed,
        full_determinism=True,
        num_train_epochs=recipe.epochs or 1.0,
        max_steps=recipe.max_steps or -1,
        per_device_train_batch_size=recipe.batch_size // recipe.accumulate,
        gradient_accumulation_steps=recipe.accumulate,
        learning_rate=recipe.rate,
        lr_scheduler_type="constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule,
        warmup_steps=recipe.warmup if recipe.warmup < 1 else int(recipe.warmup),
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        max_length=min(recipe.max_length, base.context or recipe.max_length),
        bf16=bf16,
        use_cpu=device == "cpu",
        use_cache=True,  # the default is written into a whole model's config, and slows down whoever loads it
        activation_checkpointing=False,
        report_to="none",
        save_strategy="no",
        logging_steps=1,
        logging_nan_inf_filter=False,  # it would hide a diverged loss
        disable_tqdm=True,
        dataloader_pin_memory=device != "cpu",
    )
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules="all-linear" if recipe.target_modules == ("all-linear",) else list(recipe.target_modules),
    )
    chat.tokenizer.chat_template = chat.template
    # The preflight counts long rows; the tokenizer's warning names a limit that is not the one in effect.
    chat.tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
    model = load(folder, "bfloat16" if bf16 and recipe.lora_rank else "float32", device)
    check_unchanged(base)
    try:
        trainer = SFTTrainer(
            model=model,
            args=settings,
            train_dataset=Dataset.from_list([{**row, "row": number} for number, row in enumerate(rows)]),
            processing_class=chat.tokenizer,
            peft_config=lora if recipe.lora_rank else None,
        )
    except jinja2.TemplateError as error:
        raise UserError(
            f"the chat template refuses a row: {error}",
            where=str(folder),
            fix="see the model's card for the roles that it takes, and in which order",
        ) from None
    except ValueError as error:
        if "target modules" not in str(error).lower():
            raise
        raise UserError(
            f"target_modules: this model has no {' and no '.join(recipe.target_modules)}",
            where=str(folder),
            fix="all-linear takes what there is",
        ) from None
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    return trainer


def _look(trainer: Any, rows: Sequence[dict[str, Any]], base: Base, chat: Chat) -> Preflight:
    """What the trainer will see. Raises UserError where it could not work, see `preflight.look`."""
    from fteval.engines.local.chat import stop_ids

    prepared = trainer.train_dataset.select_columns(["row", "input_ids", "labels"])
    settings = base.located.folder / "generation_config.json"
    stops = stop_ids(chat.tokenizer, refs.read_json(settings) if settings.exists() else {}, base.located.config)
    first = rows[prepared[0]["row"] if len(prepared) else 0]["prompt"]
    return look(
        prepared,
        chat.tokenizer,
        rows=len(rows),
        max_length=trainer.args.max_length,
        stops={token: str(chat.tokenizer.convert_ids_to_tokens(token)) for token in sorted(stops)},
        n_embeddings=trainer.model.get_input_embeddings().weight.shape[0],
        first_prompt=chat.prompt([Message(turn["role"], turn["content"]) for turn in first]).token_ids or (),
    )


def _run(trainer: Any, recipe: Recipe) -> dict[str, Any]:
    """Trains, and says how it went. Raises Incomplete when the loss diverges or memory runs out."""
    from fteval.engines.local.batches import out_of_memory

    began = time.monotonic()
    try:
        trainer.train()
    except Exception as error:
        if not out_of_memory(error):
            raise
        raise Incomplete(
            "out of memory while training; no candidate was registered",
            fix=f"set accumulate to {recipe.batch_size} (the batch stays {recipe.batch_size}), or a lower max_length",
        ) from error
    losses = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    progress.check_learnt(losses, trainer.model.config.get_text_config().vocab_size, recipe.rate)
    return {"steps": len(losses), "seconds": round(time.monotonic() - began, 1), "loss": [losses[0], losses[-1]]}
