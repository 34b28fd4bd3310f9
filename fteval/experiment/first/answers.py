"""What a file's answers are: dates, JSON, queries, labels, numbers, short or long texts. All of them, or it is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fteval.evals.find import dates
from fteval.evals.find import target as scorers
from fteval.evals.find.label import labels_of
from fteval.evals.formats import json_text
from fteval.evals.queries.parse import is_query

MOST_LABELS, EACH, WORDS = 20, 5, 4
"""Labels that a list of them has at most, the answers that each has on average at least, and its words at most."""
_NEARLY = 0.8
"""The share of answers of a kind from which on the others are probably mistakes."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What they are, and which probe judges such."""

    what: str
    """`JSON objects`, as a sentence goes on with it."""
    probe: str
    metric: str
    params: Mapping[str, Any] = field(default_factory=dict)
    long: bool = False
    """Texts rather than values: whether they are long enough and about their prompt can be asked."""
    hints: tuple[str, ...] = ()
    """What the rows do not tell, as lines for the config."""


def answers_of(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Answers:
    """What the answers of these rows are."""
    hints: list[str] = []
    for kind in (_days, _json, _queries, _labels):
        found, n = kind(rows, answers)
        if found is not None and n == len(answers):
            return found
        if found is not None and n >= _NEARLY * len(answers):
            hints.append(
                f"{n:,} of {len(answers):,} answers are {found.what}: with the others mended, `use: {found.probe}` fits"
            )
    if _dated(answers):
        hints.append("answers are dates: `use: iso_date` judges form and day apart, of targets written YYYY-MM-DD")
    return _text(answers, tuple(hints))


Found = tuple[Answers | None, int]


def _days(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Found:
    return Answers("dates as YYYY-MM-DD", "iso_date", "correct_iso"), sum(map(bool, map(dates.iso_day, answers)))


def _json(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Found:
    values = [value for text in answers if isinstance(value := _value(text), dict | list)]
    schema = _schema(values)
    hint = "schema: the required keys are those of all rows; `schema: FILE.json` names a full one"
    params = {"schema": schema} if schema else {}
    found = Answers("JSON", "json_schema", "correct", params, hints=(hint,) if schema else ())
    return found, len(values)


def _value(text: str) -> Any:
    try:
        return json_text.read(text)
    except ValueError:
        return None


def _schema(values: Sequence[Any]) -> dict[str, Any] | None:
    """The keys that all objects have; None where they have none in common."""
    if not values or not all(isinstance(value, dict) for value in values):
        return None
    shared = [key for key in values[0] if key.isprintable() and all(key in value for value in values)]
    return {"type": "object", "required": shared} if shared else None


def _queries(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Found:
    n = sum(is_query(text, "sqlite") for text in answers)
    has_data = all({"tables", "setup"} & {**row, **_metadata(row)}.keys() for row in rows)
    if has_data:
        return Answers("SQL queries, with their tables", "sql", "correct"), n
    hint = "`use: sql` runs queries, with `schema: FILE.sql` (CREATE TABLE …, INSERT …): no row brings its tables"
    judged = _text(answers, (hint,))
    return Answers("SQL queries", judged.probe, judged.metric, judged.params, hints=judged.hints), n


def _metadata(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return found if isinstance(found := row.get("metadata"), Mapping) else {}


def _labels(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Found:
    bare = [text.strip() for text in answers]
    counts = Counter(bare)
    names = [name for name, _ in counts.most_common()]
    few = 2 <= len(names) <= MOST_LABELS and EACH * len(names) <= len(answers)
    if not few or any(len(name.split()) > WORDS or not name.isprintable() for name in names) or not labels_of(names):
        return None, 0
    return Answers(f"one of {len(names)} labels", "category", "correct", {"labels": names}), len(answers)


def _dated(answers: Sequence[str]) -> bool:
    return sum(len(text) <= 40 and len(dates.find(text)) == 1 for text in answers) >= _NEARLY * len(answers)


def _text(answers: Sequence[str], hints: tuple[str, ...]) -> Answers:
    score = scorers.fitting([[text] for text in answers])
    what = {"number": "numbers", "exact": "short texts", "chrf": "long texts"}[score[0]]
    return Answers(what, "holdout", score[0], {}, score[0] == "chrf", hints)
