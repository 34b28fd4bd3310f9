"""Samples that ask the same: one piece of evidence, whatever their ids; and targets that decide nothing.

By prompt without case, spacing and Unicode form. A copy fails when its original does: ten copies of twenty questions
are twenty samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fteval.records import Sample, canonical, digest, normalised

MOST_LABELS = 20
"""Up to so many different targets are labels: a prompt that names several of them offers a choice."""


def grouped(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """The samples, copies of one prompt in one group; groups that share a prompt become one.

    Neither the order of the samples nor which copy comes first decides a group's name.
    """
    leader: dict[str, str] = {}

    def root(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    prompts = [prompt_key(sample) for sample in samples]
    for sample, prompt in zip(samples, prompts, strict=True):
        if sample.group is not None:
            leader[root(f"prompt {prompt}")] = root(f"group {sample.group}")
    members: dict[str, list[Sample]] = {}
    for sample, prompt in zip(samples, prompts, strict=True):
        members.setdefault(root(f"prompt {prompt}"), []).append(sample)
    names = {key: _name(of_key) for key, of_key in members.items()}
    of = [names[root(f"prompt {prompt}")] for prompt in prompts]
    return tuple(s if s.group == name else replace(s, group=name) for s, name in zip(samples, of, strict=True))


def prompt_key(sample: Sample) -> str:
    """The same for prompts that differ in case, spacing and Unicode form only."""
    # "Where is it", "Where is it?" and "Where is it ?!" are one question.
    turns = [[m.role, normalised(m.content).rstrip(" .!?…") or m.content] for m in sample.messages]
    return digest([*turns, *sample.tools])


def _name(members: Sequence[Sample]) -> str | None:
    """The least of the groups' names, else of the ids; None for one that has neither group nor copy."""
    known = [sample.group for sample in members if sample.group is not None]
    if known:
        return min(known)
    return f"same prompt as {min(sample.id for sample in members)}" if len(members) > 1 else None


def oddities(probe: str, samples: Sequence[Sample]) -> Iterator[str]:
    """What makes numbers mean less, a sentence each: copies, and prompts with two targets."""
    same: dict[str, list[Sample]] = {}
    for sample in samples:
        same.setdefault(prompt_key(sample), []).append(sample)
    copies = [of for of in same.values() if len(of) > 1]
    n = sum(len(of) for of in copies)
    if copies:
        first = f"{_named(copies[0][0])} and {_named(copies[0][1])}"
        yield f"{n} samples of {probe} ask {len(copies)} prompts: copies count as one (first: {first})"
    torn = [of for of in copies if len({canonical(_plain(s.target)) for s in of}) > 1]
    if torn:
        first = ", ".join(f"{_named(s)}: {str(s.target)[:40]!r}" for s in torn[0][:2])
        yield f"{len(torn)} prompts of {probe} have more than one target, of which an answer meets one ({first})"


def notes(probe: str, samples: Sequence[Sample]) -> Iterator[str]:
    """What a reader should know of the data: targets that stand in their prompt."""
    told = _in_their_prompts(samples)
    if told:
        share = f"{len(told)} of {len(samples)} targets of {probe} stand in their prompt"
        yield f"{share}: repeating the question may count as an answer (first: {told[0]})"


def _named(sample: Sample) -> str:
    """Its id, or the beginning of its prompt: nobody knows a row by its hash."""
    return sample.id if sample.id != sample.content_digest[7:23] else repr(sample.prompt_text[:40])


def _plain(target: object) -> object:
    return normalised(target) if isinstance(target, str) else target


def _in_their_prompts(samples: Sequence[Sample]) -> list[str]:
    """Names; a prompt that names several of a few labels offers a choice."""
    targets = {s.id: _words(s.target) for s in samples if isinstance(s.target, str) and s.target.strip()}
    labels = set(targets.values()) if len(set(targets.values())) <= MOST_LABELS else set()
    found = []
    for sample in samples:
        wanted = targets.get(sample.id, "")
        prompt = _words(" ".join(m.content for m in sample.messages))
        if wanted.strip() and wanted in prompt and not any(o in prompt for o in labels - {wanted}):
            found.append(_named(sample))
    return found


def _words(text: str) -> str:
    """The words between single spaces, one before and one behind: what stands in it stands there as words."""
    return " ".join(["", *re.findall(r"\w+", normalised(text)), ""])
