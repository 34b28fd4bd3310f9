"""What a run's journals add up to, read line by line; `columns` has what they say of each probe."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fteval.records import ProbeResult, Readings
from fteval.runs.journal import lines
from fteval.runs.journal.finder import Finder, key_bytes
from fteval.runs.journal.run import Run
from fteval.runs.reading import server_words
from fteval.runs.reading.columns import Columns, State


@dataclass(slots=True)
class Answers:
    """What the generations of a run add up to, in (sample, repeat) pairs."""

    reused: int = 0
    generated: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    """Failure kind -> sample and message of the first one."""
    seen: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    """(model, fingerprint) by a server's word -> answers, reused ones included."""
    refused: int = 0
    """Answers that were refused in a provider's own field for that."""
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    """Of prompts and of answers that were generated, where counted."""


@dataclass(slots=True)
class Events:
    """What a run's events add up to."""

    seconds: float = 0.0
    """Wall time over all attempts."""
    warnings: list[str] = field(default_factory=list)
    stopped: dict[str, int] = field(default_factory=dict)
    """Probe -> after how many samples asking stopped."""
    capabilities: dict[str, str] = field(default_factory=dict)
    servers: Counter[str] = field(default_factory=Counter)
    """Place of each of several servers -> answers."""
    readings: Readings | None = None
    replies: Readings | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of one probe's samples begin, as the columns of its result are ordered."""

    samples: array[int]
    answers: array[int]
    """Of every pair; of the last failure where there is no answer, NOWHERE without one."""
    first: array[int]
    """The last judgement of a sample's first answer."""
    last: array[int]
    """The last judgement of any of its answers."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run's journals add up to."""

    results: tuple[ProbeResult, ...]
    answers: Answers
    events: Events
    score_errors: Mapping[str, list[str]]
    states: Counter[int]
    """`State` -> pairs."""
    left_out: int
    """Pairs before which asking stopped."""
    silent: list[str]
    """Where a reference or a judge is none."""
    lines: Mapping[str, Lines]
    """By probe."""
    read: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each journal that were read: less than it has where its last line is being written."""


def tally(run: Run, asked: Mapping[str, int] | None = None) -> Tally:
    """All of a run. `asked`: how many samples of its random order each probe has been asked by now.

    Raises Incomplete for a damaged line.
    """
    read: dict[str, int] = {}
    columns, wanted = read_samples(run, read)
    events = read_events(run)
    price = server_words.price(run.manifest)
    for column in columns.values():
        column.price, column.served = price, "served" in run.manifest
    for name, n in (events.stopped if asked is None else asked).items():
        columns[name].stop(n)
    answers = read_generations(run, wanted, read)
    del wanted  # it is as large as the columns
    score_errors = read_scores(run, columns, read)
    left_out = sum(c.trim() for c in columns.values())  # asking stopped before them
    states: Counter[int] = Counter(state for c in columns.values() for state in c.states)
    return Tally(
        results=tuple(c.result() for c in columns.values()),
        answers=answers,
        events=events,
        score_errors=score_errors,
        states=states,
        left_out=left_out,
        silent=no_judges(columns.values()),
        lines={name: Lines(c.lines, c.answer_lines, c.first_lines, c.last_lines) for name, c in columns.items()},
        read=read,
    )


class Asked:
    """Which pairs a key asks for."""

    def __init__(self, columns: Mapping[str, Columns]) -> None:
        self.columns = list(columns.values())
        self._number = {name: n for n, name in enumerate(columns)}
        self._keys = bytearray()
        self._of = array("B" if len(columns) < 256 else "L")
        self._pairs = array("Q")
        self._taken = bytearray()
        self._finder: Finder | None = None

    def add(self, name: str, key: str, pair: int) -> None:
        self._keys += key_bytes(key)
        self._of.append(self._number[name])
        self._pairs.append(pair)

    def taken(self, key: str) -> list[tuple[Columns, int]]:
        """What is still open of a key, once all keys are known; it is not any more."""
        found = self._open(key)
        for at in found:
            self._taken[at] = True
        return [(self.columns[self._of[at]], self._pairs[at]) for at in found]

    def open(self, key: str) -> list[tuple[Columns, int]]:
        """What has not been taken of a key."""
        return [(self.columns[self._of[at]], self._pairs[at]) for at in self._open(key)]

    def _open(self, key: str) -> list[int]:
        if self._finder is None:
            self._finder = Finder(self._keys, 32)
            self._taken = bytearray(len(self._of))
        return [at for at in self._finder.places(key_bytes(key)) if not self._taken[at]]


def read_samples(run: Run, read: dict[str, int]) -> tuple[dict[str, Columns], Asked]:
    """Takes all samples; of two lines with one id the first, which a repair may have left behind it."""
    columns, asked = _columns_of(run, read, None)
    if any(column.twice() for column in columns.values()):
        # It is rare, so that nobody has to hold all ids to look for it.
        columns, asked = _columns_of(run, read, set())
    return columns, asked


def _columns_of(run: Run, read: dict[str, int], seen: set[tuple[str, str]] | None) -> tuple[dict[str, Columns], Asked]:
    seed = run.plan.get("sequential")
    columns = {name: Columns(name, f, run.plan["repeats"], seed) for name, f in run.manifest["probes"].items()}
    asked = Asked(columns)
    for line in _noted(run.samples, read):
        row = lines.parse(line.data)
        if seen is not None:
            place = row["probe"], row["id"]
            if place in seen:
                continue
            seen.add(place)
        for pair, key in zip(columns[row["probe"]].add(row, line.offset), row["keys"], strict=True):
            asked.add(row["probe"], key, pair)
    return columns, asked


def _noted(path: Path, read: dict[str, int]) -> Iterator[lines.Line]:
    """The lines of a journal, and how far it was read."""
    read[path.name] = 0
    for line in lines.checked(path):
        yield line
        read[path.name] = line.offset + len(line.data)


def read_generations(run: Run, asked: Asked, read: dict[str, int]) -> Answers:
    """Marks what was answered. The first answer to a key counts; a failure only while there is none."""
    answers = Answers()
    failed: dict[str, lines.Line] = {}
    for line in _noted(run.generations, read):
        row = lines.parse(line.data)
        key = row["key"]
        if row["status"] != "ok":
            failed[key] = line
            continue
        failed.pop(key, None)
        pairs = asked.taken(key)
        if not pairs:
            continue
        if row.get("served") or row.get("fingerprint"):
            answers.seen[row.get("served"), row.get("fingerprint")] += 1
        if row["finish_reason"] == "refusal":
            answers.refused += len(pairs)
        if not row.get("reused"):
            answers.tokens[0] += row.get("prompt_tokens") or 0
            answers.tokens[1] += row.get("completion_tokens") or 0
        for column, pair in pairs:
            if not column.counts(pair):
                continue
            column.answered(pair, row)
            column.answer_lines[pair] = line.offset
            if row.get("reused"):
                answers.reused += 1
            else:
                answers.generated += 1
    for key, line in failed.items():
        failure = lines.parse(line.data)["failure"]
        for column, pair in asked.open(key):
            if not column.counts(pair):
                continue
            column.states[pair] = State.FAILED
            column.answer_lines[pair] = line.offset
            answers.failures[failure["kind"]] += 1
            answers.first.setdefault(failure["kind"], f"{column.ids[pair // column.repeats]}: {failure['message']}")
    return answers


def read_scores(run: Run, columns: Mapping[str, Columns], read: dict[str, int]) -> dict[str, list[str]]:
    """Fills the columns; returns what scorers raised, per probe, where no later judgement has put it right."""
    errors: dict[str, dict[tuple[str, int], str]] = {}
    for line in _noted(run.scores, read):
        row = lines.parse(line.data)
        column, of_probe = columns[row["probe"]], errors.setdefault(row["probe"], {})
        if "digest" in row:
            if row.get("standing") or row["digest"] != column.digest:
                column.begin(row)
            of_probe.clear()
            continue
        column.judged(row, line.offset)
        of_probe.pop((row["sample"], row["repeat"]), None)
        if "error" in row:
            of_probe[row["sample"], row["repeat"]] = row["error"]
    return {probe: [f"{s}: {error}" for (s, _), error in found.items()] for probe, found in errors.items() if found}


def read_events(run: Run) -> Events:
    """What the attempts at a run left behind beside answers."""
    found = Events()
    for row in lines.read(run.events):
        found.seconds += row.get("seconds", 0.0)
        if row["event"] in ("warning", "another_model"):
            found.warnings.append(row["text"])
        elif row["event"] == "stopped":
            found.stopped[row["probe"]] = row["asked"]
        elif row["event"] == "resumed":
            found.stopped.clear()
        elif row["event"] == "read":
            found.readings = Readings(row["likelihoods"], row["reused"], row["took"]) + found.readings
        elif row["event"] == "heard":
            found.replies = Readings(row["replies"], row["reused"], row["took"]) + found.replies
        elif row["event"] == "capabilities":
            found.capabilities = dict(row["found"])
        elif row["event"] == "servers":
            found.servers.update(row["answered"])
    return found


def no_judges(columns: Iterable[Columns]) -> list[str]:
    """Where a reference or a judge is none for a probe's answers: what rests on it is not scored."""
    found = []
    for column in columns:
        limits = (column.limits.ceiling, column.limits.floor) if column.limits else ()
        found += [f"{column.name}: {limit.reason}" for limit in limits if limit.value is None and limit.reason]
        if column.standing is not None and (fault := column.standing.fault) is not None:
            failed = "; ".join(str(test) for test in column.standing.tests if test.failed)
            found.append(f"{column.name}: {fault} ({failed or 'none was made'}), so that nothing is scored by it")
    return list(dict.fromkeys(found))


def shortfalls(
    states: Mapping[int, int], answers: Answers, score_errors: Mapping[str, list[str]], planned: int
) -> list[str]:
    found = []
    if states[State.UNANSWERED]:
        found.append(f"{states[State.UNANSWERED]} of {planned} not answered: the run was stopped before them")
    for kind, count in answers.failures.items():
        found.append(f"{count} of {planned} in error: {kind}, first {answers.first[kind]}")
    for probe, errors in score_errors.items():
        found.append(f"{probe}: {len(errors)} could not be scored, first {errors[0]}")
    if answers.refused:
        found.append(f"{answers.refused} of {planned} answers were refused, in the provider's own field for that")
    if states[State.ANSWERED]:
        found.append(f"{states[State.ANSWERED]} of {planned} answered but not scored yet")
    return found
