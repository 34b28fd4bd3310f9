"""What a job has to tell: the result that it made itself, never an older one that lies in the same store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.records import Comparison, RunRecord
from fteval.reports import escape
from fteval.reports.files.verdict_json import SCHEMA, as_data
from fteval.reports.view import view
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.stats import verdict

Result = Comparison | RunRecord


def of_file(path: Path, store: Path) -> Result:
    """The result whose verdict was written to a file, as `fteval run -o verdict.json` does.

    Raises UserError for a file that is not there, that is no verdict, or that is of another store.
    """
    fix = "fteval run … -o " + str(path)
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"no verdict in {path}: {error.strerror}. `fteval run` was not started, or did not come to an end"
        raise UserError(what, where=str(path), fix=fix) from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is no verdict of fteval", where=str(path), fix=fix) from None
    if isinstance(written, dict) and written.get("schema", 1) != SCHEMA:
        raise UserError(f"{path} is of another version of fteval", where=str(path), fix=fix)
    kept = Store(store, readonly=True)
    if isinstance(written, dict) and isinstance(written.get("run"), str):
        return results.load(kept, written["run"])
    otherwise = None
    for id in reversed(kept.comparisons()):
        found = kept.load_comparison(id)
        if _runs(written) == [found.base.id, *(c.run.id for c in found.candidates)]:
            if _told(written) == _told(as_data(found)):
                return found
            otherwise = otherwise or id
    if otherwise is not None:
        what = f"{path} says something else than what is kept of it ({otherwise})"
        raise UserError(what, where=str(path), fix=fix)
    raise UserError(f"the store has no comparison of the runs in {path}", where=str(store), fix=fix)


def check_sound(result: Result) -> None:
    """Raises UserError for a verdict that its gates do not bear out: nothing may be told of it."""
    if isinstance(result, Comparison) and (why := verdict.contradiction(result)) is not None:
        fix = "judge the runs again: fteval gate latest -c fteval.yaml"
        raise UserError(f"the verdict contradicts its gates: {why}", where=result.id, fix=fix)


def suite_of(result: Result) -> str:
    """Name of the suite that it is about; comments are kept apart by it."""
    run = result if isinstance(result, RunRecord) else result.candidates[0].run
    return str(run.manifest.get("suite_name") or "fteval")


def check_fresh(result: Result, began: datetime | None) -> None:
    """Raises UserError for a result from before the job began: with a store from a cache, another commit's."""
    made = datetime.strptime(result.id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if began is not None and made < began.replace(microsecond=0):
        raise UserError(
            f"the newest result is of {made:%Y-%m-%d %H:%M:%S} UTC, before this job began: it is of another commit",
            where=result.id,
            fix="name the one that is meant: fteval run … -o verdict.json, and then verdict.json here",
        )


def absent(error: UserError, link: str | None) -> str:
    """A page that says that there is no result: silence would read as a pass."""
    page = "### ❌ fteval: no result\n\nNothing is known about this change: " + escape.inline(error.what)
    return page + (f"\n\nSee {escape.link('the log', link)}.\n" if link else "\n")


def worth_a_comment(result: Result, when: str) -> bool:
    """Whether a comment is to be made: `always`, `on-fail`, or `on-change`, unless nothing is shown to have changed."""
    if isinstance(result, RunRecord):
        return when != "on-fail" or not result.complete or result.errors > 0
    if when == "on-fail":
        return result.exit_code != 0
    return when == "always" or not view.of_comparison(result).quiet


def _told(written: Any) -> Any:
    """What decides of a verdict's data: words, code, and each gate's result."""
    try:
        gates = [[(g["rule"], g["metric"], g["result"]) for g in c["gates"]] for c in written["candidates"]]
        return written["verdict"], written["exit_code"], [c["verdict"] for c in written["candidates"]], gates
    except (KeyError, TypeError):
        return None


def _runs(written: Any) -> list[Any] | None:
    try:
        return [written["base"]["run"], *(c["run"] for c in written["candidates"])]
    except (KeyError, TypeError):
        return None
