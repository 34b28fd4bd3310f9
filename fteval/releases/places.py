"""Where accepted scores lie: beside the config, in evals/baseline."""

from __future__ import annotations

import os
from pathlib import Path

from fteval.errors import UserError
from fteval.releases.baseline import file_name

FOLDER = Path("evals") / "baseline"
_HISTORY = ".history.jsonl"


def baseline_path(folder: Path, suite: str, anchor: str | None = None) -> Path:
    """The file of a suite's baseline, or of one of its anchors."""
    return folder / FOLDER / (file_name(suite) + (f"@{anchor}" if anchor is not None else "") + ".json")


def history_path(folder: Path, suite: str) -> Path:
    """The file of a suite's history."""
    return folder / FOLDER / f"{file_name(suite)}{_HISTORY}"


def baselines(folder: Path) -> list[Path]:
    """The files of all baselines and anchors, by name."""
    return [folder / FOLDER / name for name in _names(folder / FOLDER) if name.endswith(".json")]


def anchors(folder: Path, suite: str) -> list[Path]:
    """The files of a suite's anchors, by name."""
    beginning = baseline_path(folder, suite, "").name.removesuffix(".json")
    return [path for path in baselines(folder) if path.name.startswith(beginning)]


def histories(folder: Path) -> dict[str, Path]:
    """The history files by the names of their suites, as files have them."""
    names = [name for name in _names(folder / FOLDER) if name.endswith(_HISTORY)]
    return {name.removesuffix(_HISTORY): folder / FOLDER / name for name in names}


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"cannot read {folder}: {os.strerror(error.errno or 0)}", where=str(folder)) from None
