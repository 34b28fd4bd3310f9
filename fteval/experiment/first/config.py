"""The text of a first config: what was seen, what fits it, and as comments what rows cannot tell."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fteval.experiment.first.rows import CONVERSATIONS, PAIRS, PROMPTS, TEXTS, Rows, Split
from fteval.experiment.first.suite import DEV, HOLDOUT, TRAIN, Gated, Probe
from fteval.reports.escape import one_line

WIDTH = 116
_TRAINERS = {CONVERSATIONS: "sft", PAIRS: "dpo", TEXTS: "continue_pretraining"}
_LEAST_TOKENS, _MOST_TOKENS = 32, 1024


def config_text(seen: Sequence[str], rows: Rows, split: Split, probes: Sequence[Probe], gates: Sequence[Gated]) -> str:
    """The whole file."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(seen, rows, split, probes, gates))


def _lines(
    seen: Sequence[str], rows: Rows, split: Split, probes: Sequence[Probe], gates: Sequence[Gated]
) -> Iterator[str]:
    yield "# yaml-language-server: $schema=fteval.schema.json"
    yield from _comment(f"Written by `fteval init --from {one_line(rows.path.name)}`, of what stands in it:", "")
    for line in seen:
        yield from _comment(f"- {line}", "", "  ")
    yield "version: 1"
    yield "base: nano                     # the embedded one, to try it. Yours, which rows do not tell:"
    yield "# base: hf:ORG/NAME@<commit>   # or a folder, or http://HOST/v1#NAME for a server"
    yield from _candidates(rows, split)
    yield "probes:"
    for probe in probes:
        yield from _comment(probe.why, "  ")
        use = {**_use(probe), **({"sampling": {"max_tokens": _most_tokens(rows)}} if probe.own else {})}
        yield f"  {probe.name}: {_flow(use)}"
        for hint in probe.hints:
            yield from _comment(hint, "  ")
    if rows.kind == PROMPTS:
        yield (
            "  # preferred: {use: judge, data: "
            + HOLDOUT
            + ", model: REF}   # another model says which answer is better"
        )
    yield "gates:                         # pp: percentage points of difference"
    yield from _gates(gates)
    slices = sorted({key for row in split.holdout for key in (row.get("slices") or {}) if key.isidentifier()})
    if slices and probes[0].own:
        one, rule = probes[0], f'max_drop: 10pp, slice: {{{slices[0]}: "*"}}, advisory: true'
        yield f"  # - {{probe: {one.name}, metric: {one.metric}, {rule}}}   # for each value by itself"
    yield "sampling: {temperature: 0, seed: 0}"


def _candidates(rows: Rows, split: Split) -> Iterator[str]:
    trainer = _TRAINERS.get(rows.kind)
    if not split.train or trainer is None:
        yield "# candidates:"
        yield "#   mine: {model: ./my-adapter}"
        yield '#   prompted: {prompt: "…"}'
        if rows.kind == PROMPTS and split.train:
            rewards = "rewards: [laziness.long_enough, relevance.on_topic]"
            yield f"#   rewarded: {{train: grpo, prompts: {TRAIN}, {rewards}}}"
        return
    yield "candidates:"
    yield f"  {trainer.replace('_', '-')}: {{train: {trainer}, data: {TRAIN}, lora_rank: 16}}"
    yield f"  # mine: {{model: ./my-adapter, trained_on: {TRAIN}}}"
    if rows.kind == CONVERSATIONS:
        yield '  # prompted: {prompt: "…"}   # is the training needed? `fteval advise` tries the usual ones'
        yield f"  # few-shot: {{few_shot: {{data: {TRAIN}, k: 4}}}}"
    if split.dev:
        yield f"  # {DEV} is for looks during a training (`watch:`) and for a prompt that is searched (`optimise:`)"


def _use(probe: Probe) -> dict[str, Any]:
    named = {} if probe.use == probe.name else {"use": probe.use}
    return {**named, **({"data": HOLDOUT} if probe.own else {}), **probe.params}


def _gates(gates: Sequence[Gated]) -> Iterator[str]:
    for one in gates:
        gate = one.gate
        advisory = ", advisory: true" if gate.advisory else ""
        margin = f"{gate.rule}: {100 * gate.threshold:.0f}pp{advisory}"
        yield f"  - {{probe: {gate.probe}, metric: {gate.metric}, {margin}}}"
        if one.needed is not None and one.needed <= one.has:
            yield f"    # needs about {one.needed:,} independent samples if 15 % of the answers change, has {one.has:,}"
        else:
            known = "more samples" if one.needed is None else f"about {one.needed:,} independent samples"
            yield f"    # needs {known} if 15 % of the answers change, has {one.has:,}: it will say 'cannot tell'"


def _most_tokens(rows: Rows) -> int:
    """Room for the longest answer at two bytes a token, which is on the safe side of every tokenizer for text."""
    longest = max((len((row.answer or "").encode("utf-8", "replace")) for row in rows.read), default=0)
    wanted = longest // 2 if longest else 256
    return min(max(_LEAST_TOKENS, 1 << (wanted - 1).bit_length()), _MOST_TOKENS)


def _flow(value: Mapping[str, Any]) -> str:
    """On one line: JSON, which YAML reads, with bare words where YAML takes them as text."""
    return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in value.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    plain = isinstance(value, str) and value.replace("_", "").replace("/", "").replace(".jsonl", "").isalpha()
    return value if plain and value.isascii() else json.dumps(value, ensure_ascii=False)


def _comment(text: str, before: str, further: str = "") -> Iterator[str]:
    wrapped = textwrap.wrap(text, WIDTH - len(before), subsequent_indent=further, break_on_hyphens=False)
    yield from (f"{before}# {line}" for line in wrapped)
