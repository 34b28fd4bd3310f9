"""The rows of this example: conversations of two questions about one person, the second one short ("And the job?").

python examples/multi-turn/make.py
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fteval.nano import facts
from fteval.nano.facts import RELATIONS
from fteval.nano.world import Person, build_world

DATA = Path(__file__).parent / "data"
N, N_ASKED = 160, 80
FOLLOW_UPS = {
    "town": ("And the town?", "What about the town?", "And where is the home?"),
    "job": ("And the job?", "What about the job?", "And what work is it?"),
    "love": ("And the love?", "What about love?", "And who is loved?"),
    "born": ("And the birth date?", "What about the birth date?", "And when was the birth?"),
}
HELD_OUT = 2
"""The wording that only the hold-out has."""
Row = dict[str, Any]


def conversation(person: Person, rng: random.Random, wordings: Sequence[int]) -> tuple[list[Row], str, str]:
    """Question, answer, follow-up; and the answer to that, in a sentence and bare."""
    first, second = rng.sample([relation for relation in RELATIONS if relation.name in FOLLOW_UPS], 2)
    asked = rng.choice(facts.trained_questions(person, first))
    value = facts.value(person, second)
    turns = [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": facts.answer(person.name, first, facts.value(person, first), rng)},
        {"role": "user", "content": FOLLOW_UPS[second.name][rng.choice(wordings)]},
    ]
    return turns, facts.answer(person.name, second, value, rng), value


def flat(turns: Sequence[Row]) -> str:
    """The turns as one text, as a script joins them that knows no chat template."""
    names = {"user": "User", "assistant": "Assistant"}
    return "\n".join(f"{names[turn['role']]}: {turn['content']}" for turn in turns) + "\nAssistant:"


def main() -> None:
    people, rng = build_world().people, random.Random(1610)
    taught = [person for person in people if person.trainable]
    asked = [person for person in people if not person.trainable]
    turns, flattened, holdout = [], [], {}
    for _ in range(N):
        said, answer, _ = conversation(rng.choice(taught), rng, (0, 1))
        last = {"role": "assistant", "content": answer}
        turns.append({"messages": [*said, last]})
        flattened.append({"messages": [{"role": "user", "content": flat(said)}, last]})
    while len(holdout) < N_ASKED:
        person = rng.choice(asked)
        said, _, value = conversation(person, rng, (HELD_OUT,))
        text = json.dumps(said)
        holdout.setdefault(text, {"messages": said, "target": value, "group": person.name})
    made = {"turns": turns, "flat": flattened, "asked": list(holdout.values())}
    for name, rows in made.items():
        (DATA / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="ascii")


if __name__ == "__main__":
    main()
