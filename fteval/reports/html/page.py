"""A result as one HTML file: nothing is fetched, nothing runs but its own few lines, and it reads without these.

Everything that came from outside is escaped by the templates, after what cannot be seen was made visible. The policy
in the page's head names its style and its script by their digests, and nothing else may load or run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fteval.records import Comparison, RunRecord, Sheet
from fteval.records.browsing import SORTS, Found, Search
from fteval.records.people import Labels, People, judgeable
from fteval.reports.escape import clip, visible
from fteval.reports.html import answers, candidate, overview
from fteval.reports.view import bill, rows, run_view, view, words
from fteval.reports.view import people as people_view
from fteval.stats import units
from fteval.version import __version__

HERE = Path(__file__).parent
TITLES = {
    "ship": ("✓", "Ship"), "do_not_ship": ("✕", "Do not ship"), "cannot_tell": ("?", "Cannot tell about"),
    "incomplete": ("!", "Incomplete run of"), "measured": ("–", "Measured"),
}  # fmt: skip
SHOW_WORDS = {
    "all": "all", "worse": "worse", "better": "better", "same": "same", "unscored": "unscored", "refused": "refused",
    "cut": "cut off", "failed": "failed",
}  # fmt: skip
RESULTS = {"pass": "✓ pass", "fail": "✕ fail", "inconclusive": "? open", "incomplete": "! incomplete"}


SCRIPTS = ("theme.js", "browse.js", "filters.js")
SERVED = ("theme.js", "browse.js", "served.js")
ASKED = 5
"""Metrics of a probe that can be labelled in random order."""
_PLACE = "fteval-answers-stand-here"


def of(subject: Comparison | RunRecord, sheet: Sheet | None) -> str:
    """The page of a result as a file; without a sheet, without answers."""
    return _page(subject, _answers(sheet, _chosen(subject)) if sheet and sheet.rows else Markup(), SCRIPTS)


def frame(subject: Comparison | RunRecord) -> tuple[str, str]:
    """What stands before and after the answers in a page that is served."""
    before, _, after = _page(subject, Markup(_PLACE), SERVED).partition(_PLACE)
    return before, after


def found(what: Found, people: People, said: Mapping[int, Labels]) -> str:
    """The answers of a page that is served, with what people said of them; `said` are labels by place of a model."""
    return str(_answers(what.sheet, what.chosen, what, people, said))


@cache
def look() -> str:
    """A digest of what a page is made with."""
    files = sorted(path for kind in ("templates", "scripts") for path in (HERE / kind).iterdir())
    texts = [path.read_text("utf-8") for path in (*files, HERE / "page.css")]
    return hashlib.sha256("\0".join([__version__, *texts]).encode()).hexdigest()


def _chosen(subject: Comparison | RunRecord) -> int:
    """Place of the candidate that the verdict is about among the names; 0 for a single run."""
    if isinstance(subject, RunRecord):
        return 0
    best = view.best_of(subject)
    return next(i for i, c in enumerate(subject.candidates, 1) if c.name == best.name)


def _answers(
    sheet: Sheet,
    chosen: int,
    served: Found | None = None,
    people: People | None = None,
    said: Mapping[int, Labels] | None = None,
) -> Markup:
    by = ""
    if served and served.search.probe >= 0 and served.search.metric >= 0:
        by = list(served.metrics.values())[served.search.probe][served.search.metric]
    views = answers.views(sheet, chosen, by)
    made = rendered(
        "answers.html",
        sheet=sheet,
        served=served,
        answers=views if served is None else answers.labelled(views, served, said or {}),
        data=answers.as_data(sheet, chosen),
        shows=SHOW_WORDS,
        sorts=SORTS,
        tables=people_view.tables(people),
        notes=people_view.notes(people),
        labelled=bool(said),
        asked=_asked(sheet),
    )
    return Markup(made)


def _asked(sheet: Sheet) -> list[tuple[int, int, str]]:
    """Places of probe and metric, and the name, of what people can judge; of each probe the first few."""
    found = []
    for p, (probe, metrics) in enumerate(sheet.metrics.items()):
        known = [(m, metric) for m, metric in enumerate(metrics) if judgeable(metric)]
        found += [(p, m, units.name(probe, metric.name)) for m, metric in known[:ASKED]]
    return found


def _page(subject: Comparison | RunRecord, answers: Markup, scripts: Sequence[str]) -> str:
    if isinstance(subject, RunRecord):
        template, shown = "run.html", _of_run(subject)
    else:
        template, shown = "comparison.html", _of_comparison(subject)
    return framed(template, scripts, answers=answers, **shown)


def _of_comparison(comparison: Comparison) -> dict[str, Any]:
    v = view.of_comparison(comparison)
    chosen = _chosen(comparison) - 1
    candidates = [candidate.of(result, seen) for result, seen in zip(comparison.candidates, v.candidates, strict=True)]
    return {
        "title": f"{v.verdict.phrase} {v.verdict.name}",
        "v": v,
        "chosen": candidates[chosen],
        "candidates": candidates,
        "overview": overview.of(comparison, v) if len(candidates) > 1 else None,
        "series": overview.trainings(v),
        "columns": rows.behaviour_columns([row for c in v.candidates for row in c.behaviour]),
        "bill_note": bill.NOTE,
        "warnings": view.gravest_first([*v.warnings, *v.chosen.warnings]) if len(candidates) == 1 else v.warnings,
    }


def _of_run(run: RunRecord) -> dict[str, Any]:
    v = run_view.of_run(run)
    columns = rows.behaviour_columns(v.behaviour)
    return {"title": f"{v.ref} measured", "v": v, "columns": columns, "warnings": v.warnings}


def framed(template: str, scripts: Sequence[str], **shown: Any) -> str:
    """A whole page of a template; one with a script of `SERVED` may ask its own server."""
    style, script = (HERE / "page.css").read_text("utf-8"), _script(scripts)
    own = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    asks = "connect-src 'self'; form-action 'self'" if scripts is not SCRIPTS else "form-action 'none'"
    return rendered(
        template,
        style=Markup(style),
        script=Markup(script),
        policy=f"default-src 'none'; {own}; base-uri 'none'; {asks}",
        titles=TITLES,
        results=RESULTS,
        words=words,
        **shown,
    )


def _script(names: Sequence[str]) -> str:
    return "".join((HERE / "scripts" / name).read_text("utf-8") for name in names)


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
    made.filters["query"] = query
    return made


def query(search: Search, page: int = 1) -> str:
    """A search as the end of an address, with what is as usual left out."""
    usual = Search()
    said = {f.name: getattr(search, f.name) for f in fields(search)} | {"page": page}
    changed = {name: value for name, value in said.items() if value != getattr(usual, name)}
    return urlencode(changed, errors="surrogatepass")


def _seen(value: Any) -> Any:
    """What stands in a page of a value: text with every character to be seen."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
