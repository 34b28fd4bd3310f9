"""What is compared where all that is known of the models stands in files: logs of lm-eval, scores from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from fteval.engines import lm_eval_logs
from fteval.engines.logged import PREFIX, folder_of
from fteval.engines.outputs import files, saved
from fteval.errors import UserError
from fteval.experiment.experiment import ProbeUse
from fteval.records.foreign import is_scored

SCORES = "scores"
"""The probe of scores that were given elsewhere."""


def folders(models: Iterable[str | None]) -> tuple[str, ...]:
    """The folders of lm-eval's logs behind these refs; none where one of the models can be asked itself."""
    refs = [ref for ref in models if ref is not None]
    return tuple(str(folder_of(ref)) for ref in refs) if all(ref.startswith(PREFIX) for ref in refs) else ()


def tasks(logs: Sequence[str]) -> list[str]:
    """Every task that a folder has: where another one has none, the comparison is incomplete."""
    return list(dict.fromkeys(task for folder in logs for task in lm_eval_logs.read(Path(folder)).tasks))


def as_logged(use: ProbeUse, logs: tuple[str, ...]) -> ProbeUse:
    """A benchmark as the logs have judged it: neither lm-eval nor the task's data are needed then."""
    if use.probe != "benchmark":
        return use
    return replace(use, probe="benchmark_log", params={"task": use.params.get("task", use.name), "logs": logs})


def scored(models: Iterable[str | None]) -> tuple[str, ...]:
    """These refs, where one is of a file whose first row has scores, and no other one can be asked; else none."""
    refs = tuple(ref for ref in models if ref is not None)
    return refs if all(ref.startswith(saved.PREFIX) for ref in refs) and any(map(_is_scored, refs)) else ()


def _is_scored(ref: str) -> bool:
    if ref.startswith(PREFIX):
        return False
    try:
        path = saved.place(ref)[0]
    except UserError:
        return False  # said where the model is opened
    first = files.first_row(path) if path.is_file() else None
    return first is not None and is_scored(first)


def as_scored(use: ProbeUse, models: Iterable[str | None]) -> ProbeUse:
    """The probe of saved scores, told where they are. Raises UserError where a model has none."""
    if use.probe != SCORES:
        return use
    refs = tuple(ref for ref in models if ref is not None)
    for ref in refs:
        if not ref.startswith(saved.PREFIX) or ref.startswith(PREFIX):
            raise UserError(
                f"'{SCORES}' compares saved scores, and {ref} is a model",
                where=use.where,
                fix='give replay:FILE for base and candidate, rows as {"id": …, "score": …}',
            )
        path = saved.place(ref)[0]
        if not path.is_file():
            raise UserError(
                f"{path} is no file: scores are read more than once", where=use.where, fix="save them first"
            )
    return replace(use, params={**use.params, "files": refs})
