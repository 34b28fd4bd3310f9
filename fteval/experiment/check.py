"""Everything of an experiment that can be wrong without a model, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment, ModelUse, ProbeUse
from fteval.experiment.gates import Measurable, measurable, resolve_gates
from fteval.experiment.suite import build_suite
from fteval.records import Gate
from fteval.runs.asking.suite import Suite


def checked(experiment: Experiment, kept: Suite | None = None) -> tuple[Suite, tuple[Gate, ...]]:
    """The suite, `kept` where an earlier run's plan has it, and the gates in the units of their metrics.

    Raises UserError with all that is wrong.
    """
    try:
        suite = kept or build_suite(experiment)
        gates = resolve_gates(experiment, measurable(suite))
        for name, use in experiment.candidates.items():
            _check_candidate(name, use, experiment)
        if experiment.searched:
            from fteval.experiment.prompts import check_searches

            check_searches(experiment, suite)
    except UserError as error:
        every = problems(experiment)
        if len(every) < 2 or every == by_line(lines(error)):  # what to do stays a line of its own
            raise
        raise UserError("\n".join(every)) from None
    return suite, gates


def problems(experiment: Experiment) -> list[str]:
    """A line for each thing that is wrong: with probes and their files, gates, trainings."""
    found: list[str] = []
    known: dict[str, Measurable] = {}
    for use in experiment.probes:
        try:
            known |= measurable(build_suite(replace(experiment, probes=(use,))))
        except UserError as error:
            found += lines(error)
            known |= _without_wrong_parameters(experiment, use)
    broken = {use.name for use in experiment.probes} - known.keys()
    try:
        resolve_gates(replace(experiment, gates=tuple(g for g in experiment.gates if g.probe not in broken)), known)
    except UserError as error:
        found += error.what.split("\n")
    for name, candidate in experiment.candidates.items():
        try:
            _check_candidate(name, candidate, experiment)
        except UserError as error:
            found += lines(error)
    return by_line(found)


def _check_candidate(name: str, use: ModelUse, experiment: Experiment) -> None:
    if use.trainer is not None:
        from fteval.experiment.making import check  # with it comes all that trains

        check(name, use, experiment.allow_code)
    for change in use.changes:
        registry.alternative(change)


def by_line(found: Iterable[str]) -> list[str]:
    """Each once, in the order of the lines that they name; what names none at the end."""

    def place(text: str) -> tuple[str, int]:
        named = re.match(r"(\S+?):(\d+): ", text)
        return (named[1], int(named[2])) if named else ("\U0010ffff", 0)

    return sorted(dict.fromkeys(found), key=place)


def _without_wrong_parameters(experiment: Experiment, use: ProbeUse) -> dict[str, Measurable]:
    """What a probe measures with those of its parameters that are sound, so that gates on it can be looked at too."""
    try:
        sound = {key: value for key, value in use.params.items() if _is_sound(use, key, value)}
        return measurable(build_suite(replace(experiment, probes=(replace(use, params=sound),))))
    except UserError:
        return {}


def _is_sound(use: ProbeUse, key: str, value: Any) -> bool:
    try:
        registry.probe(use.probe, {key: value})
    except UserError:
        return False
    return True


def lines(error: UserError) -> Iterator[str]:
    """A line each, with its place, and what to do behind the last one."""
    before = f"{error.where}: " if error.where else ""
    *others, last = error.what.split("\n")
    yield from (before + line for line in others)
    yield before + last + (f" ({error.fix})" if error.fix else "")
