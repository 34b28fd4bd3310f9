"""What people said of a result's answers, as numbers: how often a probe errs, and whose answers they prefer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fteval.experiment import sheet
from fteval.records import Answer, Comparison, RunRecord, Sample
from fteval.records.people import ErrorRate, Label, Labels, People, Preferred
from fteval.runs.journal import opinions as journal
from fteval.runs.reading import answers
from fteval.runs.reading.answers import Place
from fteval.runs.reading.opinions import LABELS, PREFERENCES, Find, labels, preferences
from fteval.stats.opinions import share_of


@dataclass(frozen=True, slots=True)
class Side:
    """One model's run, and where its answers are found."""

    name: str
    run: RunRecord
    path: Path
    find: Find


def of(sides: Sequence[Side]) -> People:
    """All that was said of these answers; the base's side first."""
    errors: list[ErrorRate] = []
    preferred: list[Preferred] = []
    notes: list[str] = []
    for side in sides:
        said = labels(side.path, side.find)
        errors += error_rates(side, said)
        notes += _left_out(side.name, "labels", said.damaged, said.changed)
    base = sides[0]
    for side in sides[1:]:
        preferred += _preferred(base, side)
    for found in preferred:
        notes += _left_out(found.model, "preferences", found.damaged, found.changed)
    return People(tuple(errors), tuple(preferred), tuple(dict.fromkeys(notes)))


def _left_out(name: str, what: str, damaged: int, changed: int) -> Iterator[str]:
    if damaged:
        yield f"{damaged} lines of {what} of {name} are damaged and left out"
    if changed:
        yield f"{changed} {what} of {name} are of a sample or an answer that is another one now, and left out"


def error_rates(side: Side, said: Labels) -> Iterator[ErrorRate]:
    """A rate for each probe and metric with labels: of what was drawn where something was, else of what was chosen."""
    found: dict[tuple[str, str], dict[str, Label]] = {}
    for (probe, sample, metric), label in said.kept.items():
        found.setdefault((probe, metric), {})[sample] = label
    for (probe, metric), of_samples in sorted(found.items()):
        for drawn in (True, False):
            mine = {sample: label for sample, label in of_samples.items() if label.drawn or not drawn}
            if mine and (drawn or len(mine) > sum(label.drawn for label in mine.values())):
                yield _rate(side, probe, metric, mine, drawn)


def _rate(side: Side, probe: str, metric: str, said: Mapping[str, Label], drawn: bool) -> ErrorRate:
    wrong: dict[float, list[float]] = {1.0: [], 0.0: []}
    groups: dict[float, list[str | None]] = {1.0: [], 0.0: []}
    unscored = 0
    for sample, label in said.items():
        now = side.find((probe, sample))
        score = now[1][-1].scores.get(metric) if now else None
        if score not in wrong:
            unscored += 1
            continue
        wrong[score].append(float(label.value != score))
        groups[score].append(now[0].group if now else None)
    accepted, rejected = (share_of(wrong[score], groups[score]) for score in (1.0, 0.0))
    return ErrorRate(side.name, probe, metric, drawn, accepted, rejected, unscored)


def _preferred(base: Side, side: Side) -> Iterator[Preferred]:
    said = preferences(side.path, base.run.id, paired(base, side))
    for probe in sorted(said.pairs):
        values = {sample: value for (of_probe, sample), value in said.values.items() if of_probe == probe}
        found = [side.find((probe, sample)) for sample in values]
        share = share_of(list(values.values()), [one[0].group if one else None for one in found])
        better, worse, ties = (sum(v == wanted for v in values.values()) for wanted in (1.0, 0.0, 0.5))
        yield Preferred(
            model=side.name,
            probe=probe,
            better=better,
            worse=worse,
            ties=ties,
            share=share,
            differing=said.pairs[probe][0],
            total=said.pairs[probe][1],
            skipped=sum(one[0] == probe for one in said.skipped),
            damaged=said.damaged,
            changed=said.changed,
        )


def paired(base: Side, side: Side) -> Find:
    """The base's answer and a candidate's to the same sample."""

    def find(place: Place) -> tuple[Sample, tuple[Answer, ...]] | None:
        old, new = base.find(place), side.find(place)
        if old is None or new is None or old[0].content_digest != new[0].content_digest:
            return None
        return new[0], (*old[1], *new[1])

    return find


# --- of saved results, for reports ------------------------------------------------------------------


def with_people(subject: Comparison | RunRecord, store: Path) -> Comparison | RunRecord:
    """A saved result with what people said of its answers; as it is where nobody did."""
    files = [store / "runs" / run.id / name for _, run in _named(subject) for name in (LABELS, PREFERENCES)]
    if not any(file.is_file() for file in files):
        return subject
    return replace(subject, people=of(sides_of(sheet.whole(subject, store), store)))


def sides_of(whole: Comparison | RunRecord, store: Path) -> list[Side]:
    """The sides of a result that is `sheet.whole`, each with what anybody said something of in hand."""
    named = _named(whole)
    told = [
        row
        for _, run in named
        for file in (LABELS, PREFERENCES)
        for row in journal.read(store / "runs" / run.id / file)[0]
    ]
    places = {(row["probe"], row["sample"]) for row in told}
    return [_side(name, run, places) for name, run in named]


def _named(subject: Comparison | RunRecord) -> list[tuple[str, RunRecord]]:
    if isinstance(subject, RunRecord):
        return [(subject.ref, subject)]
    return [("base", subject.base), *((c.name, c.run) for c in subject.candidates)]


def _side(name: str, run: RunRecord, places: set[Place]) -> Side:
    path = Path(run.path)
    found = answers.answers(run, places) if path.is_dir() else {}
    return Side(name, run, path, {place: (sample, (a,)) for place, (sample, a) in found.items()}.get)
