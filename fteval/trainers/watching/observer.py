"""One look: the dev prompts answered by the model as it is now, judged by the probes, and how far it is from the base.

Prompts are rendered once. A prompt that several probes ask is answered once. The base is the reference where a probe
wants one, and its own answers settle the limits, as in a run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.engines.local.live import LiveEngine, LiveWeights
from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import shown, words
from fteval.records import ComparingProbe, Generation, Look, Message, Request, Sample, Sampling, normalised
from fteval.records.readings import Limits
from fteval.runs.asking import plan, scoring
from fteval.runs.asking.referees import wants_reference
from fteval.runs.asking.reference import Answer, Pair, Reader, Reference, settled
from fteval.runs.asking.suite import SuiteProbe
from fteval.trainers.watching.watch import Watched

KL_PROMPTS, KL_TOKENS = 16, 32
"""Of each kind, and tokens of the base's answer to each: enough for two digits, and few enough to cost little."""
Turns = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Observer:
    """The probes at work on one model in training; asked inside `LiveWeights.undisturbed`."""

    live: LiveEngine
    base: LiveEngine
    watched: Watched
    reader: Reader | None = None
    limits: dict[str, Limits] = field(default_factory=dict)
    near: dict[str, list[tuple[Any, str, float, int]]] = field(default_factory=dict)
    """`training`, `neutral` -> the base's own answers: prompt, text, their log-likelihood to the base, tokens."""
    _work: plan.Work | None = None

    @property
    def work(self) -> plan.Work:
        if self._work is None:
            self._work = plan.plan(self.watched.suite, self.live, self.watched.sampling, 1, base=self.base)
        return self._work

    def first(self, prompts: Sequence[Turns]) -> Look:
        """The look at the base. Raises UserError for what no step could mend: no template, a probe of another kind."""
        if any(wants_reference(p.probe) for p in self.watched.suite.probes):
            self.reader = Reader(Reference("base", self.base, "base"))
        for kind, asked in {"training": _turns(prompts), "neutral": _neutral()}.items():
            self._draw(kind, asked)
        return self._look(0, self.base)

    def look(self, step: int) -> Look:
        """The look at the model after so many steps."""
        return self._look(step, self.live)

    def _look(self, step: int, engine: LiveEngine) -> Look:
        began = time.perf_counter()
        answers = self._answers(engine)
        means: dict[str, dict[str, float | None]] = {}
        scored: dict[str, dict[str, int]] = {}
        for probe, keys in zip(self.watched.suite.probes, self.work.keys, strict=True):
            of_probe = [(s, answers[of_sample[0]]) for s, of_sample in zip(probe.samples, keys, strict=True)]
            columns = self._judged(probe, of_probe)
            scored[probe.name] = {name: len(values) for name, values in columns.items()}
            means[probe.name] = {name: sum(v) / len(v) if v else None for name, v in columns.items()}
        # Each prompt once, be it asked in several ways.
        given = {self.work.requests[key].prompt.messages: answer for key, answer in answers.items() if answer.ok}
        texts = [shown(answer.text) for answer in given.values()]
        n, same = len(texts), {normalised(text) for text in texts}
        clipped = [answer.finish_reason == "length" for answer in given.values()]
        return Look(
            step,
            means,
            scored,
            answers=n,
            failed=sum(not answer.ok for answer in answers.values()),
            words=sum(len(words(text)) for text in texts) / n if n else None,
            distinct=len(same) / n if n else None,
            clipped=sum(clipped) / n if n else None,
            kl=self._kl(engine),
            seconds=round(time.perf_counter() - began, 3),
        )

    def _answers(self, engine: LiveEngine) -> dict[str, Generation]:
        work = self.work
        found = {key: Generation(work.requests[key].sample_id, key, failure=why) for key, why in work.refused.items()}
        alike: dict[tuple[Sampling, bool], list[Request]] = {}
        weighed = []
        for key, request in work.requests.items():
            if key in found:
                continue
            if request.continuations:
                weighed.append(request)
            else:
                alike.setdefault((work.drawn(key), request.diverges), []).append(request)
        groups = [
            engine.diverge(requests, sampling, self.base) if diverges else engine.generate(requests, sampling)
            for (sampling, diverges), requests in alike.items()
        ]
        for group in (*groups, *([engine.weigh(weighed)] if weighed else [])):
            found |= {generation.key: generation for some in group for generation in some}
        return found

    def _judged(self, probe: SuiteProbe, given: Sequence[tuple[Sample, Generation]]) -> dict[str, list[float]]:
        """metric -> the scores that there are."""
        judge = probe.probe
        if isinstance(judge, ComparingProbe):
            told = [(sample, g.text or "") for sample, g in given if g.ok]
            judge = judge.beside(sorted(told, key=lambda one: (one[0].id, one[1])))
        read = self._read(probe, given)
        columns: dict[str, list[float]] = {metric.name: [] for metric in judge.metrics}
        for sample, generation in given:
            if not generation.ok:
                continue
            if sample.id in read and self.reader is not None:
                reading = self.reader.reading(read[sample.id], self.limits[probe.name])
                generation = replace(generation, reading=reading)
            found = scoring.judge(judge, sample, generation)
            if "error" in found:
                raise UserError(f"watch: probe '{probe.name}' cannot judge sample {sample.id!r}: {found['error']}")
            for name, value in found["values"].items():
                if value is not None:
                    columns[name].append(value)
        return columns

    def _read(self, probe: SuiteProbe, given: Sequence[tuple[Sample, Generation]]) -> dict[str, Answer]:
        """What the reference has read, by sample; the first look's answers settle the limits."""
        if self.reader is None or not wants_reference(probe.probe):
            return {}
        read = {s.id: Answer(s.id, s.messages, g.text or "") for s, g in given if g.ok}
        self._ask(pair for answer in read.values() for pair in answer.pairs)
        if probe.name not in self.limits:
            answers = list(read.values())
            self.limits[probe.name] = settled(self.reader, answers, "the base's own answers", self._ask, alone=False)
        return read

    def _ask(self, pairs: Iterable[Pair]) -> None:
        assert self.reader is not None
        for _ in self.reader.ask(self.reader.missing(pairs)):
            pass

    def _draw(self, kind: str, asked: Sequence[tuple[Message, ...]]) -> None:
        """The base's own answers to prompts, drawn as it likes them, with their likelihoods."""
        chosen = asked[:: max(1, len(asked) // KL_PROMPTS)][:KL_PROMPTS]
        requests = [Request(str(i), str(i), self.base.prompt(turns), seed=i) for i, turns in enumerate(chosen)]
        sampling = Sampling(temperature=1.0, max_tokens=KL_TOKENS)
        said = {g.key: g.text for group in self.base.generate(requests, sampling) for g in group if g.text}
        pairs = [(r.prompt, said[r.key]) for r in requests if r.key in said]
        found = self.base.likelihoods(pairs, KL_TOKENS)
        self.near[kind] = [
            (*pair, one.nats, one.tokens)
            for pair, one in zip(pairs, found, strict=True)
            if one.tokens and not math.isnan(one.nats)  # longer than the context
        ]

    def _kl(self, engine: LiveEngine) -> dict[str, float]:
        """Nats a token by which the base's own answers became less likely; NaN where the model is broken."""
        found = {}
        for kind, rows in self.near.items():
            if not rows or engine is self.base:
                continue
            now = engine.likelihoods([(prompt, text) for prompt, text, _, _ in rows], KL_TOKENS)
            lost = sum(was - one.nats for (_, _, was, _), one in zip(rows, now, strict=True))
            found[kind] = lost / sum(n for *_, n in rows)
        return found


def _turns(prompts: Sequence[Turns]) -> list[tuple[Message, ...]]:
    distinct = dict.fromkeys(tuple(Message(t["role"], t["content"]) for t in turns) for turns in prompts)
    return list(distinct)


def _neutral() -> list[tuple[Message, ...]]:
    """Questions on all kinds of things, which have nothing to do with what is trained."""
    return [sample.messages for sample in packaged("questions.jsonl")]


def observer(model: Any, tokenizer: Any, watched: Watched) -> Observer:
    """The observer of a model in memory."""
    chat = Chat.of(tokenizer)
    live = LiveWeights(model, tokenizer.pad_token_id or 0)
    return Observer(LiveEngine(live, chat), LiveEngine(live, chat, base=True), watched)
