"""From a file of rows to the files of a first project."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fteval.data.check.alike import conflicts
from fteval.data.write import as_lines
from fteval.experiment.first.config import config_text
from fteval.experiment.first.rows import APART, TEXTS, Rows, Split, rows_of, split
from fteval.experiment.first.suite import Probe, gates_of, probes_of, sizes
from fteval.reports.escape import one_line

_DRAWN, _LETTERS = 500, 20
"""Rows whose language is told, and the letters from which on a text has one."""
_NONE = "zxx"
"""What is no language, by ISO 639-2."""


@dataclass(frozen=True, slots=True)
class First:
    """What is to be written, and what was seen on the way."""

    files: dict[str, str]
    """Place in the project -> text."""
    seen: tuple[str, ...]
    probes: tuple[str, ...]
    """Each probe, and why."""


def first(path: Path) -> First:
    """The config and the parts of a file of rows. Raises UserError for rows that cannot be read, or be split."""
    rows = rows_of(path)
    probes = probes_of(rows)
    parts = split(rows, *sizes(rows, len(probes)))
    gates = gates_of(probes, parts)
    seen = tuple(_seen(rows, parts, texts=probes[0].use == "holdout"))
    files = {"fteval.yaml": config_text(seen, rows, parts, probes, gates)}
    for name in ("train", "dev", "holdout"):
        if kept := getattr(parts, name):
            files[f"data/{name}.jsonl"] = as_lines(kept)
    return First(files, seen, tuple(f"{_named(probe)}: {probe.why}" for probe in probes))


def _named(probe: Probe) -> str:
    return probe.name if probe.name == probe.use else f"{probe.name} ({probe.use})"


def _seen(rows: Rows, parts: Split, texts: bool) -> Iterator[str]:
    """What a look at the rows gave, a line each."""
    n = len(rows.rows)
    apart = len(rows.together)
    alike = f", of which {apart:,} are independent: a group, and rows that ask the same or nearly, count once"
    yield f"{n:,} {rows.kind if n > 1 else rows.kind[:-1]}{alike if apart < n else ''}"
    yield from rows.notes
    if sizes := _lengths(rows):
        yield sizes
    if told := _turns(rows):
        yield told
    if told := _languages(rows, texts):
        yield told
    if against := sum(1 for _ in conflicts(rows.read)):
        yield f"{against:,} rows answer a question otherwise than an earlier one: `fteval data check` names them"
    if rows.kind == TEXTS:
        yield "texts ask nothing: all are for the training, and a hold-out of questions is yours to write"
    elif parts.train:
        yield f"split: {len(parts.train):,} train, {len(parts.dev):,} dev, {len(parts.holdout):,} hold-out"
    else:
        yield f"fewer than {APART} independent rows: all are the hold-out, and nothing is trained on them"


def _lengths(rows: Rows) -> str:
    told = []
    for what, texts in (("prompts", [r.context for r in rows.read]), ("answers", [r.answer for r in rows.read])):
        sizes = sorted(len(text) for text in texts if text)
        if sizes:
            span = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
            told.append(f"{what if rows.kind != TEXTS else 'texts'} of {span} characters")
    return "; ".join(told)


def _turns(rows: Rows) -> str:
    turns = [row.get("messages", row.get("prompt")) for row in rows.rows]
    systems = Counter(
        one["content"] for said in turns if isinstance(said, list) for one in said[:1] if one["role"] == "system"
    )
    told = []
    if systems:
        first, _ = systems.most_common(1)[0]
        which = f"one: {one_line(first)[:60]!r}" if len(systems) == 1 else f"{len(systems):,} different ones"
        told.append(f"{sum(systems.values()):,} with a system prompt ({which})")
    several = sum(isinstance(said, list) and sum(one["role"] == "user" for one in said) > 1 for said in turns)
    if several:
        told.append(f"{several:,} of several turns, of which the last answer is asked")
    if grouped := sum(row.get("group") is not None for row in rows.rows):
        told.append(f"{grouped:,} with a group")
    return "; ".join(told)


def _languages(rows: Rows, texts: bool) -> str:
    """Of prompts, and of answers that are texts."""
    answers = [row.answer for row in rows.read if texts and row.answer]
    told = (("prompts", [row.prompt for row in rows.read]), ("answers", answers))
    found = [f"{what} {shares}" for what, given in told if (shares := _shares(given))]
    return f"languages: {'; '.join(found)}" if found else ""


def _shares(texts: Sequence[str]) -> str:
    from py3langid.langid import classify

    long = [text for text in texts if len(text) >= _LETTERS]
    drawn = random.Random(0).sample(long, min(len(long), _DRAWN))
    counts = Counter(name for text in drawn if (name := classify(text[:500])[0]) != _NONE)
    return ", ".join(
        f"{name} {100 * n / len(drawn):.0f} %" for name, n in counts.most_common(4) if 20 * n >= len(drawn)
    )
