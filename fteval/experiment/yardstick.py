"""What a change is measured by, read from the commit that it starts from: no pull request is its own judge."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from fteval.errors import UserError
from fteval.evals.find.own import is_named
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe
from fteval.experiment.experiment import DEFAULT_STORE, Experiment

if TYPE_CHECKING:  # brings pydantic, which a run without a config does not need
    from fteval.config import Config, ProbeSpec


def described(asked: Asked, config: Config | None) -> Experiment:
    """What `describe` says, by the yardstick that was asked for."""
    if asked.yardstick is None:
        return describe(asked, config)
    if config is None:
        raise UserError("--yardstick needs a config", fix="name it with -c: its hold-outs and gates are read there")
    measured, edited = of_commit(config, asked.yardstick, asked.store or config.store or DEFAULT_STORE)
    told = f"measured by {asked.yardstick}" + (f"; this change edits {edited}, which did not count" if edited else "")
    if measured is config:
        told = f"{asked.yardstick} has no {config.path.name}: this change was measured by its own"
    experiment = replace(describe(asked, measured), measured_by=told)
    if (not experiment.base and not experiment.baseline) or not (config.candidates or asked.model):
        raise UserError(
            "--yardstick: nothing to judge: this change names no candidate, or nothing to hold it against",
            where=str(config.path),
            fix="name it under candidates, or with --model",
        )
    return experiment


def of_commit(config: Config, commit: str, store: Path) -> tuple[Config, str]:
    """The config with its candidates, all else (base, probes, hold-outs, gates, scorers, accepted scores) as at a
    commit; and what of that is otherwise here, in words.

    The commit's files lie in the store afterwards. Where the commit has no such config it is the given one. Raises
    UserError where git does not know the commit.
    """
    here = config.path.parent.resolve()
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    sha = _git(here, *words, what=f"no commit '{commit}'").strip()
    place = store.resolve() / "yardstick" / sha[:16].decode()
    files = _git(here, "archive", "--format=tar", sha.decode(), ".", what=f"'{commit}' has no folder {here.name}")
    # Anew each time: what lies in a store may have come with the change.
    if place.is_symlink() or place.is_file():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)
    with tarfile.open(fileobj=BytesIO(files)) as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(place, filter="data")
        else:  # Python before 3.11.4; what git packs of a commit has relative names only
            packed.extractall(place)
    path = place / config.path.name
    if not path.is_file():
        return config, ""
    from fteval.config import load

    measured = load(path)
    kept = measured.store and Path(str(measured.store).replace(str(place), str(here)))
    for spec in (*measured.gates, *measured.probes.values()):  # where a reader, and an annotation, finds it
        spec._where = spec.where and spec.where.replace(str(path), str(config.path))
    own = {"candidates": config.candidates, "store": kept, "server": config.server, "prices": config.prices}
    base = measured.base
    if base is not None and not _file_of(base, place):  # made or fetched here, no file of the repository
        base = base.replace(str(place), str(config.path.parent))
    probes = {name: _with_scorers(spec, place) for name, spec in measured.probes.items()}
    merged = measured.model_copy(update={**own, "base": base, "probes": probes})
    merged._path, merged._where = path, str(path)
    return merged, _changed(config, measured, place)


def _changed(config: Config, measured: Config, place: Path) -> str:
    """Which files of the yardstick a change edits."""
    here = config.path.parent
    names = {Path(config.path.name), *_files(config, here), *_files(measured, place)}
    names |= {p.relative_to(top) for top in (here, place) for p in (top / "evals" / "baseline").glob("*.json")}
    return ", ".join(f"{name} ({lines})" for name in sorted(names) if (lines := _lines(here / name, place / name)))


def _lines(new: Path, old: Path) -> str:
    """`+1 −30 lines`; empty where both files are the same."""
    now, before = (Counter((_bytes(path) or b"").splitlines()) for path in (new, old))
    more, less = (now - before).total(), (before - now).total()
    if more or less:
        return f"+{more} −{less} lines"
    return "" if _bytes(new) == _bytes(old) else "in another order" if new.is_file() and old.is_file() else "empty"


def _file_of(text: str, folder: Path) -> Path | None:
    """The file or folder inside another one that a ref or a parameter names."""
    found = Path(f"{folder}{text.partition(str(folder))[2]}") if str(folder) in text else None
    return found if found is not None and found.exists() else None


def _files(config: Config, folder: Path) -> set[Path]:
    """Hold-outs, scorers, schemas and outputs of the base that lie beside a config."""
    named = [spec.data for spec in config.probes.values() if spec.data is not None]
    scorers = [name.partition(":")[0] for spec in config.probes.values() for name in _scorers(spec)]
    texts = [config.base, *(spec.params.get(key) for spec in config.probes.values() for key in ("schema", "rubric"))]
    others = [file for text in texts if isinstance(text, str) and (file := _file_of(text, folder)) and file.is_file()]
    found = [*named, *others, *(folder / name for name in scorers)]
    return {path.relative_to(folder) for path in found if path.is_relative_to(folder)}


def _scorers(spec: ProbeSpec) -> list[str]:
    """Those that are Python files beside the config."""
    given = spec.params.get("score")
    return [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str) and is_named(one)]


def _with_scorers(spec: ProbeSpec, place: Path) -> ProbeSpec:
    given, own = spec.params.get("score"), _scorers(spec)
    if not own:
        return spec
    listed = given if isinstance(given, list) else [given]
    moved = [str(place / one) if one in own else one for one in listed]
    return spec.model_copy(update={"score": moved})


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _git(folder: Path, *words: str, what: str) -> bytes:
    try:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise UserError("--yardstick needs git", fix="install it, or leave --yardstick out") from None
    except subprocess.CalledProcessError:
        fix = "in CI fetch the base branch too: actions/checkout with fetch-depth: 0"
        raise UserError(f"--yardstick: {what}", where=str(folder), fix=fix) from None
