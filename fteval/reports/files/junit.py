"""A comparison as JUnit XML: a suite per candidate, a case per gate, for CI systems that show tests.

Never greener than the verdict: a candidate whose run is broken has an error, whatever its gates say. A candidate that
lost is red, although another one ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from fteval.records import Comparison, Judged, RunRecord
from fteval.reports.escape import clip, visible
from fteval.reports.view import judged
from fteval.reports.view.judged import Case

ENDING, WHAT = ".xml", "JUnit, a case per gate"
LONGEST = 4000
"""Characters of a text; the whole stands in the store."""


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The XML; valid XML 1.0 and ASCII whatever texts are in it."""
    suites = ET.Element("testsuites", name="fteval")
    if isinstance(subject, RunRecord):
        _suite(suites, subject.ref, [_of_run(subject)], subject.seconds)
    else:
        for result in subject.candidates:
            _suite(suites, result.name, judged.cases(subject, result), result.run.seconds)
    total = suites.findall("testsuite")
    for key in ("tests", "failures", "errors", "skipped"):
        suites.set(key, str(sum(int(suite.get(key, "0")) for suite in total)))
    ET.indent(suites)
    body: bytes = ET.tostring(suites, encoding="us-ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body.decode()}\n'


def _of_run(run: RunRecord) -> Case:
    if run.complete and not run.errors:
        return Case(run.ref, "verdict", "measured", "none", "one model and nothing to compare it with")
    return Case(run.ref, "verdict", "incomplete", "incomplete", f"{run.errors} of {run.planned} answers failed")


def _suite(suites: ET.Element, name: str, cases: Sequence[Case], seconds: float) -> None:
    suite = ET.SubElement(suites, "testsuite", name=_text(name))
    for case in cases:
        _case(suite, case)
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for key, tag in kinds.items():
        suite.set(key, str(sum(child.find(tag) is not None for child in suite)))
    suite.set("time", f"{seconds:.3f}")


def _case(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", classname=_text(case.probe), name=_text(case.name))
    if case.file is not None:
        element.set("file", _text(case.file))
        element.set("line", str(case.line))
    if case.outcome == "pass":
        ET.SubElement(element, "system-out").text = _text(case.message)
    elif case.advisory or case.tolerated or case.outcome == "none":
        why = f"advisory, {case.outcome}: " if case.advisory else "the config lets this pass: " * case.tolerated
        ET.SubElement(element, "skipped", message=_text(why + case.message))
    elif case.outcome == "incomplete":
        _found(element, "error", "incomplete", case.message)
    else:
        kind = "inconclusive" if case.outcome == "inconclusive" else "regression"
        _found(element, "failure", kind, case.message)


def _found(element: ET.Element, tag: str, kind: str, message: str) -> None:
    ET.SubElement(element, tag, type=kind, message=_text(message)).text = _text(message)


def _text(text: str) -> str:
    return visible(clip(text, LONGEST))
