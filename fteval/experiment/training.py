"""What a candidate was trained on, as far as it is known, and which hold-out prompts were in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.records import ASKED, TRAINED, Curve, Leak, Made, RunRecord, Sample
from fteval.runs.asking.suite import Suite
from fteval.runs.journal import rows
from fteval.runs.journal.store import Store
from fteval.trainers.making import overlap
from fteval.trainers.making.candidate import RECORD, find, of_weights
from fteval.trainers.watching import curves

UNKNOWN = "what it was trained on is unknown (`trained_on: FILE` says it)"

NOTHING = "none: it is the base's model, asked otherwise"


@dataclass(frozen=True, slots=True)
class Training:
    """What is known of a candidate's training data."""

    words: str
    leaks: Mapping[str, Leak] = field(default_factory=dict)
    """By probe."""
    near: Sequence[str] = ()
    """Prompts that are nearly ones of the training, with both texts: a reader decides."""
    rewarded: Sequence[str] = ()
    """Probes that the candidate was rewarded by, in words: they judge what they taught."""
    curve: Curve | None = None
    """What was seen while it was trained."""
    watched: Sequence[str] = ()
    """What went wrong on the way, and hold-out prompts that were looked at then."""
    kind: str = ""
    """Of the candidate: `trained`, `asked`, or "" where nobody knows what was changed."""
    made: Made | None = None
    """What the training took."""


def training_of(store: Store, run: RunRecord, file: Path | None, base: RunRecord) -> Training:
    """What is known, with the kind of change that the candidate is."""
    found, kind = _training_of(store, run, file, base), _kind(run, base)
    return replace(found, kind=kind, made=found.made if kind == TRAINED else None)


def _kind(run: RunRecord, base: RunRecord) -> str:
    """By the engines: saved outputs do not say what made them. Who is shown the gold passages is told what nobody knows
    of a question that users ask: a ceiling, and nothing that could be shipped."""
    engine, other = (one.manifest["plan"].get("engine") or {} for one in (run, base))
    if _same_model(engine, other):
        return "" if any(one.get("by") == "gold" for one in engine.get("alternatives") or ()) else ASKED
    known = any(engine.get(key) != other.get(key) for key in ("weights", "adapter", "place", "model"))
    return TRAINED if known and engine.get("engine") == other.get("engine") else ""


def _training_of(store: Store, run: RunRecord, file: Path | None, base: RunRecord) -> Training:
    """By the record of a candidate that was trained here, under whatever path it is named; else by the file that is
    said to be its training rows. A record has no texts: what is nearly the same is looked for in the file alone.
    Where the weights are the base's, nothing was trained.

    Raises UserError for a file that cannot be read.
    """
    engine = run.manifest["plan"]["engine"]
    made_of = (run.manifest.get("export_of") or {}).get("weights")
    weights = made_of or engine.get("adapter") or engine.get("weights")
    folder = find(store.candidates_dir, run.ref) or of_weights(store.candidates_dir, weights)
    if folder is not None:
        found = {p: Leak(p, tuple(overlap.overlap(folder, asked)), len(asked)) for p, asked in _asked(run).items()}
        known = {probe: leak for probe, leak in found.items() if leak.ids}
        curve = curves.read(folder)
        seen = () if curve is None else (*curve.warnings, *_looked_at(curve, run))
        rewarded, nearly = _rewarded(folder, run), _near_those_kept(file, folder, run)
        return Training(f"known by {folder.name}", known, nearly, rewarded, curve, seen, made=_made(folder))
    if file is None:
        return Training(NOTHING if _same_model(engine, base.manifest["plan"].get("engine") or {}) else UNKNOWN)
    trained = list(_rows(file))
    digests = {overlap.prompt_digest(s.messages) for s in trained}
    leaks: dict[str, Leak] = {}
    near: list[str] = []
    for probe, asked in _asked(run).items():
        same = tuple(s.id for s in asked if overlap.prompt_digest(s.messages) in digests)
        leaks |= {probe: Leak(probe, same, len(asked))} if same else {}
        near += _near(probe, [s for s in asked if s.id not in set(same)], trained)
    return Training(f"{len(trained)} rows of {file.name}", leaks, tuple(near))


def _made(folder: Path) -> Made:
    """What a candidate's training took; the tokens are TRL's own count, or the provider's."""
    training = read_json(folder / RECORD).get("training") or {}
    log = folder / "training_log.json"
    steps = json.loads(log.read_bytes()) if log.is_file() else []
    read = next((step["num_tokens"] for step in reversed(steps) if "num_tokens" in step), None)
    return Made(_number(training.get("seconds")), _number(training.get("trained_tokens") or read))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same_model(engine: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether a run with alternatives is of the base's own weights, or of the same name at the same server."""
    apart = any(engine.get(key) != base.get(key) for key in ("engine", "weights", "adapter", "place", "model"))
    return not apart and engine != base


def seen_before(experiment: Experiment, suite: Suite) -> Iterator[str]:
    """In words, hold-out prompts that stand in files that are to be learnt from: for before the first step."""
    uses = [use for use in experiment.candidates.values() if use.trainer is not None]
    for file in dict.fromkeys(file for use in uses for file in (use.part.files if use.part else (use.data,)) if file):
        try:
            digests = {overlap.prompt_digest(s.messages) for s in _rows(file)}
        except UserError:  # rows of another form: what is in them is found when they are learnt
            continue
        for probe in suite.probes:
            same = [s.id for s in probe.samples if overlap.prompt_digest(s.messages) in digests]
            if same:
                share = f"{len(same)} of {len(probe.samples)} hold-out prompts of '{probe.name}'"
                yield f"{share} are in {file.name} (first: {same[0]}): what is learnt by heart proves nothing"


def _looked_at(curve: Curve, run: RunRecord) -> Iterator[str]:
    """In words, hold-out prompts that were dev prompts."""
    from fteval.experiment.watch import shared  # with it comes all that trains

    known = set(curve.prompts)
    for probe, asked in _asked(run).items():
        same = [s.id for s in asked if overlap.prompt_digest(s.messages) in known]
        if same:
            yield shared(probe, same, len(asked))


def _rewarded(folder: Path, run: RunRecord) -> tuple[str, ...]:
    """A probe that was a reward is raised by whatever raises it, good answers or a trick: another must say which."""
    given = read_json(folder / RECORD)["recipe"].get("rewards") or ()
    taught = dict[str, list[str]]()
    for reward in given:
        if "probe" in reward:
            taught.setdefault(reward["probe"], []).append(reward["metric"])
    return tuple(
        f"'{name}' was a reward in training ({', '.join(metrics)}): it judges what it taught, so read others beside it"
        for name, fields in run.manifest["probes"].items()  # a suite may call a probe by another name than its own
        if (metrics := taught.get(fields["use"]))
    )


def mended_by(run: RunRecord) -> tuple[str, ...]:
    """In words, probes that were critics of the answers that they judge."""
    layers = run.manifest["plan"]["engine"].get("alternatives") or ()
    critics = [c for layer in layers if isinstance(c := layer.get("critic"), Mapping)]
    return tuple(
        f"'{name}' was the critic by which answers were mended ({critic['metric']}): it judges what it asked for, so"
        " read others beside it"
        for name, fields in run.manifest["probes"].items()
        for critic in critics
        if fields["use"] == critic["probe"]
    )


def _near_those_kept(file: Path | None, folder: Path, run: RunRecord) -> tuple[str, ...]:
    """Of a candidate trained here, from its file of rows, where that is still there and of a form with prompts."""
    try:
        trained = list(_rows(file)) if file is not None and file.is_file() else []
    except UserError:  # a trainer may read what no hold-out has
        return ()
    found: list[str] = []
    for probe, asked in _asked(run).items():
        same = set(overlap.overlap(folder, asked))
        found += _near(probe, [s for s in asked if s.id not in same], trained)
    return tuple(found)


def _rows(file: Path) -> Iterator[Sample]:
    """Training rows may come twice, unlike those of a hold-out."""
    from fteval.data.prompts import training_sample
    from fteval.data.read import iter_rows

    for number, row in iter_rows(file):
        try:
            yield training_sample(row)
        except ValueError as error:
            raise UserError(str(error), where=f"{file}:{number}", fix="rows with `prompt` or `messages`") from None


def _asked(run: RunRecord) -> dict[str, list[Sample]]:
    samples: dict[str, list[Any]] = {}
    for probe, sample in rows.all_samples(Path(run.path) / "samples.jsonl"):
        samples.setdefault(probe, []).append(sample)
    return samples


def _near(probe: str, asked: Sequence[Sample], trained: Sequence[Sample]) -> list[str]:
    found = overlap.near(asked, trained)
    if found is None:
        return [f"'{probe}' and the training rows are too many to look for prompts that are nearly the same"]
    if not found:
        return []
    sample, other = found[0]
    both = f"{sample.id}: {sample.prompt_text[:80]!r} and {other.prompt_text[:80]!r}"
    return [f"{len(found)} hold-out prompts of '{probe}' are nearly ones that were trained on ({both})"]
