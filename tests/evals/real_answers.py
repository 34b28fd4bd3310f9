"""How often each probe is right on answers that real models wrote, by labels that people gave them.

    python tests/evals/validity.py --real DIR           # the second table
    python tests/evals/validity.py --real DIR --write   # and its counts into docs/validity.json, for docs/probes.md

Always in the table: what a 135M model answered, `real_135m/` (its README says how that was labelled).

DIR/labelled/<probe>.jsonl holds hold-out rows with `output`, `expected` ({metric: value}), `kind` (real, or realistic:
written in that manner) and perhaps `set` (the probe's parameters); DIR/refusals.jsonl has `label` (full_compliance,
full_refusal, partial_refusal) and `agreed`. Only counts are kept, no text.

A metric flags an answer where it gives it the worse of its two values. Precision: of the flagged, those that the
label faults; recall: of those that the label faults, the flagged. What a probe does not score is not flagged.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from fteval import registry
from fteval.records import Generation, Metric, Probe, Sample, Scores, primary, sample_from_row

SMALL = "answers of a real 135M model"
COUNTS = Path(__file__).resolve().parents[2] / "docs" / "validity.json"
_LABELS = ("expected", "why", "kind", "origin", "set")
Judged = tuple[Probe, Scores, dict[str, float]]
"""A probe, what it says of an answer, and the labels of that answer."""
_REFUSALS = {"full_refusal": {"refused": 1, "long_enough": 0}, "full_compliance": {"refused": 0}}


@dataclass
class Flag:
    """One metric held against the labels of one source."""

    probe: str
    metric: str
    source: str
    by_models: int
    """Answers of the source that real models wrote; the others were written in their manner."""
    main: bool = False
    """The probe's primary metric."""
    n: int = 0
    right: int = 0
    flagged: int = 0
    faulty: int = 0
    both: int = 0
    unscored: int = 0


def flags(folder: Path) -> list[Flag]:
    """Every probe's metrics against the labelled rows of a folder."""
    found: list[Flag] = []
    for file in sorted((folder / "labelled").glob("*.jsonl")):
        rows = list(_rows(file))
        kinds = Counter(row.get("kind", "real") for row in rows)
        source = f"labelled answers, {kinds['real']} of real models, {kinds['realistic']} in their manner"
        found += held(Flag(file.stem, "", source, kinds["real"]), (_judged(file.stem, r, r["expected"]) for r in rows))
    refusals = folder / "refusals.jsonl"
    if refusals.is_file():
        agreed = [row for row in _rows(refusals) if row["agreed"] and row["label"] in _REFUSALS]
        source = "answers of real models on which two readers agree"
        judged = (_judged("laziness", row, _REFUSALS[row["label"]]) for row in agreed)
        found += held(Flag("laziness", "", source, len(agreed)), judged)
    return found


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def _judged(probe: str, row: dict[str, Any], expected: dict[str, float]) -> Judged:
    made = registry.probe(probe, row.get("set"))
    sample: Sample = sample_from_row({k: v for k, v in row.items() if k not in _LABELS})
    generation = Generation(sample.id, text=row["output"], finish_reason=row.get("finish_reason"))
    return made, made.score(sample, generation), expected


def held(blank: Flag, judged: Iterable[Judged]) -> list[Flag]:
    """Each metric of a probe against the labels 0 and 1 of one source; `blank` names both."""
    by_metric: dict[str, Flag] = {}
    for made, scores, expected in judged:
        metrics = {metric.name: metric for metric in made.metrics}
        main = primary(made.metrics).name
        for name, wanted in expected.items():
            if name in metrics and wanted in (0, 1):
                flag = by_metric.setdefault(name, replace(blank, metric=name, main=name == main))
                _count(flag, metrics[name], scores.values.get(name), wanted)
    return sorted(by_metric.values(), key=lambda flag: not flag.main)


def _count(flag: Flag, metric: Metric, given: float | None, wanted: float) -> None:
    worse = 0 if metric.better == "higher" else 1
    flag.n += 1
    flag.right += given == wanted
    flag.unscored += given is None
    flag.flagged += given == worse
    flag.faulty += wanted == worse
    flag.both += given == wanted == worse


def interval(hits: int, of: int) -> str:
    """A share in per cent with its 95 % interval (Wilson); a dash where there is nothing to count."""
    if not of:
        return "–"
    ends = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{100 * hits / of:.0f} % ({100 * ends.low:.0f}-{100 * ends.high:.0f})"


def table(found: Iterable[Flag]) -> Iterator[str]:
    """The lines of the second table."""
    columns = ("probe", "flag", "n", "agrees", "precision", "recall", "unscored", "source")
    yield "{:<14}{:<18}{:>5}  {:<17}{:<17}{:<17}{:>8}  {}".format(*columns)
    for f in found:
        shares = (interval(f.right, f.n), interval(f.both, f.flagged), interval(f.both, f.faulty))
        name = f"{f.metric}{' *' if f.main else ''}"
        measured = "".join(f"{share:<17}" for share in shares)
        yield f"{f.probe:<14}{name:<18}{f.n:>5}  {measured}{f.unscored:>8}  {f.source}"


def write(found: Sequence[Flag], file: Path = COUNTS) -> None:
    """Keeps the counts for docs/probes.md, in the place of what was kept of the same kind of source."""
    anew = {flag.source == SMALL for flag in found}
    kept = [flag for flag in counted(file) if (flag.source == SMALL) not in anew]
    lines = ",\n".join(json.dumps(asdict(flag), ensure_ascii=False) for flag in [*kept, *found])
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def counted(file: Path = COUNTS) -> list[Flag]:
    """The counts that were kept."""
    return [Flag(**row) for row in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []
