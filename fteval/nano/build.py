"""Rebuild nano: world, corpus, tokenizer, training, weights, hold-outs, table, card.

    python -m fteval.nano.build                      about an hour on two cores; a GPU is used if there is one
    python -m fteval.nano.build --steps 3 --out out  a quick trial that leaves the packaged model alone

What is there stays until all of the new is written: a build that is stopped leaves the old weights whole.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval.nano import EVAL_DATA, WEIGHTS, holdouts
from fteval.nano.card import card
from fteval.nano.corpus import CLOSING_SHARES, LATE_SHARES, Conversation, conversations, digest
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
    """Steps, tokens, last loss and minutes of the early, the late and the closing part."""
    device: str


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Rebuild the embedded model.")
    parser.add_argument("--out", type=Path, help="folder for the model and its card (default: in the package)")
    parser.add_argument("--steps", type=int, help="stop after so many steps, for a quick trial")
    options = parser.parse_args(arguments)
    weights = options.out / "weights" if options.out else WEIGHTS
    data = options.out / "data" if options.out else EVAL_DATA
    build(Recipe(), weights, data, options.steps)


def build(recipe: Recipe, weights: Path, data: Path, n_steps: int | None = None) -> Built:
    """Writes the model to `weights`, its card beside it, the probes' hold-outs to `data`."""

    quick = n_steps is not None
    world = build_world()
    parts = [
        list(conversations(world, recipe.seed, QUICK if quick else recipe.n_conversations)),
        list(conversations(world, recipe.seed + 1, QUICK if quick else recipe.n_late, LATE_SHARES)),
        list(conversations(world, recipe.seed + 2, QUICK if quick else recipe.n_closing, CLOSING_SHARES)),
    ]
    weights.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=weights.parent, prefix=".build-") as folder:
        fresh = Path(folder) / "weights"
        built = _train(parts, recipe, n_steps, fresh)
        rows = table(Nano(fresh), n=8 if quick else 400)
        print("\n".join(map(str, rows)), flush=True)
        record = {"recipe": asdict(recipe), "built": asdict(built)}
        (fresh / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        holdouts.write(data)
        _replace(fresh, weights)
        (Path(folder) / "README.md").write_text(card(asdict(recipe), asdict(built), rows), encoding="utf-8")
        os.replace(Path(folder) / "README.md", weights.parent / "README.md")
    return built


def _train(parts: Sequence[list[Conversation]], recipe: Recipe, n_steps: int | None, folder: Path) -> Built:
    """Trains on one part of the corpus after the other, for `n_steps` each or as many as the recipe says."""
    import torch

    from fteval.nano.train import batches, build_model, encode, train

    start = time.monotonic()
    sample = (message["content"] for conversation in parts[0][:TOKENIZER_SAMPLE] for message in conversation)
    tokenizer = build_tokenizer([*sample, *ROLES * TOKENIZER_SAMPLE], recipe.vocabulary, recipe.max_positions)
    model = build_model(recipe, tokenizer)
    early, late, closing = (encode(part, tokenizer, recipe) for part in parts)
    n_early = n_steps or recipe.early_steps
    n_late = n_steps or sum(1 for _ in batches(late, recipe))
    done = [
        train(model, early, recipe, n_early, _show, schedule=recipe.early_schedule),
        train(model, late, recipe, n_late, _show, peak=recipe.late_rate),
        train(model, closing, recipe, n_steps or recipe.closing_steps, _show, peak=recipe.closing_rate),
    ]
    save(model, tokenizer, folder)
    return Built(
        digest=digest([conversation for part in parts for conversation in part]),
        n_conversations=sum(map(len, parts)),
        n_parameters=sum(parameter.numel() for parameter in model.parameters()),
        n_steps=sum(progress.step for progress in done),
        n_tokens=sum(progress.n_tokens for progress in done),
        loss=done[-1].loss,
        minutes=(time.monotonic() - start) / 60,
        parts=[part_record(progress) for progress in done],
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
