"""fteval.yaml -> a checked config, or every error of the file at once, each with its line.

    config = load(Path("fteval.yaml"))
    config.probes["facts"].params, config.gates[0].gate(metric), config.sampling.sampling

Names of probes, trainers and metrics are checked where they are known; a spec's `where` is for those messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fteval.config.check import problems_of
from fteval.config.models import CandidateSpec, Config, EngineSpec, GateSpec, ProbeSpec, SamplingSpec, WatchSpec
from fteval.config.schema import schema
from fteval.config.threshold import Threshold
from fteval.config.tree import Problem, Tree, read
from fteval.errors import UserError

LARGEST = 1 << 20
"""Bytes of a config."""


class BrokenConfig(UserError):
    """All that is wrong in a file, and the config that is left of it without that."""

    rest: Config | None = None


def load(path: Path) -> Config:
    """The config in a file; relative paths in it are made relative to the file's folder.

    Raises BrokenConfig with all that is wrong, one line each, as `fteval.yaml:14: unknown key 'treshold'. …`.
    """
    tree = read(_text(path))
    sound = problems_of(tree, path.parent) if isinstance(tree.value, dict) else None
    if sound is not None:
        _place(sound.config, path, tree, sound.gates)
    if tree.problems or sound is None:
        broken = BrokenConfig(_listed(path, tree.problems), fix="`fteval config schema` prints what may be written")
        broken.rest = sound.config if sound else None
        raise broken
    return sound.config


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(
            f"cannot read the config: {error.strerror}", where=str(path), fix="`fteval init` writes a first one"
        ) from None
    if len(data) > LARGEST:
        raise UserError(f"a config of more than {LARGEST >> 20} MB is none", where=str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"the config is not UTF-8 (byte {error.start})", where=str(path), fix="save it as UTF-8"
        ) from None


def _listed(path: Path, problems: list[Problem]) -> str:
    return "\n".join(f"{path}:{p.line}: {p.text}" for p in sorted(set(problems)))


def _place(config: Config, path: Path, tree: Tree, gates: Sequence[int]) -> None:
    """Tells each spec where it stands; `gates` are the places of the config's gates in the file."""
    config._path, config._where = path, str(path)
    for section, specs in (("candidates", config.candidates), ("probes", config.probes)):
        for name, spec in specs.items():
            spec._where = f"{path}:{tree.line((section, name))}"
    for name, candidate in config.candidates.items():
        if candidate.watch is not None:
            _place_watch(candidate.watch, path, tree, ("candidates", name, "watch"))
    for i, gate in zip(gates, config.gates, strict=True):
        gate._where = f"{path}:{tree.line(('gates', i))}"
    config.sampling._where = f"{path}:{tree.line(('sampling',))}"


def _place_watch(watch: WatchSpec, path: Path, tree: Tree, place: tuple[str, ...]) -> None:
    watch._where = f"{path}:{tree.line(place)}"
    for name, probe in watch.probes.items():
        probe._where = f"{path}:{tree.line((*place, 'probes', name))}"
    for i, rule in enumerate(watch.stop_if):
        rule._where = f"{path}:{tree.line((*place, 'stop_if', i))}"
    if watch.keep_best is not None:
        watch.keep_best._where = f"{path}:{tree.line((*place, 'keep_best'))}"
