"""One probe's results while journals are read: a state per (sample, repeat), a column of scores per metric."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

from fteval.records import Metric, ProbeResult, Sequential, variants_that_count
from fteval.records.columns import NOTHING, Digests, Kinds, Numbers, Texts, is_digest
from fteval.records.readings import Limits
from fteval.records.verdicts import Standing
from fteval.runs.journal import codec
from fteval.runs.journal.finder import MARK, NOWHERE, Finder, mark


class State(IntEnum):
    """How far one (sample, repeat) has come."""

    UNANSWERED = 0
    FAILED = 1
    ANSWERED = 2
    SCORE_ERROR = 3
    SCORED = 4


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
        self._next = 0
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
        """Of a sample, once all of them are read; asked for in their order, they are found without a search."""
        at = self._next
        if self.ids.stands_at(at, sample):
            self._next = at + 1
            return at
        for at in self._found().places(mark(sample)):
            if self.ids.stands_at(at, sample):
                self._next = at + 1
                return at
        return None

    def twice(self) -> bool:
        """Whether an id may stand at two places, once all of them are read."""
        return self._found().twice

    def _found(self) -> Finder:
        if self._finder is None:
            self._finder = Finder(self._marks, MARK)
        return self._finder

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
        import statistics  # with it come fractions and decimals, for which few runs have a use

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
