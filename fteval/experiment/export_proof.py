"""The proof of an export: it answers as its candidate does, or loses less than the gates allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from fteval.engines.local.engine import TransformersEngine
from fteval.errors import UserError
from fteval.records import Engine, Gate, Likeness, Message, Prompt, RunRecord, primary
from fteval.records.comparisons import DEFAULT
from fteval.releases.baseline import outputs
from fteval.runs.asking.suite import Suite
from fteval.runs.journal import lines, rows
from fteval.stats import ahead
from fteval.stats.evidence import bound_of
from fteval.stats.gates import DEFAULT_DROP, default_gates
from fteval.stats.moves import with_moves
from fteval.stats.pairing import metric_of
from fteval.stats.room import no_room

READ = 64
"""Answers that both models read, token by token."""


def guards(gates: Sequence[Gate], suite: Suite) -> tuple[Gate, ...]:
    """What is gated of a change, guarded against a loss of what the gate allows.

    `max_drop` keeps its margin; of other rules the metric may lose two hundredths of its scale, as where nobody wrote
    a gate. Of several on the same, one that decides stands before an advisory one, and the strictest before others.
    That hold-out prompts were trained on is nothing to an export: both sides were.
    """
    found: dict[tuple[str, str, str], Gate] = {}
    for gate in sorted(gates, key=lambda g: (g.advisory, g.rule != "max_drop", g.threshold)):
        probe = next(p for p in suite.probes if p.name == gate.probe)
        metric = next(m for m in with_moves(probe.probe.metrics) if m.name == gate.metric)
        margin = gate.threshold if gate.rule == "max_drop" else DEFAULT_DROP * bound_of(gate, metric)
        key = (gate.probe, gate.metric, str(sorted((gate.slice or {}).items())))
        found.setdefault(key, replace(gate, rule="max_drop", threshold=margin, anchor=None, allow_overlap=True))
    return tuple(found.values())


def check_enough(gates: Sequence[Gate], suite: Suite) -> None:
    """Raises UserError where the samples could not rule out a loss even if no answer changed: before anything is made.

    A gate on slices is left to the proof itself.
    """
    found = []
    for probe in suite.probes:
        headline = primary(with_moves(probe.probe.metrics))
        default = Gate(probe.name, headline.name, "max_drop", DEFAULT_DROP, where=DEFAULT)
        asked = [g for g in gates if g.probe == probe.name and not g.slice and not g.advisory]
        for gate in asked or ([default] if not gates and headline.unit == "share" else []):
            metric = next(m for m in with_moves(probe.probe.metrics) if m.name == gate.metric)
            sizes = ahead.group_sizes(probe.groups)
            found.append(ahead.cannot_pass(ahead.gate_plan(gate, metric, sizes), sizes))
    problems = [text for text in found if text]
    if problems:
        raise UserError(
            "\n".join(problems),
            fix="a larger hold-out or --limit; a wider max_drop in the gates of fteval.yaml; or other probes (--probe)",
        )


def judging(gates: Sequence[Gate], run: RunRecord) -> tuple[tuple[Gate, ...], list[str]]:
    """The gates that can decide, by what the candidate answered, and why others cannot.

    Raises UserError where none is left: a proof by nothing is none.
    """
    asked = gates or tuple(replace(g, allow_overlap=True) for g in default_gates(run.probes))
    kept, notes = [], []
    for gate in asked:
        result = next(p for p in run.probes if p.probe == gate.probe)
        why = None
        if not gate.slice:
            why = no_room(gate, metric_of(result, gate.metric, gate.where), result.scores[gate.metric])
        if why is None:
            kept.append(gate)
        else:
            notes.append(f"{gate.probe}.{gate.metric} proves nothing: {why}")
    if not any(not gate.advisory for gate in kept):
        raise UserError(
            "\n".join(["nothing that is measured could show a loss", *notes]),
            fix="name a probe that the candidate is good at, or a hold-out with targets (--holdout FILE)",
        )
    return tuple(kept), notes


def same_answers(before: RunRecord, after: RunRecord) -> tuple[int, int]:
    """How many samples both answered to the letter alike, of how many that both answered."""
    old, new = outputs(before, likelihoods=False), outputs(after, likelihoods=False)
    both = [key for key in old if old[key] and new.get(key)]
    return sum(old[key] == new[key] for key in both), len(both)


def likeness_of(before: RunRecord, first: Engine, second: Engine) -> Likeness | None:
    """On the candidate's own answers, evenly from all probes; None where a server answers, which tells too little."""
    if not (isinstance(first, TransformersEngine) and isinstance(second, TransformersEngine)):
        return None
    from fteval.engines.local.likeness import likeness  # brings torch

    chat = first.chat
    pairs = [chat.continuation(prompt, text) for prompt, text in _answers(before, first)]
    sides = [lambda engine=engine: engine.weights().use(engine.located.adapter) for engine in (first, second)]
    return likeness(pairs, *sides)


def _answers(run: RunRecord, engine: TransformersEngine) -> Iterable[tuple[Prompt, str]]:
    """Prompts of a run with what was answered, at most READ of them."""
    texts = {
        row["key"]: row["text"]
        for row in lines.read(Path(run.path) / "generations.jsonl")
        if row["status"] == "ok" and row.get("likelihoods") is None
    }
    asked = [row for row in lines.read(Path(run.path) / "samples.jsonl") if row["keys"][0] in texts]
    step = max(1, len(asked) // READ)
    for row in asked[::step][:READ]:
        sample = rows.to_sample(row)
        messages: Sequence[Message] = sample.messages
        yield engine.prompt_with(messages, sample.tools, {}), texts[row["keys"][0]]
