"""`accelerate:FILE`: the file that `accelerate config` writes, read before a process is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.errors import UserError, suggest

HOW = "accelerate"
_PLACE = (
    "compute_environment", "debug", "enable_cpu_affinity", "gpu_ids", "machine_rank", "main_process_ip",
    "main_process_port", "main_training_function", "mixed_precision", "num_machines", "num_processes", "rdzv_backend",
    "same_network", "use_cpu",
)  # fmt: skip
"""Keys that decide no weight, or that are recorded in words of our own; the precision is the recipe's."""
_EVERYBODYS = ("NO", "MULTI_GPU")
"""Kinds in which each process has the whole model."""
_COMPUTING = ("dynamo_config", "fp8_config", "parallelism_config")
"""Keys that decide weights in those, too."""
_DEEPSPEED, _FILE = "deepspeed_config", "deepspeed_config_file"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a training is started in several processes."""

    file: Path
    settings: Mapping[str, Any]

    @property
    def processes(self) -> int:
        return int(self.settings["num_processes"])

    @property
    def device(self) -> str:
        return "cpu" if self.settings.get("use_cpu") else "cuda"

    @property
    def recorded(self) -> dict[str, Any]:
        """What decides the weights; where each process has the whole model, their number, and how it computes."""
        found = {"processes": self.processes}
        kept = {key: value for key, value in self.settings.items() if key not in _PLACE and value not in (None, {}, [])}
        if kept["distributed_type"] in _EVERYBODYS:
            kept = {key: kept[key] for key in _COMPUTING if key in kept}
        return {**found, "accelerate": kept} if kept else found


def launch(text: str) -> Launch:
    """`accelerate:FILE`, read and checked without torch. Raises UserError for what no training could be started by."""
    how, _, name = text.partition(":")
    if how != HOW or not name:
        file = text if text.endswith((".yaml", ".yml")) else "CONFIG.yaml"
        raise UserError(f"--launch {text}: wanted {HOW}:CONFIG.yaml", fix=f"--launch {HOW}:{file}")
    path = Path(name).expanduser()
    settings = _read(path)
    problems = list(_problems(settings))
    if problems:
        raise UserError("\n".join(problems), where=str(path))
    return Launch(path, _with_deepspeed(settings))


def _with_deepspeed(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings with what stands in the file of DeepSpeed's that they name: it decides the weights, not its name."""
    given = settings.get(_DEEPSPEED)
    name = given.get(_FILE) if isinstance(given, dict) else None
    return settings if name is None else {**settings, _DEEPSPEED: {**(given or {}), _FILE: read_json(Path(name))}}


def _read(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--launch: cannot read {file}: {error.strerror}", fix=_where_from(file)) from None
    except UnicodeDecodeError as error:
        raise UserError(f"--launch: {file} is not UTF-8: {error.reason}", fix=_where_from(file)) from None
    try:
        found = YAML(typ="safe").load(text)
    except YAMLError as error:
        where = f"{file}:{mark.line + 1}" if (mark := getattr(error, "problem_mark", None)) else str(file)
        raise UserError(f"--launch: no YAML: {getattr(error, 'problem', error)}", where=where) from None
    if not isinstance(found, dict):
        raise UserError("--launch: wanted the settings of `accelerate config`", where=str(file), fix=_where_from(file))
    return {"distributed_type": "NO", "num_machines": 1, **found}


def _problems(settings: Mapping[str, Any]) -> Iterator[str]:
    """In words, all that is wrong."""
    kinds = {*_EVERYBODYS, "FSDP", "DEEPSPEED"}
    kind, processes = settings["distributed_type"], settings.get("num_processes")
    if kind not in kinds:
        yield f"distributed_type is {kind!r}. {suggest(str(kind), kinds)}"
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        yield f"num_processes is {processes!r}, wanted how many processes train"
    elif processes == 1 and kind in _EVERYBODYS:
        yield "num_processes is 1: that is a training without --launch"
    elif kind == "NO":
        yield f"distributed_type is NO, which starts 1 process, not {processes}; wanted MULTI_GPU, also with use_cpu"
    if settings["num_machines"] != 1:
        yield f"num_machines is {settings['num_machines']!r}: one machine trains; several are not supported"
    if settings.get("use_cpu") is True and kind in ("FSDP", "DEEPSPEED"):
        yield f"distributed_type is {kind}, which accelerate leaves out on CPUs (use_cpu); wanted MULTI_GPU, also there"
    if not isinstance(settings.get("use_cpu", False), bool):
        yield f"use_cpu is {settings['use_cpu']!r}, wanted true or false"


def _where_from(file: Path) -> str:
    from importlib.util import find_spec

    spec = find_spec("trl")
    shipped = Path(spec.origin).parent / "accelerate_configs" / f"{file.stem}.yaml" if spec and spec.origin else None
    if shipped is not None and shipped.is_file():
        return f"TRL ships one: cp {shipped} {file}, then set its num_processes"
    return "`accelerate config --config_file FILE` writes one"
