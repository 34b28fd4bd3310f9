"""Data written in another format: the same data, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.find.block import Candidates, converted
from fteval.evals.formats import json_text
from fteval.evals.formats.readers import FORMATS, Element, Table, read, read_once
from fteval.evals.formats.same_data import equal
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Conversion:
    """Whether data is written in another format without being changed.

    Measures  equal: the answer holds the data of the row's `source`, or of its `target`; parses: there is text in the
              format `to`; bare: nothing else stands there
    Chance    0
    Traps     structure counts, not spelling; CSV and XML know only text
    Source    the formats' standards; questions written for fteval
    """

    from_: str | None = None
    """Format of the source for rows that do not say `from`."""
    to: str | None = None
    """Format of the answer for rows that do not say `to`."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("equal", primary=True),
        Metric("parses"),
        Metric("bare"),
    )

    def __post_init__(self) -> None:
        for name, value in (("from", self.from_), ("to", self.to)):
            if value is not None and _format(value) is None:
                raise UserError(f"conversion: '{name}' is {value!r}, wanted one of {', '.join(FORMATS)}")
        if self.from_ is not None and self.to is not None and _format(self.from_) == _format(self.to):
            raise UserError(f"conversion: 'from' and 'to' are both {self.to!r}: nothing is converted")

    def samples(self) -> Iterator[Sample]:
        return packaged("conversion.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        source, from_, to = self._asked(sample)
        wanted = [_of_row(sample, "source", source, from_)]
        if isinstance(sample.target, str) and sample.target.strip():
            wanted.append(_of_row(sample, "target", sample.target, to))
        text = shown(generation.text).replace("\r\n", "\n").lstrip("\ufeff")
        if blank(text):
            return _scores("the answer is empty", parses="the answer is empty")
        best: Scores | None = None
        for candidates in converted(text, source, from_, to, sample.prompt_text):
            result = _judged(candidates, to, wanted)
            if result.values["equal"]:
                return result
            if best is None or (result.values["parses"] or 0) > (best.values["parses"] or 0):
                best = result
        return best or _scores(f"no {to.upper()} in the answer", parses=f"no {to.upper()} in the answer")

    def _asked(self, sample: Sample) -> tuple[str, str, str]:
        row = sample.metadata
        source, from_, to = row.get("source"), row.get("from", self.from_), row.get("to", self.to)
        wrong = [] if isinstance(source, str) and source.strip() else [f"'source' is {source!r:.60}, wanted text"]
        wrong += [
            f"'{name}' is {value!r:.60}, wanted one of {', '.join(FORMATS)}"
            for name, value in (("from", from_), ("to", to))
            if _format(value) is None
        ]
        if not wrong and _format(from_) == _format(to):
            wrong = [f"'from' and 'to' are both {to!r}: nothing is converted"]
        if wrong:
            raise UserError(
                f"row {sample.id!r}: {'; '.join(wrong)}",
                fix="give each row of a conversion hold-out its source, from and to",
            )
        return str(source), _format(from_) or "", _format(to) or ""


def _format(name: Any) -> str | None:
    if not isinstance(name, str):
        return None
    name = name.strip().lower()
    return name if name in FORMATS else {"yml": "yaml"}.get(name)


def _of_row(sample: Sample, what: str, text: str, name: str) -> Any:
    try:
        return read_once(text, name)
    except ValueError as error:
        raise UserError(
            f"row {sample.id!r}: its '{what}' is no {name.upper()}: {error}", fix=f"mend the {what}, or its format"
        ) from None


def _judged(candidates: Candidates, to: str, wanted: list[Any]) -> Scores:
    """The scores of the texts that may be the answer: one, or several that say the same or end with a correction."""
    read_ones: list[tuple[str, Any]] = []
    problem = ""
    texts = candidates.texts if candidates.said is None else candidates.texts[candidates.said : candidates.said + 1]
    for text in texts:
        try:
            data = read(text, to)
        except ValueError as error:
            problem = problem or f"no {to.upper()}: {error}"[:300]
            continue
        read_ones.append((text, data))
    if not read_ones:
        return _scores(problem, parses=problem, answer=texts[0])
    text, data = read_ones[-1]
    if any(not equal(d, data, toml=to == "toml") for _, d in read_ones[:-1]):
        return _scores(
            f"{len(read_ones)} answers that differ, and none of them is said to be the right one", answer=text
        )
    bare = None if candidates.bare else "other text beside the data"
    if to == "yaml" and data and _is_json(text):
        return _scores("the answer is JSON, not YAML as people write it", bare=bare, answer=text)
    if any(equal(data, w, toml=to == "toml") for w in wanted):
        return _scores(None, bare=bare, answer=text)
    if _nothing_said(data):
        return _scores(f"words, no {to.upper()}", parses=f"words, no {to.upper()}", answer=text)
    return _scores("not the data of the source", bare=bare, answer=text)


def _is_json(text: str) -> bool:
    try:
        json_text.read(text)
    except ValueError:
        return False
    return True


def _nothing_said(data: Any) -> bool:
    """Any words are a YAML scalar, and a CSV of one column or of a header alone."""
    if isinstance(data, Table):
        return len(data.header) == 1 or not data.rows
    return not isinstance(data, dict | list | Element)


def _scores(
    equal: str | None, *, parses: str | None = None, bare: str | None = None, answer: str | None = None
) -> Scores:
    """Scores from what is wrong with each; what does not parse is not bare either."""
    wrong = {"equal": equal, "parses": parses, "bare": parses or bare}
    reasons = {name: why for name, why in wrong.items() if why}
    values: dict[str, float | None] = {name: float(not why) for name, why in wrong.items()}
    return Scores(values, answer=answer.strip()[:2_000] if answer else None, reasons=reasons)
