"""Models that judge by what they say: who they are, and how each stands the tests that its probe sets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fteval.records import Engine, Generation, JudgedProbe, KeyedEngine, Request, Sample, Sampling, digest
from fteval.records.verdicts import Reply, SelfTest, Standing, Trial, Turns
from fteval.runs.asking import identity


@dataclass(slots=True)
class Judge:
    """A model that judges one probe, open."""

    ref: str
    engine: Engine
    digest: str
    """Of the engine's identity."""
    sampling: Sampling
    votes: int
    beside: str | None = None
    """Digest of the base, where answers are held against its; None where each is judged alone."""
    served: Mapping[str, Any] | None = None
    """What a server says of its model."""

    @property
    def counts(self) -> str:
        """What it adds to its probe's digest."""
        return digest([self.digest, self.beside])

    def requests(self, asked: Iterable[Turns]) -> dict[Turns, list[Request]]:
        """Question -> what is sent, once for each vote."""
        engine = self.engine
        keys = identity.Keys(dict(engine.identity()), self.sampling)
        found: dict[Turns, list[Request]] = {}
        for turns in asked:
            if turns not in found:
                prompt = engine.prompt(turns)
                read = identity.input_digest(prompt)
                extra = engine.request_identity(Sample("", turns), prompt) if isinstance(engine, KeyedEngine) else None
                seeds = [identity.row_seed(self.sampling.seed, read, vote) for vote in range(self.votes)]
                found[turns] = [
                    Request(keys.key(read, vote, extra), "", prompt, vote, seed) for vote, seed in enumerate(seeds)
                ]
        return found


@dataclass(slots=True)
class Judges:
    """The judges of one comparison. Its runs share them: what a judge said once it need not say again."""

    judges: Mapping[str, Judge]
    """Probe -> who judges it."""
    base: str | None = None
    """Ref of the base; None where there is no base."""
    standings: dict[str, Standing] = field(default_factory=dict)
    answers: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)
    """Probe -> the base's answers, by sample and repeat."""
    known: dict[str, Reply] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """For the run's manifest."""
        return {
            name: {"ref": one.ref, "digest": one.digest, "counts": one.counts, "served": one.served}
            for name, one in self.judges.items()
        }


def standing_of(
    judge: Judge, probe: JudgedProbe, trials: Sequence[Trial], replies_to: Callable[[Turns], Sequence[Reply]]
) -> Standing:
    """How a judge stands its tests, by what it replied to them."""
    tests: dict[str, SelfTest] = {}
    for trial in trials:
        before = tests.get(trial.law, SelfTest(trial.law, 0, 0, trial.required))
        passed = probe.passes(trial, [reply for turns in trial.asked for reply in replies_to(turns)])
        tests[trial.law] = SelfTest(trial.law, before.passed + passed, before.trials + 1, trial.required)
    of = digest([[[m.content for m in turns] for turns in trial.asked] for trial in trials])
    return Standing(judge.ref, judge.digest, of, tuple(tests.values()))


def heard(one: Generation) -> Reply:
    """A generation as a judge's reply."""
    if one.failure is not None:
        return Reply(None, f"{one.failure.kind}: {one.failure.message}"[:300])
    return Reply(one.text or "", "cut off by the limit of tokens" if one.finish_reason == "length" else None)
