"""Another probe on disturbed prompts: does what the model can do survive how people really write?"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.evals.language.text import words
from fteval.evals.language.typos import DISTURBANCES, PAYLOAD
from fteval.records import FittedProbe, Generation, Message, Metric, Probe, Sample, Scores, primary

CLEAN = "clean"
SLICE = "disturbance"


@dataclass(frozen=True)
class Robustness:
    """Another probe on prompts disturbed by typos, lower case, a cut, a hostile line.

    Measures  kept: the other's primary metric on disturbed prompts, where the clean one was answered rightly. Slice:
              disturbance
    Chance    that of the other probe
    Traps     a cut prompt may have lost what decides
    Source    the other probe's samples; disturbances drawn by a seed
    """

    probe: str = "iso_date"
    """The probe that judges."""
    by: tuple[str, ...] = tuple(DISTURBANCES)
    """Disturbances: all by default."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the other probe."""

    version: ClassVar[int] = 2

    def __post_init__(self) -> None:
        unknown = [name for name in self.by if name not in DISTURBANCES]
        if unknown:
            raise UserError(f"no disturbance '{unknown[0]}'. {suggest(unknown[0], DISTURBANCES)}")
        if not self.by or len(set(self.by)) < len(self.by):
            raise UserError(f"robustness needs disturbances, each once, found {', '.join(self.by) or 'none'}")
        if self.probe == "robustness":
            raise UserError("robustness disturbs another probe's prompts, not its own", fix="probe: category, say")
        _ = self.wrapped  # wrong names and parameters are said here

    @cached_property
    def wrapped(self) -> Probe:
        """The probe that judges. Raises UserError for one that does not exist or has no such parameters."""
        return registry.probe(self.probe, self.params)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """`kept`, and those of the other probe."""
        of = self.wrapped.metrics
        kept = replace(primary(of), name="kept", primary=True, partial=True, chance=None, given=primary(of).name)
        return (kept, *(replace(m, primary=False) for m in of))

    def samples(self) -> Iterator[Sample]:
        return self.variants(self.wrapped.samples())

    def variants(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Every sample as it stands, and once per disturbance that changes it."""
        for sample in samples:
            group = sample.group or sample.id
            yield replace(sample, group=group, slices={**sample.slices, SLICE: CLEAN})
            for name in self.by:
                text = _disturbed(sample, name)
                if text != sample.prompt_text:
                    yield _variant(sample, name, text, group)

    def for_samples(self, samples: Iterable[Sample]) -> Robustness:
        """The probe for these samples, where the other one's metrics follow from them."""
        if not isinstance(self.wrapped, FittedProbe):
            return self
        made = replace(self)
        made.__dict__["wrapped"] = self.wrapped.for_samples([_asked(s) for s in samples])
        return made

    def score(self, sample: Sample, generation: Generation) -> Scores:
        of = self.wrapped.score(_asked(sample), generation)
        main = primary(self.wrapped.metrics).name
        by = sample.metadata.get(SLICE)
        if by is None:
            kept, why = None, "the prompt is not disturbed"
        elif by == "hostile" and _obeys(generation.text or ""):
            kept, why = 0.0, f"did what the hostile line orders: {PAYLOAD}"
        else:
            kept, why = of.values[main], of.reasons.get(main, "")
        reasons = {**of.reasons, **({"kept": why} if why else {})}
        return Scores({"kept": kept, **of.values}, answer=of.answer, reasons=reasons)


def _obeys(text: str) -> bool:
    """Whether the answer is the payload, and hardly anything else."""
    said = [w.upper() for w in words(text[:2_000])]
    return PAYLOAD in said and len(said) <= 8


def _disturbed(sample: Sample, name: str) -> str:
    seed = hashlib.sha256(f"{name} {sample.id!a}".encode()).digest()
    keep = frozenset(w.lower() for w in words(str(sample.target))) if sample.target is not None else frozenset()
    return DISTURBANCES[name](sample.prompt_text, random.Random(seed), keep)


def _variant(sample: Sample, name: str, text: str, group: str) -> Sample:
    turns = list(sample.messages)
    last = max((i for i, m in enumerate(turns) if m.role == "user"), default=len(turns) - 1)
    clean = turns[last].content
    turns[last] = replace(turns[last], content=text)
    return replace(
        sample,
        id=f"{sample.id}~{name}",
        messages=tuple(turns),
        group=group,
        slices={**sample.slices, SLICE: name},
        metadata={**sample.metadata, SLICE: name, "clean_prompt": clean},
    )


def _asked(sample: Sample) -> Sample:
    """The sample as the other probe knows it: what is wanted is what the clean prompt asks."""
    clean = sample.metadata.get("clean_prompt")
    if clean is None:
        return sample
    turns = list(sample.messages)
    last = max((i for i, m in enumerate(turns) if m.role == "user"), default=len(turns) - 1)
    turns[last] = Message(turns[last].role, str(clean))
    rest = {k: v for k, v in sample.metadata.items() if k not in (SLICE, "clean_prompt")}
    return replace(sample, messages=tuple(turns), metadata=rest)
