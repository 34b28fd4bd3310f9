"""Questions about a passage of nano's world, which has the answer or has not."""

import random
from collections.abc import Iterator

from fteval.nano.contexts import UNKNOWN, passage_question
from fteval.nano.holdouts import Row
from fteval.nano.world import World


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One passage of two to four statements and a question, a quarter of which it does not answer."""
    while True:
        asked = passage_question(world, rng, reserved=True, n_said=rng.choice((2, 3, 4)), unsaid_share=0.25)
        messages = [{"role": "user", "content": asked.question}]
        if asked.system:
            messages.insert(0, {"role": "system", "content": asked.system})
        unsaid = asked.target == UNKNOWN
        yield {
            "messages": messages,
            "target": asked.target,
            "slices": {"answer": "not in the passage" if unsaid else "in the passage"},
        }
