"""The nouns of fteval, frozen: what passes through the house from floor to floor.

No torch, no files, no numpy. A record that is written to disk is written as its fields.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

# Identity fields change what a model answers, so they are part of every generation's key;
# runtime fields do not. A test walks every field that a user can set and wants one or the other.
IDENTITY = {"class": "identity"}
RUNTIME = {"class": "runtime"}


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
"""Made once: `json.dumps` makes one for every call, which costs as much as a short text."""


def canonical(value: Any) -> bytes:
    """One spelling per value: sorted keys, ASCII, no NaN. What every digest is taken of.

    Raises ValueError for NaN and infinities, TypeError for what JSON has no word for.
    """
    return _ENCODER.encode(value).encode("ascii")


def digest(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical JSON of a value."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


# --- what is asked -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One prompt with a stable id; what a probe asks."""

    id: str
    messages: tuple[Message, ...]
    target: Any = None
    """What a right answer says: text, or an object for structured probes; None where the probe needs none."""
    group: str | None = None
    """Samples of one group are paraphrases of one question: they count as one in the intervals."""
    slices: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else the probe's judgement rests on (subject, keywords, accepted answers)."""

    @property
    def content_digest(self) -> str:
        """Two samples with the same digest ask and want the same; id, group and slices do not count."""
        return digest(
            {
                "messages": [[m.role, m.content] for m in self.messages],
                "target": self.target,
                "metadata": dict(self.metadata),
            }
        )

    @property
    def prompt_text(self) -> str:
        """The last user turn: what people call the question."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return self.messages[-1].content if self.messages else ""


def sample_from_row(row: Mapping[str, Any]) -> Sample:
    """A sample from one JSON row: `messages` (a last assistant turn is the target) or `prompt`, perhaps `target`.

    Other keys than those of a hold-out row become metadata, so that a probe finds `keywords` or `labels` where the user
    wrote them. Raises ValueError with what was found.
    """
    messages, target = _messages(row)
    metadata = row.get("metadata") or {}
    slices = row.get("slices") or {}
    if not isinstance(metadata, Mapping):
        raise ValueError(f"'metadata' must be an object, found {type(metadata).__name__}")
    if not isinstance(slices, Mapping):
        raise ValueError(f"'slices' must be an object, found {type(slices).__name__}")
    extra = {k: v for k, v in row.items() if k not in _ROW_KEYS}
    given = row.get("id")
    if given is not None and (isinstance(given, bool) or not isinstance(given, str | int) or given == ""):
        raise ValueError(f"'id' must be text or a whole number, found {given!r}")
    sample = Sample(
        id="" if given is None else str(given),
        messages=messages,
        target=target,
        group=None if row.get("group") is None else str(row["group"]),
        slices={str(k): str(v) for k, v in slices.items()} or _NOTHING,
        metadata={**extra, **metadata} or _NOTHING,
    )
    return sample if given is not None else replace(sample, id=sample.content_digest[7:23])


_NOTHING: Mapping[str, Any] = {}
"""One for all samples: a hundred thousand empty objects are 13 MB."""
_ROW_KEYS = frozenset(
    ["id", "group", "slices", "metadata", "messages", "prompt", "target", "output", "outputs", "finish_reason"]
)


def _messages(row: Mapping[str, Any]) -> tuple[tuple[Message, ...], Any]:
    target = row.get("target")
    if isinstance(target, float) and not math.isfinite(target):
        raise ValueError(f"'target' is {target}, which is not a value")
    if "messages" not in row:
        if "prompt" not in row:
            raise ValueError(
                "neither 'messages' nor 'prompt' found; keys: " + (", ".join(sorted(map(str, row))) or "none")
            )
        if not isinstance(row["prompt"], str):
            raise ValueError(f"'prompt' must be text, found {type(row['prompt']).__name__}")
        return (Message("user", row["prompt"]),), target
    turns = row["messages"]
    if not isinstance(turns, list) or not turns:
        raise ValueError("'messages' must be a list with at least one message")
    messages = []
    for position, turn in enumerate(turns):
        if not isinstance(turn, Mapping) or turn.get("role") not in ("system", "user", "assistant"):
            raise ValueError(f"messages[{position}] needs a 'role' of system, user or assistant")
        if not isinstance(turn.get("content"), str):
            raise ValueError(f"messages[{position}].content must be text, found {type(turn.get('content')).__name__}")
        messages.append(Message(turn["role"], turn["content"]))
    if messages[-1].role == "assistant":
        if target is None:
            target = messages[-1].content
        messages.pop()
    if not messages:
        raise ValueError("'messages' holds only an answer and no prompt")
    return tuple(messages), target


def row_from_sample(sample: Sample) -> dict[str, Any]:
    """The row that `sample_from_row` turns back into this sample."""
    return {
        "id": sample.id,
        "messages": [{"role": m.role, "content": m.content} for m in sample.messages],
        "target": sample.target,
        "group": sample.group,
        "slices": dict(sample.slices),
        "metadata": dict(sample.metadata),
    }


# --- how it is answered --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Every field is sent explicitly: libraries fill gaps with surprises (top_k 50)."""

    temperature: float = field(default=0.0, metadata=IDENTITY)
    """0 is greedy."""
    top_p: float = field(default=1.0, metadata=IDENTITY)
    top_k: int = field(default=0, metadata=IDENTITY)
    """0 is off."""
    repetition_penalty: float = field(default=1.0, metadata=IDENTITY)
    max_tokens: int = field(default=256, metadata=IDENTITY)
    stop: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    """Texts that end an answer; they are not part of it."""
    seed: int = field(default=0, metadata=IDENTITY)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as the engine will send it; this, not the sample, is what identifies a generation."""

    messages: tuple[Message, ...]
    token_ids: tuple[int, ...] | None = None
    """After the chat template, for local models; None where a server renders it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation to make."""

    key: str
    """Content address, see `fteval.runs.identity`."""
    sample_id: str
    prompt: Prompt
    repeat: int = 0
    seed: int = 0
    """This row's own seed (from sampling seed, prompt and repeat), so that batch composition cannot change a draw."""


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

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclass(frozen=True, slots=True)
class Scores:
    """A probe's judgement of one generation: a value per metric, or None where it cannot be judged."""

    values: Mapping[str, float | None]
    answer: str | None = None
    """What was extracted from the output and judged."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """metric -> one sentence; always given for None, and for 0 wherever the probe can say why."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number means."""

    name: str
    primary: bool = False
    better: str = "higher"
    """`higher` or `lower`."""
    unit: str = "share"
    """`share` is 0 to 1, shown as percent and compared in pp; anything else is a plain number of that unit."""
    chance: float | None = None
    """What guessing scores, where that means something."""
    reported: bool = True
    """False for a helper that only explains another metric."""
    scale: float | None = None
    """The most that one sample's score can change, where that is known: a guarantee needs a bound. Shares have 1."""
    labels: bool = False
    """True where a score of 1 says that the extracted answer is a label, as the target is: reports say which one was
    taken for which."""
    partial: bool = False
    """True where it means something for some samples only: without a score on either side a sample is not missing."""

    @property
    def bound(self) -> float | None:
        """`scale`, 1 for a share, None for an unbounded metric."""
        return 1.0 if self.unit == "share" and self.scale is None else self.scale


@runtime_checkable
class Probe(Protocol):
    """What is asked and how it is judged: a frozen dataclass whose fields are what fteval.yaml may set.

    Optional: `version: int` (class variable, default 1; goes up when a number can move), `for_samples(samples) ->
    Probe` for a probe whose metrics follow from its hold-out, `variants(samples) -> Iterable[Sample]` for one that
    asks more than the rows of a hold-out, `wrapped: Probe` for one that lets another judge, `contents` for what names
    in its parameters stand for (parameter -> digest), and `measured_by` for one that judges by a model (see
    `runs.suite`).
    """

    metrics: tuple[Metric, ...]

    def samples(self) -> Iterator[Sample]: ...
    def score(self, sample: Sample, generation: Generation) -> Scores: ...


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
class ServedEngine(Protocol):
    """What an engine has beside `Engine` where somebody else holds the weights: a name is no content."""

    @property
    def timeless(self) -> bool:
        """Whether the name alone says which model it is, now and later."""

    def start(self, sampling: Sampling) -> Mapping[str, Any] | None:
        """What is known of the model that is served now, for the record of the run; makes contact where it can."""

    def same(self, earlier: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
        """Whether answers of an earlier run, by its record, are those of the model that is served `now`."""


# --- what came out -------------------------------------------------------------------------------


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
    """`adapter`, `full`, or `hosted`: a provider keeps the weights."""
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


@dataclass(frozen=True, slots=True)
class Sequential:
    """Asked in a random order of groups with a look after every batch: part of the error is spent on the looks."""

    seed: int
    """Of the order, see `fteval.stats.sequential`."""
    planned: int
    """Samples, had the evidence never been enough."""
    largest_group: int = 1
    slices: tuple[Mapping[str, str], ...] = ()
    """Every combination of slices among the planned samples: one that was not asked yet is open, not unknown."""

    def order(self, ids: Sequence[str], groups: Sequence[str | None]) -> list[list[int]]:
        """Places of samples, group by group, in the random order of the seed; it follows from ids and groups alone."""
        members: dict[tuple[bool, str], list[int]] = {}
        for place, (sample, group) in enumerate(zip(ids, groups, strict=True)):
            members.setdefault((group is None, sample if group is None else group), []).append(place)
        return [members[key] for key in sorted(members, key=self._rank)]

    def _rank(self, key: tuple[bool, str]) -> bytes:
        return hashlib.sha256(f"sequential {self.seed} {key[0]:d} {key[1]!a}".encode()).digest()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of one run: per-metric columns, aligned with `sample_ids`. What comparisons are made of."""

    probe: str
    digest: str
    """Probe name, version, parameters and source: runs whose digests differ are not compared."""
    metrics: tuple[Metric, ...]
    sample_ids: tuple[str, ...]
    sample_digests: tuple[str, ...]
    groups: tuple[str | None, ...]
    slices: tuple[Mapping[str, str], ...]
    scores: Mapping[str, Sequence[float | None]]
    """metric -> mean over repeats per sample; None where no repeat could be judged or answered."""
    errors: int = 0
    """Generations or judgements in error."""
    unscored: Mapping[str, int] = field(default_factory=dict)
    """metric -> answered samples that could not be judged."""
    truncated: int = 0
    empty: int = 0
    answer_tokens: float | None = None
    """Mean tokens per answer, where counted."""
    answer_seconds: float | None = None
    """Mean wall time of a server's answers; None where the model ran here."""
    answer_usd: float | None = None
    """Mean price per answer, its prompt included, in US dollars; None where no price is known."""
    within: Mapping[str, float] = field(default_factory=dict)
    """metric -> variance of a sample's mean score over its repeats, averaged over samples; with repeats only."""
    sequential: Sequential | None = None
    """How the samples were asked, where asking could stop as soon as the evidence was enough."""
    confusion: tuple[tuple[str, str, int], ...] = ()
    """(wanted, answered, how often) where answers are labels; "" for no label."""

    @property
    def stopped_of(self) -> int | None:
        """Samples that were planned, where asking stopped before all of them; None where all were asked."""
        planned = self.sequential.planned if self.sequential else 0
        return planned if planned > len(self.sample_ids) else None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One model through one suite, as found in the store."""

    id: str
    ref: str
    digest: str
    """Digest of the engine's identity."""
    path: str
    complete: bool
    subset: bool
    probes: tuple[ProbeResult, ...]
    planned: int
    reused: int
    generated: int
    errors: int
    seconds: float
    manifest: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    usd: float | None = None
    """What its own answers cost, without those reused; None where no price is known."""
    ended: str | None = None
    """Why nobody can use the model any more, where its provider has shut it down."""
    capabilities: Mapping[str, str] = field(default_factory=dict)
    """Field of a request -> what the server did with it: honoured, ignored, refused or unclear."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric, base against candidate, over the same samples."""

    probe: str
    metric: Metric
    base: float | None
    candidate: float | None
    difference: float | None
    """Mean of candidate - base over paired samples, in the metric's unit."""
    low: float | None
    high: float | None
    n_paired: int
    better: int
    worse: int
    planned: int
    scored: int
    errors: int
    unscored: int
    slice: Mapping[str, str] | None = None
    n_groups: int | None = None
    """Independent groups, where samples are paraphrases of one another; None where each stands alone."""
    effective: float | None = None
    """Independent samples that would say as much."""
    noise: float | None = None
    """Share of the uncertainty that is the models' own sampling; None where it is not known (one answer per sample)."""
    stopped: bool = False
    """Asking stopped when the evidence was enough: the estimate is exaggerated and has no interval."""
    q_value: float | None = None
    """Of a slice: the share of false leads among slices that stand out at least as much (Benjamini & Hochberg)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule on one metric."""

    probe: str
    metric: str
    rule: str
    """`min_gain`, `max_drop`, `min` or `max`."""
    threshold: float
    """In the metric's unit; pp and % are divided by 100."""
    slice: Mapping[str, str] | None = None
    advisory: bool = False
    where: str | None = None
    """file:line of the rule; `default guard` or `automatic` where nobody wrote it."""
    scale: float | None = None
    """The most that one sample's score can change, for a metric that has no bound of its own."""
    anchor: str | None = None
    """Name of the kept release to compare with, instead of the base."""
    max_unscored: float = 0.05
    """Share of the samples that may lack a score; with more of them the gate is incomplete."""
    allow_overlap: bool = False
    """Whether the gate counts although hold-out prompts were trained on."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate found: pass, fail, inconclusive or incomplete, and the numbers it rests on."""

    gate: Gate
    result: str
    reason: str
    """One sentence for people."""
    change: MetricChange | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n_needed: int | None = None
    p_pass: float = 1.0
    """One-sided tests against the threshold; for deciding about several gates and candidates together."""
    p_fail: float = 1.0
    scale: float = 1.0
    """The bound that the tests rest on: as given, or the largest change seen where that is more."""
    stopped_after: int | None = None
    """Samples after which the evidence was enough, where that was before the planned end."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose score changed, with both answers."""

    probe: str
    metric: str
    sample: Sample
    base_score: float
    candidate_score: float
    base_text: str | None
    """None where only a digest of it was kept (a baseline file)."""
    candidate_text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """A model against itself, asked again with another seed or batch order: what changes without any change."""

    probe: str
    metric: Metric
    how: str
    """`another seed` or `another batch order`"""
    n: int
    flipped: int
    """Samples whose score was not the same."""
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriftLine:
    """A candidate against the anchor, a release that was kept: what single steps are too small to show."""

    anchor: str
    probe: str
    metric: Metric
    difference: float | None
    low: float | None
    high: float | None
    """At a level that holds over all releases planned for the anchor."""
    level: float
    n_paired: int
    alarm: bool
    """The whole interval lies on the bad side of 0."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer with its score, where there is nothing to compare it with."""

    probe: str
    metric: str
    sample: Sample
    score: float | None
    text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the answers changed beside their scores, for one probe: base and candidate."""

    probe: str
    tokens: tuple[float | None, float | None]
    truncated: tuple[int, int]
    empty: tuple[int, int]
    errors: tuple[int, int]
    seconds: tuple[float | None, float | None] = (None, None)
    """Mean wall time per answer."""
    usd: tuple[float | None, float | None] = (None, None)
    """Mean price per answer in US dollars."""


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate against the base."""

    name: str
    run: RunRecord
    verdict: str
    """`ship`, `do_not_ship`, `cannot_tell`, `incomplete`; `measured` where there is nothing to gate."""
    reason: str
    gates: tuple[GateResult, ...]
    changes: tuple[MetricChange, ...]
    slices: tuple[MetricChange, ...]
    flips: tuple[Flip, ...]
    behaviour: tuple[Behaviour, ...]
    warnings: tuple[str, ...] = ()
    drift: tuple[DriftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more runs paired sample by sample, and the verdict."""

    id: str
    base: RunRecord
    candidates: tuple[CandidateResult, ...]
    verdict: str
    exit_code: int
    chosen: str | None = None
    command: str | None = None
    warnings: tuple[str, ...] = ()
    noise: tuple[NoiseFloor, ...] = ()
    """Of the base; empty where it was never measured."""

    def __repr__(self) -> str:
        # Short, because this is what a notebook shows; `print(fteval.reports.terminal.render(c))` has it all.
        lines = [f"Comparison {self.id}: {self.verdict} (exit {self.exit_code}), base {self.base.ref}"]
        for c in self.candidates:
            lines.append(f"  {c.name}: {c.verdict}: {c.reason}")
            for change in c.changes:
                if change.metric.primary and change.difference is not None:
                    counts = f"n {change.n_paired}, better {change.better}, worse {change.worse}"
                    name = f"{change.probe}.{change.metric.name}"
                    lines.append(
                        f"    {name} {change.base:.3g} -> {change.candidate:.3g} ({change.difference:+.3g}, {counts})"
                    )
        return "\n".join(lines)


# --- before and beside a verdict --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What a gate can see with the samples that there are."""

    gate: Gate
    metric: Metric
    n: int
    groups: int
    """Independent ones: paraphrases of a question are planned as one."""
    effect: float | None
    """The true change that the powers are for; None for a rule on a level."""
    power: Mapping[str, float]
    """Share of answers that change (`5 %`, `15 %`, `30 %`) -> chance that the gate passes if the effect is true."""
    needed: int | None
    """Independent samples for a power of 80 % where 15 % of the answers change; None where no number would do."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What one model would have to do."""

    name: str
    ref: str | None
    """None for a candidate that is still to be trained."""
    answers: int
    reused: int
    prompt_tokens: int | None
    """Of the answers to make; None where a server would count them."""
    max_tokens: int
    """Most tokens that the answers to make can have."""
    usd: float | None = None
    """Most that the answers to make can cost, in US dollars; None where no price is known."""
    local: bool = True
    """Whether it runs here, where nobody sends a bill."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run before it is made."""

    models: tuple[ModelPlan, ...]
    gates: tuple[GatePlan, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a gate was seen to fail when something was broken on purpose, and not when nothing was."""

    gate: Gate
    metric: Metric
    injected: str
    """What was broken, in words."""
    result: str
    """What the gate said: `pass`, `fail`, `inconclusive` or `incomplete`."""
    held: bool
    """Whether that is what a working gate says."""
    reason: str


def primary(metrics: Iterable[Metric]) -> Metric:
    """The metric that a probe's headline rests on: the one marked so, else the first. Raises ValueError for none."""
    known = list(metrics)
    if not known:
        raise ValueError("a probe without metrics")
    return next((m for m in known if m.primary), known[0])
