"""What a run's journals add up to: a state per (sample, repeat), a column of scores per metric. Read line by line."""

from __future__ import annotations

import hashlib
import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from fteval.records import Metric, ProbeResult, Readings, Sequential, variants_that_count
from fteval.records.columns import NOTHING, Digests, Kinds, Numbers, Texts, is_digest
from fteval.records.readings import Limits
from fteval.records.verdicts import Standing
from fteval.runs.journal import codec, lines, rows
from fteval.runs.journal.finder import MARK, NOWHERE, Finder, key_bytes, mark
from fteval.runs.journal.run import Run
from fteval.runs.reading import server_words


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
        self.ids: Texts = Texts(bytearray())
        self.digests: Sequence[str] = Digests(bytearray())
        self.groups: Kinds = Kinds(values=[])
        self.slices: Kinds = Kinds(values=[])
        self.states = bytearray()
        self.lines = array("Q")
        """Where each sample's line begins."""
        self.answer_lines = array("Q")
        """Where the line of each pair's answer begins, of the last failure where there is none; NOWHERE without."""
        self.first_lines, self.last_lines = array("Q"), array("Q")
        """Where each sample's last judgement begins: of its first answer, and of any."""
        self.truncated = self.empty = self.tokens = self.counted = self.prompted = self.prompts = self.timed = 0
        self.seconds = 0.0
        self.price: tuple[float, float] | None = None
        self.served = False
        """Whether a server answered: the time of an answer here is its batch's, shared out."""
        self._known_groups: dict[str | None, int] = {}
        self._known_slices: dict[tuple[tuple[str, str], ...], int] = {}
        self._marks = bytearray()
        self._finder: Finder | None = None
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
        self.values = {m.name: array("d", [NOTHING]) * len(self.states) for m in self.metrics}
        self.labels.clear()
        self.no_answer.clear()
        judged = (State.SCORED, State.SCORE_ERROR)
        self.states = self.states.translate(bytes(State.ANSWERED if s in judged else s for s in range(256)))

    def add(self, row: Mapping[str, Any], line: int) -> range:
        """Takes a line of samples.jsonl, which begins there; returns the pairs that it plans."""
        first = len(self.states)
        self.ids.append(row["id"])
        self._marks += mark(row["id"])
        if self.labelled:
            self.targets.append(str(row["target"]))
        self._add_digest(row["digest"])
        self._add_kind(self.groups, self._known_groups, row["group"], row["group"])
        slices: Mapping[str, str] = row["slices"]
        self._add_kind(self.slices, self._known_slices, tuple(sorted(slices.items())), slices or _NO_SLICES)
        self.states.extend(bytes(self.repeats))
        self.lines.append(line)
        self.first_lines.append(NOWHERE)
        self.last_lines.append(NOWHERE)
        for _ in range(self.repeats):
            self.answer_lines.append(NOWHERE)
            for column in self.values.values():
                column.append(NOTHING)
        return range(first, first + self.repeats)

    def _add_digest(self, digest: str) -> None:
        if isinstance(self.digests, Digests) and is_digest(digest):
            assert isinstance(self.digests.block, bytearray)
            self.digests.block += bytes.fromhex(digest[7:])
        else:
            self.digests = Texts.of([*self.digests, digest])

    @staticmethod
    def _add_kind(column: Kinds, known: dict[Any, int], key: Any, value: Any) -> None:
        code = known.setdefault(key, len(known))
        if code == len(column.values):
            assert isinstance(column.values, list)
            column.values.append(value)
        column.codes.append(code)

    def place(self, sample: str) -> int | None:
        """Of a sample, once all of them are read."""
        if self._finder is None:
            self._finder = Finder(self._marks, MARK)
        return next((at for at in self._finder.places(mark(sample)) if self.ids[at] == sample), None)

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

    def judged(self, judgement: Mapping[str, Any], line: int) -> None:
        """Takes a judgement of scores.jsonl, whose line begins there."""
        sample = self.place(judgement["sample"])
        if sample is None:
            return
        self.last_lines[sample] = line
        if not judgement["repeat"]:
            self.first_lines[sample] = line
        pair = sample * self.repeats + judgement["repeat"]
        if self.states[pair] < State.ANSWERED:
            return  # its answer was damaged and moved aside: the judgement hangs in the air
        values = judgement.get("values", {})
        if judgement.get("no_answer"):
            self.no_answer.add(pair)
        self.states[pair] = State.SCORE_ERROR if "error" in judgement else State.SCORED
        for name, column in self.values.items():
            value = values.get(name)
            column[pair] = NOTHING if value is None else value
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
        pairs = [pair for i in kept for pair in range(i * self.repeats, (i + 1) * self.repeats)]
        self.values = {name: array("d", (column[p] for p in pairs)) for name, column in self.values.items()}
        self.states = bytearray(self.states[p] for p in pairs)
        self.answer_lines = array("Q", (self.answer_lines[p] for p in pairs))
        self.lines, self.first_lines, self.last_lines = (
            array("Q", (column[i] for i in kept)) for column in (self.lines, self.first_lines, self.last_lines)
        )
        self.ids, self.digests = Texts.of(self.ids[i] for i in kept), Digests.of([self.digests[i] for i in kept])
        self.groups = Kinds(array("i", (self.groups.codes[i] for i in kept)), self.groups.values)
        self.slices = Kinds(array("i", (self.slices.codes[i] for i in kept)), self.slices.values)
        return before - len(self.states)

    def how(self) -> Sequential:
        """How the samples were asked, once all of them are read."""
        if self.sequential is None:
            none = self._known_groups.get(None)
            groups = Counter(code for code in self.groups.codes if code != none)
            kinds = tuple(dict(key) for key in self._known_slices)
            self.sequential = Sequential(self.seed or 0, len(self.ids), max(groups.values(), default=1), kinds)
        return self.sequential

    def result(self) -> ProbeResult:
        scores = {name: self._means(column) for name, column in self.values.items()}
        scores |= {m.name: self._where_given(scores[m.name], scores[m.given]) for m in self.metrics if m.given}
        seconds = self.seconds / self.timed if self.timed else None
        return ProbeResult(
            probe=self.name,
            digest=self.digest,
            metrics=self.metrics,
            sample_ids=self.ids,
            sample_digests=self.digests,
            groups=self.groups,
            slices=self.slices,
            scores=scores,
            errors=self.states.count(State.FAILED) + self.states.count(State.SCORE_ERROR),
            unscored={name: self._unscored(means) for name, means in scores.items()},
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

    def _where_given(self, column: Numbers, given: Numbers) -> Numbers:
        kept = variants_that_count(self.ids, given)
        return Numbers.of(value if i in kept else None for i, value in zip(self.ids, column, strict=True))

    def _unscored(self, means: Numbers) -> int:
        """Samples with an answer that was scored, and without a score of this metric."""
        if self.repeats == 1:
            pairs = zip(self.states, means.values, strict=True)
            return sum(value != value for state, value in pairs if state == State.SCORED)
        return sum(mean is None and State.SCORED in self._repeats(i) for i, mean in enumerate(means))

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

    def _within(self, column: array[float]) -> float | None:
        """Variance of a sample's mean over its repeats, averaged over the samples that have at least two."""
        if self.repeats == 1:
            return None
        found = [statistics.variance(known) / len(known) for known in self._known(column) if len(known) > 1]
        return statistics.fmean(found) if found else None

    def _means(self, column: array[float]) -> Numbers:
        if self.repeats == 1:
            return Numbers(column)
        # One answer without a score leaves the sample without: what is left would be the flattering part.
        complete = (sum(known) / len(known) if len(known) == self.repeats else None for known in self._known(column))
        return Numbers.of(complete)

    def _partly(self, metric: str) -> tuple[int, ...]:
        """Places of samples with a score for some of their answers only."""
        if self.repeats == 1:
            return ()
        known = enumerate(self._known(self.values[metric]))
        return tuple(place for place, values in known if 0 < len(values) < self.repeats)

    def _known(self, column: array[float]) -> Iterator[list[float]]:
        """Each sample's scores, of those of its answers that have one."""
        for start in range(0, len(column), self.repeats):
            yield [value for value in column[start : start + self.repeats] if value == value]


_NO_SLICES: Mapping[str, str] = {}


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
    seed = run.plan.get("sequential")
    columns = {name: Columns(name, f, run.plan["repeats"], seed) for name, f in run.manifest["probes"].items()}
    read: dict[str, int] = {}
    wanted = read_samples(run, columns, read)
    events = read_events(run)
    price = server_words.price(run.manifest)
    for column in columns.values():
        column.price, column.served = price, "served" in run.manifest
    for name, n in (events.stopped if asked is None else asked).items():
        columns[name].stop(n)
    answers = read_generations(run, wanted, read)
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


def read_samples(run: Run, columns: Mapping[str, Columns], read: dict[str, int]) -> Asked:
    """Takes all samples; of two lines with one id the first, which a repair may have left behind it."""
    asked = Asked(columns)
    twice = _ids_twice(run.samples)
    seen: set[tuple[str, str]] = set()
    for line in _noted(run.samples, read):
        row = lines.parse(line.data)
        place = row["probe"], row["id"]
        if twice and place in seen:
            continue
        if twice:
            seen.add(place)
        for pair, key in zip(columns[row["probe"]].add(row, line.offset), row["keys"], strict=True):
            asked.add(row["probe"], key, pair)
    return asked


def _ids_twice(path: Path) -> bool:
    """Whether a samples.jsonl may have an id twice: what is rare is found first, so that nobody has to hold all ids."""
    heads = bytearray()
    for line in lines.raw(path):
        heads += hashlib.blake2b(line.data[lines.BODY : line.data.find(rows.BEHIND_ID)], digest_size=MARK).digest()
    return Finder(heads, MARK).twice


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
