"""How the numbers were made: what a reader needs to repeat them, or to see why two reports differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fteval.records import CandidateResult, RunRecord
from fteval.reports.escape import clip
from fteval.reports.view import judges, reference
from fteval.stats import retrieval

LEVEL = 0.95
"""Of the intervals in tables."""
ALTERNATIVES = 400
"""Characters of what alternatives are told in; the run's manifest has all of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows of (what, base, candidate), where a single run has one value; then lines that hold for all."""

    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def of_pair(base: RunRecord, result: CandidateResult, command: str | None) -> Measured:
    """Base and candidate side by side; what is the same on both sides is said once."""
    old, new = _facts(base), _facts(result.run)
    keys = list(dict.fromkeys([*old, *new]))
    rows = tuple((key, *_sides(key, old.get(key, "–"), new.get(key, "–"))) for key in keys)
    methods = list(dict.fromkeys(g.method for g in result.gates if g.method))
    levels = sorted({g.level for g in result.gates if g.level != LEVEL})
    notes = [
        f"intervals: {100 * LEVEL:g} %, paired sample by sample",
        *(f"intervals of gates: {100 * level:g} %; looking before the end has spent the rest" for level in levels),
        *([f"gates rest on: {'; '.join(methods)}"] if methods else []),
        *([f"training data of the candidate: {result.training}"] if result.training else []),
        *_notes(base, command),
    ]
    return Measured(rows, tuple(notes))


def _sides(key: str, old: str, new: str) -> tuple[str, str]:
    return old, "same" if old == new and key != "model" else new


def of_run(run: RunRecord) -> Measured:
    """One run."""
    command = run.manifest.get("command")
    return Measured(tuple(_facts(run).items()), tuple(_notes(run, command if isinstance(command, str) else None)))


def _facts(run: RunRecord) -> dict[str, str]:
    facts = {
        "model": run.ref,
        **_export(run),
        "identity": short(run.digest),
        "run": run.id,
        "answers": _answers(run),
        "time of the run": f"{run.seconds - sum(c.seconds for c in (run.readings, run.replies) if c):.1f} s",
        **_of_server(run),
        **reference.facts(run),
        **judges.facts(run),
        **dict(retrieval.facts(run)),
    }
    identity = _plan(run).get("engine")
    for key, value in (identity if isinstance(identity, Mapping) else {}).items():
        if key == "alternatives":
            facts[key] = clip("; ".join(map(_alternative, value)), ALTERNATIVES)
        elif isinstance(value, Mapping):
            facts[key] = ", ".join(f"{name} {inner}" for name, inner in value.items())
        elif value is not None:
            facts[str(key).replace("_", " ")] = short(str(value))
    return facts


def _export(run: RunRecord) -> dict[str, str]:
    """Of which candidate the model was made, by the record in its folder."""
    found = run.manifest.get("export_of")
    return {"export of": f"{found['ref']} ({found['how']})"} if isinstance(found, Mapping) else {}


def _alternative(said: Mapping[str, Any]) -> str:
    """`prompt: role auto, text Never use the letter e.`: what of it is set; its version says nothing to a reader."""
    fields = {key: value for key, value in said.items() if key not in ("name", "version") and value not in (None, "")}
    return f"{said.get('name')}: {', '.join(f'{key} {short(str(value))}' for key, value in fields.items())}"


def _of_server(run: RunRecord) -> dict[str, str]:
    """Who answered by its own word, what of a request it does not do, and what it cost."""
    served = run.manifest.get("served")
    if not isinstance(served, Mapping):
        return {}
    facts = {"served as": str(served.get("served") or "not said")}
    if served.get("fingerprint"):
        facts["fingerprint"] = str(served["fingerprint"])
    if run.servers:
        facts["answers by server"] = ", ".join(f"{place} {count}" for place, count in sorted(run.servers.items()))
    for how in ("ignored", "refused"):
        names = [name for name, found in run.capabilities.items() if found == how]
        if names:
            facts[f"{how} by the server"] = ", ".join(names)
    if run.usd is not None:
        facts["cost of the answers"] = f"{run.usd:.4g} USD ({served['price'][2]})"
    return facts


def _answers(run: RunRecord) -> str:
    answered = run.reused + run.generated
    reused = f", {run.reused} reused from earlier runs" if run.reused else ""
    failed = f", {run.errors} FAILED" if run.errors else ""
    return f"{answered} of {run.planned}{failed}{reused}"


def _notes(run: RunRecord, command: str | None) -> list[str]:
    notes = []
    sampling = _plan(run).get("sampling")
    if isinstance(sampling, Mapping):
        notes.append(f"sampling: {in_words(sampling)}, {_repeats(_plan(run).get('repeats', 1))}")
    if isinstance(_plan(run).get("suite"), str):
        notes.append(f"suite: {short(_plan(run)['suite'])}")
    notes += [f"data: {text}" for text in run.manifest.get("notes", ())]
    if isinstance(run.manifest.get("fteval"), str):
        notes.append(f"fteval: {run.manifest['fteval']}")
    notes.append(f"kept in: {run.path}")
    if command:
        notes.append(f"command: {command}")
    return notes


def _repeats(k: object) -> str:
    return "1 answer per sample" if k == 1 else f"{k} answers per sample"


def in_words(sampling: Mapping[str, Any]) -> str:
    """`greedy, at most 256 tokens, seed 0`: fields that are off are not named."""
    off = {
        "temperature": 0,
        "top_p": 1,
        "top_k": 0,
        "repetition_penalty": 1,
        "stop": [],
        "system": "keep",
        "probes": {},
    }
    words = ["greedy"] if sampling.get("temperature") == 0 else []
    for key, value in sampling.items():
        if key == "probes":
            words += [f"{of} with {' and '.join(f'{k} {v}' for k, v in own.items())}" for of, own in value.items()]
        elif key not in ("max_tokens", "seed") and (list(value) if isinstance(value, tuple) else value) != off.get(key):
            words.append(f"{key} {value}")
    return ", ".join([*words, f"at most {sampling.get('max_tokens')} tokens", f"seed {sampling.get('seed')}"])


def short(digest: str) -> str:
    """The first 16 of a digest's 64 digits."""
    head, colon, rest = digest.partition(":")
    return f"{head}:{rest[:16]}…" if colon and head == "sha256" else digest


def _plan(run: RunRecord) -> Mapping[str, Any]:
    plan = run.manifest.get("plan")
    return plan if isinstance(plan, Mapping) else {}
