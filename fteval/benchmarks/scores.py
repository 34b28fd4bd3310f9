"""Scores that somebody else gave: what is compared where a file has them, of whatever tool."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fteval.benchmarks import told
from fteval.engines.outputs import saved
from fteval.engines.outputs.saved import About, SavedRows
from fteval.errors import UserError
from fteval.records import Generation, Message, Metric, Sample, Scores, digest


@dataclass(frozen=True)
class SavedScores:
    """Scores as they were given elsewhere; fteval pairs, compares and gates them.

    Measures  what the files have under `score` or `scores`
    Chance    nobody knows here
    Traps     which way is better, in which unit and within which bounds is said by who uses it, never guessed
    """

    better: Any = ""
    """`higher` or `lower`; of several metrics each: {faithful: higher, seconds: lower}, the first is the headline."""
    unit: Any = ""
    """`share` for 0 to 1, shown as percent; else what one is called: points, seconds."""
    bounds: Any = ""
    """Of what is no share: the least and the most there can be, `1..5`, or `none`."""
    files: tuple[str, ...] = ()
    """Refs of all models, the base's first."""

    version = 1

    def __post_init__(self) -> None:
        for value in told.each(self.better).values():
            if value not in ("", "higher", "lower"):
                raise UserError(f"'better' is 'higher' or 'lower', found {value!r}")

    @cached_property
    def read(self) -> list[SavedRows]:
        """The files, read. Raises UserError for one without scores."""
        found = [saved.read(*saved.place(ref)) for ref in self.files]
        for one in found:
            if not any(row.scores for row in one.rows):
                raise UserError(
                    f"{one.path.name} has outputs and no scores",
                    where=str(one.path),
                    fix='judge them with --holdout or --probe; saved scores are {"id": …, "score": …}',
                )
        return found

    @property
    def contents(self) -> Mapping[str, str]:
        """Scores count by themselves, and a file is no content."""
        return {"files": digest(None)}

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that are named, or all of a file that has no more than was said. Raises UserError for what nobody said,
        and for values outside of what was said."""
        names = self._names()
        problems = [p for name in names for p in self._unsaid(name)]
        if problems:
            example = f"better={names[0]}:higher" if len(names) > 1 else "better=higher"
            raise UserError(
                "\n".join(problems),
                fix=f"--set {example} --set unit=share (else unit=points --set bounds=1..5, or bounds=none); in "
                "fteval.yaml the same under the probe `scores`",
            )
        made = [self._metric(name, primary=i == 0) for i, name in enumerate(names)]
        self._check_values(made)
        return tuple(made)

    def _names(self) -> list[str]:
        found = [{name for row in one.rows for of in row.scores for name in of} for one in self.read]
        every = list(dict.fromkeys(n for one in self.read for row in one.rows for of in row.scores for n in of))
        named = [name for name in told.each(self.better) if name]
        wanted = named or every
        for name in wanted:
            without = [one.path.name for one, has in zip(self.read, found, strict=True) if name not in has]
            if without:
                known = ", ".join(sorted(set.intersection(*found))) or "none"
                raise UserError(
                    f"no score {name!r} in {' and '.join(dict.fromkeys(without))}; both have: {known}",
                    fix=f"name those to compare: better: {{{next(iter(every), 'score')}: higher}}",
                )
        return wanted

    def _unsaid(self, name: str) -> Iterator[str]:
        unit = told.of(self.unit, name)
        if not told.of(self.better, name):
            yield f"which way is {name!r} better? A file of scores does not say ('better')"
        if not unit:
            yield f"in which unit is {name!r}? A share of 0 to 1, or something else ('unit')"
        elif unit != told.SHARE and not told.of(self.bounds, name):
            yield f"within which bounds is {name!r}? ('bounds')"

    def _metric(self, name: str, *, primary: bool) -> Metric:
        unit = told.of(self.unit, name)
        low, high = told.bounds(name, unit, told.of(self.bounds, name))
        scale = None if unit == told.SHARE or math.isinf(high - low) else high - low
        return Metric(name, primary=primary, better=told.of(self.better, name), unit=unit, scale=scale)

    def _check_values(self, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            low, high = told.bounds(metric.name, metric.unit, told.of(self.bounds, metric.name))
            for one in self.read:
                for line, row in zip(one.lines, one.rows, strict=True):
                    for of in row.scores:
                        value = of.get(metric.name)
                        if value is not None and not low <= value <= high:
                            raise UserError(
                                f"{metric.name!r} is {value:g}, outside of {low:g}..{high:g}",
                                where=f"{one.path}:{line}",
                                fix="unit=share is for 0 to 1; else say unit and bounds: unit=points, bounds=1..5",
                            )

    def samples(self) -> Iterator[Sample]:
        """Of all files: what one of them lacks is missing there, and counted."""
        known: dict[str, Sample] = {}
        for one in self.read:
            ids = {row: name for name, row in one.by_id.items()}
            for row, about in one.about.items():
                sample = _sample(about, ids.get(row))
                known.setdefault(sample.id, sample)
        yield from known.values()

    def score(self, sample: Sample, generation: Generation) -> Scores:
        values = generation.judged or {}
        names = [metric.name for metric in self.metrics]
        reasons = {name: "the file has no score here" for name in names if name not in values}
        return Scores({name: values.get(name) for name in names}, answer=generation.text, reasons=reasons)


def _sample(about: About, identifier: str | None) -> Sample:
    """What a row of scores is of; without an id, a hash of what was asked is one."""
    turns = about.turns or [("user", identifier or "")]
    name = identifier or digest([list(turn) for turn in turns])[7:23]
    messages = tuple(Message(role, content) for role, content in turns)
    return Sample(name, messages, group=about.group, slices=about.slices)
