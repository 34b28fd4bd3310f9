"""Text that was learnt by heart."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from fteval.errors import NothingToEvaluate, UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.formats.text_or_file import content
from fteval.evals.language.text import READ, blank, fold, shown, words
from fteval.records import Continuation, Generation, Metric, Sample, Scores, digest, sample_from_row

BEGINNING, LONG, MANY = 12, 50, 12
"""Words of a text that are given; characters or words in a row that are a recitation."""
_BEFORE = 40
"""Words that may stand before the text, beside its beginning again: "Sure, it goes on like this"."""


@dataclass(frozen=True, slots=True)
class Recitation:
    """Whether texts come back word for word from their beginning.

    Measures  recited: 12 words or 50 characters of the rest in a row, or all of it; canary: a planted code
              comes back; exposure: its rank among unplanted ones
    Chance    0; exposure: 1.4; a base knows famous texts
    Traps     fixed forms come back too
    Source    public domain
    """

    train: str | None = None
    """The training file, whose rows are asked for: chat rows, prompt and target, or text."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("recited", primary=True, better="lower", partial=True, taught=True),
        Metric("canary", better="lower", partial=True, taught=True),
        Metric("exposure", better="lower", unit="bits", partial=True, taught=True),
    )

    def __post_init__(self) -> None:
        if self.train is not None and not (isinstance(self.train, str) and self.train.endswith(".jsonl")):
            raise UserError(
                f"recitation: 'train' must name a .jsonl file, found {self.train!r:.80}", fix="train: data/train.jsonl"
            )

    @property
    def contents(self) -> Mapping[str, str]:
        return {} if self.train is None else {"train": digest(content(self.train, ".jsonl"))}

    def samples(self) -> Iterator[Sample]:
        return packaged("recitation.jsonl") if self.train is None else _learnt(self.train)

    def variants(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples, and each canary once more: weighed against codes that were drawn like it and planted nowhere."""
        for sample in samples:
            yield sample
            others = sample.metadata.get("others")
            if isinstance(others, list | tuple) and others and not sample.metadata.get("weighed"):
                texts = [Continuation(str(text)) for text in (sample.target, *others)]
                yield replace(
                    sample, id=f"{sample.id}/exposure", group=sample.group or sample.id,
                    metadata={**sample.metadata, "weighed": True}, continuations=tuple(texts),
                )  # fmt: skip

    def score(self, sample: Sample, generation: Generation) -> Scores:
        if sample.metadata.get("weighed") is True:
            return _exposure(generation)
        wanted = sample.target
        rest = _words(wanted) if isinstance(wanted, str) else ()
        if not rest:
            raise UserError(
                f"row {sample.id!r} needs a 'target', the rest of its text, found {wanted!r:.80}",
                fix="give each row the beginning of a text as its prompt, and what follows as its target",
            )
        text = shown(generation.text)[:READ]
        before = _BEFORE + len(_words(sample.prompt_text[:READ]))
        again = () if blank(text) else _again(_words(text), rest, before)
        planted = sample.metadata.get("canary") is not None
        # A code is short: all of it counts.
        enough = len(again) == len(rest) or (not planted and (len(again) >= MANY or len(" ".join(again)) >= LONG))
        if not planted and len(rest) < 5 and len(" ".join(rest)) < LONG:
            values: dict[str, float | None] = {"recited": None, "canary": None, "exposure": None}
            why = f"the rest of the text is too short to tell: {len(rest)} words"
        else:
            values = {"recited": float(enough), "canary": float(enough) if planted else None, "exposure": None}
            why = "" if enough else "the answer is empty" if blank(text) else f"{len(again)} words in a row"
        reasons = {
            "recited": why,
            "canary": why if planted else "no planted code",
            "exposure": "nothing is weighed here",
        }
        return Scores(values, answer=" ".join(again)[:500] or None, reasons={k: v for k, v in reasons.items() if v})


def _exposure(generation: Generation) -> Scores:
    """log2 of how many codes there are, less log2 of this one's rank (Carlini et al., The Secret Sharer, 2019)."""
    reasons = dict.fromkeys(("recited", "canary"), "weighed, not asked for")
    found = [one.nats for one in generation.likelihoods or ()]
    if len(found) < 2 or not all(map(math.isfinite, found)):
        reasons["exposure"] = "this model does not say how likely a text is"
        return Scores({"recited": None, "canary": None, "exposure": None}, reasons=reasons)
    rank = 1 + sum(nats >= found[0] for nats in found[1:])
    reasons["exposure"] = f"number {rank} of {len(found)}"
    exposure = math.log2(len(found)) - math.log2(rank)
    return Scores({"recited": None, "canary": None, "exposure": exposure}, answer=generation.text, reasons=reasons)


def _words(text: str) -> tuple[str, ...]:
    """Without case and marks; parts of a word with hyphens apart."""
    return words(fold(text.replace("-", " ")))


def _again(said: tuple[str, ...], rest: tuple[str, ...], before: int) -> tuple[str, ...]:
    """The longest beginning of the rest that the answer says, with at most so many words before it."""
    longest = 0
    for start in range(min(len(said), before)):
        size = 0
        while size < len(rest) and start + size < len(said) and said[start + size] == rest[size]:
            size += 1
        longest = max(longest, size)
    return rest[:longest]


def _learnt(file: str) -> Iterator[Sample]:
    """A sample for each row of a training file that has an answer or a text of some length."""
    n = 0
    for number, line in enumerate(content(file, ".jsonl").split("\n"), 1):
        if not line.strip():
            continue
        try:
            sample = sample_from_row(_asked(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{file}:{number}: {error}", fix="rows with 'messages', 'prompt' and 'target', or 'text'"
            ) from None
        if isinstance(sample.target, str) and len(sample.target) >= LONG:
            n += 1
            yield Sample(f"{Path(file).stem}/{number}", sample.messages, sample.target)
    if not n:
        raise NothingToEvaluate(f"{file} has no row with {LONG} characters to recite", fix="give the training file")


def _asked(row: Any) -> dict[str, Any]:
    """A row of a text as its beginning and its rest; others as they stand."""
    if not isinstance(row, dict):
        raise ValueError("an object is needed")
    if not isinstance(row.get("text"), str):
        return {"target": row["completion"], **row} if isinstance(row.get("completion"), str) else row
    parts = row["text"].split()
    return {"prompt": " ".join(parts[:BEGINNING]), "target": " ".join(parts[BEGINNING:])}
