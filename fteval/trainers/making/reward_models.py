"""A reward model as a reward: what it scores an answer to its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.errors import UserError, suggest
from fteval.records import Sample, Site
from fteval.trainers.making.base import Base
from fteval.trainers.making.candidate import RECORD, find, load_candidate
from fteval.trainers.making.sources import Answers

_AT_ONCE = 16


def reward_model(ref: str, candidates_dir: Path) -> Path:
    """The folder of a reward model by its id or its folder. Raises UserError for what is none."""
    folder = Path(ref) if (Path(ref) / RECORD).exists() else find(candidates_dir, ref)
    if folder is None:
        known = [file.parent.name for file in candidates_dir.glob(f"*/{RECORD}")]
        raise UserError(
            f"no reward model '{ref}' in the store. {suggest(ref, known)}",
            fix="make one: fteval train reward_model --base REF --data pairs.jsonl, and give its ft: id; or name a"
            " candidate of fteval.yaml that stands above",
        )
    made = load_candidate(folder)
    if made.kind != "reward":
        raise UserError(f"{made.id} is no reward model: it was made by '{made.trainer}'")
    return folder


@dataclass(frozen=True, slots=True)
class OfModel:
    """A reward model that was trained here, by its id or its folder."""

    ref: str
    folder: Path | None = None
    digest: str | None = None
    device: str = "cpu"
    loaded: list[Any] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        return "reward_model"

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"reward_model": self.ref, "digest": self.digest}

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> OfModel:
        folder = reward_model(self.ref, site.candidates_dir)
        made = load_candidate(folder)
        return OfModel(made.id, folder, made.weights_digest, site.device)

    def values(self, answers: Answers) -> list[float | None]:
        if not self.loaded:
            self.loaded.extend(self._load())
        tokenizer, model = self.loaded
        talks = [
            [*({"role": m.role, "content": m.content} for m in sample.messages), {"role": "assistant", "content": said}]
            for sample, said in ((s, g.text or "") for s, g in zip(answers.samples, answers.generations, strict=True))
        ]
        texts = [str(tokenizer.apply_chat_template(talk, tokenize=False)) for talk in talks]
        found: list[float | None] = []
        for start in range(0, len(texts), _AT_ONCE):
            found += _scores(tokenizer, model, texts[start : start + _AT_ONCE])
        return found

    def _load(self) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModelForSequenceClassification

        assert self.folder is not None
        chat = Chat(self.folder)
        tokenizer = chat.tokenizer
        tokenizer.chat_template = chat.template
        model = AutoModelForSequenceClassification.from_pretrained(
            self.folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
        )
        on_gpu = self.device != "cpu" and torch.cuda.is_available()
        return tokenizer, model.to("cuda" if on_gpu else "cpu").eval()


def _scores(tokenizer: Any, model: Any, texts: Sequence[str]) -> list[float]:
    import torch

    batch = tokenizer(texts, add_special_tokens=False, padding=True, padding_side="right", return_tensors="pt")
    with torch.no_grad():
        scores: list[float] = model(**batch.to(model.device)).logits[:, 0].float().tolist()
    return scores
