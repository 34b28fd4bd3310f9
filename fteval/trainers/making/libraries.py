"""The process around a training: offline, without telemetry, quiet, seeded and repeatable; afterwards as it was before.

Nothing here decides what is learnt. Needs torch and the training extra.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from logging import LogRecord, getLogger
from typing import Any

from fteval.engines.local.hush import hush
from fteval.errors import UserError

DECIDING = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors")
"""Libraries whose version can move a trained weight or the bytes that it is written as."""


def versions() -> dict[str, str]:
    """Version of every library that decides the weights. Raises UserError naming all that are missing."""
    found, missing = {}, []
    for name in (*DECIDING, "datasets"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise UserError(f"training needs {', '.join(missing)}", fix="pip install 'fteval[train]'")
    return {name: found[name] for name in DECIDING}


SMALL = 100_000_000
"""Bytes of weights below which one thread trains as fast as several, within a third, and never waits for another one.

Measured on nano (9 MB) with 2 cores: 6.7 s with 1 thread, 5.0 s with 2; with the machine busy 14 s and over 150 s.
"""


def environment(device: str, threads: int | None, model_bytes: int, processes: int = 1) -> dict[str, Any]:
    """The machine as far as it decides the weights, as one of so many processes sees it.

    Measured: 1 and 2 CPU threads give different bytes at 4 M parameters, because sums are split differently.
    Raises UserError for a device that is not there.
    """
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return {
            "device": "cpu",
            "threads": threads or _threads(model_bytes, processes),
            "cpu": torch.backends.cpu.get_cpu_capability(),
        }
    if device != "cuda":
        raise UserError(f"no training on device {device!r}", fix="auto, cpu, or cuda (CUDA_VISIBLE_DEVICES says which)")
    if not torch.cuda.is_available():
        raise UserError("no CUDA device found", fix="device cpu")
    found = torch.cuda.device_count()
    if found > 1 and processes == 1:
        raise UserError(
            f"{found} GPUs are visible, a training in one process takes one",
            fix="set CUDA_VISIBLE_DEVICES=0, or --launch accelerate:CONFIG.yaml for several processes",
        )
    if found < processes:
        raise UserError(f"{processes} processes take a GPU each, {found} visible", fix="set a lower num_processes")
    return {"device": "cuda", "gpu": torch.cuda.get_device_name(0), "cuda": str(torch.version.cuda)}


def _threads(model_bytes: int, processes: int) -> int:
    if model_bytes < SMALL:
        return 1
    # The same answer in every process of one shell, whatever an engine has set torch to in the meantime.
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // processes)


@contextmanager
def repeatable(place: Mapping[str, Any]) -> Iterator[None]:
    """Threads as recorded; random states, determinism switches and variables are put back at the end.

    The seed itself is the Trainer's to set (`seed`, `data_seed`, `full_determinism`).
    """
    import numpy
    import torch

    variables = dict(os.environ)
    threads, states = torch.get_num_threads(), (random.getstate(), numpy.random.get_state())
    strict = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    memory: Any = torch.utils.deterministic  # its types do not know the field
    filling = memory.fill_uninitialized_memory
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if place["device"] == "cuda" else []):
        try:
            if place["device"] == "cpu":
                torch.set_num_threads(place["threads"])
            # It finds code that reads what nobody wrote, and took 13 % of a training of nano.
            memory.fill_uninitialized_memory = False
            yield
        finally:
            torch.set_num_threads(threads)
            if torch.are_deterministic_algorithms_enabled() != strict:
                torch.use_deterministic_algorithms(strict, warn_only=warn_only)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
            memory.fill_uninitialized_memory = filling
            random.setstate(states[0])
            numpy.random.set_state(states[1])
            for name in os.environ.keys() - variables.keys():
                del os.environ[name]
            os.environ.update(variables)


def before_import() -> None:
    """Variables that the libraries read once, when they are imported."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # trl reports every trainer it builds
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # warns after a fork otherwise
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # the record has the version


def load(classes: Iterable[str]) -> None:
    """Imports what a training needs, of trl these classes: 4 to 12 seconds.

    An import that a signal cuts in two leaves a broken library.
    """
    hush()
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import torch._inductor.config  # noqa: F401  # what switching determinism on imports
    import trl

    for name in classes:  # `import trl` alone imports nothing: it is lazy
        module, _, own = name.rpartition(".")
        getattr(importlib.import_module(f"trl.{module}") if module else trl, own)


@contextmanager
def quiet_and_offline() -> Iterator[None]:
    """No connection, no bars and no known noise; warnings that say something stay."""
    import datasets
    import huggingface_hub.constants as hub
    from transformers.utils import logging

    hub.HF_HUB_DISABLE_TELEMETRY = True  # for the case that somebody imported it before us
    was_offline, hub.HF_HUB_OFFLINE = hub.HF_HUB_OFFLINE, True
    bars = logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    noisy = [
        getLogger(name) for name in ("trl.trainer.grpo_trainer", "trl.trainer.rloo_trainer", "transformers.trainer")
    ]
    for logger in noisy:
        logger.addFilter(_says_more)
    try:
        with warnings.catch_warnings():
            # trl calls what transformers has renamed; nothing that a user could do about it.
            warnings.filterwarnings("ignore", r".*is_gradient_checkpointing.*", FutureWarning)
            yield
    finally:
        for logger in noisy:
            logger.removeFilter(_says_more)
        hub.HF_HUB_OFFLINE = was_offline
        if bars[0]:
            logging.enable_progress_bar()
        if not bars[1]:
            datasets.enable_progress_bars()


_KNOWN = ("All reward functions returned None", "There were missing keys in the checkpoint model loaded")


def _says_more(record: LogRecord) -> bool:
    """Not what trl says, whole row and all, of each step with an answer that no reward judged: they are counted. Nor
    what transformers misses in a checkpoint: weights that are tied to others."""
    return not any(known in str(record.msg) for known in _KNOWN)
