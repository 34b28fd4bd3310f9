"""A result as one HTML file: nothing is fetched, nothing runs but its own few lines, and it reads without these.

Everything that came from outside is escaped by the templates, after what cannot be seen was made visible. The policy
in the page's head names its style and its script by their digests, and nothing else may load or run.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fteval.records import Comparison, RunRecord, Sheet
from fteval.reports.escape import clip, visible
from fteval.reports.html import answers, candidate, overview
from fteval.reports.view import bill, rows, run_view, view, words

HERE = Path(__file__).parent
TITLES = {
    "ship": ("✓", "Ship"), "do_not_ship": ("✕", "Do not ship"), "cannot_tell": ("?", "Cannot tell about"),
    "incomplete": ("!", "Incomplete run of"), "measured": ("–", "Measured"),
}  # fmt: skip
RESULTS = {"pass": "✓ pass", "fail": "✕ fail", "inconclusive": "? open", "incomplete": "! incomplete"}


@dataclass(frozen=True, slots=True)
class Pager:
    """Which page of how many this is, where answers are served in parts."""

    number: int
    pages: int


def of(subject: Comparison | RunRecord, sheet: Sheet | None, pager: Pager | None = None) -> str:
    """The page of a result; without a sheet, without answers."""
    if isinstance(subject, RunRecord):
        return _of_run(subject, sheet, pager)
    return _of_comparison(subject, sheet, pager)


def _of_comparison(comparison: Comparison, sheet: Sheet | None, pager: Pager | None) -> str:
    v = view.of_comparison(comparison)
    chosen = next(i for i, c in enumerate(comparison.candidates) if c.name == v.verdict.name)
    candidates = [candidate.of(result, seen) for result, seen in zip(comparison.candidates, v.candidates, strict=True)]
    return _page(
        "comparison.html",
        title=f"{v.verdict.phrase} {v.verdict.name}",
        v=v,
        chosen=candidates[chosen],
        candidates=candidates,
        overview=overview.of(comparison, v) if len(candidates) > 1 else None,
        series=overview.trainings(v),
        columns=rows.behaviour_columns([row for c in v.candidates for row in c.behaviour]),
        bill_note=bill.NOTE,
        warnings=view.gravest_first([*v.warnings, *v.chosen.warnings]) if len(candidates) == 1 else v.warnings,
        pager=pager,
        **_answers(sheet, chosen + 1),
    )


def _of_run(run: RunRecord, sheet: Sheet | None, pager: Pager | None) -> str:
    v = run_view.of_run(run)
    columns = rows.behaviour_columns(v.behaviour)
    title = f"{v.ref} measured"
    return _page("run.html", title=title, v=v, columns=columns, warnings=v.warnings, pager=pager, **_answers(sheet, 0))


def _answers(sheet: Sheet | None, chosen: int) -> dict[str, Any]:
    if sheet is None or not sheet.rows:
        return {"sheet": None, "answers": (), "data": None}
    return {"sheet": sheet, "answers": answers.views(sheet, chosen), "data": answers.as_data(sheet, chosen)}


def _page(template: str, **shown: Any) -> str:
    style, script = ((HERE / name).read_text("utf-8") for name in ("page.css", "page.js"))
    own = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    policy = f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    return rendered(
        template,
        style=Markup(style),
        script=Markup(script),
        policy=policy,
        titles=TITLES,
        results=RESULTS,
        words=words,
        **shown,
    )


def rendered(template: str, **shown: Any) -> str:
    """What a template makes of values, of which everything is escaped that is not Markup."""
    return _templates().get_template(template).render(**shown)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["clip"] = clip
    return made


def _seen(value: Any) -> Any:
    """What stands in a page of a value: text with every character to be seen."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
