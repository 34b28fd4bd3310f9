"""How a sample is answered: requests, engines, answers, and the candidates that engines are made for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from fteval.records.digests import IDENTITY
from fteval.records.models import Model
from fteval.records.ranges import Range, ranged
from fteval.records.readings import Divergence, Likelihood, Reading
from fteval.records.samples import Continuation, Message, Sample
from fteval.records.verdicts import Heard


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Every field is sent explicitly: libraries fill gaps with surprises (top_k 50)."""

    temperature: float = field(default=0.0, metadata=ranged(Range(0, least_is="greedy"), IDENTITY))
    """0 is greedy."""
    top_p: float | None = field(default=1.0, metadata=ranged(Range(above=0, most=1), IDENTITY))
    """None: a server is not told any, because some take temperature or top_p; 1 for a local model."""
    top_k: int = field(default=0, metadata=ranged(Range(0, least_is="off"), IDENTITY))
    """0 is off."""
    repetition_penalty: float = field(default=1.0, metadata=ranged(Range(above=0), IDENTITY))
    max_tokens: int = field(default=256, metadata=ranged(Range(1), IDENTITY))
    """Of the longest answer."""
    stop: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    """Texts that end an answer; they are not part of it."""
    seed: int = field(default=0, metadata=ranged(Range(0, below=2**63), IDENTITY))
    system: str = field(default="keep", metadata=IDENTITY)
    """`keep`, or `fold`: a system text begins the user's turn, for templates that forbid the role."""
    chat_template_kwargs: str = field(default="", metadata=IDENTITY)
    """What the chat template is told beside the turns, a JSON object: {"enable_thinking":false}."""
    extra_body: str = field(default="", metadata=IDENTITY)
    """More fields of a request to a server, a JSON object."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as the engine will send it; this, not the sample, is what identifies a generation."""

    messages: tuple[Message, ...]
    token_ids: tuple[int, ...] | None = None
    """After the chat template, for local models; None where a server renders it."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """What is offered to be called, as in `Sample.tools`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation to make."""

    key: str
    """Content address, see `fteval.runs.asking.identity`."""
    sample_id: str
    prompt: Prompt
    repeat: int = 0
    seed: int = 0
    """This row's own seed (from sampling seed, prompt and repeat), so that batch composition cannot change a draw."""
    continuations: tuple[Continuation, ...] = ()
    """Texts whose likelihoods are asked, instead of an answer."""
    diverges: bool = False
    """Whether the answer is to come with its divergence from the base."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. Never scored as a wrong one."""

    kind: str
    """`nan_logits`, `prompt_too_long`, `out_of_memory`, `no_output`, …"""
    message: str
    retriable: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model answered to one sample, once: text or a failure, never both."""

    sample_id: str
    key: str = ""
    repeat: int = 0
    text: str | None = None
    finish_reason: str | None = None
    """`stop`: ended by itself or at a stop text; `length`: at max_tokens; `refusal`: refused in a provider's own field
    for that; None: not known (replayed)."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    """Wall time: of the batch that it came from, shared out over its rows; of a server's one attempt that succeeded."""
    failure: Failure | None = None
    served: str | None = None
    """What a server says the model is that answered."""
    fingerprint: str | None = None
    """A server's word for its version of model and settings (`system_fingerprint`)."""
    likelihood: Likelihood | None = None
    """Of its first tokens, to the model that wrote it, where that is known without reading it again."""
    reading: Reading | None = None
    """What the reference says of it; None where the probe has none."""
    heard: Heard | None = None
    """What the judge says of it; None where the probe has none."""
    reasoning: str | None = None
    """What a server shows apart of what the model thought before; where it stands in the text, `records.reasoning`
    parts the two."""
    likelihoods: tuple[Likelihood, ...] | None = None
    """Of the request's continuations, in their order; `text` is the likeliest of them then. () where they were asked
    for and the model does not say them."""
    divergence: Divergence | None = None
    """From the base, where that was asked for and can be known."""
    judged: Mapping[str, float] | None = None
    """Metric -> what another tool found that the answer is worth, where its log was read."""
    how: Mapping[str, Any] | None = None
    """What an alternative did for this answer, as JSON: {"shown": ["a", "b"]} of examples that were in its prompt."""

    @property
    def ok(self) -> bool:
        return self.failure is None


def unweighed(request: Request) -> Generation:
    """The answer to a request for likelihoods where there are none to be had: no failure, and nothing to score."""
    return Generation(
        request.sample_id, request.key, request.repeat, text="", finish_reason="stop", completion_tokens=0,
        likelihoods=(),
    )  # fmt: skip


class Engine(Protocol):
    """Turns prompts into generations for one model ref. Cheap to make: weights load at the first generation."""

    ref: str

    def identity(self) -> Mapping[str, Any]:
        """What decides the answers beside prompt and sampling: digests of weights, tokenizer and template, dtype,
        engine with version, device class. JSON values only; goes into every key."""

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The prompt as it will be sent. Raises UserError when it cannot be rendered at all (no chat template)."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """Generations as they finish, in any order, one per request; a group is one acknowledged batch."""

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Sum of log p(continuation token | prompt, earlier ones), in nats, one per pair."""

    def close(self) -> None: ...


@runtime_checkable
class TemplatedEngine(Protocol):
    """An engine that can offer tools to its model, and tell its chat template more than the turns."""

    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        """As `Engine.prompt`, with these tools offered. Raises UserError where there is no way to."""


class EnginePool(Protocol):
    """What an engine is told of the run that opens it, and where it finds other engines."""

    @property
    def candidates(self) -> Path | None:
        """The store's folder of trained candidates."""

    @property
    def device(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def offline(self) -> bool:
        """No network may be asked."""

    @property
    def given(self) -> Mapping[str, Model]:
        """Ref -> a model that the process has already."""

    def open(self, ref: str) -> Engine:
        """The engine for another ref; the pool closes all that it opened."""


class EngineScheme(Protocol):
    """A module whose name is the prefix of the refs that it answers, as `replay` is of `replay:FILE`."""

    def open_engine(self, ref: str, pool: EnginePool) -> Engine:
        """The engine for a whole ref, `SCHEME:REST`, which is its `ref`. Raises UserError for one that names nothing
        usable, before anything is asked."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `fteval doctor` looked at."""

    name: str
    ok: bool | None
    """None: worth knowing, or not to be told here; only False must stop a run."""
    message: str
    fix: str | None = None


@runtime_checkable
class CheckedEngine(Protocol):
    """An engine that knows what would spoil its runs."""

    def checks(self) -> Iterable[Check]:
        """What `fteval doctor` is to say of it."""


@runtime_checkable
class TellingEngine(Protocol):
    """An engine that reports what does not change answers: memory that ran out, a fallback, a retry."""

    on_event: Callable[[dict[str, Any]], None] | None


@runtime_checkable
class ExportedEngine(Protocol):
    """An engine that knows which candidate its model was made of: no part of what it answers, and told in reports."""

    export_of: Mapping[str, Any] | None
    """`ref` and `weights` (a digest) of the candidate, and `how` in words."""


@runtime_checkable
class KeyedEngine(Protocol):
    """An engine whose answer to a prompt rests on more than prompt and sampling, as saved outputs do."""

    def request_identity(self, sample: Sample, prompt: Prompt) -> Any:
        """What else decides the answer to this sample, as JSON; part of its key."""


@runtime_checkable
class RemarkingEngine(Protocol):
    """A keyed engine that finds things odd in what it was asked."""

    def remarks(self, unmet: Sequence[str]) -> Iterable[str]:
        """A sentence each, once every prompt was asked for; `unmet` are probes of which it knows no sample."""

    def asked_otherwise(self) -> str | None:
        """Digest of the prompts that its answers are to, where these are not those that were asked for."""


@runtime_checkable
class WeighingEngine(Protocol):
    """An engine that says how likely given texts are."""

    def weigh(self, requests: Sequence[Request]) -> Iterator[list[Generation]]:
        """One generation per request, with the `likelihoods` of its continuations; in any order, in groups. Who finds
        out that there are none to be had answers `unweighed`."""


@runtime_checkable
class MeetingEngine(Protocol):
    """An engine that is told what it will be asked before the first prompt, because what it does rests on the sample,
    not on its words alone."""

    def meet(self, probe: str, samples: Sequence[Sample], asked: Sequence[Sequence[Message]]) -> None:
        """The samples of a probe, and the conversations in which `prompt` will be asked for them, in their order."""

    def met(self) -> Mapping[str, Any]:
        """What it found in them, as JSON: kept in the run's manifest."""


@runtime_checkable
class DivergingEngine(Protocol):
    """An engine that can be held against another, token by token."""

    def diverge(self, requests: Sequence[Request], sampling: Sampling, base: Engine) -> Iterator[list[Generation]]:
        """Answers with their `divergence` from the base; without it where the two have no tokens in common."""


@runtime_checkable
class BatchedEngine(Protocol):
    """An engine that computes answers together, which moves them where numbers are coarse."""

    @property
    def batches(self) -> Mapping[str, Any] | None:
        """By what prompts are put together; None where that moves no greedy answer (float32)."""


class Price(Protocol):
    """What tokens cost."""

    def usd(self, prompt_tokens: float, completion_tokens: float) -> float: ...


@runtime_checkable
class PricedEngine(Protocol):
    """An engine whose answers somebody sends a bill for."""

    @property
    def price(self) -> Price | None:
        """None where it is not known."""


@runtime_checkable
class ServedEngine(Protocol):
    """What an engine has beside `Engine` where somebody else holds the weights: a name is no content."""

    @property
    def timeless(self) -> bool:
        """Whether the name alone says which model it is, now and later."""

    def start(self, sampling: Sampling) -> Mapping[str, Any] | None:
        """What is known of the model that is served now, for the record of the run; makes contact where it can."""

    def same(self, earlier: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
        """Whether answers of an earlier run, by its record, are those of the model that is served `now`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained change to a base, as `candidate.json` holds it."""

    id: str
    """`ft:nano:local:NAME:HASH`; HASH is a digest of the record, so the same record has the same id. A hosted one has
    the id that its provider gave it."""
    name: str
    path: str
    """Folder of the adapter or the full weights, relative to the folder of candidate.json."""
    kind: str
    """`adapter`, `full`, `reward` for a model that scores answers, or `hosted`: a provider keeps the weights."""
    base: str
    base_digest: str
    weights_digest: str
    trainer: str
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]
    """{"digest", "rows", "used", "dropped"}"""
    versions: Mapping[str, str]
    seed: int
    environment: Mapping[str, Any] = field(default_factory=dict)
    """The machine as far as it decides the weights: device, CPU threads and instruction set, or the GPU."""
