"""How samples, generations and judgements lie in a run's journals: what a scan needs stands first, found unparsed."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.records import Continuation, Failure, Generation, Message, Sample
from fteval.records.readings import Divergence, Likelihood
from fteval.runs.journal import lines

_KEY_FIELD = b'"key":"'
KEY = slice(lines.BODY + len(_KEY_FIELD), lines.BODY + len(_KEY_FIELD) + 64)
"""The key's place in a line of generations.jsonl."""
_OK = b'","status":"ok",'
_STATUS = slice(KEY.stop, KEY.stop + len(_OK))
_BEHIND_ID = b',"digest":'
"""What ends probe and id of a line of samples.jsonl: bare quotes, which cannot occur inside a JSON string."""


def from_sample(probe: str, sample: Sample, sample_digest: str, keys: Sequence[str]) -> bytes:
    """A line of samples.jsonl, as JSON: the sample exactly as evaluated, and the keys of its answers."""
    asked, beside = spelt(sample)
    return sample_line((probe, sample.id, sample_digest, keys), asked, (sample.group, sample.slices), beside)


def spelt(sample: Sample) -> tuple[bytes, bytes]:
    """What of a sample stands before its group and slices in its line, and what behind them."""
    asked = {"messages": [{"role": m.role, "content": m.content} for m in sample.messages], "target": sample.target}
    beside: dict[str, Any] = {"metadata": dict(sample.metadata)}
    if sample.tools:
        beside["tools"] = list(sample.tools)
    if sample.continuations:
        beside["continuations"] = [[c.context, c.text] for c in sample.continuations]
    return lines.spelling(asked)[1:-1], lines.spelling(beside)[1:-1]


def sample_line(
    head: tuple[str, str, str, Sequence[str]], asked: bytes, kind: tuple[str | None, Mapping[str, str]], beside: bytes
) -> bytes:
    """A line of samples.jsonl: probe, id, digest and keys; group and slices; and what `spelt` says of the rest."""
    told = [lines.spelling(value) for value in head[:3]]
    keys = b'"%b"' % '","'.join(head[3]).encode("ascii") if head[3] else b""
    group, slices = kind
    kinds = (b"null" if group is None else lines.spelling(group)), (lines.spelling(dict(slices)) if slices else b"{}")
    return b'{"probe":%b,"id":%b,"digest":%b,"keys":[%b],%b,"group":%b,"slices":%b,%b}' % (
        *told, keys, asked, *kinds, beside
    )  # fmt: skip


def sample_head(row: bytes) -> str:
    """Probe and id of what `from_sample` gives, as they are spelt."""
    return row[1 : row.index(_BEHIND_ID)].decode("ascii")


def sample_heads(path: Path) -> Iterator[str]:
    """Of each line of a samples.jsonl, checked and not parsed."""
    for line in lines.checked(path):
        yield line.data[lines.BODY : line.data.index(_BEHIND_ID)].decode("ascii")


def to_sample(row: Mapping[str, Any]) -> Sample:
    """The sample of a line of samples.jsonl."""
    return Sample(
        id=row["id"],
        messages=tuple([Message(m["role"], m["content"]) for m in row["messages"]]),
        target=row["target"],
        group=row["group"],
        slices=row["slices"],
        metadata=row["metadata"],
        tools=tuple(row.get("tools", ())),
        continuations=tuple([Continuation(text, context) for context, text in row.get("continuations", ())]),
    )


def all_samples(path: Path) -> Iterator[tuple[str, Sample]]:
    """Every (probe, sample) of a samples.jsonl, exactly as evaluated."""
    for row in lines.read(path):
        yield row["probe"], to_sample(row)


def from_generation(generation: Generation) -> dict[str, Any]:
    """A line of generations.jsonl. An answer that is neither text nor failure is the failure `no_output`."""
    g = generation
    failure = g.failure
    if failure is None and g.text is None:
        failure = Failure("no_output", "the engine gave neither text nor an error", retriable=True)
    row: dict[str, Any] = {
        "key": g.key,
        "status": "ok" if failure is None else "error",
        "sample": g.sample_id,
        "repeat": g.repeat,
        "text": None if failure else g.text,
        "finish_reason": g.finish_reason,
        "prompt_tokens": g.prompt_tokens,
        "completion_tokens": g.completion_tokens,
        "seconds": g.seconds,
    }
    if g.served is not None or g.fingerprint is not None:
        row |= {"served": g.served, "fingerprint": g.fingerprint}
    if g.reasoning is not None:
        row["reasoning"] = g.reasoning
    if g.likelihood is not None:
        row["likelihood"] = dataclasses.astuple(g.likelihood)
    if g.likelihoods is not None:
        row["likelihoods"] = [[one.nats, one.tokens, one.size, one.greedy] for one in g.likelihoods]
    if g.judged is not None:
        row["judged"] = dict(g.judged)
    if g.how is not None:
        row["how"] = dict(g.how)
    if g.divergence is not None:
        row["divergence"] = dataclasses.astuple(g.divergence)
    return row if failure is None else {**row, "failure": dataclasses.asdict(failure)}


def to_generation(row: Mapping[str, Any], sample_id: str, repeat: int) -> Generation:
    """The answer of a line of generations.jsonl, as given to this sample: samples with one prompt share an answer."""
    failure = row.get("failure")
    return Generation(
        sample_id=sample_id,
        key=row["key"],
        repeat=repeat,
        text=row["text"],
        finish_reason=row["finish_reason"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        seconds=row["seconds"],
        failure=Failure(**failure) if failure else None,
        served=row.get("served"),
        fingerprint=row.get("fingerprint"),
        reasoning=row.get("reasoning"),
        likelihoods=tuple(Likelihood(*one) for one in row["likelihoods"]) if "likelihoods" in row else None,
        divergence=Divergence(*row["divergence"]) if "divergence" in row else None,
        judged=row.get("judged"),
    )


def answers_among(path: Path, keys: Container[bytes]) -> Iterator[lines.Line]:
    """The lines of a generations.jsonl that answer one of these keys. Every line is checked, none is parsed."""
    return (line for line in lines.checked(path) if line.data[KEY] in keys and is_answer(line.data))


def is_answer(line: bytes) -> bool:
    """Whether a line of generations.jsonl is an answer, and no failure."""
    return line[_STATUS] == _OK
