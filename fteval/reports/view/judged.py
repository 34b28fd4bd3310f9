"""What a CI system is to show of a comparison: each gate as a case, and a verdict that no gate shows as one more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fteval.records import CandidateResult, Comparison, GateResult
from fteval.reports.view import rows
from fteval.reports.view.view import lets_pass

_PLACE = re.compile(r"(?s)(.+):([1-9][0-9]{0,8})")
_RANKS = {"fail": 0, "incomplete": 1, "inconclusive": 2, "pass": 3, "none": 3}
_SHOWN_BY = {"do_not_ship": "fail", "incomplete": "incomplete", "cannot_tell": "inconclusive", "measured": "none"}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was judged."""

    candidate: str
    probe: str
    name: str
    """`correct [language=de] max_drop 2.0 pp`."""
    outcome: str
    """`pass`, `fail`, `inconclusive`, `incomplete`; `none` where nothing was judged."""
    message: str
    advisory: bool = False
    tolerated: bool = False
    """Inconclusive, and the config lets that pass with a warning."""
    file: str | None = None
    line: int | None = None
    """Where the rule is written."""


def cases(comparison: Comparison, result: CandidateResult) -> list[Case]:
    """The gates of one candidate in the order of the report; first its verdict, where no gate shows it.

    So a reader of gates alone never takes a broken run, or a candidate that only passes by chance among many, for one
    that may ship.
    """
    gates = [_gate(comparison, result.name, g) for g in result.gates]
    shown = {c.outcome for c in gates if not c.advisory}
    outcome = _SHOWN_BY.get(result.verdict, "pass")
    if outcome == "pass" or outcome in shown:
        return gates
    tolerated = outcome == "inconclusive" and lets_pass(comparison)
    return [Case(result.name, "verdict", result.verdict, outcome, result.reason, tolerated=tolerated), *gates]


def gravest_first(comparison: Comparison) -> Iterator[Case]:
    """The cases of all candidates that did not pass, those that decide before advisory ones."""
    found = [case for result in comparison.candidates for case in cases(comparison, result)]
    bad = [case for case in found if case.outcome not in ("pass", "none")]
    yield from sorted(bad, key=lambda case: (case.advisory, _RANKS[case.outcome]))


def _gate(comparison: Comparison, candidate: str, result: GateResult) -> Case:
    gate = result.gate
    row = rows.gate_row(result)
    where = _PLACE.fullmatch(gate.where or "")
    return Case(
        candidate=candidate,
        probe=gate.probe,
        name=f"{row.name.removeprefix(f'{gate.probe}.')} {row.rule.removesuffix(' · advisory')}",
        outcome=result.result,
        message=f"{row.name}: {result.reason}",
        advisory=gate.advisory,
        tolerated=result.result == "inconclusive" and lets_pass(comparison),
        file=where[1] if where else None,
        line=int(where[2]) if where else None,
    )
