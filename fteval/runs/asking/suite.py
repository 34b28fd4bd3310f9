"""The probes that a run uses, each with the samples it asks: built once, used for base and candidates alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from fteval import registry
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import DrawingProbe, FittedProbe, NamingProbe, Probe, Sample, VaryingProbe, canonical
from fteval.records.columns import Digests, Rows, Texts
from fteval.runs.asking import copies, identity
from fteval.runs.asking.spooled import FiledSamples, SpooledSamples
from fteval.runs.journal import rows
from fteval.runs.journal.finder import are_apart
from fteval.runs.journal.order import places_in_order


@dataclass(frozen=True)
class SuiteProbe:
    """One probe under its name in this suite, with the samples that it asks."""

    name: str
    probe: Probe
    samples: Sequence[Sample]
    sample_digests: Sequence[str]
    """Content digests, in the order of the samples."""
    given_digest: str | None = None
    """Where it is known already, or another one than the probe's alone: that of a judge counts too."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Fields of Sampling that its answers are drawn with, where they are not the run's."""

    @cached_property
    def digest(self) -> str:
        """Of the probe: name, version, parameters, source. Not of the samples. Worked out when it is first asked for:
        a server can be asked before."""
        return self.given_digest or identity.probe_digest(self.probe, self.name)

    @property
    def ids(self) -> Sequence[str]:
        return self.samples.ids if isinstance(self.samples, FiledSamples) else [s.id for s in self.samples]

    @property
    def groups(self) -> Sequence[str | None]:
        return self.samples.groups if isinstance(self.samples, FiledSamples) else [s.group for s in self.samples]

    @property
    def slices(self) -> Sequence[Mapping[str, str]]:
        return self.samples.slices if isinstance(self.samples, FiledSamples) else [s.slices for s in self.samples]

    def line(self, place: int, keys: Sequence[str]) -> bytes:
        """A sample's line of samples.jsonl, with the keys of its answers."""
        digest = self.sample_digests[place]
        if isinstance(self.samples, SpooledSamples):
            return self.samples.line(place, self.name, digest, keys)
        return rows.from_sample(self.name, self.samples[place], digest, keys)


@dataclass(frozen=True)
class Suite:
    """What a run asks and how it judges."""

    probes: tuple[SuiteProbe, ...]
    subset: bool
    """True when a limit left samples out."""
    name: str = ""
    """Under which baselines are kept; no part of the digest."""
    given_digest: str | None = None
    """Where it is known already."""
    _told: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)
    """What was found out of the files, which base and candidates ask alike."""

    @cached_property
    def digest(self) -> str:
        """Of probes and samples; the order of the samples does not count."""
        return self.given_digest or _digest(self.probes)

    def oddities(self) -> list[str]:
        """What makes numbers mean less: copies and contradictions among the samples of a file."""
        if "oddities" not in self._told:
            self._told["oddities"] = [t for p in self._of_files() for t in copies.oddities(p.name, p.samples)]
        return self._told["oddities"]

    def notes(self) -> list[str]:
        """What a reader should know of the samples of a file beside that: targets that are told."""
        if "notes" not in self._told:
            self._told["notes"] = [t for p in self._of_files() for t in copies.notes(p.name, p.samples)]
        return self._told["notes"]

    def _of_files(self) -> list[SuiteProbe]:
        """What a probe makes of one sample is alike on purpose, and its own samples are what they are meant to be."""
        return [p for p in self.probes if registry.registered_name(type(p.probe)) == "holdout"]

    @property
    def n_samples(self) -> int:
        return sum(len(p.samples) for p in self.probes)


def build(
    specs: Iterable[tuple[str, Probe, Sequence[Sample] | None]],
    limit: int | None = None,
    seed: int = 0,
    name: str | None = None,
    limits: Mapping[str, int | None] | None = None,
    sampling: Mapping[str, Mapping[str, Any]] | None = None,
) -> Suite:
    """A suite of (name, probe, samples), with the probe's own samples where None is given; `name` is its baselines'.

    `limit` keeps that many samples of each probe, drawn by their ids and the seed: the order of a file does not count.
    `limits` and `sampling` are of single probes, by name: what a limit leaves there is the whole. Raises UserError for
    duplicate ids and names, NothingToEvaluate without samples.
    """
    if limit is not None and limit < 0:
        raise UserError(f"the limit is {limit}, wanted a number of samples")
    probes: list[SuiteProbe] = []
    subset = False
    for called, probe, given in specs:
        if any(p.name == called for p in probes):
            raise UserError(f"probe '{called}' is named twice", fix="give one of them another name in fteval.yaml")
        everything = copies.grouped(_held(probe.samples() if given is None else _asked(probe, given)))
        _check_unique(called, everything)
        whole = _limited(everything, (limits or {}).get(called), seed)
        samples = _limited(whole, limit, seed)
        if not samples:
            fix = "raise --limit" if everything else "give a hold-out with at least one row"
            raise NothingToEvaluate(f"probe '{called}' has no samples: there is nothing to evaluate", fix=fix)
        subset = subset or len(samples) < len(whole)
        if isinstance(probe, FittedProbe):
            # Of all samples, not of the chosen ones: a limit must not change how an answer is judged.
            probe = probe.for_samples(everything)
        digests = _content_digests(called, samples)
        own = {**(probe.sampling if isinstance(probe, DrawingProbe) else {}), **(sampling or {}).get(called, {})}
        if isinstance(probe, NamingProbe):
            _ = probe.contents  # what is named and not there is said now
        probes.append(SuiteProbe(called, probe, samples, digests, sampling=own))
    if not probes:
        fix = "name one with --probe; `fteval probes` lists all"
        raise NothingToEvaluate("no probes: there is nothing to evaluate", fix=fix)
    return Suite(tuple(probes), subset, name or _name([p.name for p in probes]))


def limited(suite: Suite, limit: int) -> Suite:
    """The suite with at most so many samples of each probe, drawn as `build` draws them; they are its whole."""
    probes = []
    for one in suite.probes:
        kept = {sample.id for sample in _limited(one.samples, limit, 0)}
        pairs = [p for p in zip(one.samples, one.sample_digests, strict=True) if p[0].id in kept]
        samples, digests = tuple(s for s, _ in pairs), tuple(d for _, d in pairs)
        probes.append(replace(one, samples=samples, sample_digests=digests, given_digest=one.digest))
    return replace(suite, probes=tuple(probes), given_digest=None, _told={})


def with_judges(suite: Suite, judges: Mapping[str, str]) -> Suite:
    """The suite whose probes have these judges: probe -> digest of who judges beside its rules."""
    probes = [
        replace(one, given_digest=identity.judged_digest(one.digest, judges[one.name])) if one.name in judges else one
        for one in suite.probes
    ]
    return replace(suite, probes=tuple(probes), given_digest=None)


def _asked(probe: Probe, given: Sequence[Sample]) -> Iterable[Sample]:
    """The samples of a hold-out, and what a probe makes of them (robustness disturbs them)."""
    return probe.variants(given) if isinstance(probe, VaryingProbe) else given


def _name(probes: Sequence[str]) -> str:
    """The probes' names, cut to what any filesystem takes as a file name."""
    joined = "+".join(probes)
    return joined if len(joined) <= 64 else f"{joined[:48]}-{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def _content_digests(name: str, samples: Sequence[Sample]) -> Sequence[str]:
    if isinstance(samples, SpooledSamples):
        return samples.contents
    return Digests.of(_content_digest(name, sample) for sample in samples)


def _content_digest(name: str, sample: Sample) -> str:
    try:
        return sample.content_digest
    except (TypeError, ValueError) as error:
        raise UserError(
            f"probe '{name}': sample {sample.id!r} holds a value that JSON has no word for: {error}",
            fix="leave the field out where there is no value",
        ) from None


def _held(samples: Iterable[Sample]) -> Sequence[Sample]:
    return samples if isinstance(samples, SpooledSamples) else tuple(samples)


def _limited(samples: Sequence[Sample], limit: int | None, seed: int) -> Sequence[Sample]:
    if limit is None or limit >= len(samples):
        return samples
    drawn = sorted(range(len(samples)), key=lambda i: hashlib.sha256(f"{seed} {samples[i].id!a}".encode()).digest())
    return tuple(samples[i] for i in sorted(drawn[:limit]))


def _check_unique(name: str, samples: Sequence[Sample]) -> None:
    ids = samples.ids if isinstance(samples, FiledSamples) else [sample.id for sample in samples]
    if are_apart(ids):
        return
    seen = Rows()
    for position, sample_id in enumerate(ids, start=1):
        earlier = seen.add(sample_id, position)
        if earlier is not None:
            raise UserError(
                f"probe '{name}': samples {earlier} and {position} have the same id {sample_id!r}",
                fix="ids must be unique: results are paired by them",
            )


def _digest(probes: Sequence[SuiteProbe]) -> str:
    """Groups and slices count here, though not in a sample's content: they decide what a run's columns say."""
    total = hashlib.sha256()
    for probe in probes:
        total.update(probe.digest.encode())
        # In the order of their spelling, which their ids decide: no two are the same.
        ids = Texts.of(canonical(sample_id).decode("ascii") for sample_id in probe.ids)
        groups, slices = probe.groups, probe.slices
        for i in places_in_order(ids):
            rest = canonical([probe.sample_digests[i], groups[i], dict(slices[i])])
            total.update(b"[%b,%b\n" % (ids[i].encode("ascii"), rest[1:]))
    return f"sha256:{total.hexdigest()}"
