"""What a run's journals add up to: a state per (sample, repeat), a column of scores per metric. Read line by line."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from fteval.records import Metric, ProbeResult, Readings, Sequential, variants_that_count
from fteval.records.readings import Limits
from fteval.records.verdicts import Standing
from fteval.runs.journal import codec, lines
from fteval.runs.journal.store import Run


class State(IntEnum):
    """How far one (sample, repeat) has come."""

    UNANSWERED = 0
    FAILED = 1
    ANSWERED = 2
    SCORE_ERROR = 3
    SCORED = 4


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
    readings: Readings | None = None
    replies: Readings | None = None


class Columns:
    """One probe's results while they are read: a state per (sample, repeat), a column per metric."""

    def __init__(self, name: str, fields: Mapping[str, Any], repeats: int, seed: int | None = None) -> None:
        self.name, self.repeats, self.seed = name, repeats, seed
        self.sequential: Sequential | None = None
        self.kept: set[int] | None = None
        self.ids: list[str] = []
        self.digests: list[str] = []
        self.groups: list[str | None] = []
        self.slices: list[Mapping[str, str]] = []
        self.states = bytearray()
        self.truncated = self.empty = self.tokens = self.counted = self.prompted = self.prompts = self.timed = 0
        self.seconds = 0.0
        self.price: tuple[float, float] | None = None
        self.served = False
        """Whether a server answered: the time of an answer here is its batch's, shared out."""
        self.index: dict[str, int] = {}
        self.targets: list[str] = []
        self.labels: dict[int, str] = {}
        """Pair -> the label that was answered, where answers are labels."""
        self.no_answer: set[int] = set()
        """Pairs that were cut off inside their reasoning."""
        self.labelled = next((m["name"] for m in fields["metrics"] if m.get("labels")), None)
        self.begin(fields)

    def begin(self, head: Mapping[str, Any]) -> None:
        """A scoring pass begins: judgements by another digest no longer count."""
        self.digest = head["digest"]
        self.limits = codec.from_json(Limits, head["limits"]) if head.get("limits") else None
        self.standing = codec.from_json(Standing, head["standing"]) if head.get("standing") else None
        metrics: Iterable[Mapping[str, Any]] = head["metrics"]
        self.metrics = tuple(Metric(**m) for m in metrics)
        self.values: dict[str, list[float | None]] = {m.name: [None] * len(self.states) for m in self.metrics}
        self.labels.clear()
        self.no_answer.clear()
        judged = (State.SCORED, State.SCORE_ERROR)
        self.states = bytearray(State.ANSWERED if state in judged else state for state in self.states)

    def add(self, row: Mapping[str, Any]) -> range:
        """Takes a line of samples.jsonl; returns the pairs that it plans."""
        first = len(self.states)
        self.index[row["id"]] = len(self.ids)
        self.ids.append(row["id"])
        self.targets.append(str(row["target"]) if self.labelled else "")
        self.digests.append(row["digest"])
        self.groups.append(row["group"])
        self.slices.append(row["slices"] or _NO_SLICES)
        self.states.extend([State.UNANSWERED] * self.repeats)
        for column in self.values.values():
            column.extend([None] * self.repeats)
        return range(first, first + self.repeats)

    def answered(self, pair: int, answer: Mapping[str, Any]) -> None:
        self.states[pair] = State.ANSWERED
        self.truncated += answer.get("finish_reason") == "length"
        if "likelihoods" in answer:
            return  # nothing was written
        self.empty += not answer["text"].strip()
        if answer.get("completion_tokens") is not None:
            self.tokens += answer["completion_tokens"]
            self.counted += 1
        if answer.get("prompt_tokens") is not None:
            self.prompted += answer["prompt_tokens"]
            self.prompts += 1
        if answer.get("seconds") is not None:
            self.seconds += answer["seconds"]
            self.timed += 1

    def judged(self, judgement: Mapping[str, Any]) -> None:
        sample = self.index.get(judgement["sample"])
        if sample is None:
            return
        pair = sample * self.repeats + judgement["repeat"]
        if self.states[pair] < State.ANSWERED:
            return  # its answer was damaged and moved aside: the judgement hangs in the air
        values = judgement.get("values", {})
        if judgement.get("no_answer"):
            self.no_answer.add(pair)
        self.states[pair] = State.SCORE_ERROR if "error" in judgement else State.SCORED
        for name, column in self.values.items():
            column[pair] = values.get(name)
        if self.labelled and self.states[pair] == State.SCORED:
            self.labels[pair] = (judgement.get("answer") or "") if values.get(self.labelled) == 1 else ""

    def stop(self, asked: int) -> None:
        """Only the first `asked` samples of the random order count from now on.

        What lies behind may be answered all the same, through another probe with the same prompt.
        """
        kept: set[int] = set()
        for group in self.how().order(self.ids, self.groups):
            if len(kept) >= asked:
                break
            kept.update(group)
        self.kept = kept

    def counts(self, pair: int) -> bool:
        return self.kept is None or pair // self.repeats in self.kept

    def trim(self) -> int:
        """Drops what does not count; returns how many (sample, repeat) that are."""
        self.how()
        if self.kept is None or len(self.kept) == len(self.ids):
            return 0
        kept, before = sorted(self.kept), len(self.states)
        for column in self.values.values():
            column[:] = [value for i in kept for value in column[i * self.repeats : (i + 1) * self.repeats]]
        self.states = bytearray(state for i in kept for state in self._repeats(i))
        self.ids, self.digests = [self.ids[i] for i in kept], [self.digests[i] for i in kept]
        self.groups, self.slices = [self.groups[i] for i in kept], [self.slices[i] for i in kept]
        return before - len(self.states)

    def how(self) -> Sequential:
        """How the samples were asked, once all of them are read."""
        if self.sequential is None:
            groups = Counter(group for group in self.groups if group is not None)
            kinds = dict.fromkeys(tuple(sorted(s.items())) for s in self.slices)
            self.sequential = Sequential(
                self.seed or 0, len(self.ids), max(groups.values(), default=1), tuple(map(dict, kinds))
            )
        return self.sequential

    def result(self) -> ProbeResult:
        scores = {name: self._means(column) for name, column in self.values.items()}
        scores |= {m.name: self._where_given(scores[m.name], scores[m.given]) for m in self.metrics if m.given}
        scored = [any(state == State.SCORED for state in self._repeats(i)) for i in range(len(self.ids))]
        seconds = self.seconds / self.timed if self.timed else None
        return ProbeResult(
            probe=self.name,
            digest=self.digest,
            metrics=self.metrics,
            sample_ids=tuple(self.ids),
            sample_digests=tuple(self.digests),
            groups=tuple(self.groups),
            slices=tuple(self.slices),
            scores=scores,
            errors=self.states.count(State.FAILED) + self.states.count(State.SCORE_ERROR),
            unscored={
                name: sum(was and mean is None for was, mean in zip(scored, means, strict=True))
                for name, means in scores.items()
            },
            partly={m.name: places for m in self.metrics if m.partial and (places := self._partly(m.name))},
            truncated=self.truncated,
            empty=self.empty,
            no_answer=sum(map(self.counts, self.no_answer)),
            answer_tokens=self.tokens / self.counted if self.counted else None,
            answer_seconds=seconds if self.served else None,
            answer_usd=self._usd(),
            prompt_tokens=self.prompted / self.prompts if self.prompts else None,
            shared_seconds=None if self.served else seconds,
            within={name: found for name, c in self.values.items() if (found := self._within(c)) is not None},
            sequential=None if self.seed is None else self.sequential,
            confusion=self._confusion(),
            limits=self.limits,
            standing=self.standing,
        )

    def _where_given(self, column: list[float | None], given: list[float | None]) -> list[float | None]:
        kept = variants_that_count(self.ids, given)
        return [value if i in kept else None for i, value in zip(self.ids, column, strict=True)]

    def _usd(self) -> float | None:
        if self.price is None or not self.counted:
            return None
        prompt = self.prompted / max(self.prompts, 1)
        return prompt * self.price[0] + self.tokens / self.counted * self.price[1]

    def _confusion(self) -> tuple[tuple[str, str, int], ...]:
        # `trim` leaves these at their old places, which `counts` still knows.
        found = Counter((self.targets[p // self.repeats], said) for p, said in self.labels.items() if self.counts(p))
        return tuple((wanted, said, n) for (wanted, said), n in sorted(found.items()))

    def _repeats(self, sample: int) -> bytearray:
        return self.states[sample * self.repeats : (sample + 1) * self.repeats]

    def _within(self, column: list[float | None]) -> float | None:
        """Variance of a sample's mean over its repeats, averaged over the samples that have at least two."""
        found = [statistics.variance(known) / len(known) for known in self._known(column) if len(known) > 1]
        return statistics.fmean(found) if found else None

    def _means(self, column: list[float | None]) -> list[float | None]:
        if self.repeats == 1:
            return column
        # One answer without a score leaves the sample without: what is left would be the flattering part.
        return [sum(known) / len(known) if len(known) == self.repeats else None for known in self._known(column)]

    def _partly(self, metric: str) -> tuple[int, ...]:
        """Places of samples with a score for some of their answers only."""
        known = enumerate(self._known(self.values[metric]))
        return tuple(place for place, values in known if 0 < len(values) < self.repeats)

    def _known(self, column: Sequence[float | None]) -> Iterator[list[float]]:
        """Each sample's scores, of those of its answers that have one."""
        for start in range(0, len(column), self.repeats):
            yield [value for value in column[start : start + self.repeats] if value is not None]


_NO_SLICES: Mapping[str, str] = {}

Asked = dict[str, list[tuple[Columns, int]]]


def read_samples(run: Run, columns: Mapping[str, Columns]) -> Asked:
    asked: Asked = {}
    for row in lines.read(run.samples):
        column = columns[row["probe"]]
        if row["id"] not in column.index:
            for pair, key in zip(column.add(row), row["keys"], strict=True):
                asked.setdefault(key, []).append((column, pair))
    return asked


def read_generations(run: Run, asked: Asked) -> Answers:
    """Marks what was answered. The first answer to a key counts; a failure only while there is none."""
    answers = Answers()
    failed: dict[str, Mapping[str, Any]] = {}
    row: Mapping[str, Any]
    for row in lines.read(run.generations):
        key = row["key"]
        if row["status"] != "ok":
            failed[key] = row
            continue
        failed.pop(key, None)
        if key in asked and (row.get("served") or row.get("fingerprint")):
            answers.seen[row.get("served"), row.get("fingerprint")] += 1
        if key in asked and row["finish_reason"] == "refusal":
            answers.refused += len(asked[key])
        if key in asked and not row.get("reused"):
            answers.tokens[0] += row.get("prompt_tokens") or 0
            answers.tokens[1] += row.get("completion_tokens") or 0
        for column, pair in asked.pop(key, ()):
            if not column.counts(pair):
                continue
            column.answered(pair, row)
            if row.get("reused"):
                answers.reused += 1
            else:
                answers.generated += 1
    for key, row in failed.items():
        failure = row["failure"]
        for column, pair in asked.get(key, ()):
            if not column.counts(pair):
                continue
            column.states[pair] = State.FAILED
            answers.failures[failure["kind"]] += 1
            answers.first.setdefault(failure["kind"], f"{column.ids[pair // column.repeats]}: {failure['message']}")
    return answers


def read_scores(run: Run, columns: Mapping[str, Columns]) -> dict[str, list[str]]:
    """Fills the columns; returns what scorers raised, per probe, where no later judgement has put it right."""
    errors: dict[str, dict[tuple[str, int], str]] = {}
    for row in lines.read(run.scores):
        column, of_probe = columns[row["probe"]], errors.setdefault(row["probe"], {})
        if "digest" in row:
            if row.get("standing") or row["digest"] != column.digest:
                column.begin(row)
            of_probe.clear()
            continue
        column.judged(row)
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
