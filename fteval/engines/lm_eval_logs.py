"""Finished runs of lm-eval as `--log_samples` leaves them: results_DATE.json, and a samples_TASK_DATE.jsonl a task.

A document is known by its content. Which metrics are means over documents, no file says: those are, whose logged values
have the mean that the results name.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.records import Message, digest

NEAR = 1e-6
"""How far the mean of the logged values may lie from the number of the results, of which it is a part."""


@dataclass(frozen=True, slots=True)
class LoggedDocument:
    """One document: what was asked, what came back, and how lm-eval judged it."""

    id: str
    """TASK/HASH, and TASK/HASH-2 for the second of two equal documents."""
    hash: str
    messages: tuple[Message, ...]
    choices: tuple[str, ...]
    """Texts whose likelihoods were asked; none where an answer was generated."""
    target: str
    responses: tuple[Any, ...]
    """(nats, greedy) of each choice, or the one answer."""
    values: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer; of choices the likeliest."""
        if not self.choices:
            return str(self.responses[0])
        return self.choices[max(range(len(self.choices)), key=lambda i: self.responses[i][0])].strip()

    @property
    def digest(self) -> str:
        """Of what came back and how it was judged."""
        return digest([repr(self.responses), self.values])


@dataclass(frozen=True, slots=True)
class LoggedTask:
    """One task of a run."""

    name: str
    version: str
    documents: Mapping[str, LoggedDocument]
    metrics: Sequence[tuple[str, str]]
    """(name, `higher` or `lower`) of each that is a mean over documents and has a direction."""
    left_out: Sequence[str]
    """Other metrics."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The newest log of every task in a folder."""

    folder: Path
    tasks: Mapping[str, LoggedTask]
    groups: Mapping[str, Sequence[str]]

    def of(self, name: str) -> list[LoggedTask]:
        """The logged tasks that a name stands for: itself, or the members of a group; none where nobody ran them."""
        return [self.tasks[task] for task in self._members(name) if task in self.tasks]

    def _members(self, name: str) -> Iterator[str]:
        if name in self.tasks or name not in self.groups:
            yield name
        else:
            for part in self.groups[name]:
                yield from self._members(part) if part != name else ()


def document_hash(content: Mapping[str, Any]) -> str:
    """Of a document's content, 16 hex digits: what pairs it, not its place in the data."""
    return digest(json.loads(json.dumps(dict(content), default=str)))[7:23]


def metric_name(metric: str, filtered: str, n_filters: int) -> str:
    """A metric's name; with the filter's where a task looks for the answer in several ways."""
    return metric if n_filters == 1 else f"{metric}_{filtered.replace('-', '_')}"


def read(folder: Path) -> Logs:
    """The logs of a folder, or of the one model's folder in it. Raises UserError for none, and for broken ones."""
    if not folder.is_dir():
        raise UserError(f"no folder of lm-eval logs: {folder}", fix="what lm-eval's --output_path named")
    files = sorted(folder.glob("samples_*.jsonl")) or _of_one_model(folder)
    if not files:
        raise UserError(
            f"no logs of lm-eval in {folder}: it has no samples_TASK_DATE.jsonl",
            fix="run lm-eval with --log_samples --output_path DIR",
        )
    stamps = tuple((f, f.stat().st_mtime_ns, f.stat().st_size) for f in (*files, *files[0].parent.glob("*.json")))
    return _read(folder, tuple(files), stamps)


def _of_one_model(folder: Path) -> list[Path]:
    homes = sorted({file.parent for file in folder.glob("*/samples_*.jsonl")})
    if len(homes) > 1:
        raise UserError(f"logs of several models in {folder}", fix=f"name one: {', '.join(map(str, homes))}")
    return sorted(homes[0].glob("samples_*.jsonl")) if homes else []


@functools.lru_cache(maxsize=16)
def _read(folder: Path, files: tuple[Path, ...], stamps: tuple[Any, ...]) -> Logs:
    newest: dict[str, tuple[str, Path]] = {}
    for file in files:
        task, _, date = file.stem.removeprefix("samples_").rpartition("_")
        newest[task] = max(newest.get(task, ("", file)), (date, file))
    results = {date: _results(file.parent, date) for date, file in newest.values()}
    tasks = {task: _task(task, file, results[date]) for task, (date, file) in newest.items()}
    groups = {name: members for one in results.values() for name, members in one.get("group_subtasks", {}).items()}
    return Logs(folder, tasks, {name: members for name, members in groups.items() if members})


def _results(home: Path, date: str) -> Mapping[str, Any]:
    found = sorted(home.glob(f"*_{date}.json"))
    if not found:
        raise UserError(
            f"no results_{date}.json beside the samples of that date", where=str(home),
            fix="it says which way each metric is better: copy the whole folder that lm-eval wrote",
        )  # fmt: skip
    try:
        read = json.loads(found[0].read_bytes())
        if isinstance(read, dict) and isinstance(read.get("results"), dict):
            return read
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot be read: {str(error)[:120]}", where=str(found[0])) from error
    raise UserError("these are no results of lm-eval", where=str(found[0]))


def _task(name: str, file: Path, results: Mapping[str, Any]) -> LoggedTask:
    rows = list(_rows(file))
    effective = results.get("n-samples", {}).get(name, {}).get("effective")
    filters = list(dict.fromkeys(row.get("filter", "none") for row in rows))
    n = len(rows) // max(len(filters), 1)
    if not rows or n * len(filters) != len(rows) or effective not in (None, n):
        raise UserError(
            f"{len(rows)} rows for {effective or 'no'} documents in {len(filters)} ways: the log was cut, or mixed",
            where=str(file), fix="run lm-eval again into an empty folder",
        )  # fmt: skip
    means: list[tuple[str, str, str, str]] = []
    left: list[tuple[str, str, str, str]] = []
    directions = results.get("higher_is_better", {}).get(name, {})
    aggregated = results["results"].get(name, {})
    for metric, higher in directions.items():
        for each in filters:
            called = metric_name(metric, each, len(filters))
            values = [row.get(metric) for row in rows if row.get("filter", "none") == each]
            mean = higher is not None and _is_mean(values, aggregated.get(f"{metric},{each}"))
            (means if mean else left).append((called, metric, each, "higher" if higher else "lower"))
    documents: dict[str, LoggedDocument] = {}
    for each in filters:
        met: dict[str, int] = {}
        for row in (row for row in rows if row.get("filter", "none") == each):
            key = f"{name}/{document_hash(row['doc'])}"
            met[key] = met.get(key, 0) + 1
            key = key if met[key] == 1 else f"{key}-{met[key]}"
            if key not in documents:
                documents[key] = _document(key, row, file)
            own = {called: row[metric] for called, metric, of, _ in means if of == each}
            documents[key].values.update({called: float(v) for called, v in own.items() if math.isfinite(v)})
    version = str(results.get("versions", {}).get(name))
    return LoggedTask(name, version, documents, [(m[0], m[3]) for m in means], [m[0] for m in left])


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UserError(f"line {number} is not JSON: {str(error)[:120]}", where=str(file)) from error
            if not isinstance(row, dict) or not isinstance(row.get("doc"), dict):
                raise UserError(f"line {number} is no sample of lm-eval: it has no 'doc'", where=str(file))
            yield row


def _is_mean(values: Sequence[Any], aggregated: Any) -> bool:
    if not isinstance(aggregated, int | float) or not all(isinstance(value, int | float) for value in values):
        return False
    return math.isclose(sum(values) / len(values), aggregated, rel_tol=NEAR, abs_tol=NEAR)


def _document(key: str, row: Mapping[str, Any], file: Path) -> LoggedDocument:
    try:
        asked = [[one[f"arg_{i}"] for i in range(len(one))] for one in row["arguments"].values()]
        likely = [(float(nats), str(greedy) == "True") for ((nats, greedy), *_) in row["resps"]] if (
            len(asked[0]) > 1 and isinstance(asked[0][1], str)
        ) else []  # fmt: skip
        return LoggedDocument(
            id=key,
            hash=key.partition("/")[2],
            messages=_messages(asked[0][0]),
            choices=tuple(str(one[1]) for one in asked) if likely else (),
            target=str(row.get("target", "")),
            responses=tuple(likely) or (str(row["resps"][0][0]),),
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        what = f"document {row.get('doc_id')} has no arguments or responses as lm-eval 0.4 logs them ({error!r})"
        raise UserError(what[:300], where=str(file), fix="run it again with a newer lm-eval") from error


def _messages(asked: Any) -> tuple[Message, ...]:
    """A text as it stands; for a model behind a server's chat, lm-eval logs the turns as a list with their JSON."""
    if isinstance(asked, list):
        return tuple(Message(str(turn["role"]), str(turn["content"])) for turn in json.loads(asked[0]))
    return (Message("text", str(asked)),)
