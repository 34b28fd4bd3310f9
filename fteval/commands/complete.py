"""What a shell may offer for a value: names of probes, metrics, trainers, scorers, saved runs, endings of reports.

Nothing is said where nothing is found: a shell has no place for an error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from fteval import registry
from fteval.commands.stores import folder
from fteval.errors import UserError
from fteval.experiment.experiment import DEFAULT_STORE

Items = list[CompletionItem]


def probes(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Names of probes."""
    return _among(registry.probe_names(), begun)


def trainers(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Names of trainers."""
    return _among(registry.trainer_names(), begun)


def scorers(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Names of scorers, else files with one."""
    from fteval.evals.find.target import SCORERS

    return _or_file(_among(SCORERS, begun), begun)


def metrics(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """PROBE.METRIC of every probe that names its metrics before it has seen samples."""
    found = []
    for name in registry.probe_names():
        with contextlib.suppress(UserError):
            found += [f"{name}.{metric.name}" for metric in registry.probe(name).metrics]
    return _among(found, begun)


def saved(context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Runs and comparisons of the store, newest first, else files."""
    from fteval.runs.journal.store import Store

    root = folder(str(context.params.get("store") or os.environ.get("FTEVAL_STORE") or DEFAULT_STORE))
    names = ["latest"]
    if root.is_dir():
        with contextlib.suppress(UserError):
            kept = Store(root, readonly=True)
            names += sorted([*(run.id for run in kept.runs()), *kept.comparisons()], reverse=True)
    return _or_file(_among(names, begun), begun)


def candidates(context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Ids of the store's trained candidates, else files."""
    from fteval.engines.refs import read_json

    root = folder(str(context.params.get("store") or os.environ.get("FTEVAL_STORE") or DEFAULT_STORE))
    names = []
    for file in sorted((root / "candidates").glob("*/candidate.json")):
        with contextlib.suppress(UserError):
            names.append(str(read_json(file).get("id")))
    return _or_file(_among(names, begun), begun)


def disturbances(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """Disturbances, the last of several behind a comma, or all."""
    from fteval.evals.language.typos import DISTURBANCES

    before, comma, last = begun.rpartition(",")
    names = [*DISTURBANCES] if comma else ["all", *DISTURBANCES]
    return _among((before + comma + name for name in names if name.startswith(last)), begun)


def reports(_context: click.Context, _param: click.Parameter, begun: str) -> Items:
    """A file, or the endings that say a format."""
    stem, dot, ending = begun.rpartition(".")
    known = registry.report_formats().usable if dot and "/" not in ending else {}
    return _or_file(_among((stem + one for one in known), begun), begun)


def _among(known: Iterable[str], begun: str) -> Items:
    return [CompletionItem(name) for name in known if name.startswith(begun)]


def _or_file(found: Items, begun: str) -> Items:
    return found or [CompletionItem(begun, type="file")]
