"""Whether what a saved run measured, a folder or a file of outputs, is still what was measured."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from fteval.errors import UserError
from fteval.records import Comparison, Engine, RunRecord, digest
from fteval.runs.journal import rows
from fteval.runs.journal.store import Store
from fteval.runs.reading import same_file

HERE = ("nano", "local")


def check_bytes(store: Store, run: RunRecord) -> None:
    """Raises UserError where a run's ref leads to other weights now: the run is not of the model of that name."""
    text = other_bytes(store, run)
    if text:
        raise UserError(text, where=f"run {run.id}", fix="measure it anew (`fteval run`), or name the run by its id")


def with_bytes_checked(store: Store, run: RunRecord) -> RunRecord:
    """The run, with a warning where its ref leads to other weights now."""
    text = other_bytes(store, run)
    return replace(run, warnings=(text, *run.warnings)) if text else run


def with_all_checked(store: Store, comparison: Comparison) -> Comparison:
    """The comparison, with a warning for each of its runs whose ref leads to other bytes now."""
    sides = (comparison.base, *(c.run for c in comparison.candidates))
    texts = [text for run in sides if (text := other_bytes(store, run))]
    return replace(comparison, warnings=tuple(dict.fromkeys([*texts, *comparison.warnings])))


def other_bytes(store: Store, run: RunRecord) -> str | None:
    """What is not as it was measured, in words; None also for what is gone or lies elsewhere."""
    engine = run.manifest["plan"]["engine"]
    if run.ref.startswith("replay:"):
        return _other_outputs(run)
    if engine.get("weights") is None:
        return None
    from fteval.engines.local.folders import locate
    from fteval.engines.refs import parse

    try:
        model = parse(run.ref, store.candidates_dir)
        if any(source is not None and source.kind not in HERE for source in (model.base, model.adapter)):
            return None
        found = locate(model, offline=True)
    except (UserError, OSError):  # gone, or no model any more: nothing to hold the run against
        return None
    kinds = [("weights", found.weights), ("adapter", found.adapter)]
    other = [kind for kind, digest in kinds if engine.get(kind) != digest]
    return f"{run.ref} holds other {' and '.join(other)} now than run {run.id} measured" if other else None


def remember(run: RunRecord, engine: Engine) -> RunRecord:
    """The run that an engine was asked for. Of which file its outputs are is kept: nobody reads them all again."""
    content = getattr(engine, "content", None)
    then = run.manifest["plan"].get("outputs")
    if isinstance(content, str) and then is not None:
        same_file.remember(Path(run.path), then, content)
    return run


def _other_outputs(run: RunRecord) -> str | None:
    """Whether a file of outputs says the same to the samples of a run."""
    from fteval.engines.outputs import saved

    then = run.manifest["plan"].get("outputs")
    try:
        path, arm = saved.place(run.ref)
    except UserError:  # gone
        return None
    if then is None or not path.is_file():
        return None
    try:
        content = saved.bytes_digest(path)
    except OSError:
        return None  # gone in the meantime
    if same_file.is_known(Path(run.path), then, content):
        return None
    from fteval.engines.schemes.replay import ReplayEngine

    try:
        file = ReplayEngine(run.ref, saved.read(path, arm))
    except UserError as error:
        return f"{run.ref} cannot be read as when run {run.id} measured it: {error.what}"
    asked = rows.all_samples(Path(run.path) / "samples.jsonl")
    found = [[probe, s.id, file.request_identity(s, file.prompt(s.messages))] for probe, s in asked]
    if digest(sorted(found, key=itemgetter(0, 1))) == then:
        same_file.remember(Path(run.path), then, content)
        return None
    return f"{run.ref} holds other outputs now than run {run.id} measured"
