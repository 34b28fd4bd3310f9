"""Which hold-out prompts were trained on: the same question, however it is dressed.

Case, spacing, Unicode form, the punctuation around words and a "please tell me" do not count, nor what was said before
a last turn that can stand alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.records import Message, Sample, canonical, normalised

FILE = "training_prompts.txt"
ALONE = 3
"""A last turn of so many words is a question of its own; "go on" is one only with what came before."""

NEAR = 0.9
"""Share of the letters that two prompts have in common, in order, from which on they are nearly the same."""
SHORT = 5
"""Words of an answer that can be said in one way only."""
MOST_PAIRS = 20_000_000

_AROUND = ".,;:!?…\"'`´()[]{}«»„“”‘’¿¡"
_QUESTION = re.compile(r"[^.?!:\n]+\?")
_POLITE = re.compile(r"^(?:(?:can|could|would|will) you )?(?:please )?(?:tell me )?(.*?)(?: please)?$")


def plain(text: str) -> str:
    """The question alone: without case, spacing, punctuation around words, and politeness."""
    words = [word.strip(_AROUND) or word for word in normalised(text).split()]
    bare = " ".join(word for word in words if not all(c in _AROUND for c in word))
    found = _POLITE.match(bare)
    return (found[1] if found else bare) or bare


def prompt_digest(messages: Iterable[Message]) -> str:
    """sha256 of what is asked: the last turn where it stands alone, else the conversation without its system turns."""
    turns = [[m.role, plain(m.content)] for m in messages if m.role != "system"]
    if turns and turns[-1][0] == "user" and len(turns[-1][1].split()) >= ALONE:
        turns = turns[-1:]
    return hashlib.sha256(canonical(turns)).hexdigest()


def near(samples: Sequence[Sample], trained: Sequence[Sample]) -> list[tuple[Sample, Sample]] | None:
    """Samples whose question is nearly one that was trained on, each with the nearest; None for too many to compare.

    "Where does Ann live?" and "Where does Dan live?" are two questions where their short answers are two.
    """
    from rapidfuzz import fuzz, process

    if len(samples) * len(trained) > MOST_PAIRS:
        return None
    texts = [plain(one.prompt_text) for one in trained]
    found = []
    for sample in samples:
        asked = plain(sample.prompt_text)
        alike = process.extract(asked, texts, scorer=fuzz.ratio, score_cutoff=100 * NEAR, limit=None)
        other = next((trained[i] for _, _, i in alike if not _answered_otherwise(sample, trained[i])), None)
        if other is not None:
            found.append((sample, other))
    return found


def _answered_otherwise(one: Sample, other: Sample) -> bool:
    """Whether both have a short answer, and neither holds the other's; long ones say one thing in many ways."""
    if not isinstance(one.target, str) or not isinstance(other.target, str):
        return False
    a, b = plain(one.target), plain(other.target)
    return max(len(a.split()), len(b.split())) <= SHORT and a not in b and b not in a


def _literal_digest(messages: Iterable[Message]) -> str:
    """What earlier versions wrote: the whole conversation, its punctuation included."""
    turns = [[m.role, normalised(m.content)] for m in messages if m.role != "system"]
    return hashlib.sha256(canonical(turns)).hexdigest()


def write_prompts(rows: Sequence[Mapping[str, Any]], models: Iterable[Path], place: Path) -> None:
    """Writes `training_prompts.txt`: one digest a line, sorted, each once, of the rows' prompts.

    Of a plain text, which has no prompt, the questions in it. A base, a teacher or a reward model that was itself
    trained here brings what it has seen; `models` are their folders.
    """
    digests = {prompt_digest(prompt) for row in rows for prompt in _prompts(row)}
    for folder in models:
        if (folder / FILE).exists():
            digests |= set((folder / FILE).read_text(encoding="ascii").split())
    (place / FILE).write_text("".join(f"{digest}\n" for digest in sorted(digests)), encoding="ascii")


def _prompts(row: Mapping[str, Any]) -> Iterator[list[Message]]:
    if "prompt" in row:
        yield [Message(turn["role"], turn["content"]) for turn in row["prompt"]]
    else:
        yield from ([Message("user", found)] for found in _QUESTION.findall(row["text"]))


def overlap(candidate_folder: Path, samples: Iterable[Sample]) -> list[str]:
    """Ids of the samples whose prompt a candidate was trained on, in their order.

    Raises UserError when the candidate does not say what it was trained on.
    """
    path = candidate_folder / FILE
    try:
        trained = set(path.read_text(encoding="ascii").split())
    except OSError as error:
        raise UserError(f"the training prompts cannot be read: {error.strerror}", where=str(path)) from None
    return [s.id for s in samples if {prompt_digest(s.messages), _literal_digest(s.messages)} & trained]
