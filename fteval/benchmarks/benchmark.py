"""A task of lm-eval as a probe: its documents are the samples, its own code judges each answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fteval.benchmarks import tasks
from fteval.engines.lm_eval_logs import metric_name
from fteval.errors import UserError
from fteval.records import Continuation, Generation, Message, Metric, Sample, Scores, digest

SHARES = ("acc", "exact_match", "match", "em", "f1", "strict", "loose", "correct", "win")
"""Parts of the names of metrics that lie between 0 and 1; others are plain numbers."""
READ = 10_000
"""Characters of a target that are kept to be shown."""


@dataclass(frozen=True)
class Benchmark:
    """A standard benchmark, judged document by document.

    Measures  what the task of lm-eval measures that is a mean over its documents
    Chance    the task's own
    Traps     corpus metrics (F1, BLEU, perplexity) are left out; public tests leak into training data
    Source    lm-eval and the task's data, which must be reachable
    """

    task: str = ""
    """A task or group of lm-eval: arc_easy, mmlu."""
    shots: int | None = None
    """Examples in the prompt, where the task does not fix them."""
    chat: bool = False
    """Ask through the model's chat template; without it the model goes on from plain text, as lm-eval's default is."""
    include: str | None = None
    """A folder with task files of your own."""

    version = 2

    @cached_property
    def loaded(self) -> tasks.Tasks:
        if not self.task:
            raise UserError("a benchmark needs a task", fix="task: arc_easy, or --benchmark arc_easy")
        return tasks.load(self.task, shots=self.shots, chat=self.chat, include=self.include)

    @property
    def contents(self) -> Mapping[str, str]:
        """Versions and configs of harness and tasks, for which the name stands."""
        return {"task": self.loaded.digest, "include": digest(None)}

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of all its tasks that are means over documents and have a direction; the task's first is primary."""
        of_tasks = [_metrics(task) for task in self.loaded.tasks.values()]
        shared = [m for m in of_tasks[0] if all(m in others for others in of_tasks)]
        if not shared:
            tasks = self.loaded.tasks.values()
            if undirected := sorted({metric for task in tasks for metric in _means(task, directed=False)}):
                raise UserError(
                    f"benchmark '{self.task}' does not say whether more is better: {', '.join(undirected)}",
                    fix="add higher_is_better: true or false to the metric_list of the task file",
                )
            left = sorted({name for task in tasks for name in task.aggregation()})
            raise UserError(
                f"benchmark '{self.task}' has no metric that can be compared item by item ({', '.join(left)}): each is "
                "of the whole corpus"
            )
        return tuple(
            Metric(name, primary=i == 0, better=better, unit="share" if is_share(name) else "score")
            for i, (name, better) in enumerate(shared)
        )

    @property
    def sampling(self) -> Mapping[str, Any]:
        """What the task asks for: where an answer ends, and how long it may be."""
        generating = [task for task in self.loaded.tasks.values() if task.OUTPUT_TYPE == "generate_until"]
        kinds = [task.config.generation_kwargs or {} for task in generating]
        if not kinds:
            return {}
        if any(kind != kinds[0] for kind in kinds):
            raise UserError(f"the tasks of '{self.task}' generate in different ways", fix="name them one by one")
        until = kinds[0].get("until") or []
        drawn: dict[str, Any] = {"stop": tuple([until] if isinstance(until, str) else until)}
        drawn["max_tokens"] = int(kinds[0].get("max_gen_toks", 256))
        if kinds[0].get("do_sample") and kinds[0].get("temperature"):
            drawn["temperature"] = float(kinds[0]["temperature"])
        return drawn

    def samples(self) -> Iterator[Sample]:
        several = len(self.loaded.tasks) > 1
        for key, document in self.loaded.documents.items():
            yield Sample(
                id=key,
                messages=_messages(document.instances[0].args[0], self.chat),
                target=_target(document),
                slices={"task": key.partition("/")[0]} if several else {},
                metadata={"document": document.hash},
                continuations=tuple(_continuations(document, self.chat)),
            )

    def score(self, sample: Sample, generation: Generation) -> Scores:
        names = {m.name for m in self.metrics}
        if generation.likelihoods == ():
            why = "this model does not say how likely a text is"
            return Scores(dict.fromkeys(names), reasons=dict.fromkeys(names, why))
        document = self.loaded.documents[sample.id]
        instances = [copy.copy(instance) for instance in document.instances]
        for instance, response in zip(instances, _responses(generation), strict=True):
            instance.resps, instance.filtered_resps = [response], {}
        values: dict[str, float | None] = {}
        for each in document.task._filters:
            each.apply(instances)
            found = document.task.process_results(document.content, [i.filtered_resps[each.name] for i in instances])
            values |= {
                called: float(value)
                for metric, value in found.items()
                if (called := _called(metric, each.name, document.task)) in names
            }
        reasons = {name: why_wrong(sample, generation) for name, value in values.items() if value == 0}
        return Scores({name: values.get(name) for name in names}, answer=generation.text, reasons=reasons)


def _responses(generation: Generation) -> list[Any]:
    """What lm-eval's requests of a document got: (nats, greedy) of each text, or the one answer."""
    if generation.likelihoods is None:
        return [generation.text]
    return [(one.nats, bool(one.greedy)) for one in generation.likelihoods]


def _continuations(document: tasks.Document, chat: bool) -> Iterator[Continuation]:
    first = document.instances[0].args[0]
    for instance in document.instances:
        if instance.request_type == "loglikelihood":
            context, text = instance.args
            if chat and context not in ("", first):
                raise UserError(f"{instance.task_name} has a prompt for each choice", fix="leave `chat` out")
            yield Continuation(text, None if context == first else context)


def _messages(context: str, chat: bool) -> tuple[Message, ...]:
    if chat:
        return tuple(Message(turn["role"], turn["content"]) for turn in json.loads(context))
    return (Message("text", context),)


def _target(document: tasks.Document) -> Any:
    """The right answer, as a reader would want to see it."""
    task, content = document.task, document.content
    try:
        target = task.doc_to_target(content)
        if task.OUTPUT_TYPE == "multiple_choice" and isinstance(target, int) and not task.multiple_input:
            target = task.doc_to_choice(content)[target]
    except Exception:  # a task's own code; the target is only shown
        return None
    return target[:READ] if isinstance(target, str) else str(target)[:READ]


def _metrics(task: Any) -> list[tuple[str, str]]:
    """(name, `higher` or `lower`) of each metric of one document that a mean makes the task's number of."""
    higher = task.higher_is_better()
    return [
        (_called(metric, each.name, task), "higher" if higher[metric] else "lower")
        for metric in _means(task, directed=True)
        for each in task._filters
    ]


def _means(task: Any, *, directed: bool) -> list[str]:
    """Metrics that are means over documents, and have a direction or none."""
    higher = task.higher_is_better()
    means = [metric for metric, how in task.aggregation().items() if getattr(how, "__name__", "") == "mean"]
    return [metric for metric in means if (higher.get(metric) is not None) == directed]


def _called(metric: str, filtered: str, task: Any) -> str:
    return metric_name(metric, filtered, len(task._filters))


def why_wrong(sample: Sample, generation: Generation) -> str:
    """What a reader is told of a document that is not right."""
    alone = generation.likelihoods is not None and len(generation.likelihoods) == 1
    return "another text is likelier there" if alone else f"the answer is {sample.target!r}"[:200]


def is_share(name: str) -> bool:
    return any(part in name for part in SHARES)
