"""Evidence of a verdict as an in-toto statement: unsigned, for cosign and policy engines.

The predicate is in-toto's own `test-result`, which such engines know; `fteval` in it has the gates with their numbers,
as verdict.json does. The subject is what may ship: the chosen candidate, else all that were judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.records import CandidateResult, Comparison, Judged, RunRecord
from fteval.reports.files import verdict_json
from fteval.version import __version__

ENDING, WHAT = ".evidence.json", "an in-toto statement"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
RESULTS = {"ship": "PASSED", "cannot_tell": "WARNED"}
"""Of everything else it is FAILED: absence is no success."""
UNJUDGED = "WARNED"
"""A single run was measured, and there was nothing to hold it against."""
IDENTITY = "ftevalIdentity"
"""The digest of a model whose files are not here: of what its run knows of it."""
_GATES = {"pass": "passedTests", "inconclusive": "warnedTests"}


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    return render_files(subject, {})


def render_files(subject: Comparison | RunRecord, files: Mapping[str, Mapping[str, str]]) -> str:
    """The statement; `files`: run -> file -> hex SHA-256 of what its model is made of."""
    if isinstance(subject, RunRecord):
        measured = {"version": __version__, **verdict_json.as_data(subject)}
        subjects = _subjects(subject.ref, subject, files)
        predicate = {"result": UNJUDGED, **_tests([]), "configuration": _suites([subject]), "fteval": measured}
    else:
        about = [c for c in subject.candidates if c.name == subject.chosen] or list(subject.candidates)
        subjects = [one for c in about for one in _subjects(c.name, c.run, files)]
        predicate = {"result": RESULTS.get(subject.verdict, "FAILED"), **_tests(about), **_rest(subject, about)}
    statement = {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": predicate}
    return json.dumps(statement, indent=1) + "\n"


def _subjects(name: str, run: RunRecord, files: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    known = files.get(run.id, {})
    if known:
        return [{"name": f"{name}/{file}", "digest": {"sha256": digest}} for file, digest in known.items()]
    return [{"name": run.ref, "digest": {IDENTITY: run.digest.removeprefix("sha256:")}}]


def _tests(about: Sequence[CandidateResult]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for result in about:
        for one in result.gates:
            kind = _GATES.get(one.result, "warnedTests" if one.gate.advisory else "failedTests")
            slices = ",".join(f"{key}={value}" for key, value in sorted((one.gate.slice or {}).items()))
            where = f"{result.name}:{one.gate.probe}.{one.gate.metric}" + (f"[{slices}]" if slices else "")
            found[kind].append(f"{where}:{one.gate.rule}")
    return found


def _rest(comparison: Comparison, about: Sequence[CandidateResult]) -> dict[str, Any]:
    """How it was tested, and the whole verdict."""
    names = {c.name for c in about}
    verdict = verdict_json.as_json(comparison)
    kept = {key: verdict[key] for key in ("schema", "verdict", "exit_code", "chosen", "base")}
    candidates = [c for c in verdict["candidates"] if c["name"] in names]
    return {
        "configuration": _suites([comparison.base, *(c.run for c in about)]),
        "fteval": {"version": __version__, "comparison": comparison.id, **kept, "candidates": candidates},
    }


def _suites(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """What was asked: the digest of probes and hold-out samples together, and the probes' names."""
    plans = [run.manifest.get("plan", {}) for run in runs]
    found = {str(plan["suite"]): sorted(plan.get("probes", {})) for plan in plans if "suite" in plan}
    return [
        {"name": "suite", "digest": {"sha256": suite.removeprefix("sha256:")}, "annotations": {"probes": probes}}
        for suite, probes in found.items()
    ]
