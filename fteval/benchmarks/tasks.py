"""lm-eval's tasks: which of them a name stands for, their documents, and what is asked of each."""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib.metadata
import io
import itertools
import json
import logging
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.engines.lm_eval_logs import document_hash
from fteval.errors import Incomplete, UserError
from fteval.records import digest

FEWSHOT_SEED = 1234
"""What lm-eval's own command takes, so that both show the same examples."""
UNREACHABLE = ("ConnectionError", "OfflineModeIsEnabled", "LocalEntryNotFoundError", "HTTPError", "ConnectTimeout")
"""How libraries say that a dataset's place gave no answer."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a task, with what is asked of the model about it."""

    task: Any
    content: Mapping[str, Any]
    instances: Sequence[Any]
    """lm-eval's requests, in the order in which the task reads their results."""

    @property
    def hash(self) -> str:
        """Of its content, 16 hex digits: what pairs it, not its place in the data."""
        return document_hash(self.content)


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks behind one name; several where it names a group."""

    tasks: Mapping[str, Any]
    documents: Mapping[str, Document]
    """By sample id: TASK/HASH, and TASK/HASH-2 for the second of two equal documents."""

    @property
    def digest(self) -> str:
        """Of harness and tasks: versions and configs. Documents count by themselves."""
        import lm_eval

        configs = {name: [str(task.VERSION), _plain(task.dump_config())] for name, task in self.tasks.items()}
        return digest({"lm_eval": lm_eval.__version__, "tasks": configs})


@functools.lru_cache(maxsize=8)
def load(name: str, *, shots: int | None, chat: bool, include: str | None) -> Tasks:
    """The tasks of a name, with the documents' requests made.

    Raises UserError for a name that lm-eval does not know, and for a task that cannot be asked here; Incomplete for one
    whose data cannot be reached.
    """
    manager = _manager(include, everything=False)
    if name not in manager.all_tasks:
        manager = _manager(include, everything=True)
    if name not in manager.all_tasks:
        near = difflib.get_close_matches(name, manager.all_tasks, n=3)
        raise UserError(
            f"lm-eval knows no task '{name}'",
            fix=f"did you mean {', '.join(near)}?" if near else "name one of `lm-eval ls tasks`, or say `include`",
        )
    with _as_lm_eval_runs():
        tasks = _built(manager, name)
        documents: dict[str, Document] = {}
        for called, task in tasks.items():
            _prepare(task, shots)
            for document in _documents(task, chat):
                key = f"{called}/{document.hash}"
                ids = itertools.chain([key], (f"{key}-{n}" for n in itertools.count(2)))
                documents[next(i for i in ids if i not in documents)] = document
    return Tasks(tasks, documents)


def as_chat(messages: Sequence[Mapping[str, str]], *, add_generation_prompt: bool = True) -> str:
    """What lm-eval takes for a chat template: the turns themselves, which each model's own template renders later."""
    if not add_generation_prompt:
        raise UserError("this task begins the answer itself, which a chat cannot", fix="leave `chat` out")
    return json.dumps(list(messages))


@functools.lru_cache(maxsize=4)
def _manager(include: str | None, *, everything: bool) -> Any:
    """lm-eval's index of tasks; with `everything` its own thousands too, whose files take seconds to read."""
    try:
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise UserError(
            f"benchmarks need lm-eval: {error}", fix="pip install -c constraints.txt '.[benchmarks]'"
        ) from error
    if include is not None and not Path(include).is_dir():
        raise UserError(f"no folder of tasks: {include}", fix="`include` names a folder with lm-eval task files")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # it greets at every import
    return TaskManager(include_path=include, include_defaults=everything)


def _built(manager: Any, name: str) -> dict[str, Any]:
    try:
        return dict(manager.load([name])["tasks"])
    except Exception as error:  # a task is anybody's code, and its data lie anywhere
        kinds = {type(e).__name__ for e in _chain(error)}
        what = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
        if kinds.intersection(UNREACHABLE) or "offline" in str(error).lower() or "reach" in str(error).lower():
            raise Incomplete(
                f"the data of benchmark '{name}' cannot be reached: {what}",
                fix="fetch them once where there is a network (the Hub's cache keeps them), or leave the benchmark out",
            ) from error
        missing = next((e.name for e in _chain(error) if isinstance(e, ModuleNotFoundError) and e.name), None)
        if missing is not None:
            what = f"benchmark '{name}' needs the package {missing}, which is not installed"
            raise UserError(what, fix=f"pip install {extra_with(missing) or missing}") from error
        fix = "see where its files say that the data are, or try it with lm-eval's own command"
        raise UserError(f"benchmark '{name}' cannot be loaded: {what}", fix=fix) from error


def extra_with(module: str) -> str | None:
    """The extra of lm-eval that brings a module: a task that lacks one of its packages lacks others."""
    wanted = re.compile(rf"{re.escape(module)}\b.*extra == \W*([\w-]+)", flags=re.IGNORECASE)
    found = (wanted.match(line) for line in importlib.metadata.requires("lm_eval") or ())
    return next((f"'lm-eval[{match[1]}]'" for match in found if match), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _prepare(task: Any, shots: int | None) -> None:
    """As lm-eval's command does. Raises UserError for what it would do and cannot be done here."""
    name, config = task.config.task, task.config
    kind = task.OUTPUT_TYPE
    if kind == "loglikelihood_rolling":
        raise UserError(f"benchmark '{name}' measures running text (perplexity), which is not asked here")
    if getattr(task, "UNSAFE_CODE", False):
        raise UserError(f"benchmark '{name}' runs code that the model writes, which is never done here")
    if getattr(task, "MULTIMODAL", False):
        raise UserError(f"benchmark '{name}' shows more than text, which is not asked here")
    if (config.repeats or 1) > 1:
        raise UserError(f"benchmark '{name}' asks each question {config.repeats} times", fix="leave it out")
    task.set_fewshot_seed(seed=FEWSHOT_SEED)
    own = task.get_config("num_fewshot")
    if own is None or (shots is not None and own != 0):
        task.set_config(key="num_fewshot", value=shots or 0)


def _documents(task: Any, chat: bool) -> Iterator[Document]:
    # Examples as turns of their own are what lm-eval's command does with a template.
    task.build_all_requests(
        apply_chat_template=chat, fewshot_as_multiturn=chat, chat_template=as_chat if chat else None
    )
    for _, group in itertools.groupby(task.instances, key=lambda instance: instance.doc_id):
        instances = sorted(group, key=lambda instance: instance.idx)
        yield Document(task, instances[0].doc, instances)


@contextlib.contextmanager
def _as_lm_eval_runs() -> Iterator[None]:
    """With the seeds of its command, since tasks may shuffle; without its bars and words on stderr."""
    import numpy as np

    before, numbers = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(1234)
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        random.setstate(before)
        np.random.set_state(numbers)


def _plain(value: Any) -> Any:
    """A config as JSON; functions by their source or name, never by an address."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
