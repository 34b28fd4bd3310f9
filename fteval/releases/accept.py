"""A saved run becomes the baseline: only a whole one, only where no gate stands against it, never in CI."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from fteval.errors import UserError
from fteval.records import CandidateResult, GateResult, Release, RunRecord
from fteval.releases import baseline, baseline_file, history
from fteval.releases.new_line import with_line
from fteval.releases.places import baseline_path, history_path
from fteval.runs.journal.files import cannot_write
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.stats import units

_ANCHOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""As fteval.yaml takes names."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What `accept` has written."""

    path: Path
    history: Path
    suite: str
    release: Release
    n_samples: int
    verdict: str | None
    """Of the newest saved comparison that has the run as a candidate; None where none has."""


def accept(run_id: str, folder: Path, store: Path, *, anchor: str | None = None, reason: str | None = None) -> Accepted:
    """Makes a saved run the baseline of its suite, or pins it as an anchor, and adds a line to the suite's history.

    Raises UserError, and writes nothing, in CI, for a run that is not whole, and without a `reason` when a gate stood
    against the run or an anchor of that name exists.
    """
    _check_asked(anchor, reason)
    saved = Store(store, readonly=True)
    run = results.load(saved, run_id)
    _check_whole(run)
    suite = baseline.suite_name(run)
    path, log = baseline_path(folder, suite, anchor), history_path(folder, suite)
    judged = _judged(saved, run.id)
    if reason is None:
        _check_judged(run, judged)
        if anchor is not None and path.exists():
            raise UserError(
                f"anchor '{anchor}' of suite '{suite}' exists: an anchor that follows the releases shows no drift",
                where=str(path),
                fix="give the new one another name, or say why it is replaced: --force REASON",
            )
    releases = history.read(log)
    made = baseline.of_run(run, anchor=anchor, reason=reason)
    lined = with_line(releases, made, run, folder)
    _make_folder(path.parent)
    # The history first: cut off in between, the same command again finds the old baseline and repeats the line.
    history.write(log, lined)
    baseline_file.write(path, made)
    own = next(r for r in reversed(lined) if r.run == run.id and r.anchor == anchor)
    return Accepted(path, log, suite, own, made.n_samples, judged[1].verdict if judged else None)


def _check_asked(anchor: str | None, reason: str | None) -> None:
    if os.environ.get("CI", "").strip().lower() not in ("", "0", "false"):
        raise UserError(
            "a CI job does not accept baselines: it would approve its own work",
            where=f"the environment has CI={os.environ['CI']}",
            fix="accept on a machine of your own and commit the file; the diff is what a reviewer approves",
        )
    if reason is not None and not reason.strip():
        raise UserError(
            "--force wants a reason: it is kept in the file", fix="for example --force 'known gap, see #41'"
        )
    if anchor is not None and not _ANCHOR.fullmatch(anchor):
        raise UserError(
            f"'{anchor[:80]}' is not a name for an anchor",
            fix="at most 64 letters, digits, '.', '_' and '-', the first a letter or a digit",
        )


def _check_whole(run: RunRecord) -> None:
    problems = []
    if run.errors:
        problems.append(f"{run.errors} of {run.planned} answers are in error")
    elif not run.complete:
        problems.append("it is not complete (go on with it: --resume)")
    if run.subset:
        problems.append("it is of a part of the samples (--limit)")
    problems += [
        f"asking '{p.probe}' stopped after {len(p.sample_ids)} of {p.stopped_of} samples (run without --sequential)"
        for p in run.probes
        if p.stopped_of is not None
    ]
    planned = {name: fields["digest"] for name, fields in run.manifest["probes"].items()}
    problems += [
        f"'{p.probe}' was judged anew by another scorer since (run it again: its answers are reused)"
        for p in run.probes
        if p.digest != planned[p.probe]
    ]
    if problems:
        raise UserError(
            f"run {run.id} cannot be accepted: {'; '.join(problems)}",
            where=run.path,
            fix="accept a run of the whole suite; --force does not change this, because later runs could not be paired",
        )


def _judged(store: Store, run_id: str) -> tuple[str, CandidateResult] | None:
    """The newest comparison that has the run as a candidate, and what it found."""
    for name in reversed(store.comparisons()):
        # Most comparisons are of other runs, and with their answers they are large: parse only what names this one.
        if run_id.encode() in (store.comparisons_dir / f"{name}.json").read_bytes():
            for result in store.load_comparison(name).candidates:
                if result.run.id == run_id:
                    return name, result
    return None


def _check_judged(run: RunRecord, judged: tuple[str, CandidateResult] | None) -> None:
    if judged is None:
        return
    comparison, result = judged
    against = [g for g in result.gates if not g.gate.advisory and g.result != "pass"]
    if not against and result.verdict in ("ship", "measured"):
        return
    found = "; ".join(map(_gate, against)) or f"its verdict is {result.verdict.replace('_', ' ')}: {result.reason}"
    raise UserError(
        f"run {run.id} is not accepted, because of its newest comparison: {found}",
        where=f"comparison {comparison}, '{result.name}'",
        fix="if it should count all the same, say why: --force REASON (the reason is kept in the file)",
    )


def _gate(found: GateResult) -> str:

    gate = found.gate
    name = units.name(gate.probe, gate.metric, gate.slice) + (f" (anchor {gate.anchor})" if gate.anchor else "")
    return f"gate {name} {gate.rule}: {found.result} ({found.reason})"


def _make_folder(path: Path) -> None:

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
