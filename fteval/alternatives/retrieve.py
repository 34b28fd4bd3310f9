"""Retrieval: what was found in a corpus stands before the question."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from fteval.alternatives.layers.corpus import Passage, distinct, passages
from fteval.alternatives.layers.finding import Finder, finder
from fteval.alternatives.layers.layer import Layer
from fteval.alternatives.layers.recall import recall_of
from fteval.errors import UserError
from fteval.records import Engine, Message, Sample, Shelf, digest
from fteval.records.retrieval import FIELD, Recall, Retrieved

MOST = 256
PARTS = ("{passages}", "{question}")


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Shows the model what a corpus says of each question."""

    corpus: Path
    """Passages: rows with `text` (perhaps `title`, `id`), or questions with their answers; or a .txt or .md file, whose
    paragraphs they are."""
    k: int = 3
    """How many are shown; fewer where fewer have anything in common with the question."""
    by: Literal["bm25", "dense", "gold"] = "bm25"
    """bm25: the words of the question; dense: its meaning, by static embeddings (English); gold: those that a sample's
    `gold` names, as many as these are: what the best search could do."""
    least: float = 0.0
    """A passage is shown that scores more than this: look at the scores of questions that the corpus answers, and of
    others. BM25's are the higher the rarer the words are that both have, those of dense are cosines."""
    template: str = "Context:\n{passages}\n\nQuestion: {question}"
    """What becomes of the user's turn. Where nothing was found, it stays as it is."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST:
            raise UserError(f"retrieve: 'k' must be from 1 to {MOST}, found {self.k}")
        if not 0 <= self.least < math.inf:
            raise UserError(f"retrieve: 'least' must be 0 or more, found {self.least:g}")
        if not self.corpus.is_file():
            raise UserError(f"retrieve: no file {self.corpus}")
        if wrong := [part for part in PARTS if self.template.count(part) != 1]:
            raise UserError(f"retrieve: 'template' must hold {wrong[0]} once, found {self.template!r}")

    def on(self, engine: Engine) -> Engine:
        return self.on_with(engine, None)

    def on_with(self, engine: Engine, shelf: Shelf | None) -> Engine:
        found = passages(self.corpus)
        if self.by != "gold" and (n := len(distinct(found))) < self.k:
            has = f"{n} different passages" if n > 1 else "one passage"
            raise UserError(f"retrieve: k is {self.k}, and {self.corpus} has {has}", fix=f"k: {n}")
        return Informed(engine, self, found, shelf)


class Informed(Layer):
    """A model that is shown passages with the question."""

    def __init__(self, inner: Engine, told: Retrieve, corpus: Sequence[Passage], shelf: Shelf | None) -> None:
        content = {
            "name": "retrieve", "version": told.version, "by": told.by, "template": told.template,
            **({} if told.by == "gold" else {"k": told.k, "least": told.least}),
            "corpus": digest([[passage.id, passage.text] for passage in corpus]),
        }  # fmt: skip
        super().__init__(inner, content)
        self._find: Finder = finder(told.by, corpus, told.k, told.least, shelf)
        self._told, self._known = told, {passage.id: passage for passage in corpus}
        self._recall: dict[str, Recall] = {}

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        asked = self.question(messages)
        found = [hit.passage for hit in self._find(asked)]
        if not found or asked.place is None:
            return messages
        turn = Message("user", filled(self._told.template, found, messages[asked.place].content))
        return (*messages[: asked.place], turn, *messages[asked.place + 1 :])

    def how(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        found = self._find(self.question(messages))
        scores = [round(hit.score, 4) for hit in found if hit.score is not None]
        return {"retrieved": [hit.passage.id for hit in found], **({"scores": scores} if scores else {})}

    def meet(self, probe: str, samples: Sequence[Sample], asked: Sequence[Sequence[Message]]) -> None:
        super().meet(probe, samples, asked)
        turns = [(s, self._find(self.question(m))) for s, m in zip(samples, asked, strict=True) if m[0].role != "text"]
        self._recall[probe] = recall_of([s for s, _ in turns], [found for _, found in turns], self._known)

    def met(self) -> Mapping[str, Any]:
        """Raises UserError where the gold passages are to be shown, and no sample names one of this corpus."""
        told = self._told
        gold = told.by == "gold"
        if gold and not any(recall.gold for recall in self._recall.values()):
            raise UserError(
                f"by: gold shows the passages that samples name in `gold`, and none names one of {told.corpus}",
                fix='{"prompt": …, "target": …, "gold": "ID OF A PASSAGE"}',
            )
        below = super().met()
        own = Retrieved(told.by, None if gold else told.k, len(self._known), self._recall).as_json()
        return {**below, FIELD: [*below.get(FIELD, ()), own]}


def filled(template: str, found: Sequence[Passage], question: str) -> str:
    """The template with passages and question; what braces these have stay as they are."""
    parts = {PARTS[0]: "\n\n".join(passage.text for passage in found), PARTS[1]: question}
    return re.sub("|".join(map(re.escape, PARTS)), lambda part: parts[part[0]], template)
