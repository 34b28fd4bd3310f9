"""The suite of an experiment: its probes, and the samples that they ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.data.convert.mended import mended
from fteval.data.read import each_sample, iter_rows
from fteval.errors import NothingToEvaluate, UserError
from fteval.evals.find.own import with_code
from fteval.evals.holdout import NO_TARGET
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.records import JudgedProbe, Probe, Sample, WrappingProbe, offers_tools, sample_from_row
from fteval.runs.asking import suite
from fteval.runs.asking.spooled import held_or_spooled
from fteval.runs.asking.suite import Suite


def build_suite(experiment: Experiment) -> Suite:
    """Reads the hold-outs and makes the probes. Raises UserError for what is wrong with them; no model is needed."""
    asked = [experiment.base] if experiment.base else [use.ref for use in experiment.candidates.values()]
    of_nano = all(ref is not None and _is_nano(ref) for ref in asked)
    specs = []
    for use in experiment.probes:
        params = with_code(use.params) if experiment.allow_code else use.params
        if use.made is not None and params:
            raise UserError(f"probe '{use.name}' is made already, and takes no {', '.join(params)}", where=use.where)
        made = use.made or registry.probe(use.probe, params, where=use.where)
        if isinstance(made, JudgedProbe) and made.judge is None and getattr(made, "needs_judge", False):
            raise UserError(
                f"probe '{use.name}' has no judge",
                where=use.where,
                fix="name a model that is neither the base nor a candidate: `model: REF`, or --set model=REF",
            )
        specs.append((use.name, made, _samples_of(use, made, of_nano)))
    try:
        return suite.build(
            specs,
            limit=experiment.limit,
            name=experiment.suite,
            limits={use.name: use.limit for use in experiment.probes},
            sampling={use.name: use.sampling for use in experiment.probes},
        )
    except UserError as error:
        raise _by_line(error, [use.data for use in experiment.probes if use.data and use.data.is_file()]) from None


def _samples_of(use: ProbeUse, probe: Probe, of_nano: bool) -> Sequence[Sample] | None:
    """What a probe asks: a file, questions of nano's world, or (None) its own samples.

    nano knows its own world only, so that without a file it is asked about that.
    """
    name = probe.probe if isinstance(probe, WrappingProbe) else use.probe
    if use.data is None and (not of_nano or getattr(probe, "language", "en") != "en"):
        return None  # nano's world speaks English alone: who asks for another language means the real one
    if use.data is None or (registry.is_generated(str(use.data)) and not use.data.exists()):
        from fteval.nano import holdouts

        if use.data is None:
            return holdouts.samples(name)
        n = str(use.data).partition(":")[2]
        found = holdouts.samples(name, int(n) if n else None)
        if found is None:
            raise UserError(f"nano's world has no questions for '{name}'", where=use.where, fix="give a file")
        if not of_nano and name in holdouts.KNOWN_TO_NANO:
            raise UserError(
                f"'{name}' asks about nano's own world with 'data: {use.data}', which no other model can know",
                where=use.where,
                fix="leave 'data' out: the probe has questions about the real world; or give a file",
            )
        return found
    rows = held_or_spooled(each_sample(use.data, offers_tools(probe)))
    if not rows:
        raise NothingToEvaluate(f"{use.data} holds no rows", where=use.where, fix="one sample a line")
    return rows


def _by_line(error: UserError, files: list[Path]) -> UserError:
    """The same error with the file and line of each row that it names, and what stands there instead of a target."""
    what, fix, others = error.what, None, None
    named = set(re.findall(r"'([^']+)'", what))
    for path in files:
        for number, row in iter_rows(path):
            line = mended(path, row, answered=True) if fix is None and _says_otherwise(row) else None
            if (known := sample_from_row(row, tools=True).id) not in named:
                others = others or mended(path, row, answered=True)
                continue
            fix = fix or line
            named.remove(known)
            at = f"{path}:{number}"
            what = what.replace(repr(known), at if row.get("id") is None else f"{known!r} ({at})")
    if fix is None and others is not None and NO_TARGET in what:
        fix = f"{error.fix}; or leave such rows out: {others}"
    return type(error)(what, where=error.where, fix=fix or error.fix)


def _says_otherwise(row: Mapping[str, Any]) -> bool:
    """Whether a row has what is right, but not as a text under `target`."""
    return "messages" not in row and not isinstance(row.get("target"), str | list)


def _is_nano(ref: str) -> bool:
    return ref == "nano" or ref.startswith(("nano+", "ft:nano:"))
