"""Accepted scores in words, and what a run would change of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from fteval.records import Baseline, MetricChange, Release, RunRecord, Shift
from fteval.reports.terminal import panes
from fteval.reports.terminal.page import plain
from fteval.reports.view.measured import in_words, short
from fteval.reports.view.rows import tone_of
from fteval.reports.view.words import SIGNS
from fteval.stats import units

NAMED = 5
"""Ids that are named; more are counted."""


def kept(found: Sequence[tuple[Path, Baseline]]) -> str:
    """Every baseline and anchor: of what, since when, what it rests on, its means."""
    return plain(block for path, one in found for block in (_kept(path, one), Text("")))


def accepted(release: Release, suite: str, n_samples: int, verdict: str | None) -> str:
    """What an accepted run says, and how it differs from what it replaced."""
    what = f"the anchor '{release.anchor}'" if release.anchor else "the baseline"
    lines = [f"accepted {release.ref} (run {release.run}) as {what} of suite '{suite}': {n_samples:,} samples"]
    if release.forced:
        lines.append(f"  BY FORCE: {release.forced}")
    judged = "no saved comparison has this run as a candidate, so no gate has judged it"
    lines.append(f"  verdict of its newest comparison: {verdict.replace('_', ' ')}" if verdict else f"  {judged}")
    for p in release.points:
        if p.metric.primary:
            value = f"{units.value(p.value, p.metric)} {units.level_interval(p.low, p.high, p.metric)}"
            step = p.step
            change = "" if step is None else (
                f", {units.change(step.difference, p.metric)} {units.interval(step.low, step.high, p.metric)}"
                " against the one before"
            )  # fmt: skip
            lines.append(f"  {units.name(p.probe, p.metric.name)} {value}{change}")
    lines += [f"  {probe}: not comparable with the one before: {why}" for probe, why in release.breaks.items()]
    return plain(map(_line, lines))


def shifts(path: Path, kept: Baseline, run: RunRecord, found: Sequence[Shift]) -> str:
    """What a run would change: samples and scorers first, then scores."""
    shown: list[RenderableType] = [_line(f"{run.ref} (run {run.id}) against {path} ({kept.ref})")]
    if run.subset:
        shown.append(Text("! SUBSET: only a part of the samples was run (--limit)"))
    if run.errors or not run.complete:
        shown.append(Text(f"! the run is not complete: {run.errors} of {run.planned} answers are in error"))
    for shift in found:
        shown += [Text(""), Group(*map(_line, _moved(shift)))]
        if shift.changes:
            shown.append(_changes(shift.changes))
    return plain(shown)


def _kept(path: Path, one: Baseline) -> RenderableType:
    what = f"anchor '{one.anchor}' of suite" if one.anchor else "baseline of suite"
    facts = [
        f"{what} '{one.suite}': {path}",
        f"  model     {one.ref} ({short(one.digest)})",
        f"  accepted  {one.accepted[:16].replace('T', ' ')} from run {one.run}, fteval {one.fteval}",
        *([f"  BY FORCE  {one.reason}"] if one.reason else []),
        f"  samples   {one.scored:,} of {one.n_samples:,} scored, suite {short(one.suite_digest)}",
        f"  sampling  {in_words(one.sampling)}, {one.repeats} per sample",
    ]
    for p in one.probes:
        for metric in p.metrics:
            known = [s for s in p.scores[metric.name] if s is not None]
            if metric.reported:
                value = units.value(sum(known) / len(known) if known else None, metric)
                facts.append(f"  {units.name(p.probe, metric.name)}  {value} ({len(known):,} scored)")
    return Group(*map(_line, facts))


def _moved(shift: Shift) -> Iterator[str]:
    moved = shift.moved
    yield f"{shift.probe}: {shift.common:,} samples in common, {shift.answers:,} of them answered in other words"
    for what, ids in (("added", moved.added), ("removed", moved.removed), ("edited", moved.edited)):
        if ids:
            more = ", …" if len(ids) > NAMED else ""
            yield f"  {len(ids):,} {what}: {', '.join(ids[:NAMED])}{more}"
    if moved.scorer:
        yield "  scorer changed: its scores cannot be compared with the baseline's"


def _changes(changes: Sequence[MetricChange]) -> RenderableType:
    table = panes.table(
        ["", "Metric", "baseline", "run", "difference, 95 %", "better/worse"], False, right=(2, 3, 5), whole=(4,)
    )
    for c in changes:
        table.add_row(
            SIGNS[tone_of(c)],
            panes.text(units.name(c.probe, c.metric.name)),
            panes.text(units.value(c.base, c.metric)),
            panes.text(units.value(c.candidate, c.metric)),
            panes.text(f"{units.change(c.difference, c.metric)} {units.interval(c.low, c.high, c.metric)}"),
            f"{c.better} / {c.worse}",
        )
    return table


def _line(found: str) -> Text:
    """Escaped, with the indentation that says what belongs to what."""
    return Text("  " * found.startswith("  ") + panes.line(found))
