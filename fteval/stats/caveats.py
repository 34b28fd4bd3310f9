"""What can make a comparison's numbers mean less than they seem to; shown before the numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fteval.records import GateResult, MetricChange, ProbeResult, RunRecord
from fteval.stats import retrieval

FEW = 10
"""Below so many independent samples an interval says little, however it is computed."""
ROOM = "--max-tokens gives answers more room"


def warnings_of(
    base: RunRecord, run: RunRecord, changes: Sequence[MetricChange], gates: Sequence[GateResult], same: bool
) -> tuple[str, ...]:
    """One sentence each, the gravest first; the candidate run's own warnings at the end."""
    found = [
        *_of_runs(base, run, same),
        *_of_answers(base, run),
        *retrieval.warnings(run),
        *_of_samples(changes),
        *_of_gates(gates),
        *run.warnings,
    ]
    return tuple(dict.fromkeys(found))


def _of_runs(base: RunRecord, run: RunRecord, same: bool) -> Iterator[str]:
    for which, record in (("base", base), ("candidate", run)):
        if record.errors:
            lost = f"{record.errors} of {record.planned} answers of the {which}"
            yield f"{lost} failed and are missing from the numbers below"
        elif not record.complete:
            yield f"the run of the {which} is not finished"
    if base.subset or run.subset:
        yield "SUBSET: only a part of the samples was run (--limit), so this is a try-out and no release decision"
    if same:
        yield f"base and candidate are the same model, asked in the same way: nothing was changed{_dice(run)}"
    yield from _of_conditions(base, run)


def _dice(run: RunRecord) -> str:
    """That one seed draws the same answers twice: who asks a model twice at T > 0 wanted two draws."""
    drawn = [value for key, value in _sampling(run).items() if key.endswith("temperature")]
    another = (
        "; one seed draws the same answers twice: --seed N draws others, `fteval noise` measures what that changes"
    )
    return another if any(isinstance(value, int | float) and value > 0 for value in drawn) else ""


def same_model(base: RunRecord, run: RunRecord) -> bool:
    """Whether both are one model by the bytes of its weights, asked in one way: no difference between them is real.

    A replay and a server are known by what they said only, and equal answers do not make one model.
    """
    engine = plan(base).get("engine")
    by_bytes = isinstance(engine, Mapping) and engine.get("weights") is not None
    return by_bytes and base.digest == run.digest and base.errors < base.planned and _asked_alike(base, run)


def against_itself(base: RunRecord, run: RunRecord) -> bool:
    """Whether there is nothing to decide: one model by its bytes, or one ref that stood for the same both times."""
    if same_model(base, run):
        return True
    asked, answered = plan(base).get("requests"), base.errors < base.planned
    one_ref = base.ref == run.ref and isinstance(asked, str) and asked == plan(run).get("requests")
    return one_ref and answered and base.digest == run.digest and _served(base) == _served(run)


CONDITIONS = ("sampling", "repeats", "template", "prompts")
"""What decides the answers beside the model: where it differs a change is not the model's alone."""


def unlike(base: RunRecord, run: RunRecord, allow: Collection[str] = ()) -> dict[str, str]:
    """condition -> what differs in it, of those that are not allowed to.

    The seed may differ: two draws are what is wanted. What only one side knows is not compared.
    """
    found: dict[str, list[str]] = {}
    for key, (old, new) in _differing(base, run).items():
        kind = key.partition(".")[0]
        if kind in CONDITIONS and kind not in allow and key != "sampling.seed":
            found.setdefault(kind, []).append(_apart(key, old, new))
    if plan(base).get("prompts") != plan(run).get("prompts") and "prompts" not in allow:
        found["prompts"] = ["its saved answers are to other prompts than the base's"]
    return {kind: ", ".join(words) for kind, words in found.items()}


def _differing(base: RunRecord, run: RunRecord) -> dict[str, tuple[Any, Any]]:
    """Of engine, versions, dtype, device, template, sampling and batches what is not the same on both sides."""
    old, new = {**_engine(base), **_sampling(base, run)}, {**_engine(run), **_sampling(run, base)}
    old["batches"], new["batches"] = (plan(one).get("batches") for one in (base, run))
    # A key of one side only belongs to the change: an adapter brings the version of its library.
    return {key: (old[key], new[key]) for key in sorted(old.keys() & new.keys()) if old[key] != new[key]}


def _asked_alike(base: RunRecord, run: RunRecord) -> bool:
    """By the digest of the generation keys; accepted scores have none, theirs are what decides the keys."""
    ours, theirs = plan(base), plan(run)
    keys = ("requests",) if "requests" in ours and "requests" in theirs else ("suite", "sampling", "repeats")
    return all(key in ours and ours[key] == theirs.get(key) for key in keys)


def _served(run: RunRecord) -> list[Any]:
    """What a server told of the model behind a name."""
    found = run.manifest.get("served")
    served = found if isinstance(found, Mapping) else {}
    return [served.get(key) for key in ("served", "fingerprint", "behaviour")]


def _of_conditions(base: RunRecord, run: RunRecord) -> Iterator[str]:
    """Everything that differs between the two runs beside the change itself."""
    differ = [_apart(key, old, new) for key, (old, new) in _differing(base, run).items()]
    if differ:
        yield f"base and candidate ran differently: {'; '.join(differ)}"


def _apart(key: str, old: Any, new: Any) -> str:
    if key == "template":
        return "different chat templates: a change may be theirs"
    if key == "batches" and old and new:
        tokens = f"batches of {old.get('tokens')} and {new.get('tokens')} tokens"
        return f"{tokens}, which alone moves answers below float32 (`fteval noise --dtype` counts them)"
    return f"{key} {_word(old)} and {_word(new)}"


_CHANGED = ("weights", "adapter", "model", "function", "alternatives", "constraint")
"""What of an engine's identity is the change itself."""


def _engine(run: RunRecord) -> dict[str, Any]:
    identity = plan(run).get("engine")
    found: dict[str, Any] = {}
    for key, value in identity.items() if isinstance(identity, Mapping) else ():
        if key in _CHANGED:
            continue
        if isinstance(value, Mapping):
            found |= {f"{key}.{inner}": v for inner, v in value.items()}
        else:
            found[key] = value
    return found


def _sampling(run: RunRecord, also: RunRecord | None = None) -> dict[str, Any]:
    """The settings, and those of one probe that this run or `also` has otherwise than in general."""
    found = _settings(run)
    own = {(probe, key) for one in (run, also or run) for probe, of in _own(one).items() for key in of}
    of_probes = {f"sampling.{probe}.{key}": _own(run).get(probe, {}).get(key, found.get(key)) for probe, key in own}
    general = {f"sampling.{key}": value for key, value in found.items() if key != "probes"}
    return {**general, **of_probes, "repeats": plan(run).get("repeats")}


def _settings(run: RunRecord) -> Mapping[str, Any]:
    found = plan(run).get("sampling")
    return found if isinstance(found, Mapping) else {}


def _own(run: RunRecord) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = _settings(run).get("probes", {})
    return found


def plan(run: RunRecord) -> Mapping[str, Any]:
    """What was to be done, as the manifest holds it."""
    found = run.manifest.get("plan")
    return found if isinstance(found, Mapping) else {}


def _word(value: Any) -> str:
    return "unknown" if value is None else str(value)[:40]


def _of_answers(base: RunRecord, run: RunRecord) -> Iterator[str]:
    """One sentence per kind, with every probe that it is true of."""
    theirs = {p.probe: p for p in run.probes}
    pairs = [(old, theirs[old.probe]) for old in base.probes]
    silent = [_of_probe(old, new.no_answer, old.no_answer) for old, new in pairs if new.no_answer or old.no_answer]
    if silent:
        yield no_answers(silent)
    cut = [_of_probe(old, new.truncated, old.truncated) for old, new in pairs if _is_cut(old, new)]
    if cut:
        yield f"answers cut off at max_tokens: {', '.join(cut)}; the intervals do not cover that; {ROOM}"
    empty = [_of_probe(old, new.empty, old.empty) for old, new in pairs if new.empty or old.empty]
    if empty:
        yield f"empty answers: {', '.join(empty)}"
    unjudged = [text for old, new in pairs for text in _of_scores(old, new)]
    if unjudged:
        yield f"answers not judged: {', '.join(unjudged)}"


def _is_cut(old: ProbeResult, new: ProbeResult) -> bool:
    few = 0.01 * len(old.sample_ids)
    return new.truncated > max(old.truncated, few) or old.truncated > few


def _of_probe(old: ProbeResult, now: int, before: int, metric: str = "") -> str:
    """`facts 14 of 300 (base: 1)`."""
    name = f"{old.probe}.{metric}" if metric else old.probe
    return f"{name} {now} of {len(old.sample_ids)} (base: {before})"


def no_answers(counts: Sequence[str]) -> str:
    """How many outputs ended inside their reasoning: `facts 3 of 60` per probe."""
    return f"no answer within the limit, cut off inside the reasoning and not judged: {', '.join(counts)}; {ROOM}"


def _of_scores(old: ProbeResult, new: ProbeResult) -> Iterator[str]:
    for metric in old.metrics:
        # Those without an answer are told of already.
        counts = [max(0, p.unscored.get(metric.name, 0) - p.no_answer) for p in (old, new)]
        if metric.primary and not metric.partial and any(counts):
            yield _of_probe(old, counts[1], counts[0], metric.name)


def _of_samples(changes: Sequence[MetricChange]) -> Iterator[str]:
    found = []
    for change in changes:
        units = change.n_paired if change.n_groups is None else change.n_groups
        if change.metric.primary and units < FEW:
            what = "samples" if change.n_groups is None else "groups of samples"
            found.append(f"{change.probe}.{change.metric.name} rests on {units} {what}")
    if found:
        yield f"{', '.join(found)}: too few to decide anything but a landslide"


def _of_gates(gates: Sequence[GateResult]) -> Iterator[str]:
    """Changes larger than the bound that a gate was given: the guarantee rests on the bound."""
    for result in gates:
        scale, change = result.gate.scale, result.change
        if scale is not None and change is not None and result.scale > scale:
            seen = f"{result.gate.probe}.{result.gate.metric} changed by {result.scale:g} in one sample"
            yield f"{seen}, more than its gate's scale {scale:g}: judged with the larger"
