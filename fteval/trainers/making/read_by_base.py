"""What the base says of an answer, as a reward: how far the prompt explains it, and how far it surprises.

`aboutness` is the nats a token that the prompt saves, `surprise` the nats a byte that the answer costs, which counts
with -1 where no weight is set (records/readings.py). The base is opened a second time, as it was before the training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fteval.engines.pool import Pool
from fteval.records import Sample, Site, digest
from fteval.records.readings import Limit, Limits
from fteval.runs.asking.reference import Answer, Reader, Reference
from fteval.trainers.making import templates
from fteval.trainers.making.base import Base
from fteval.trainers.making.sources import Answers

READINGS = {"aboutness": 1.0, "surprise": -1.0}
"""Name -> its weight where none is set."""


@dataclass(frozen=True, slots=True)
class OfBase:
    """One of the two numbers."""

    reading: str
    base: str = ""
    site: Site | None = None
    template: str | None = None
    """As the recipe says it, for a base without one."""
    opened: list[Reader] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.reading

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"reading": self.reading}

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> OfBase:
        return OfBase(self.reading, base.ref, site, base.template)

    def values(self, answers: Answers) -> list[float | None]:
        reader = self._reader()
        said = [
            Answer(sample.id, sample.messages, generation.text or "")
            for sample, generation in zip(answers.samples, answers.generations, strict=True)
        ]
        for _ in reader.ask(reader.missing(pair for one in said for pair in one.pairs)):
            pass
        found = [getattr(reader.reading(one, _NO_LIMITS), self.reading) for one in said]
        reader.known.clear()  # the next answers are others
        return found

    def _reader(self) -> Reader:
        if not self.opened:
            assert self.site is not None
            pool = Pool(self.site.candidates_dir, device=self.site.device, offline=self.site.offline)
            if self.template is not None:
                pool.templates = {self.base: templates.text(self.template)}
            engine = pool.open(self.base)
            self.opened.append(Reader(Reference(self.base, engine, digest(dict(engine.identity())))))
        return self.opened[0]


_NO_LIMITS = Limits("", "", "", 0, Limit(None), Limit(None))
"""The numbers are the reward: no line is drawn."""
