"""Samples that ask the same: one piece of evidence, whatever their ids; and targets that decide nothing.

By prompt without case, spacing and Unicode form. A copy fails when its original does: ten copies of twenty questions
are twenty samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fteval.records import Sample, canonical, normalised
from fteval.runs.asking.spooled import SpooledSamples

MOST_LABELS = 20
"""Up to so many different targets are labels: a prompt that names several of them offers a choice."""


def grouped(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples, copies of one prompt in one group; groups that share a prompt become one.

    Neither the order of the samples nor which copy comes first decides a group's name.
    """
    leader: dict[str, str] = {}
    prompts: Sequence[str]
    groups: Sequence[str | None]
    ids: Sequence[str]

    def root(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    if isinstance(samples, SpooledSamples):
        if samples.apart and samples.groups.values == (None,):
            return samples
        prompts, groups, ids = samples.questions, samples.groups, samples.ids
    else:
        prompts = [sample.question_digest for sample in samples]
        groups, ids = [sample.group for sample in samples], [sample.id for sample in samples]
    for group, prompt in zip(groups, prompts, strict=True):
        if group is not None:
            leader[root(f"prompt {prompt}")] = root(f"group {group}")
    members: dict[str, list[tuple[str | None, str]]] = {}
    for group, sample_id, prompt in zip(groups, ids, prompts, strict=True):
        members.setdefault(root(f"prompt {prompt}"), []).append((group, sample_id))
    names = {key: _name(of_key) for key, of_key in members.items()}
    of = [names[root(f"prompt {prompt}")] for prompt in prompts]
    if isinstance(samples, SpooledSamples):
        return samples.with_groups(of)
    return tuple(s if s.group == name else replace(s, group=name) for s, name in zip(samples, of, strict=True))


def _name(members: Sequence[tuple[str | None, str]]) -> str | None:
    """The least of the groups' names, else of the ids; None for one that has neither group nor copy."""
    known = [group for group, _ in members if group is not None]
    if known:
        return min(known)
    return f"same prompt as {min(sample for _, sample in members)}" if len(members) > 1 else None


def oddities(probe: str, samples: Sequence[Sample]) -> Iterator[str]:
    """What makes numbers mean less, a sentence each: copies, and prompts with two targets."""
    if isinstance(samples, SpooledSamples) and samples.apart:
        return
    same: dict[str, list[Sample]] = {}
    for sample in samples:
        same.setdefault(sample.question_digest, []).append(sample)
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
    labels: set[str] = set()
    for sample in samples:
        labels |= _wanted(sample)
        if len(labels) > MOST_LABELS:
            break
    labels = labels if len(labels) <= MOST_LABELS else set()
    found = []
    for sample in samples:
        wanted = next(iter(_wanted(sample)), "")
        text = normalised(" ".join(m.content for m in sample.messages))
        # Most targets have a word that their prompt has not: looking for words costs five times as much.
        if not wanted.strip() or not all(word in text for word in wanted.split()):
            continue
        prompt = _apart(text)
        if wanted in prompt and not any(o in prompt for o in labels - {wanted}):
            found.append(_named(sample))
    return found


def _wanted(sample: Sample) -> set[str]:
    """The words of its target; empty for one without a text."""
    return {_words(sample.target)} if isinstance(sample.target, str) and sample.target.strip() else set()


def _words(text: str) -> str:
    """The words between single spaces, one before and one behind: what stands in it stands there as words."""
    return _apart(normalised(text))


def _apart(text: str) -> str:
    return " ".join(["", *re.findall(r"\w+", text), ""])
