"""Learning the answers of conversations: what every trainer on them shares, whatever it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fteval.data.chat import read_conversations
from fteval.records import Candidate, Site
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.held import held_trainer
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import look_at_answers
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.train_with_trl import Method, train_with_trl


def train_on_answers(base: str, recipe: Any, data: Path, site: Site, name: str) -> Candidate:
    """The candidate that `recipe`, which has a `max_length`, makes of `base` and the conversations in `data`.

    One that was made of the same record before is returned as it is. Raises UserError for what cannot work, Incomplete
    for a training that diverged or found no room, Interrupted for SIGINT and SIGTERM: nothing is registered then.
    """
    rows = cleaned(read_conversations(data))
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("SFTConfig", "SFTTrainer"), _trainer, look_at_answers), training)


def _trainer(bench: Bench[Any]) -> Any:
    """TRL's trainer with the model as the engine loads it, and the rows tokenised and masked."""
    from trl import SFTConfig, SFTTrainer

    given = {
        "model": bench.model(),
        "args": SFTConfig(**bench.settings(), max_length=bench.within_context(bench.recipe.max_length)),
        "train_dataset": bench.dataset(),
        "processing_class": bench.tokenizer(),
        "peft_config": bench.recipe.adapter(),
    }
    if weight := getattr(bench.recipe, "kl_to_base", 0.0):
        return held_trainer(weight, None if bench.recipe.kind == "adapter" else bench.model(), **given)
    return SFTTrainer(**given)
