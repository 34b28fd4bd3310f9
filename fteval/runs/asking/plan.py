"""What a run is going to do, decided before its folder exists: every prompt, every key, the plan that is frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fteval import registry
from fteval.errors import PromptRefused, UserError
from fteval.records import (
    BatchedEngine,
    DivergingEngine,
    Engine,
    ExportedEngine,
    Failure,
    KeyedEngine,
    MeetingEngine,
    Message,
    Prompt,
    RemarkingEngine,
    Request,
    Sample,
    Sampling,
    ServedEngine,
    TemplatedEngine,
    WeighingEngine,
    asks_base,
    canonical,
    digest,
    folded,
    normalised,
)
from fteval.runs.asking import identity
from fteval.runs.asking.outputs_asked import OutputsAsked
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.requests import KeysOf, Made, Requests
from fteval.runs.asking.suite import Suite, SuiteProbe
from fteval.runs.journal.finder import key_bytes
from fteval.version import __version__


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that a run is going to do, decided before its folder exists."""

    suite: Suite
    plan: dict[str, Any]
    keys: tuple[Sequence[tuple[str, ...]], ...]
    """Per probe, sample and repeat."""
    requests: Requests
    shares: dict[str, int]
    """Key -> how many (sample, repeat) ask for it, where that is more than one."""
    total: int
    prompt_bytes: int
    sampling: Sampling
    others: Mapping[str, Sampling]
    """Key -> how its answer is drawn, where its probe has a sampling of its own."""
    refused: Mapping[str, Failure] = field(default_factory=dict)
    """Key -> why the template has no words for this prompt: the sample is in error, and the others are asked."""
    remarks: tuple[str, ...] = ()
    """What the engine found odd in what it is asked."""
    unweighed: frozenset[str] = frozenset()
    """Keys that ask an engine for likelihoods that it does not have: not asked, and not scored."""
    base: Engine | None = None
    """Against which the answers of requests that diverge are held."""

    def drawn(self, key: str) -> Sampling:
        """How the answer to a key is drawn."""
        return self.others.get(key, self.sampling)

    @property
    def longest(self) -> int:
        """Tokens that an answer may have."""
        return max(one.max_tokens for one in (self.sampling, *self.others.values()))

    def manifest(
        self,
        engine: Engine,
        command: str | None,
        served: Mapping[str, Any] | None,
        referees: Referees | None = None,
    ) -> dict[str, Any]:
        export = engine.export_of if isinstance(engine, ExportedEngine) else None
        judges = referees.judges.named if referees is not None and referees.judges is not None else {}
        return {
            "fteval": __version__,
            "command": command,
            "ref": engine.ref,
            "planned": self.total,
            "suite_name": self.suite.name,
            "plan_digest": digest(self.plan),
            "plan": self.plan,
            **({"export_of": dict(export)} if export is not None else {}),
            **({"served": dict(served)} if served is not None else {}),
            **({"references": referees.named} if referees is not None and referees.references else {}),
            **({"judges": judges} if judges else {}),
            **(engine.met() if isinstance(engine, MeetingEngine) else {}),
            "probes": {p.name: _probe_fields(p) for p in self.suite.probes},
            "oddities": [*self.suite.oddities(), *self.remarks],
            "notes": self.suite.notes(),
        }

    def sample_rows(self) -> Iterator[bytes]:
        """The lines of samples.jsonl."""
        for probe, keys in zip(self.suite.probes, self.keys, strict=True):
            for place in range(len(probe.samples)):
                yield probe.line(place, keys[place])


WEIGHED_AS_CUT = 2
"""Goes up when a given text would be cut into other tokens: 2 since a template's last white space counts to it."""


def plan(
    suite: Suite,
    engine: Engine,
    sampling: Sampling,
    repeats: int,
    sequential: int | None = None,
    base: Engine | None = None,
) -> Work:
    """Renders every prompt and keys every answer; loads no weights.

    Raises UserError where no prompt can be rendered, and for a setting that this engine cannot follow.
    """
    # Through JSON and back, as the manifest of an earlier run will be read.
    engine_identity = json.loads(canonical(dict(engine.identity())))
    request_identity = engine.request_identity if isinstance(engine, KeyedEngine) else None

    requests = Requests(own_requests(suite))
    refused: dict[str, PromptRefused] = {}
    shares: dict[str, int] = {}
    others: dict[str, Sampling] = {}
    outputs = OutputsAsked()
    met: set[str] = set()
    all_keys: list[KeysOf] = []
    unweighed: set[str] = set()
    prompt_bytes = 0
    for p, probe in enumerate(suite.probes):
        of_probe = KeysOf(requests, repeats)
        drawn = replace(sampling, **probe.sampling)
        if drawn.extra_body and not isinstance(engine, ServedEngine | KeyedEngine):
            raise UserError("extra_body is for servers", where=engine.ref, fix="leave it out, or serve the model")
        keys = identity.Keys(engine_identity, drawn)
        folds = drawn.system == "fold" and request_identity is None  # saved outputs are found by what was asked
        if isinstance(engine, MeetingEngine):
            engine.meet(probe.name, probe.samples, [_turns(sample, folds) for sample in probe.samples])
        diverges = asks_base(probe.probe)
        apart = diverges and not (base is not None and isinstance(engine, DivergingEngine))
        for s, sample in enumerate(probe.samples):
            try:
                prompt, error = _prompt(engine, sample, _turns(sample, folds), drawn), None
            except PromptRefused as found:
                prompt, error = Prompt(sample.messages, None, sample.tools), found
            input_digest = identity.input_digest(prompt)
            extra = request_identity(sample, prompt) if request_identity else None
            silent = apart or (bool(sample.continuations) and not _weighs(engine, probe))
            if diverges:
                extra = {"engine": extra, "base": base and digest(base.identity())}
            if sample.continuations:
                texts = [[c.context, c.text] for c in sample.continuations]
                extra = {"engine": extra, "continuations": texts, "cut": WEIGHED_AS_CUT}
            if request_identity:
                outputs.add(probe.name, sample.id, extra)
                if extra is not None:
                    met.add(probe.name)
            of_sample = [keys.key(input_digest, repeat, extra) for repeat in range(repeats)]
            if silent:
                unweighed.update(of_sample)
            for repeat, key in enumerate(of_sample):
                content = key_bytes(key)
                at = requests.number_of(content)
                if at is not None:
                    _check_one_question(engine, requests.of(at), sample, prompt)
                    shares[key] = shares.get(key, 1) + 1
                else:
                    own = prompt.token_ids is None and prompt.messages == sample.messages
                    seed, held = identity.row_seed(drawn.seed, input_digest, repeat), None
                    if not own or prompt.tools != sample.tools or diverges or sample.continuations:
                        held = Request(key, sample.id, prompt, repeat, seed, sample.continuations, diverges=diverges)
                    at = requests.add(content, (p, s, repeat, seed), held)
                    if drawn != sampling:
                        others[key] = drawn
                    if error is not None:
                        refused[key] = error
                of_probe.numbers.append(at)
            prompt_bytes += sum(len(m.content) for m in sample.messages)
        all_keys.append(of_probe)
    if refused and len(refused) == len(requests):
        raise next(iter(refused.values()))
    alone = requests.digest()
    batches = engine.batches if isinstance(engine, BatchedEngine) else None
    if batches is not None:
        # The others in its batch move an answer: it is the same only where all that is asked is.
        together = digest([dict(batches), alone, sequential])
        new = {key: hashlib.sha256(f"{together} {key}".encode()).hexdigest() for key in requests}
        requests.rename(new.__getitem__)
        shares = {new[key]: share for key, share in shares.items()}
        others = {new[key]: drawn for key, drawn in others.items()}
        refused = {new[key]: error for key, error in refused.items()}
        unweighed = {new[key] for key in unweighed}
    fields = {
        "suite": suite.digest,
        "subset": suite.subset,
        "probes": {p.name: {**_probe_fields(p, short=True), "samples": len(p.samples)} for p in suite.probes},
        "engine": engine_identity,
        "sampling": _sampling(suite, sampling),
        "repeats": repeats,
        "requests": alone,
        "outputs": outputs.digest(),
    }
    if batches is not None:
        fields["batches"] = dict(batches)
    if sequential is not None:
        fields["sequential"] = sequential
    total = suite.n_samples * repeats
    unmet = [p.name for p in suite.probes if p.name not in met]
    remarks: tuple[str, ...] = ()
    if isinstance(engine, RemarkingEngine):
        remarks = tuple(engine.remarks(unmet))
        if (otherwise := engine.asked_otherwise()) is not None:
            fields["prompts"] = otherwise
    failures = {key: Failure("template", f"{error.what}; {error.fix}") for key, error in refused.items()}
    of_prompts = (sampling, others, failures, remarks, frozenset(unweighed))
    return Work(suite, fields, tuple(all_keys), requests, shares, total, prompt_bytes, *of_prompts, base=base)


def own_requests(suite: Suite) -> Made:
    """How a request is made that asks its sample's own prompt."""

    def made(key: str, p: int, s: int, repeat: int, seed: int) -> Request:
        sample = suite.probes[p].samples[s]
        return Request(key, sample.id, Prompt(sample.messages, None, sample.tools), repeat, seed)

    return made


def _sampling(suite: Suite, sampling: Sampling) -> dict[str, Any]:
    """The run's, and under `probes` what is not so for one of them."""
    run, said = _as_json(asdict(sampling)), _as_json(identity.sampling_fields(sampling))
    of_probes = {p.name: {k: v for k, v in _as_json(p.sampling).items() if v != run[k]} for p in suite.probes}
    other = {name: own for name, own in of_probes.items() if own}
    return {**said, **({"probes": other} if other else {})}


def samplings(plan: Mapping[str, Any]) -> set[bytes]:
    """How the answers of a planned run are drawn: one spelling for each way."""
    found = dict(plan.get("sampling") or {})
    others = found.pop("probes", {}).values()
    return {canonical(one) for one in (found, *({**found, **other} for other in others))}


def _as_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _weighs(engine: Engine, probe: SuiteProbe) -> bool:
    """Whether an engine says how likely texts are. Raises UserError where it does not and the probe asks nothing else;
    where it does, what it generates is still worth having."""
    if isinstance(engine, WeighingEngine):
        return True
    if all(sample.continuations for sample in probe.samples):
        raise UserError(
            f"probe '{probe.name}' asks how likely given texts are, and that cannot be known here",
            where=engine.ref,
            fix=f"a local model can say it; `fteval probes show {probe.name}` says whether there is another way",
        )
    return False


def _prompt(engine: Engine, sample: Sample, messages: tuple[Message, ...], sampling: Sampling) -> Prompt:
    if sample.messages[0].role == "text" and isinstance(engine, ServedEngine):
        raise UserError(
            f"sample {sample.id!r} is plain text, and a server puts its chat template around it",
            where=engine.ref,
            fix="ask a local model, or ask through the template: --set chat=true",
        )
    if not sample.tools and not sampling.chat_template_kwargs:
        return engine.prompt(messages)
    if isinstance(engine, TemplatedEngine):
        return engine.prompt_with(messages, sample.tools, json.loads(sampling.chat_template_kwargs or "{}"))
    if not sample.tools:
        raise UserError("this engine takes no chat_template_kwargs", where=engine.ref, fix="leave them out of sampling")
    raise UserError(f"sample {sample.id!r} offers tools, and this model cannot be offered any", where=engine.ref)


def _turns(sample: Sample, folds: bool) -> tuple[Message, ...]:
    return folded(sample.messages) if folds else sample.messages


def _check_one_question(engine: Engine, asked: Request, sample: Sample, prompt: Prompt) -> None:
    """Raises UserError where two questions are the same tokens: the model cannot tell them apart."""
    texts = [[(m.role, normalised(m.content)) for m in one.messages] for one in (asked.prompt, prompt)]
    if texts[0] != texts[1]:
        both = f"{texts[0][-1][1][:80]!r} ({asked.sample_id}) and {texts[1][-1][1][:80]!r} ({sample.id})"
        raise UserError(
            f"different questions are the same tokens to {engine.ref}: {both}",
            fix="its tokenizer or chat template loses what is asked: take those that belong to the model",
        )


def _probe_fields(p: SuiteProbe, *, short: bool = False) -> dict[str, Any]:
    fields = {"digest": p.digest, "version": identity.probe_version(p.probe), "params": identity.params(p.probe)}
    if short:
        return fields
    cls, metrics = type(p.probe), identity.metric_fields(p.probe.metrics)
    return {"use": registry.registered_name(cls), **fields, "metrics": metrics}
