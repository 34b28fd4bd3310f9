"""What is compared where all that is known of the models are logs of lm-eval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from fteval.engines import lm_eval_logs
from fteval.engines.logged import PREFIX, folder_of
from fteval.experiment.experiment import ProbeUse


def folders(models: Iterable[str | None]) -> tuple[str, ...]:
    """The folders behind these refs; none where one of the models can be asked itself."""
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
