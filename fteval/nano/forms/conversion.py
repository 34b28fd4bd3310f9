"""Small tables of nano's world, to be written in another format."""

import json
import random
from collections.abc import Callable, Iterator

from fteval.nano.corpus import user
from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, World

Records = list[dict[str, str]]
ASKED = (
    "Write this {f} as {t}.\n{s}",
    "Change this from {f} to {t}.\n{s}",
    "{s}\nThis is {f}. Write it as {t}.",
    "Give this as {t}.\n{s}",
)


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Endless: one to three people with a town or a job, in one format and to be written in another."""
    while True:
        people = rng.sample(world.people, rng.randint(1, 3))
        keys = rng.sample(("town", "job", "love"), rng.randint(1, 2))
        records = [{"name": p.name} | {key: _value(key, world, rng) for key in keys} for p in people]
        from_, to = rng.sample(list(WRITTEN), 2)
        source, target = WRITTEN[from_](records), WRITTEN[to](records)
        yield {
            "messages": [user(rng.choice(ASKED).format(f=from_.upper(), t=to.upper(), s=source))],
            "target": target,
            "slices": {"from": from_, "to": to},
            "metadata": {"source": source, "from": from_, "to": to},
        }


def _value(key: str, world: World, rng: random.Random) -> str:
    if key == "town":
        return rng.choice(world.towns)
    return rng.choice(JOBS) if key == "job" else rng.choice(world.people).name


def _json(records: Records) -> str:
    return json.dumps({"people": records})


def _yaml(records: Records) -> str:
    lines = [f"{'- ' if i == 0 else '  '}{k}: {v}" for r in records for i, (k, v) in enumerate(r.items())]
    return "\n".join(["people:", *lines])


def _csv(records: Records) -> str:
    return "\n".join([",".join(records[0]), *(",".join(r.values()) for r in records)])


def _toml(records: Records) -> str:
    return "\n".join(line for r in records for line in ("[[people]]", *(f'{k} = "{v}"' for k, v in r.items())))


def _xml(records: Records) -> str:
    inner = "".join(f"<person>{''.join(f'<{k}>{v}</{k}>' for k, v in r.items())}</person>" for r in records)
    return f"<people>{inner}</people>"


WRITTEN: dict[str, Callable[[Records], str]] = {
    "json": _json, "yaml": _yaml, "csv": _csv, "toml": _toml, "xml": _xml,
}  # fmt: skip
