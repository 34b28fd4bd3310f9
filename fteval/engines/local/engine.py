"""The engine for local models: a folder or a Hub repository that transformers loads, perhaps with a PEFT adapter.

Cheap to make: digests and tokenizer. Weights are loaded at the first generation, once for a base and all
adapters on it. Tokens are picked greedily, or drawn with every row's own seed; every sampling field counts and nothing
that the checkpoint recommends does.
"""

from __future__ import annotations

import copy
import importlib.metadata
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fteval.engines.constraints import joined
from fteval.engines.local import batches
from fteval.engines.local.chat import PROBES, Chat, stop_ids
from fteval.engines.local.folders import Located, checkpoint_dtype
from fteval.engines.local.loads import Load, Loads
from fteval.engines.refs import exists, read_json
from fteval.errors import Incomplete, UserError
from fteval.records import Constraint, Engine, Failure, Generation, Message, Prompt, Request, Sampling, unweighed
from fteval.records.readings import READ, Likelihood

if TYPE_CHECKING:
    from fteval.engines.local.constraint.masks import Constrainer
    from fteval.engines.local.decode import Answer, Model, Row
    from fteval.engines.local.weights import Weights

VERSION = 1
"""Goes up when the same model, prompt and sampling would give other answers."""
BROKEN_IN_A_ROW = 5
"""So many answers with logits that are no numbers may follow each other; then it is the model, not the prompt."""
LONGEST_TOKEN = 32
"""Characters: what lies beyond so many for each token is not even tokenised."""
SMALLEST_PREFILL = 256
PACE = 0.5
"""Seconds between groups of answers: who keeps them syncs to disk for each."""


class TransformersEngine:
    """One model ref, run here."""

    constraint: Constraint | None = None
    """What its answers may be; what it says of given texts, it says as if there were none."""
    _constrainer: Constrainer | None = None

    def __init__(self, located: Located, loads: Loads, *, device: str, dtype: str, batch_tokens: int | None) -> None:
        self.ref = located.ref.text
        self.located, self.device, self.batch_tokens = located, device, batch_tokens
        self.dtype = checkpoint_dtype(located.folder, located.config) if dtype == "auto" else dtype
        self.chat = Chat(located.folder, located.adapter_folder)
        self.on_event: Callable[[dict[str, Any]], None] | None = None
        """Hears of what does not change answers: memory that ran out, a model that needs `generate`."""
        self.export_of = located.export
        self._told: set[str] = set()
        settings = located.folder / "generation_config.json"
        self.stop_ids = stop_ids(self.chat.tokenizer, read_json(settings) if exists(settings) else {}, located.config)
        self._rows = located.rows()
        self._check_sizes()
        self._load = Load(located, self.dtype, device, self.chat.tokenizer.pad_token_id or 0)
        self._loads = loads
        loads.add(self._load)

    # --- what it is

    def identity(self) -> Mapping[str, Any]:
        """Digests of weights, adapter, tokenizer and template; engine, dtype, kind of device. No paths."""
        libraries = ["transformers", "torch", *(["peft"] if self.located.adapter else [])]
        return {
            "engine": "transformers",
            "version": {"fteval": VERSION, **{name: importlib.metadata.version(name) for name in libraries}},
            "weights": self.located.weights,
            "adapter": self.located.adapter,
            "tokenizer": self.chat.digest,
            "template": self.chat.template_digest,
            "dtype": self.dtype,
            "device_class": batches.device_class(self.device),
            "attention": "default",  # what transformers takes for this architecture, so it follows from its version
            **({"constraint": self.constraint.as_json()} if self.constraint is not None else {}),
        }

    def constrained(self, constraint: Constraint) -> TransformersEngine:
        """The same model, weights shared, that writes nothing else. Raises UserError where no answer would be left."""
        from fteval.engines.local.constraint.masks import Constrainer

        made = copy.copy(self)
        made.constraint = joined(self.constraint, constraint)
        made._constrainer = Constrainer(made.constraint, self.chat, self.stop_ids)
        return made

    @property
    def context(self) -> int | None:
        """Tokens that prompt and answer may have together; None where the config names no limit."""
        return self.located.context

    @property
    def batches(self) -> Mapping[str, Any] | None:
        """Padded tokens and rows of a batch, where the others in it move an answer: below float32."""
        if self.dtype == "float32":
            return None
        tokens = self.batch_tokens or batches.default_tokens(self.device)
        return {"tokens": tokens, "rows": batches.most_rows(self.device)}

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return self.prompt_with(messages, (), {})

    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        prompt = self.chat.prompt(messages, tools, variables)
        rows, last = self._rows, max(prompt.token_ids or (0,))
        if rows is not None and last >= rows:
            # An adapter's tokenizer may know more tokens than it has rows for: padding needs none.
            raise UserError(
                f"the prompt has the token {self.chat.tokenizer.convert_ids_to_tokens(last)!r}, for which there is no "
                f"embedding: {rows} rows, token {last}",
                where=self.ref,
                fix="save the adapter with its embedding (save_embedding_layers=True), or merge it into a full model",
            )
        return prompt

    def weights(self) -> Weights:
        """The model in memory, with this engine's adapter on it."""
        return self._loads.weights(self._load, self.probe_ids)

    def close(self) -> None:
        """The weights may be given back once every engine on them is closed."""
        self._loads.drop(self._load)

    # --- what it does

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """Answers as they finish, longest prompts first.

        A prompt that does not fit the context, logits that are no numbers, and a row that does not fit into memory
        even alone are failures of that row. Raises Incomplete after more than five rows in succession with broken
        logits; what was done before has been handed out.
        """
        _check(sampling)
        fitting, failures = self._fitting(requests, sampling)
        if failures:
            yield failures
        if fitting:
            yield from paced(self._generate(requests, fitting, sampling), PACE)

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Sum of log p(continuation token | prompt, earlier ones), in nats, one per pair; NaN for broken logits.

        Prompt and continuation are tokenised together, see `Chat.continuation`. Raises UserError for a pair that is
        longer than the context.
        """
        ids = [self.chat.continuation(prompt, text) for prompt, text in pairs]
        longest = max((len(p) + len(c) for p, c in ids), default=0)
        if self.context is not None and longest > self.context:
            raise UserError(
                f"prompt and continuation do not fit the context ({longest} > {self.context})", where=self.ref
            )
        return self._sums(ids)

    def likelihoods(self, pairs: Sequence[tuple[Prompt, str]], most: int) -> list[Likelihood]:
        """Of the first `most` tokens of each text after its prompt; NaN for what is longer than the context."""
        ids = [self.chat.continuation(prompt, text[: most * LONGEST_TOKEN]) for prompt, text in pairs]
        ids = [(before, text[:most]) for before, text in ids]
        limit = self.context
        fits = [i for i, (before, text) in enumerate(ids) if limit is None or len(before) + len(text) <= limit]
        found = dict(zip(fits, self._sums([ids[i] for i in fits]), strict=True))
        return [self._likelihood(found.get(i, math.nan), text) for i, (_, text) in enumerate(ids)]

    def _likelihood(self, nats: float, ids: Sequence[int]) -> Likelihood:
        return Likelihood(nats, len(ids), len(self.chat.decode(ids).encode("utf-8", "replace")))

    def weigh(self, requests: Sequence[Request]) -> Iterator[list[Generation]]:
        """Likelihoods of given texts; a context that does not fit is a failure of that request."""
        from fteval.engines.local.weigh import weighed

        return weighed(requests, self.chat, self.context, self._scored)

    def diverge(self, requests: Sequence[Request], sampling: Sampling, base: Engine) -> Iterator[list[Generation]]:
        """Answers, each with how far it and the base's to the same prompt lie from the other model."""
        from fteval.engines.local.diverge import diverged

        if not isinstance(base, TransformersEngine) or base.chat.digest != self.chat.digest:
            return iter([[unweighed(request) for request in requests]])
        theirs = {one.key: one for group in base.generate(requests, sampling) for one in group}
        sides = (self._active, base._active)
        return diverged(self.generate(requests, sampling), theirs, {r.key: r for r in requests}, self.chat, sides)

    def _active(self) -> Model:
        return self.weights().use(self.located.adapter)

    def _sums(self, ids: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
        return [value for value, _ in self._scored(ids)]

    def _scored(self, ids: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[tuple[float, bool]]:
        """Of each continuation the sum of log p, and whether it is the greedy one; smaller batches where memory runs
        out."""
        from fteval.engines.local.loglikelihood import loglikelihoods

        tokens = self.batch_tokens or batches.weighed_tokens(self.device)
        weights = self.weights()
        values = [(0.0, True)] * len(ids)
        todo = deque([list(range(len(ids)))] if ids else [])
        while todo:
            part = todo.popleft()
            try:
                found = loglikelihoods(
                    weights.use(self.located.adapter),
                    [ids[i] for i in part],
                    vocabulary=weights.embeddings,
                    tokens=1 if self._learnt_prompt else tokens,  # its positions are PEFT's own: no padding
                )
            except Exception as error:
                if not batches.out_of_memory(error):
                    raise
                if tokens == 1:
                    raise Incomplete("out of memory for a single continuation", where=self.ref) from error
                tokens = max(1, tokens // 2)
                todo.append(part)
                batches.free_memory(self.device)
                self._event("out_of_memory", batch_tokens=tokens)
                continue
            for index, value in zip(part, found, strict=True):
                values[index] = value
        return values

    @property
    def _learnt_prompt(self) -> bool:
        """Whether the adapter is a learnt prompt, with virtual tokens before the real ones."""
        from fteval.engines.local.weights import PROMPT_LEARNING

        return str((self.located.adapter_config or {}).get("peft_type", "")).upper() in PROMPT_LEARNING

    def _fitting(self, requests: Sequence[Request], sampling: Sampling) -> tuple[list[Row], list[Generation]]:
        """Rows to decode, and failures for prompts that leave no room for a single token."""
        from fteval.engines.local.decode import Row

        rows, failures = [], []
        for index, request in enumerate(requests):
            ids = request.prompt.token_ids
            if ids is None:
                ids = self.chat.prompt(request.prompt.messages, request.prompt.tools).token_ids or ()
            room = sampling.max_tokens if self.context is None else self.context - len(ids)
            if room < 1:
                limit = self.context if len(ids) > (self.context or 0) else len(ids) - 1
                failure = Failure("prompt_too_long", f"prompt_too_long ({len(ids)} > {limit})")
                failures.append(_failed(request, failure, len(ids)))
            else:
                rows.append(Row(index, tuple(ids), min(sampling.max_tokens, room), request.seed))
        return rows, failures

    def _generate(self, requests: Sequence[Request], rows: list[Row], sampling: Sampling) -> Iterator[list[Generation]]:
        from fteval.engines.local.decode import Ends, decode

        weights = self.weights()
        ends = Ends(self.stop_ids, sampling.stop, self.chat)
        prefill = batches.prefill_tokens(self.device)
        todo = self._planned(rows, self.batch_tokens or batches.default_tokens(self.device))
        broken = 0
        while todo:
            batch = todo.popleft()
            waiting = {row.index for row in batch}
            full = False
            model = weights.use(self.located.adapter)
            if model.why_not:
                self._event_once("decode_fallback", reason=model.why_not)
            constrains = None if self._constrainer is None else self._constrainer.batch(len(batch))
            answers = decode(model, batch, sampling, ends, prefill_tokens=prefill, constrains=constrains)
            while waiting:
                started = time.perf_counter()
                weights.use(self.located.adapter)  # whoever got the last group may have used the model in between
                try:
                    group = next(answers)
                except Exception as error:
                    if not batches.out_of_memory(error):
                        raise
                    full = True
                    break
                each = (time.perf_counter() - started) / len(group)
                waiting -= {answer.row.index for answer in group}
                yield [self._answered(requests[answer.row.index], answer, each) for answer in group]
                for answer in group:
                    broken = broken + 1 if answer.reason == "broken" else 0
                if broken > BROKEN_IN_A_ROW:
                    raise self._all_broken(broken)
            answers.close()
            if full:
                batches.free_memory(self.device)
                left = [row for row in batch if row.index in waiting]
                half = len(batch) // 2
                columns = max(len(row.ids) + row.longest for row in batch)
                self._event("out_of_memory", rows=len(batch), columns=columns, retry_rows=half)
                if half == 0:
                    failure = Failure("out_of_memory", "out of memory for this row alone", retriable=True)
                    yield [_failed(requests[row.index], failure, len(row.ids)) for row in left]
                    continue
                # What did not fit once is not tried again: the batches to come are bounded by half of it too.
                todo = self._planned(left + [row for later in todo for row in later], half * columns)
                prefill = max(SMALLEST_PREFILL, prefill // 2)

    def _planned(self, rows: list[Row], tokens: int) -> deque[list[Row]]:
        """Batches of rows, longest prompts first."""
        planned = batches.plan(
            [len(row.ids) for row in rows],
            [row.longest for row in rows],
            tokens=tokens,
            rows=batches.most_rows(self.device),
            one_length=self._learnt_prompt,
        )
        return deque([rows[i] for i in batch] for batch in planned)

    def _answered(self, request: Request, answer: Answer, seconds: float) -> Generation:
        if answer.reason == "broken":
            return _failed(request, Failure("nan_logits", self._broken_message()), len(answer.row.ids), seconds)
        if answer.reason == "stuck":
            written = self.chat.decode(answer.tokens)[-40:]
            failure = Failure("stuck", f"the constraint leaves no token to go on with after {written!r}")
            return _failed(request, failure, len(answer.row.ids), seconds)
        text = self.chat.decode(answer.tokens) if answer.text is None else answer.text
        ids = self.chat.continuation(request.prompt, text[: READ * LONGEST_TOKEN])[1][:READ]
        # Who reads the text anew may cut it into other tokens than it was written in: their likelihoods are not known.
        same = 0 < len(ids) <= len(answer.nats) and answer.tokens[: len(ids)] == ids
        return Generation(
            sample_id=request.sample_id,
            key=request.key,
            repeat=request.repeat,
            text=text,
            finish_reason=answer.reason,
            prompt_tokens=len(answer.row.ids),
            completion_tokens=len(answer.tokens),
            seconds=seconds,
            likelihood=self._likelihood(sum(answer.nats[: len(ids)]), ids) if same else None,
        )

    def _broken_message(self) -> str:
        hint = "float32 or bfloat16" if self.dtype == "float16" else "float32" if self.dtype != "float32" else ""
        advice = f"try --dtype {hint.split()[0]}" if hint else "the weights may hold NaN: was the training stable?"
        return f"the logits are NaN or infinite in {self.dtype}; {advice}"

    def _all_broken(self, broken: int) -> Incomplete:
        return Incomplete(
            f"{broken} answers in a row have NaN or infinite logits",
            where=f"{self.ref} in {self.dtype}",
            fix=self._broken_message().partition("; ")[2],
        )

    def _check_sizes(self) -> None:
        """Raises UserError when the tokenizer knows tokens that the model has no embedding for."""
        rows, known = self._rows, len(self.chat.tokenizer)
        if rows is not None and known > rows and self.located.adapter is None:
            raise UserError(
                f"the tokenizer has {known} tokens, the model has embeddings for {rows}",
                where=str(self.located.folder),
                fix="use the tokenizer that belongs to these weights; nothing is resized here",
            )

    def probe_ids(self) -> list[list[int]]:
        """Token ids of the probe prompts; of their plain text where there is no chat template."""
        if not self.chat.template:
            return [self.chat.encode(text) for text in PROBES]
        return [list(self.prompt([Message("user", text)]).token_ids or ()) for text in PROBES]

    def _event(self, kind: str, **details: Any) -> None:
        if self.on_event is not None:
            self.on_event({"event": kind, "ref": self.ref, **details})

    def _event_once(self, kind: str, **details: Any) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._event(kind, **details)


def _failed(request: Request, failure: Failure, prompt_tokens: int, seconds: float | None = None) -> Generation:
    return Generation(
        sample_id=request.sample_id,
        key=request.key,
        repeat=request.repeat,
        prompt_tokens=prompt_tokens,
        seconds=seconds,
        failure=failure,
    )


def _check(sampling: Sampling) -> None:
    """Raises UserError for numbers that mean nothing."""
    wrong = []
    for name, value, fine in (
        ("temperature", sampling.temperature, 0 <= sampling.temperature < float("inf")),
        ("top_p", sampling.top_p, sampling.top_p is None or 0 < sampling.top_p <= 1),
        ("top_k", sampling.top_k, sampling.top_k >= 0),
        ("repetition_penalty", sampling.repetition_penalty, 0 < sampling.repetition_penalty < float("inf")),
        ("max_tokens", sampling.max_tokens, sampling.max_tokens >= 1),
    ):
        if not fine:
            wrong.append(f"{name} {value}")
    if wrong:
        raise UserError(
            f"no such sampling: {', '.join(wrong)}",
            fix="temperature >= 0, 0 < top_p <= 1, top_k >= 0 (0 is off), repetition_penalty > 0, max_tokens >= 1",
        )


def paced(groups: Iterator[list[Generation]], seconds: float) -> Iterator[list[Generation]]:
    """The same generations in fewer groups, at least `seconds` apart; what is ready goes out before an error does."""
    ready: list[Generation] = []
    last = time.perf_counter()
    try:
        for group in groups:
            ready += group
            if time.perf_counter() - last >= seconds:
                yield ready
                ready, last = [], time.perf_counter()
    except Exception:
        if ready:
            yield ready
        raise
    if ready:
        yield ready
