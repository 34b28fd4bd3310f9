"""Results in the front matter of a model card, as the Hub reads them: an entry of `model-index`, kept up to date.

The text of the card is edited and not written anew: between two comments lies what fteval wrote, everything else stays
byte for byte.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from fteval.errors import UserError
from fteval.records import CandidateResult, Comparison, ProbeResult, digest
from fteval.reports.escape import one_line
from fteval.stats.level import level_of
from fteval.version import __version__

BEGIN, END = "# fteval: begin, written by `fteval report --model-card`", "# fteval: end"
_MARK = "\ufeff"
"""Of the order of bytes; it is one only where a file begins."""
_FRONT = re.compile(r"\A(\ufeff?---[ \t]*\r?\n)(.*?)(^---[ \t]*(?:\r?\n|\Z))", re.S | re.M)
_OURS = re.compile(rf"^[ \t]*{re.escape(BEGIN)}[ \t]*\r?\n.*?^[ \t]*{re.escape(END)}[ \t]*(?:\r?\n|\Z)", re.S | re.M)
_INDEX = re.compile(r"^model-index:[ \t]*(?:#[^\r\n]*)?\r?\n", re.M)
_ITEM = re.compile(r"( *)- ")


def entry(comparison: Comparison, result: CandidateResult) -> dict[str, Any]:
    """The element of `model-index` for one candidate; every metric that was measured, with its interval and the change.

    Of `comparison` with the columns of its runs.
    """
    found = [one for probe in result.run.probes for one in _results(comparison, result, probe)]
    if not found:
        raise UserError(f"nothing was measured of {result.name}, or its run is gone: there is nothing for a card")
    return {"name": one_line(result.name, 120), "results": found}


def _results(comparison: Comparison, result: CandidateResult, probe: ProbeResult) -> Iterator[dict[str, Any]]:
    changes = {c.metric.name: c for c in result.changes if c.probe == probe.probe and c.slice is None}
    samples = digest(sorted(map(list, zip(probe.sample_ids, probe.sample_digests, strict=True))))
    metrics = []
    for metric in probe.metrics:
        level = level_of(probe, metric)
        if not metric.reported or level.estimate is None or not math.isfinite(level.estimate):
            continue
        change = changes.get(metric.name)
        told = {
            "unit": metric.unit, "better": metric.better, "low": level.low, "high": level.high, "level": 0.95,
            "n": level.n, "base": change and change.base, "difference": change and change.difference,
            "difference_low": change and change.low, "difference_high": change and change.high,
            "base_model": one_line(comparison.base.ref, 200), "verdict": result.verdict, "fteval": __version__,
        }  # fmt: skip
        args = {key: value for key, value in told.items() if value is not None}
        name = f"{probe.probe}.{metric.name}"
        metrics.append({"type": name, "name": name, "value": level.estimate, "args": args})
    if metrics:
        dataset = {"type": probe.probe, "name": f"{probe.probe} (fteval)", "split": "hold-out", "revision": samples}
        yield {"task": {"type": "text-generation"}, "dataset": dataset, "metrics": metrics}


def with_entry(card: str, made: dict[str, Any]) -> str:
    """A card with this entry instead of the one that fteval wrote before.

    Raises UserError for front matter that is no YAML, and for a `model-index` that no entry can be put into.
    """
    front = _FRONT.match(card)
    if front is None:
        text = card.removeprefix(_MARK)
        return f"{card[: len(card) - len(text)]}---\n{_block(made, '', alone=True)}---\n{text}"
    head, body, tail = front.groups()
    line = "\r\n" if head.endswith("\r\n") else "\n"
    _read(body)
    theirs = _OURS.sub("", body)
    others = _read(theirs)
    index = _INDEX.search(theirs)
    if index is not None and others.get("model-index") is not None:
        spaces = _ITEM.match(theirs, index.end())
        indent = spaces[1] if spaces else None
        new = None
        if indent is not None:
            new = theirs[: index.end()] + _block(made, indent, alone=False).replace("\n", line) + theirs[index.end() :]
    elif "model-index" in others:
        new = None
    else:
        old = _OURS.search(body)
        at = old.start() if old is not None else len(theirs)
        gap = line if theirs[:at] and not theirs[:at].endswith("\n") else ""
        new = theirs[:at] + gap + _block(made, "", alone=True).replace("\n", line) + theirs[at:]
    if new is None or not _holds(new, others, made):
        raise UserError(
            "the card's `model-index` is written in a way that nothing can be put into",
            fix="write it as a list with an item a line (`- name: …`), or take it out",
        )
    return head + new + tail + card[front.end() :]


def _block(made: dict[str, Any], indent: str, *, alone: bool) -> str:
    text = yaml.safe_dump([made], sort_keys=False, allow_unicode=False, width=10_000)
    item = "".join(f"{indent}{line}\n" for line in text.splitlines())
    return f"{indent}{BEGIN}\n{'model-index:' + chr(10) if alone else ''}{item}{indent}{END}\n"


def _read(body: str) -> dict[str, Any]:
    try:
        held = yaml.safe_load(body)
    except (yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        raise UserError(
            f"the card's front matter is no YAML{f' (line {where.line + 2})' if where else ''}: nothing was written",
            fix="mend what stands between the two lines of ---",
        ) from None
    if held is None:
        return {}
    if not isinstance(held, dict):
        raise UserError("the card's front matter is no mapping of names to values: nothing was written")
    return held


def _holds(new: str, others: dict[str, Any], made: dict[str, Any]) -> bool:
    """Whether the new front matter says what it said before, and ours."""
    try:
        read = yaml.safe_load(new)
    except yaml.YAMLError:
        return False
    same = {key: value for key, value in read.items() if key != "model-index"} == {
        key: value for key, value in others.items() if key != "model-index"
    }
    return same and read.get("model-index") == [made, *(others.get("model-index") or [])]
