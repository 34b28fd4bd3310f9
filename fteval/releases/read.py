"""Accepted scores read back: for comparisons, and to be shown."""

from __future__ import annotations

from pathlib import Path

from fteval.errors import UserError
from fteval.records import Baseline, Release, RunRecord
from fteval.releases import baseline, baseline_file, history
from fteval.releases.places import FOLDER, baseline_path, baselines, histories


def load(ref: str, folder: Path, suite: str) -> RunRecord:
    """The accepted scores of a suite as a record that comparisons pair like a run's.

    `ref` is `baseline`, or `baseline:FILE`. Raises UserError where there is none: never "no baseline, so pass".
    """
    given = ref.partition(":")[2]
    path = Path(given) if given else baseline_path(folder, suite)
    what = f"no baseline at {given}" if given else f"no baseline of suite '{suite}'"
    return _loaded(path, what, "fteval baseline accept RUN", None if given else suite)


def load_anchor(name: str, folder: Path, suite: str) -> RunRecord:
    """The release of a suite that was pinned under a name. Raises UserError where there is none."""
    what = f"no anchor '{name}' of suite '{suite}'"
    command = f"fteval baseline accept RUN --anchor {name} (the first run: without the gates that name it)"
    return _loaded(baseline_path(folder, suite, name), what, command, suite)


def _loaded(path: Path, missing: str, command: str, suite: str | None) -> RunRecord:
    if not path.is_file():
        kept = ", ".join(sorted(p.name for p in path.parent.glob("*.json"))) or "nothing"
        fix = f"accept a run that should count: {command}  ({path.parent} holds {kept})"
        raise UserError(missing, where=str(path), fix=fix)
    found = baseline_file.read(path)
    if suite is not None and found.suite != suite:
        raise UserError(
            f"the file holds the baseline of suite '{found.suite}', wanted '{suite}'",
            where=str(path),
            fix=f"name the file if it is meant (baseline:{path}), or make a new one: {command}",
        )
    return baseline.as_run(found, path)


def kept(folder: Path) -> list[tuple[Path, Baseline]]:
    """Every baseline and anchor of a folder, by file name. Raises UserError where there is none."""
    found = baselines(folder)
    if not found:
        raise UserError("no baseline yet", where=str(folder / FOLDER), fix="`fteval baseline accept RUN` makes one")
    return [(path, baseline_file.read(path)) for path in found]


def release_histories(folder: Path) -> dict[str, list[Release]]:
    """What was accepted of every suite, oldest first, by file name. Raises UserError where nothing was."""
    found = {suite: history.read(path) for suite, path in histories(folder).items()}
    if not any(found.values()):
        fix = "`fteval baseline accept RUN` begins it"
        raise UserError("no release was accepted yet", where=str(folder / FOLDER), fix=fix)
    return {suite: releases for suite, releases in found.items() if releases}
