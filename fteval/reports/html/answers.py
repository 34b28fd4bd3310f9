"""Answers as the page shows them, and the numbers by which its script filters and sorts them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from fteval.records import Answer, Answered, Metric, Sample, Sheet, primary
from fteval.records.browsing import Found
from fteval.records.people import Labels, judgeable
from fteval.reports.escape import clip, visible
from fteval.reports.html.diff import marked, shown
from fteval.reports.view import rows

LONGEST = 20_000
"""Characters of a text; the run's journal has all of it."""
FLAGS = {"cut off": 1, "refused": 2, "failed": 4}


@dataclass(frozen=True, slots=True)
class Text:
    """A text to look at, and as it was where the two differ."""

    markup: Markup
    exact: str | None = None
    """JSON of the text, where something in it had to be shown as an escape; None else."""


@dataclass(frozen=True, slots=True)
class LabelView:
    """What a person may say, or has said, of a score."""

    side: int
    metric: int
    name: str
    score: float | None
    said: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One model's answer."""

    name: str
    text: Text | None
    missing: str
    flags: tuple[str, ...]
    extracted: str
    """What was judged, where that is not the whole text."""
    more: tuple[Text, ...]
    scores: tuple[tuple[str, str, str], ...]
    """Metric, its score, and the reason for it."""
    label: LabelView | None = None
    """None where nobody can label."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One sample."""

    anchor: str
    """Of its place in the page; it follows from probe and id."""
    probe: str
    id: str
    slices: tuple[str, ...]
    group: str
    tone: str
    """`worse`, `better`, `same` or `unscored`: the first candidate on the headline metric."""
    turns: tuple[tuple[str, Text], ...]
    target: Text | None
    more: str
    """JSON of what else its judgement rests on; empty for nothing."""
    columns: tuple[Column, ...]


def anchor(probe: str, id: str) -> str:
    """The place of a sample in a page."""
    return "s" + hashlib.sha256(f"{probe}\0{id}".encode("utf-8", "surrogatepass")).hexdigest()[:10]


def views(sheet: Sheet, chosen: int, by: str = "") -> Iterator[AnswerView]:
    """A view of each row, in order; `chosen` is whom a row's tone is of, `by` the metric (else the headline)."""
    for row in sheet.rows:
        yield _view(row, sheet, chosen, by)


def labelled(shown: Iterable[AnswerView], found: Found, said: Mapping[int, Labels]) -> Iterator[AnswerView]:
    """Views on which people can label, with what they have said: by the metric that the search is by.

    `said`: labels by place of a model; a model that is not there has no run to keep labels beside.
    """
    for view, row in zip(shown, found.sheet.rows, strict=True):
        place = max(found.search.metric, 0) if found.search.probe >= 0 else 0
        metric = found.sheet.metrics[row.probe][place]
        columns = list(view.columns)
        for i, (side, answer) in enumerate(zip(found.sides, row.answers, strict=True)):
            if side in said and judgeable(metric) and answer.text is not None and not answer.more:
                label = said[side].kept.get((row.probe, row.sample.id, metric.name))
                score = answer.scores.get(metric.name)
                mine = LabelView(side, place, metric.name, score, label.value if label else None)
                columns[i] = replace(columns[i], label=mine)
        yield replace(view, columns=tuple(columns))


def _view(row: Answered, sheet: Sheet, chosen: int, by: str) -> AnswerView:
    sample, metrics = row.sample, sheet.metrics[row.probe]
    metric = next((m for m in metrics if m.name == by), primary(metrics))
    return AnswerView(
        anchor=anchor(row.probe, sample.id),
        probe=row.probe,
        id=sample.id,
        slices=tuple(f"{key}={value}" for key, value in sorted(sample.slices.items())),
        group=sample.group or "",
        tone=_tone(row, metric, chosen),
        turns=turns(sample),
        target=target(sample),
        more=json.dumps(dict(sample.metadata), ensure_ascii=True, default=str) if sample.metadata else "",
        columns=tuple(_columns(row, sheet.names, metrics)),
    )


def turns(sample: Sample) -> tuple[tuple[str, Text], ...]:
    """Who says what in a prompt."""
    return tuple((message.role, text_of(message.content)) for message in sample.messages)


def target(sample: Sample) -> Text | None:
    """What a right answer says."""
    return None if sample.target is None else text_of(_said(sample.target))


def _tone(row: Answered, metric: Metric, chosen: int) -> str:
    if len(row.answers) == 1:
        return "unscored" if row.answers[0].scores.get(metric.name) is None else "same"
    moved = row.moved(metric, chosen)
    return "unscored" if moved is None else "worse" if moved < 0 else "better" if moved > 0 else "same"


def _columns(row: Answered, names: Sequence[str], metrics: Sequence[Metric]) -> Iterator[Column]:
    base = row.answers[0].text
    told = [m for m in metrics if m.reported and _tells(row, m)]
    for i, (name, answer) in enumerate(zip(names, row.answers, strict=True)):
        other = row.answers[1].text if i == 0 and len(names) == 2 else base if i else None
        yield Column(
            name=name,
            text=None if answer.text is None else _compared(answer.text, other, first=i == 0),
            missing=answer.missing or "",
            flags=tuple(_flags(answer)),
            extracted=_extracted(answer),
            more=tuple(map(text_of, answer.more)),
            scores=tuple(_scores(answer, told)),
        )


def _compared(text: str, other: str | None, *, first: bool) -> Text:
    """A text with its difference from the other one marked."""
    cut = clip(text, LONGEST)
    if other is None or other == text:
        return text_of(text)
    pair = marked(cut, clip(other, LONGEST)) if first else marked(clip(other, LONGEST), cut)
    return Text(pair[0] if first else pair[1], _exact(text))


def text_of(text: str) -> Text:
    """A text to look at."""
    return Text(shown(clip(text, LONGEST)), _exact(text))


def _exact(text: str) -> str | None:
    return None if len(text) <= LONGEST and visible(text) == text else json.dumps(text, ensure_ascii=True)


def flag_bits(answer: Answer) -> int:
    """What is said of an answer beside its scores, as a sum of `FLAGS`."""
    return sum(FLAGS.get(flag, 0) for flag in _flags(answer))


def _flags(answer: Answer) -> Iterator[str]:
    if answer.cut_off:
        yield "cut off"
    if answer.refuses:
        yield "refused"
    if answer.text is None:
        yield "failed"
    elif not answer.text.strip():
        yield "empty"


def _extracted(answer: Answer) -> str:
    taken = answer.extracted or ""
    return "" if answer.text is None or taken.strip() == answer.text.strip() else clip(taken, 500)


def _tells(row: Answered, metric: Metric) -> bool:
    """The headline, what differs between the models, and what has a reason; everything of a single run."""
    values = {answer.scores.get(metric.name) for answer in row.answers}
    if metric.partial and not metric.primary and values == {None}:
        return False  # it means nothing here
    told = metric.primary or len(row.answers) == 1 or len(values) > 1
    return told or any(metric.name in answer.reasons for answer in row.answers)


def _scores(answer: Answer, metrics: Sequence[Metric]) -> Iterator[tuple[str, str, str]]:
    for metric in metrics:
        value = answer.scores.get(metric.name)
        yield metric.name, rows.score(value, metric), _reason(answer.reasons.get(metric.name, ""), value)
    if "" in answer.reasons:
        yield "the probe failed", "", clip(answer.reasons[""], 500)


def _reason(why: str, value: float | None) -> str:
    return clip(why, 500) if why else "no reason is known" if value is None else ""


def _said(target: Any) -> str:
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False, default=str)


# --- what the script reads ------------------------------------------------------------------------


def as_data(sheet: Sheet, chosen: int) -> Markup:
    """JSON for a data block: names, probes with their metrics, slices, and a row of numbers per answer."""
    probes = list(dict.fromkeys(row.probe for row in sheet.rows))
    slices = list(dict.fromkeys(one for row in sheet.rows for one in _slices(row.sample)))
    place = {one: i for i, one in enumerate(slices)}
    data = {
        "names": sheet.names,
        "chosen": chosen,
        "probes": [[name, [_metric(m) for m in sheet.metrics[name]]] for name in probes],
        "slices": slices,
        "rows": [
            [
                probes.index(row.probe),
                [[_short(a.scores.get(m.name)) for m in sheet.metrics[row.probe]] for a in row.answers],
                [flag_bits(a) for a in row.answers],
                [place[one] for one in _slices(row.sample)],
            ]
            for row in sheet.rows
        ],
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    # In a data block only `<` could end it; the others are for parsers that are less careful.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _metric(metric: Metric) -> list[object]:
    return [metric.name, int(metric.better == "higher"), int(metric.primary)]


def _short(value: float | None) -> float | None:
    return None if value is None else int(value) if value == int(value) else round(value, 4)


def _slices(sample: Sample) -> list[str]:
    found: Mapping[str, str] = sample.slices
    return [f"{key}={value}" for key, value in sorted(found.items())]
