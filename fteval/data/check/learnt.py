"""What is learnt of files of rows, whatever their form: each answer with what stands before it, as trainers do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fteval.data.chat import Turn, answers
from fteval.data.convert.forms import Example, Keys, example
from fteval.data.convert.sources import objects
from fteval.data.jsonl import Problems


@dataclass(frozen=True, slots=True)
class Learnt:
    """One answer that is learnt."""

    where: str
    """FILE:LINE."""
    prompt: Sequence[Turn]
    answer: str
    group: str | None = None


def learnt(files: Sequence[Path]) -> Iterator[Learnt]:
    """Every answer of every row from which something is learnt; rows that cannot be read are left to `check`."""
    for path in files:
        for number, row in objects(path, Problems(path)):
            try:
                one = example(row, Keys(plain=True))
                rows = of_example(one)
            except ValueError:
                continue
            group = one.more.get("group")
            for made in rows:
                said = None if group is None else str(group)
                yield Learnt(f"{path}:{number}", made["prompt"], made["completion"][0]["content"], said)


def of_example(one: Example) -> list[dict[str, list[Turn]]]:
    """A prompt and a completion for each answer of a row that counts. Raises ValueError where none does."""
    said = [({"role": t["role"], "content": t["content"]}, t.get("weight", 1) != 0) for t in one.turns]
    if one.first is not None:
        said.append(({"role": "assistant", "content": one.first}, one.weight != 0))
    return answers(said)
