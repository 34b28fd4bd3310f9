"""A comparison for GitHub: the comment of a pull request, the summary of a step, annotations at the gates' lines.

What is too long is drawn again with less in it, never cut: GitHub drops a summary that is too large, and refuses such a
comment.
"""
# No `from __future__ import annotations`: the name is one of the three functions.

from collections.abc import Callable, Sequence
from functools import partial

from fteval.records import Comparison, RunRecord
from fteval.reports import escape
from fteval.reports.markdown import blocks, markdown, markdown_run
from fteval.reports.view import judged, run_view, view
from fteval.reports.view.detail import Detail, fitted
from fteval.reports.view.view import ComparisonView

LIMIT = 65_536
"""Characters of a comment."""


def comment(
    subject: Comparison | RunRecord, *, suite: str, job: str, limit: int = LIMIT, link: str | None = None
) -> str:
    """The body of a comment: its marker in the first line, and the report as whole as `limit` characters allow.

    `link` is where the whole report can be found. Where nothing is wrong and nothing changed, one line is left, and the
    rest is folded away.
    """
    first = escape.marker(suite=suite, job=job)
    draw = _drawing(subject)
    if isinstance(subject, Comparison) and (v := view.of_comparison(subject)).quiet:
        draw, link = partial(_folded, v, link), None

    def close(body: str, missing: Sequence[str]) -> str:
        return blocks.joined([first, body, _last_line(subject.id, missing, link)]) + "\n"

    def fits(body: str) -> bool:
        # GitHub may count an emoji as two, as JavaScript does.
        return len(body.encode("utf-16-le")) // 2 <= limit

    return fitted(draw, close, fits) or f"{first}\n\n{_barest(subject)}\n"


def summary(subject: Comparison | RunRecord, *, limit: int, link: str | None = None) -> str:
    """The report for a step summary of at most `limit` bytes; empty where not even its headline fits."""

    def fits(body: str) -> bool:
        return len(body.encode()) <= limit

    def close(body: str, missing: Sequence[str]) -> str:
        return blocks.joined([body, _last_line(subject.id, missing, link)]) + "\n"

    found = fitted(_drawing(subject), close, fits)
    barest = f"{_barest(subject)}\n"
    return found or (barest if fits(barest) else "")


def annotations(subject: Comparison | RunRecord, limit: int = 10) -> list[str]:
    """Workflow commands for the gates that did not pass, the gravest first.

    Errors only where the comparison blocks: an advisory gate, an open one and a candidate beside the one that ships are
    warnings. With the file and line of the gate where it is written in one.
    """
    if isinstance(subject, RunRecord):
        broken = not subject.complete or subject.errors
        text = f"{subject.errors} of {subject.planned} answers failed, or the run is not finished"
        return [_command("error", {"title": "fteval: incomplete"}, text)] if broken else []
    commands = []
    several = len(subject.candidates) > 1
    for case in judged.gravest_first(subject):
        blocks_release = subject.exit_code != 0 and not case.advisory and case.outcome != "inconclusive"
        properties = {
            **({"file": case.file, "line": str(case.line)} if case.file else {}),
            "title": f"fteval: {f'{case.candidate}: ' if several else ''}{case.name}",
        }
        advisory = " (advisory)" if case.advisory else ""
        commands.append(_command("error" if blocks_release else "warning", properties, case.message + advisory))
    return commands[:limit]


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {said}::{_data(escape.one_line(message, 1000))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escape.one_line(text, 300)).replace(":", "%3A").replace(",", "%2C")


# --- drawing --------------------------------------------------------------------------------------


def _drawing(subject: Comparison | RunRecord) -> Callable[[Detail], str]:
    """The report with as much in it as is asked."""
    if isinstance(subject, RunRecord):
        return partial(markdown_run.page, run_view.of_run(subject))
    return partial(markdown.page, view.of_comparison(subject))


def _folded(v: ComparisonView, link: str | None, detail: Detail) -> str:
    """The verdict, and everything else in one fold."""
    passed = sum(len(c.gates) for c in v.candidates)
    gates = f"{passed:,} {'gate passes' if passed == 1 else 'gates pass'}, " if passed else ""
    rest = [*markdown.body(v, detail), _last_line(v.id, (), link)]
    fold = blocks.details(f"{gates}nothing is shown to have changed", blocks.joined(rest))
    return blocks.joined([markdown.headline(v.verdict, detail.text), fold])


def _last_line(id: str, missing: Sequence[str], link: str | None) -> str:
    whole = escape.link("the whole report", link) if link else ""
    command = escape.code(f"fteval report {id} -o report.md")
    if not missing:
        return f"See {whole}." if whole else ""
    where = f"{whole}, or {command}" if whole else command
    return f"Shortened or left out, so that this fits: {', '.join(missing)}. All of it: {where}."


def _barest(subject: Comparison | RunRecord) -> str:
    """The verdict without a word that came from outside."""
    if isinstance(subject, RunRecord):
        return "### 📏 fteval: measured"
    return f"### {markdown.ICONS[subject.verdict]} fteval: {subject.verdict.replace('_', ' ')}"
