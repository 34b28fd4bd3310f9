"""A model in memory as a folder that loads anywhere: weights, tokenizer, template and stop tokens of the candidate."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from fteval.engines.local import exported, templates
from fteval.engines.local.chat import VOCABULARIES, Chat
from fteval.engines.local.folders import Located, checkpoint_dtype, safetensors_header
from fteval.errors import Incomplete
from fteval.trainers.making.candidate import PASSIVE
from fteval.trainers.making.candidate import RECORD as CANDIDATE

SHARD = "5GB"
TOKENIZER = frozenset(
    [*VOCABULARIES, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt",
     "chat_template.jinja"]
)  # fmt: skip
"""Files of a tokenizer: all of one side, never a mixture."""
_LEFT = frozenset([CANDIDATE, exported.RECORD, "adapter_config.json", "training_log.json", "training_prompts.txt"])
"""What says something of a candidate and nothing of its answers."""


def write(model: Any, located: Located, chat: Chat, dtype: str, place: Path) -> None:
    """Saves a model in these numbers, with everything else that the candidate is asked through.

    Raises Incomplete where what is saved would be asked in another way.
    """
    import torch

    from fteval.engines.local.weights import quiet

    with quiet():
        model.to(getattr(torch, dtype)).save_pretrained(place, max_shard_size=SHARD)
    passives(located, chat, place)
    saved = Chat(place)
    if (saved.digest, saved.template_digest) != (chat.digest, chat.template_digest):
        raise Incomplete(
            "tokenizer or chat template of the export are not the candidate's",
            where=str(chat.folder),
            fix="save the tokenizer beside the candidate again: tokenizer.save_pretrained(FOLDER)",
        )


def passives(located: Located, chat: Chat, place: Path) -> None:
    """Copies what is no weight: generation settings of the base, tokenizer and template of the candidate."""
    made = {path.name for path in place.iterdir()} - {"generation_config.json"}
    for folder, names in ((located.folder, None), (chat.folder, TOKENIZER)):
        for source in sorted(folder.iterdir()):
            of_tokenizer = source.name in TOKENIZER
            wanted = source.name in names if names is not None else not of_tokenizer and _kept(source)
            if wanted and source.name not in made and source.is_file():
                shutil.copyfile(source, place / source.name)
    if chat.template is not None and templates.saved(place).get("default") != chat.template:
        (place / "chat_template.jinja").write_text(chat.template, encoding="utf-8")


def _kept(path: Path) -> bool:
    passive = path.suffix in PASSIVE - {".safetensors", ".md"} and not path.name.endswith(".index.json")
    return passive and path.name not in _LEFT


def base_dtype(located: Located) -> str:
    """The numbers that the base was saved in."""
    return checkpoint_dtype(located.folder, located.config)


SIZES = {"float32": 4, "bfloat16": 2, "float16": 2}


def needed_bytes(located: Located, dtype: str, *, twice: bool) -> int:
    """Roughly, while it is made; `twice` where something is made of the merged model."""
    headers = [safetensors_header(p) for p in located.folder.glob("*.safetensors") if not p.name.startswith("adapter_")]
    entries = [one for header in headers for name, one in header.items() if name != "__metadata__"]
    numbers = sum(_product(entry.get("shape") or []) for entry in entries)
    return int(numbers * SIZES[dtype] * (2 if twice else 1) * 1.02) + (16 << 20)


def _product(shape: list[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
