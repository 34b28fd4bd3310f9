"""What fteval.yaml may say. The field names are the keys; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from fteval import registry
from fteval.config.series import SeriesKeys
from fteval.config.threshold import PATTERN, Threshold, parse
from fteval.errors import UserError
from fteval.records import Gate, Limits, Metric, Sampling
from fteval.records.secrets import check_ref, json_body, json_told

RULES = ("min_gain", "max_drop", "min", "max")


def _setting(record: type, name: str) -> Any:
    """A key with the default and the range of a record's field, so that neither is said twice."""
    (field,) = (f for f in dataclasses.fields(record) if f.name == name)
    within = field.metadata.get("range")
    return Field(default=field.default, **(within.bounds if within else {}))


class _Spec(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        frozen=True,
    )
    _where: str | None = PrivateAttr(None)

    @property
    def where(self) -> str | None:
        """file:line."""
        return self._where


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ValueError(
            f"'{name[:80]}' is not a name: at most 64 letters, digits, '.', '_' and '-', the first a letter or a digit"
        )
    return name


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1)]
Ref = Annotated[Text, AfterValidator(check_ref)]
_OBJECT = WithJsonSchema({"type": "object"})
ThresholdField = Annotated[
    Threshold,
    BeforeValidator(parse),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number"}]}),
]


class CandidateSpec(SeriesKeys, _Spec):
    """A change to the base: trained here, a model ref made elsewhere, or asked otherwise, also on top of either."""

    model_config = ConfigDict(extra="allow")
    train: Text | None = None
    """A trainer; the other keys are its recipe."""
    model: Ref | None = None
    from_: Name | None = Field(default=None, alias="from")
    """Another candidate, on top of which this one is."""
    data: Path | None = Field(default=None, strict=False)
    """Training rows, relative to the folder of the config."""
    prompts: Path | None = Field(default=None, strict=False)
    """The same, where the rows are prompts that the model answers while it trains."""
    trained_on: Path | None = Field(default=None, strict=False)
    """Of a model made elsewhere: the rows that it was trained on, to find them in hold-outs."""
    watch: WatchSpec | None = None
    """Probes that look at it while it is trained."""

    @model_validator(mode="after")
    def _one_kind(self) -> CandidateSpec:
        kinds = [key for key in ("train", "model", "from") if getattr(self, key.replace("from", "from_")) is not None]
        if len(kinds) > 1:
            raise ValueError(f"a candidate has one of train, model and from, found {' and '.join(kinds)}")
        if self.data is not None and self.prompts is not None:
            raise ValueError("'data' and 'prompts' are two words for the same file: give one of them")
        if self.tasks and self.rows is not None:
            raise ValueError("'tasks' are the files to learn from: leave 'data' out")
        if self.train is not None and self.trained_on is not None:
            raise ValueError("'trained_on' is for models made elsewhere: what is trained here is known by its 'data'")
        if self.train is None:
            self._check_changes(kinds[0] if kinds else None)
        return self

    def _check_changes(self, kind: str | None) -> None:
        """Raises ValueError for keys that no candidate of this kind has."""
        known = registry.alternative_names()
        own = ("data", "prompts", "watch") + (("trained_on",) if kind != "model" else ())
        series = [key for key in SeriesKeys.model_fields if key in self.model_fields_set]
        given = [*self.changes, *series, *(key for key in own if getattr(self, key) is not None)]
        if kind is None and not set(given) & set(known):
            raise ValueError(
                "a candidate is {train: TRAINER, data: FILE, …}, {model: REF}, or a change without training: "
                f"{', '.join(known)}" + (f"; found {', '.join(sorted(given))}" if given else "")
            )
        if wrong := sorted(set(given) - set(known)):
            whose = f"with '{kind}'" if kind else "that is not trained"
            what = "has no other keys but alternatives" if kind else "has no keys but alternatives"
            raise ValueError(f"a candidate {whose} {what} ({', '.join(known)}), found {', '.join(wrong)}")
        if kind == "from" and not given:
            raise ValueError("'from' alone changes nothing: say what is on top of it")

    @property
    def rows(self) -> Path | None:
        """What it is trained on, under either name."""
        return self.prompts if self.data is None else self.data

    @property
    def recipe(self) -> dict[str, Any]:
        """What the trainer's recipe says beside its data; the trainer checks it."""
        return dict(self.model_extra or {}) if self.train is not None else {}

    @property
    def changes(self) -> dict[str, Any]:
        """Alternative -> what is said of it, in the order in which they stand on each other; they check it."""
        return dict(self.model_extra or {}) if self.train is None else {}


class DrawnSpec(_Spec):
    """How the answers to one probe are drawn, where that is not as the config's `sampling` says."""

    temperature: float = _setting(Sampling, "temperature")
    """0 is greedy."""
    top_p: float | None = _setting(Sampling, "top_p")
    """null: a server is not told any, for those that take temperature or top_p."""
    top_k: int = _setting(Sampling, "top_k")
    """0 is off."""
    repetition_penalty: float = _setting(Sampling, "repetition_penalty")
    max_tokens: int = _setting(Sampling, "max_tokens")
    """Of the longest answer."""
    stop: list[Text] = Field(default_factory=list)
    """Texts that end an answer."""
    system: Literal["keep", "fold"] = "keep"
    """fold: a system text begins the user's turn, for models whose template forbids the role."""
    chat_template_kwargs: Annotated[str, BeforeValidator(json_told), _OBJECT] = ""
    """What the chat template is told beside the turns, as in {enable_thinking: false}."""
    extra_body: Annotated[str, BeforeValidator(json_body), _OBJECT] = ""
    """More fields of a request to a server, which must know them."""

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop(cls, raw: Any) -> Any:
        return [raw] if isinstance(raw, str) else raw

    @property
    def given(self) -> dict[str, Any]:
        """What was written, as fields of the record."""
        said = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


class ProbeSpec(_Spec):
    """A probe, its parameters, and perhaps the user's own samples."""

    model_config = ConfigDict(extra="allow")
    use: Text | None = None
    """Which probe, where the name here is one's own."""
    data: Path | None = Field(default=None, strict=False)
    """Samples, relative to the folder of the config; without it the probe's own."""
    reference: Ref | None = None
    """Who judges this probe's answers beside its rules; see the config's own."""
    sampling: DrawnSpec = Field(default_factory=DrawnSpec)
    limit: int | None = Field(default=None, ge=1)
    """At most so many samples, always the same ones: gates judge them as the whole."""

    @property
    def params(self) -> dict[str, Any]:
        """What is set of the probe's fields, `score` included; the probe checks it."""
        return dict(self.model_extra or {})


def _texts(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {key: str(value) if isinstance(value, int | float) else value for key, value in raw.items()}
    return raw


class _RuleSpec(_Spec):
    """One rule on one metric."""

    probe: Text
    metric: Text
    max_drop: ThresholdField | None = None
    min: ThresholdField | None = None
    max: ThresholdField | None = None

    @property
    def _rules(self) -> tuple[str, ...]:
        """Of which exactly one is given."""
        return tuple(rule for rule in RULES if rule in type(self).model_fields)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = [rule for rule in self._rules if getattr(self, rule) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a {self._called} has exactly one of {', '.join(self._rules)}, found {found}")
        if given[0] in ("min_gain", "max_drop") and self.threshold.value < 0:
            raise ValueError(f"'{given[0]}' is a size and cannot be negative, found {self.threshold}")
        return self

    _called: ClassVar[str] = "rule"

    @property
    def rule(self) -> str:
        """`min_gain`, `max_drop`, `min` or `max`."""
        return next(rule for rule in self._rules if getattr(self, rule) is not None)

    @property
    def threshold(self) -> Threshold:
        """As written, with its unit."""
        found: Threshold = getattr(self, self.rule)
        return found

    def _of(self, metric: Metric, threshold: Threshold | None = None, key: str = "") -> float:
        """The threshold, or that of another key, in the metric's unit. Raises UserError where it does not fit it."""
        try:
            return (threshold or self.threshold).of(metric.unit)
        except ValueError as error:
            raise UserError(
                f"the {self._called} on {self.probe}.{self.metric}: '{key or self.rule}' {error}", where=self.where
            ) from None

    def gate(self, metric: Metric) -> Gate:
        """The rule on this metric."""
        return Gate(self.probe, self.metric, self.rule, self._of(metric), where=self.where)


class GateSpec(_RuleSpec):
    """One rule on one metric; exactly one of the four rules."""

    _called: ClassVar[str] = "gate"
    min_gain: ThresholdField | None = None
    slice: Annotated[dict[str, str] | None, BeforeValidator(_texts)] = None
    """A slice, as in {language: de}; "*" for each of its values."""
    advisory: bool = False
    """Shown, but does not decide."""
    scale: float | None = Field(default=None, gt=0)
    """The most by which one answer's score can change, for a metric that has no bound of its own (words)."""
    anchor: Name | None = None
    """A kept release (`fteval baseline accept RUN --anchor NAME`) to compare with instead of the base."""
    max_unscored: ThresholdField = Threshold(5.0, "%")
    """Share of the samples that may lack a score."""
    allow_overlap: bool = False
    """Count the gate although hold-out prompts were trained on."""
    margin: ThresholdField | None = None
    """Of min_gain: by how much an alternative may be worse than a fine-tune and still do as well; without it a quarter
    of the gain, and of a share at least 2 and at most 5 points."""

    @model_validator(mode="after")
    def _sound(self) -> GateSpec:
        if self.max_unscored.unit != "%":
            raise ValueError(f"'max_unscored' is a share, as in 5%, found {self.max_unscored}")
        if self.anchor is not None and (self.min is not None or self.max is not None):
            raise ValueError("'anchor' goes with max_drop or min_gain: min and max look at the candidate alone")
        if self.margin is not None and self.min_gain is None:
            raise ValueError("'margin' goes with min_gain: by how much an alternative may be worse than a fine-tune")
        if self.margin is not None and self.margin.value <= 0:
            raise ValueError(f"'margin' is a size above 0, found {self.margin}")
        return self

    def gate(self, metric: Metric) -> Gate:
        """The gate on this metric. Raises UserError where the threshold's unit does not fit the metric's."""
        return Gate(
            self.probe,
            self.metric,
            self.rule,
            self._of(metric),
            self.slice,
            self.advisory,
            self.where,
            scale=self.scale,
            anchor=self.anchor,
            max_unscored=self.max_unscored.value / 100,
            allow_overlap=self.allow_overlap,
            margin=None if self.margin is None else self._of(metric, self.margin, "margin"),
        )


def _empty(raw: Any) -> Any:
    return {} if raw is None else raw


class BestSpec(_Spec):
    """The metric by which a checkpoint is chosen."""

    probe: Text
    metric: Text


class StopSpec(_RuleSpec):
    """A rule that ends a training when a look breaks it: `max_drop` against the base, `min` or `max`."""

    _called: ClassVar[str] = "rule of stop_if"


def _one_or_more(raw: Any) -> Any:
    return [raw] if isinstance(raw, dict) else raw


class WatchSpec(_Spec):
    """Probes that look at a model while it is trained, on samples that no gate judges."""

    every: int = Field(default=20, ge=1)
    """Steps between looks."""
    data: Path | None = Field(default=None, strict=False)
    """Dev samples of every probe without its own; never the hold-out."""
    probes: dict[Name, Annotated[ProbeSpec, BeforeValidator(_empty)]] = Field(min_length=1)
    stop_if: Annotated[list[StopSpec], BeforeValidator(_one_or_more)] = Field(default_factory=list)
    """Ends the training; the last good checkpoint is kept."""
    keep_best: BestSpec | None = None
    """Keeps the checkpoint that is best by this; without it the last one."""
    limit: int = Field(default=64, ge=1)
    """At most so many dev samples of each probe, always the same ones."""
    sampling: DrawnSpec = Field(default_factory=DrawnSpec)
    """How the answers are drawn, where that is not as in a run."""


class SamplingSpec(DrawnSpec):
    """How answers are drawn, the same for base and candidates."""

    seed: int = _setting(Sampling, "seed")
    repeats: int = Field(default=1, ge=1)
    """Answers per sample."""

    @property
    def sampling(self) -> Sampling:
        """The record, without the repeats."""
        return Sampling(**{name: value for name, value in self.given.items() if name != "repeats"})


def _variables(key: object) -> object:
    for name in key.values() if isinstance(key, dict) else [] if key is None else [key]:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", name):
            # Not repeated: it may be the key itself.
            raise ValueError("'key' is the name of an environment variable, as in OPENAI_API_KEY, and not the key")
    return key


def _groups(raw: Any) -> Any:
    return [raw] if isinstance(raw, list) and raw and not any(isinstance(one, list) for one in raw) else raw


class ServerSpec(_Spec):
    """How servers are treated; none of it changes an answer."""

    timeout: float = _setting(Limits, "timeout")
    """Seconds for one attempt."""
    max_retries: int = _setting(Limits, "max_retries")
    """Further attempts after a failure that may pass."""
    concurrency: int = _setting(Limits, "concurrency")
    """Most requests in flight; fewer where the server does not bear so many."""
    give_up_after: float = _setting(Limits, "give_up_after")
    """Seconds of nothing but failures after which a run stops."""
    key: Annotated[str | dict[str, str] | None, BeforeValidator(_variables)] = "OPENAI_API_KEY"
    """Environment variable that holds the key; null sends none. {HOST: VARIABLE}: these hosts get one, no other."""


class RaySpec(_Spec):
    """A Ray cluster whose workers answer for local models; none of it changes an answer."""

    address: Text | None = None
    """Of a running cluster: `auto`, `ray://HOST:10001`; without it $RAY_ADDRESS, else this machine."""
    workers: int | None = Field(default=None, ge=1)
    """At most so many; without it as many as the cluster has room for."""
    cpus: float = Field(default=1, gt=0)
    """Of each worker."""
    gpus: float = Field(default=0, ge=0)
    """Of each worker; 0 is a model on CPU."""


class EngineSpec(_Spec):
    """Who answers for local models, where that is not this process."""

    ray: RaySpec = Field(default_factory=RaySpec)


class PriceSpec(_Spec):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


def _version(version: int) -> int:
    if version != 1:
        raise ValueError(f"this fteval reads version 1, found {version}")
    return version


class Config(_Spec):
    """fteval.yaml."""

    version: Annotated[int, AfterValidator(_version)]
    base: Ref | None = None
    """The model that candidates are measured against."""
    candidates: dict[Name, CandidateSpec] = Field(default_factory=dict)
    reference: Ref | None = None
    """The model whose likelihoods judge answers: `base`, `none`, or a ref; without it the base, where it can."""
    probes: dict[Name, Annotated[ProbeSpec, BeforeValidator(_empty)]] = Field(default_factory=dict)
    benchmarks: list[Name] = Field(default_factory=list)
    """Tasks of lm-eval, each as a probe of its name; under `probes` one can be told more: {use: benchmark, task: …}."""
    include: Path | None = Field(default=None, strict=False)
    """A folder with lm-eval task files of your own, for all benchmarks; relative to the folder of the config."""
    gates: list[GateSpec] = Field(default_factory=list)
    sampling: SamplingSpec = Field(default_factory=SamplingSpec)
    on_inconclusive: Literal["fail", "warn"] = "fail"
    """Whether too little evidence blocks (exit 4), or passes with a warning (exit 0)."""
    unguarded: Literal["fail", "warn"] = "warn"
    """Whether a probe that fell and that no gate is on blocks (exit 1), or is only named in the verdict."""
    sequential: bool = False
    """Ask in random order and stop each probe when its gates are decided."""
    allow: list[Literal["sampling", "repeats", "template", "prompts"]] = Field(default_factory=list)
    """In what the runs of a comparison may differ beside the model; otherwise its gates are incomplete."""
    suite: Name | None = None
    """What baselines of this suite are called; without it the names of its probes."""
    server: ServerSpec = Field(default_factory=ServerSpec)
    servers: Annotated[list[list[Text]], BeforeValidator(_groups)] = Field(default_factory=list)
    """Base URLs of servers that serve the same models and share the work: [URL, URL], or a list of such lists. A model
    ref names one of them."""
    engine: Literal["ray"] | EngineSpec | None = None
    """`ray`: local models are asked by the workers of a Ray cluster; {ray: {address: auto, workers: 16, gpus: 1}}."""
    prices: dict[Text, PriceSpec] = Field(default_factory=dict)
    """Model name -> what it costs, instead of fteval's own table; of a model that runs here, by its ref or candidate's
    name: what serving it would cost."""
    store: Path | None = Field(default=None, strict=False)
    """Where runs are kept, relative to the folder of the config; without it `.fteval` where fteval is called."""
    _path: Path = PrivateAttr(Path("fteval.yaml"))

    @property
    def path(self) -> Path:
        """The file that this was read from."""
        return self._path
