"""Prompts in other words, as a model writes them; whether they still ask the same is looked at in `data/amplify`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fteval.data.amplify.rows import Source
from fteval.data.amplify.ways import Paraphrased
from fteval.engines.pool import Pool
from fteval.records import Message, Request, Sampling
from fteval.runs.asking.identity import row_seed

ORDER = (
    "Say this in other words. Keep every name, number, date and quoted text as it is. "
    "Do not answer it; write the new wording alone.\n\n{}"
)
DRAWS = 3
"""Times as many wordings as are wanted, because some will not do."""
_ROOM = 3
"""Tokens of a wording for each word of the prompt, and some more."""
_HEAD = re.compile(
    r"(?:(?:sure|of course|certainly|okay)\b[^\n]{0,60}?[,!:]\s*)?(?:here(?:'s| is)[^\n:]{0,80}:\s*)?", re.I
)


def paraphrased(
    given: Sequence[Source], ref: str, pool: Pool, each: int, seed: int, told: Callable[[int, int], None]
) -> Paraphrased:
    """Wordings of each prompt, up to three times `each`; `told` hears (done, of how many).

    Raises UserError for a model that cannot be asked.
    """
    engine = pool.open(ref)
    requests = [
        Request(f"{at}/{draw}", str(at), prompt, repeat=draw, seed=row_seed(seed, str(source.line), draw))
        for at, source in enumerate(given)
        for prompt in [engine.prompt([Message("user", ORDER.format(source.prompt))])]
        for draw in range(DRAWS * each)
    ]
    longest = max(len(source.prompt.split()) for source in given)
    texts: dict[str, dict[int, str]] = {}
    done = 0
    sampling = Sampling(temperature=0.8, top_p=0.95, max_tokens=min(1024, 16 + _ROOM * longest))
    for group in engine.generate(requests, sampling):
        done += len(group)
        told(done, len(requests))
        for one in group:
            if one.text is not None and one.finish_reason != "length":
                texts.setdefault(given[int(one.sample_id)].where, {})[one.repeat] = wording(one.text)
    return Paraphrased({where: [of[draw] for draw in sorted(of)] for where, of in texts.items()}, ref)


def wording(text: str) -> str:
    """What a model wrote, without what it says before it and the quotes around it."""
    bare = _HEAD.sub("", text.strip(), count=1).strip()
    pairs = ('""', "“”", "''")
    quoted = next((p for p in pairs if len(bare) > 2 and bare[0] == p[0] and bare[-1] == p[1]), None)
    inner = bare[1:-1].strip() if quoted else bare
    return inner if quoted and not set(quoted) & set(inner) else bare
