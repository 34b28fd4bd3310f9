"""What is saved, read back: runs and comparisons shown, and their journals checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fteval.experiment import stale
from fteval.records import Comparison, Judged, RunRecord
from fteval.runs.journal import store as stores
from fteval.runs.journal.store import Store
from fteval.runs.reading import flips, results


def saved(what: str, store: Path) -> Comparison | RunRecord:
    """A saved comparison or run; `latest` is the newest of both, and is said to be of other bytes where it is."""
    from fteval.experiment import opinions  # a run that was just made has none

    kept, found = Store(store, readonly=True), opinions.with_people(unchecked(what, store), store)
    if what != "latest":
        return found
    if isinstance(found, Comparison):
        return stale.with_all_checked(kept, found)
    return stale.with_bytes_checked(kept, found)


def unchecked(what: str, store: Path) -> Comparison | RunRecord:
    """`saved`, but whether models are still what they were is not looked at, which takes as long as they are large."""
    kept = Store(store, readonly=True)
    newest = kept.latest() if what == "latest" else None
    if newest is not None:
        return kept.load_comparison(newest[1]) if newest[0] == "comparison" else saved_run(newest[1], store)
    if any(i.startswith(what) for i in kept.comparisons()):
        return kept.load_comparison(what)
    return saved_run(what, store)


def saved_run(what: str, store: Path) -> RunRecord:
    """A saved run with its scores per sample."""
    return results.load(Store(store, readonly=True), what)


def worst(run: RunRecord, limit: int = 3) -> list[Judged]:
    """The worst answers of a run, for its report."""
    return flips.worst(run, limit)


def runs(store: Path) -> list[dict[str, Any]]:
    """What a list shows of every run, newest first."""
    return [results.summary(kept) for kept in reversed(Store(store, readonly=True).runs())]


def verify(store: Path, run: str | None, *, repair: bool) -> tuple[list[str], int, int]:
    """Damaged lines as `file:line: what`, the number of lines read, and of runs."""
    kept = stores.Store(store, readonly=True)
    chosen = [kept.find(run)] if run else kept.runs()
    findings: list[str] = []
    n_lines = 0
    for one in chosen:
        count, damages = stores.verify_run(one)
        n_lines += count
        findings += [f"{damage.where}: {damage.reason}" for damage in damages]
        if repair and damages:
            stores.repair_run(one)
    return findings, n_lines, len(chosen)
