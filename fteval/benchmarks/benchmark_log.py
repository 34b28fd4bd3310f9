"""A benchmark that lm-eval has run already: its documents and its judgements are those of the logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fteval.benchmarks.benchmark import is_share, why_wrong
from fteval.engines import lm_eval_logs
from fteval.engines.lm_eval_logs import LoggedTask
from fteval.errors import UserError, suggest
from fteval.records import Generation, Metric, Sample, Scores, digest


@dataclass(frozen=True)
class BenchmarkLog:
    """A standard benchmark as lm-eval has judged it, document by document.

    Measures  what the log has that is a mean over its documents
    Chance    the task's own
    Traps     documents that only one log has are without an answer in the other
    Source    folders that lm-eval's --log_samples wrote
    """

    task: str = ""
    """A logged task or group."""
    logs: tuple[str, ...] = ()
    """The folders of all models, the base's first."""

    version = 1

    @cached_property
    def loaded(self) -> list[list[LoggedTask]]:
        """Per folder the tasks behind the name. Raises UserError where one is of several versions."""
        read = [lm_eval_logs.read(Path(folder)) for folder in self.logs]
        found = [logs.of(self.task) for logs in read]
        if not any(found):
            known = dict.fromkeys(name for logs in read for name in (*logs.tasks, *logs.groups))
            raise UserError(
                f"no log of '{self.task}' in {' or '.join(self.logs)}. {suggest(self.task, known)}",
                fix=f"logged there: {', '.join(known)}",
            )
        versions: dict[str, str] = {}
        for folder, tasks in zip(self.logs, found, strict=True):
            for task in tasks:
                if versions.setdefault(task.name, task.version) != task.version:
                    raise UserError(
                        f"'{task.name}' is version {task.version} in {folder} and {versions[task.name]} elsewhere: "
                        "other versions ask or judge otherwise",
                        fix="run both models with the same lm-eval",
                    )
        return found

    @property
    def contents(self) -> Mapping[str, str]:
        """Versions of the tasks; documents count by themselves, and a folder is no content."""
        versions = {task.name: task.version for tasks in self.loaded for task in tasks}
        return {"task": digest(versions), "logs": digest(None)}

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that every log has; the task's first is primary."""
        every = [task for tasks in self.loaded for task in tasks]
        shared = [m for m in every[0].metrics if all(m in task.metrics for task in every)]
        if not shared:
            left = sorted({name for task in every for name in (*task.left_out, *(m for m, _ in task.metrics))})
            raise UserError(
                f"the logs of '{self.task}' have no metric that can be compared item by item ({', '.join(left)}): each "
                "is of the whole corpus, or has no direction"
            )
        values = [document.values for task in every for document in task.documents.values()]
        shares = {
            name for name, _ in shared if is_share(name) and all(0 <= of.get(name, 0) <= 1 for of in values)
        }  # fmt: skip
        return tuple(
            Metric(name, primary=i == 0, better=better, unit="share" if name in shares else "score")
            for i, (name, better) in enumerate(shared)
        )

    def samples(self) -> Iterator[Sample]:
        # What several have asked counts as the first of them asked it.
        first = {key: one for tasks in reversed(self.loaded) for task in tasks for key, one in task.documents.items()}
        several = len({key.partition("/")[0] for key in first}) > 1
        for key, document in first.items():
            yield Sample(
                id=key,
                messages=document.messages,
                target=document.target,
                slices={"task": key.partition("/")[0]} if several else {},
                metadata={"document": document.hash},
            )

    def score(self, sample: Sample, generation: Generation) -> Scores:
        values = generation.judged or {}
        names = [metric.name for metric in self.metrics]
        reasons = {
            name: why_wrong(sample, generation) if values.get(name) == 0 else "not in the log"
            for name in names
            if not values.get(name)
        }
        return Scores({name: values.get(name) for name in names}, answer=generation.text, reasons=reasons)
