"""Rebuild nano: world, corpus, tokenizer, training, weights, hold-outs, table, card.

    python -m fteval.nano.build                      about 70 minutes on two cores; a GPU is used if there is one
    python -m fteval.nano.build --steps 3 --out out  a quick trial that leaves the packaged model alone

What is there stays until all of the new is written: a build that is stopped leaves the old weights whole, and the
parts of the training that were finished, from which the same command goes on.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval.nano import EVAL_DATA, WEIGHTS, holdouts
from fteval.nano.card import card
from fteval.nano.corpus import CLOSING_SHARES, LATE_SHARES, REFINING_SHARES, SHARES, Conversation, Shares, digest
from fteval.nano.corpus import conversations as corpus_of
from fteval.nano.recipe import Recipe
from fteval.nano.table import Nano, table
from fteval.nano.tokenizer import build_tokenizer
from fteval.nano.world import build_world

RECORD = "build.json"
"""Beside the weights: the recipe, and what came of it."""
if TYPE_CHECKING:
    from fteval.nano.train import Progress

MAX_BYTES = 12_000_000
QUICK = 2048
"""Conversations of a part when only a few steps are asked for."""
TOKENIZER_SAMPLE = 8_000
"""Conversations that the tokenizer is trained on."""
ROLES = ("system\n", "user\n", "assistant\n")


@dataclass(frozen=True, slots=True)
class Built:
    """What the card records."""

    digest: str
    """Of the corpus."""
    n_conversations: int
    n_parameters: int
    n_steps: int
    n_tokens: int
    loss: float
    minutes: float
    """Of training, on the machine that built it."""
    parts: list[dict[str, float]]
    """Steps, tokens, last loss and minutes of each part (`parts_of`)."""
    device: str


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Rebuild the embedded model.")
    parser.add_argument("--out", type=Path, help="folder for the model and its card (default: in the package)")
    parser.add_argument("--steps", type=int, help="stop after so many steps, for a quick trial")
    options = parser.parse_args(arguments)
    weights = options.out / "weights" if options.out else WEIGHTS
    data = options.out / "data" if options.out else EVAL_DATA
    build(Recipe(), weights, data, options.steps)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the training on conversations of its own."""

    name: str
    shares: Shares
    n_conversations: int
    steps: int | None
    """None: all of its conversations."""
    peak: float = 1.0
    schedule: int | None = None


def parts_of(recipe: Recipe) -> tuple[Part, ...]:
    """What is trained on, in this order; each part's conversations follow from the seed and its place."""
    return (
        Part("early", SHARES, recipe.n_conversations, recipe.early_steps, schedule=recipe.early_schedule),
        Part("late", LATE_SHARES, recipe.n_late, None, peak=recipe.late_rate),
        Part("closing", CLOSING_SHARES, recipe.n_closing, recipe.closing_steps, peak=recipe.closing_rate),
        Part("refining", REFINING_SHARES, recipe.n_refining, recipe.refining_steps, peak=recipe.refining_rate),
    )


def build(recipe: Recipe, weights: Path, data: Path, n_steps: int | None = None) -> Built:
    """Writes the model to `weights`, its card beside it, the probes' hold-outs to `data`."""
    quick = n_steps is not None
    world = build_world()
    corpus = [
        list(corpus_of(world, recipe.seed + place, QUICK if quick else part.n_conversations, part.shares))
        for place, part in enumerate(parts_of(recipe))
    ]
    weights.parent.mkdir(parents=True, exist_ok=True)
    finished = weights.parent / ".finished-parts"
    with tempfile.TemporaryDirectory(dir=weights.parent, prefix=".build-") as folder:
        fresh = Path(folder) / "weights"
        built = _train(corpus, recipe, n_steps, fresh, finished)
        rows = table(Nano(fresh), n=8 if quick else 400)
        print("\n".join(map(str, rows)), flush=True)
        record = {"recipe": asdict(recipe), "built": asdict(built)}
        (fresh / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        holdouts.write(data)
        _replace(fresh, weights)
        (Path(folder) / "README.md").write_text(card(asdict(recipe), asdict(built), rows), encoding="utf-8")
        os.replace(Path(folder) / "README.md", weights.parent / "README.md")
    shutil.rmtree(finished, ignore_errors=True)
    return built


def _train(
    corpus: Sequence[list[Conversation]], recipe: Recipe, n_steps: int | None, folder: Path, finished: Path
) -> Built:
    """Trains on one part of the corpus after the other, for `n_steps` each or as many as the recipe says."""
    import torch
    from safetensors.torch import load_model, save_model

    from fteval.nano.train import batches, build_model, encode, train

    sample = (message["content"] for conversation in corpus[0][:TOKENIZER_SAMPLE] for message in conversation)
    tokenizer = build_tokenizer([*sample, *ROLES * TOKENIZER_SAMPLE], recipe.vocabulary, recipe.max_positions)
    model = build_model(recipe, tokenizer)
    made_of = digest([conversation for part in corpus for conversation in part])
    key = hashlib.sha256(json.dumps([asdict(recipe), made_of, n_steps]).encode()).hexdigest()[:16]
    records: list[dict[str, float]] = []
    for place, part in enumerate(parts_of(recipe)):
        kept = finished / f"{key}-{place}.safetensors"
        if kept.exists() and kept.with_suffix(".json").exists():
            load_model(model, kept)
            records.append(json.loads(kept.with_suffix(".json").read_text(encoding="utf-8")))
            continue
        examples = encode(corpus[place], tokenizer, recipe)
        steps = n_steps or part.steps or sum(1 for _ in batches(examples, recipe))
        print(f"the {part.name} part", file=sys.stderr, flush=True)
        records.append(
            part_record(train(model, examples, recipe, steps, _show, peak=part.peak, schedule=part.schedule))
        )
        finished.mkdir(exist_ok=True)
        save_model(model, str(kept))
        kept.with_suffix(".json").write_text(json.dumps(records[-1]), encoding="utf-8")
    save(model, tokenizer, folder)
    return Built(
        digest=made_of,
        n_conversations=sum(map(len, corpus)),
        n_parameters=sum(parameter.numel() for parameter in model.parameters()),
        n_steps=int(sum(record["steps"] for record in records)),
        n_tokens=int(sum(record["tokens"] for record in records)),
        loss=records[-1]["loss"],
        minutes=sum(record["minutes"] for record in records),
        parts=records,
        device="GPU" if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads",
    )


def part_record(progress: "Progress") -> dict[str, float]:
    return {
        "steps": progress.step,
        "tokens": progress.n_tokens,
        "loss": round(progress.loss, 4),
        "minutes": round(progress.seconds / 60, 1),
    }


def _show(progress: "Progress") -> None:
    left = progress.seconds / progress.step * (progress.n_steps - progress.step)
    rate = progress.n_tokens / progress.seconds
    print(
        f"step {progress.step} of {progress.n_steps}  loss {progress.loss:.3f}  {rate:.0f} tokens/s  "
        f"{left / 60:.1f} min left in this part",
        file=sys.stderr,
        flush=True,
    )


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """The folder that `transformers` loads; greedy by default, stopping at the end of a turn. Raises when too large."""
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner only, and shipped to everybody
    size = (folder / "model.safetensors").stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"the weights take {size} bytes, more than {MAX_BYTES}")


def _replace(fresh: Path, old: Path) -> None:
    """Swaps folders by two renames, so that the old one is whole or gone, never half overwritten."""
    retired = fresh.with_name("retired")
    if old.exists():
        os.replace(old, retired)
    os.replace(fresh, old)
    shutil.rmtree(retired, ignore_errors=True)


if __name__ == "__main__":
    main()
