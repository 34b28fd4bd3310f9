"""A result as what a report file holds: the ending says the format, and formats that show answers get them."""

from __future__ import annotations

from pathlib import Path

from fteval import registry
from fteval.errors import UserError
from fteval.experiment import saved, sheet
from fteval.experiment.model_files import model_files
from fteval.records import AnswersFormat, CheckedFormat, Comparison, FilesFormat, ReportFormat, RunRecord


def report(result: Comparison | RunRecord, name: str, store: Path) -> bytes:
    """The whole file of this name. Raises UserError for a name whose ending no format has."""
    made = format_of(name)
    if isinstance(made, AnswersFormat):
        found = sheet.whole(result, store)
        text = made.render_answers(found, sheet.sheet(found, made.MOST))
    elif isinstance(made, FilesFormat):
        runs = [result.base, *(c.run for c in result.candidates)] if isinstance(result, Comparison) else [result]
        text = made.render_files(result, {run.id: model_files(run, store) for run in runs})
    else:
        text = made.render(result, () if isinstance(result, Comparison) else saved.worst(result))
    return text.encode("utf-8") if isinstance(text, str) else text


def format_of(name: str) -> ReportFormat:
    """The format of a file. Raises UserError for an ending that none has, and for one that does not work here."""
    formats = registry.report_formats()
    made = formats.of(name)
    if made is None:
        known = ", ".join(f"{ending} ({one.WHAT})" for ending, one in formats.usable.items())
        lost = "".join(f"\n{why}" for why in formats.unusable)
        ending = Path(name).suffix
        raise UserError(f"no report format has the ending {ending!r}{lost}", fix=f"the ending says the format: {known}")
    if isinstance(made, CheckedFormat):
        made.check()
    return made


EXPORTED = ("report.md", "report.html", "verdict.json")
"""Report files that go with a result to another tool."""


def export(result: Comparison | RunRecord, to: str, store: Path) -> str:
    """Hands a result on to `NAME:PLACE`; where it can be seen now. Raises UserError for what is missing."""
    name, _, place = to.partition(":")
    exporter = registry.exporter(name)
    exporter.check(place)
    return exporter.export(result, place, {file: report(result, file, store) for file in EXPORTED})
