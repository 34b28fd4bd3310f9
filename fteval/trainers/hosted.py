"""Hosted fine-tuning: a provider trains one of its models, and keeps the weights.

Measures nothing; makes a candidate. Whatever serves OpenAI's files and fine-tuning endpoints will do. A job costs
money, so that one recipe, base and data have one job: the same command follows the job that there is, from another
store or machine too, and the provider's id of the model is the candidate's.

Where it comes from  the fine-tuning guide of OpenAI; DPO: arXiv:2305.18290
Traps                a base that is about to be shut down, a job created twice after a lost answer, turns that are
                     context and would be learnt, rows that the provider refuses an hour later: each is looked at first
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import typing
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fteval import registry
from fteval.data.hosted import HostedRows, read_hosted
from fteval.engines import refs
from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import Candidate, digest
from fteval.runs.interrupt import Signals, Stop
from fteval.trainers import candidate as registered
from fteval.trainers import jobs, overlap, workshop
from fteval.trainers.outcome import outcome
from fteval.trainers.progress import TrainProgress
from fteval.trainers.provider import PATIENT, Provider, Waits
from fteval.trainers.shutdown import check_alive
from fteval.trainers.weights import write_json, writing

VERSION = 1
"""Goes up when the same recipe would ask for another job."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a job is asked for beside base and data; what fteval.yaml may set. None leaves it to the provider.

    Raises UserError naming every value that means nothing.
    """

    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    n_epochs: int | None = None
    """Passes over the rows."""
    batch_size: int | None = None
    """Rows per optimizer step."""
    learning_rate_multiplier: float | None = None
    """Of the rate that the provider has for the base."""
    beta: float | None = None
    """Of dpo: how much a change away from the base costs."""
    grader: str | dict[str, Any] | None = None
    """Of reinforcement: what scores an answer, in the provider's form; a JSON file, or what would stand in it."""
    seed: int = 0
    suffix: str | None = None
    """A part of the model's id, at most 64 characters."""
    validation: str | None = None
    """A file of rows that the provider measures the loss on."""
    base_url: str | None = None
    """Of the provider's API. None: that of the base, which is OPENAI_BASE_URL's for `openai:` and `ft:`."""

    def __post_init__(self) -> None:
        problems = []
        for name, hint in typing.get_type_hints(type(self)).items():
            try:
                object.__setattr__(self, name, registry.convert(getattr(self, name), hint))
            except ValueError as error:
                problems.append(f"hosted: '{name}' {error}")
        if not problems:
            problems = [
                f"hosted: '{name}' is {getattr(self, name)!r}, wanted {wanted}" for name, wanted in _wrong(self)
            ]
        if problems:
            raise UserError("\n".join(problems))


def _wrong(r: Recipe) -> list[tuple[str, str]]:
    """(field, what it wants) for each value out of range."""
    rate = r.learning_rate_multiplier
    rules = {
        "n_epochs": (r.n_epochs is None or r.n_epochs > 0, "1 or more"),
        "batch_size": (r.batch_size is None or r.batch_size > 0, "1 or more"),
        "learning_rate_multiplier": (rate is None or 0 < rate < math.inf, "more than 0"),
        "beta": (r.beta is None or (0 < r.beta < math.inf and r.method == "dpo"), "more than 0, with method dpo"),
        "grader": ((r.grader is not None) == (r.method == "reinforcement"), "one with method reinforcement, only"),
        "seed": (0 <= r.seed < 2**31, "0 to 2147483647"),
        "suffix": (r.suffix is None or 0 < len(r.suffix) <= 64, "1 to 64 characters"),
    }
    return [(name, wanted) for name, (fine, wanted) in rules.items() if not fine]


def train(
    base: str,
    recipe: Recipe,
    data: Path,
    candidates_dir: Path,
    *,
    name: str = "hosted",
    device: str = "auto",
    offline: bool = False,
    on_preflight: Callable[[str], None] | None = None,
    on_progress: Callable[[TrainProgress], None] | None = None,
    waits: Waits = PATIENT,
) -> Candidate:
    """The candidate that a provider makes of `base` by `recipe` and the rows in `data`, under `candidates_dir`.

    One that was made of the same record before is returned as it is, and a job that was created before is followed.
    `on_preflight` hears what will be learnt and how the job stands. `device` is the provider's business. Raises
    UserError for a base, rows or a recipe that cannot work, Incomplete for a job that failed and a provider that does
    not answer, Interrupted for SIGINT and SIGTERM: the job goes on then.
    """
    plan = _plan(base, recipe, data, candidates_dir, name)
    known = registered.existing(candidates_dir, plan.candidate)
    if known is not None:
        return known
    if offline:
        raise UserError("hosted fine-tuning needs its provider", where=plan.url, fix="leave --offline out")
    say = on_preflight or (lambda text: None)
    workshop.prepare(candidates_dir)
    notes = jobs.Notes.of(plan.order, candidates_dir)
    with Provider(plan.url, waits) as provider, _interruptible(notes) as signals:
        with workshop.workshop(candidates_dir, plan.order.workshop) as place:
            known = registered.existing(candidates_dir, plan.candidate)  # another process may have made it meanwhile
            if known is not None:
                return known
            job_id = _job(provider, plan, notes, signals, say)
            with signals.cancelling():
                job, heard = jobs.follow(provider, job_id, say, on_progress)
                came_out = outcome(provider, job, heard, plan.order.server)
                with writing(place):
                    write_json(place / "training_log.json", came_out.log)
                    asked = [{"prompt": prompt} for prompt in plan.rows.prompts]
                    overlap.write_prompts(asked, registered.find(candidates_dir, base), place)
            made = dataclasses.replace(plan.candidate, id=_ref(came_out.model, plan.url))
            return registered.register(place, candidates_dir, made, came_out.training)


def cancel(
    base: str, recipe: Recipe, data: Path, candidates_dir: Path, *, offline: bool = False, waits: Waits = PATIENT
) -> str:
    """The id of the job that `train` would follow, which is cancelled. Raises UserError when there is none to cancel."""
    plan = _plan(base, recipe, data, candidates_dir, "")
    if offline:
        raise UserError("cancelling a job needs its provider", where=plan.url, fix="leave --offline out")
    with Provider(plan.url, waits) as provider:
        job = jobs.find(provider, plan.order, jobs.Notes.of(plan.order, candidates_dir))
        if job is None or job.get("status") == "succeeded":
            what = (
                "no job of this base, recipe and data goes on" if job is None else f"{job['id']} has succeeded already"
            )
            raise UserError(f"nothing to cancel: {what}", where=plan.url)
        return str(provider.cancel(str(job["id"])).get("id"))


@dataclass(frozen=True, slots=True)
class _Plan:
    """A job before it exists, and the candidate that it will make."""

    url: str
    order: jobs.Order
    rows: HostedRows
    candidate: Candidate


def _plan(base: str, recipe: Recipe, data: Path, candidates_dir: Path, name: str) -> _Plan:
    """Everything that can be checked without the provider. Raises UserError."""
    rows = read_hosted(data, recipe.method)
    validation = None if recipe.validation is None else read_hosted(_beside(recipe.validation, data), recipe.method)
    grader = _grader(recipe.grader, data)
    model, url, own_url = _server(base, recipe, candidates_dir)
    server = _place(url)
    digests = {"dataset_sha256": hashlib.sha256(rows.content).hexdigest()}
    if validation is not None:
        digests["validation_sha256"] = hashlib.sha256(validation.content).hexdigest()
    order = jobs.Order(
        server=server,
        model=model,
        method=_method(recipe, grader),
        seed=recipe.seed,
        suffix=recipe.suffix,
        training=rows.content,
        validation=None if validation is None else validation.content,
        digests=digests,
    )
    settings = {
        **dataclasses.asdict(recipe),
        "grader": grader,
        "validation": digests.get("validation_sha256"),
        "base_url": own_url,
    }
    candidate = Candidate(
        id="",
        name=name,
        path=".",
        kind="hosted",
        base=base if own_url is None else _ref_on(own_url, model),
        base_digest=digest({"model": model, "server": server}),
        weights_digest="",
        trainer="hosted",
        recipe=settings,
        data={
            "digest": "sha256:" + digests["dataset_sha256"],
            "rows": len(rows.rows),
            "used": len(rows.rows),
            "dropped": 0,
        },
        # No package decides what a provider does: another version of one must not create another job.
        versions={"fteval.trainers.hosted": str(VERSION)},
        seed=recipe.seed,
    )
    return _Plan(url, order, rows, candidate)


def _method(recipe: Recipe, grader: Mapping[str, Any] | None) -> dict[str, Any]:
    """The method as the API spells it, with what the recipe sets and nothing else."""
    names = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta")
    hyperparameters = {name: getattr(recipe, name) for name in names if getattr(recipe, name) is not None}
    settings: dict[str, Any] = {"hyperparameters": hyperparameters} if hyperparameters else {}
    if grader is not None:
        settings["grader"] = dict(grader)
    return {"type": recipe.method, recipe.method: settings}


def _grader(given: str | Mapping[str, Any] | None, data: Path) -> dict[str, Any] | None:
    if given is None:
        return None
    if isinstance(given, str):
        return refs.read_json(_beside(given, data))
    try:
        made: dict[str, Any] = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UserError(f"hosted: 'grader' is not JSON: {error}") from None
    return made


def _beside(name: str, data: Path) -> Path:
    """A file of the recipe: from the current folder, else from that of the training rows."""
    path = Path(name)
    return path if path.exists() or not (data.parent / path).exists() else data.parent / path


def _server(base: str, recipe: Recipe, candidates_dir: Path) -> tuple[str, str, str | None]:
    """(model, URL of the API, that URL where it is not simply the usual one)."""
    ref = refs.parse(base, candidates_dir)
    name, url = ref.base.name, ref.base.url
    if ref.base.kind != "server" or url is None:
        raise UserError(
            f"hosted fine-tuning changes a provider's model, {refs.display(base)} is on this machine",
            fix="name it as openai:NAME, a hosted ft: id or http://HOST/v1#NAME; `fteval train sft` trains it here",
        )
    usual = refs.parse("openai:any").base.url
    on_own = base.lower().startswith("http")
    if recipe.base_url is None:
        return name, url, url if on_own or url != usual else None
    given = refs.parse(_ref_on(recipe.base_url, name)).base.url or ""
    if on_own and given != url:
        raise UserError(f"the base is at {url}, and base_url is {given}", fix="leave base_url out")
    return name, given, given


def _ref_on(url: str, model: str) -> str:
    return f"{url}#{urllib.parse.quote(model, safe='/:@.-_')}"


def _ref(model: str, url: str) -> str:
    """What every command takes: the provider's id where it is an ft: one, else the model of that server."""
    return model if model.startswith("ft:") else _ref_on(url, model)


def _place(url: str) -> str:
    """Host and path of an API: http or https is the same provider."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.netloc.lower()}{parts.path}"


def _job(provider: Provider, plan: _Plan, notes: jobs.Notes, signals: Signals, say: Callable[[str], None]) -> str:
    """The id of the order's job: one that there is already, else a new one."""
    with signals.cancelling():
        job = jobs.find(provider, plan.order, notes)
        if job is not None:
            say(f"going on with {job.get('id')}, which was created before")
        else:
            warning = check_alive(provider, plan.order.model)
            what = f"{len(plan.rows.rows)} rows, {len(plan.order.training):,} bytes, for {plan.order.model}"
            say(f"{what} at {plan.order.server}" + (f"\n{warning}" if warning else ""))
    if job is None:
        job = jobs.create(provider, plan.order, notes, signals)
    job_id = jobs.remember(notes, job)
    signals.check()
    return job_id


@contextmanager
def _interruptible(notes: jobs.Notes) -> Iterator[Signals]:
    """Signals that end the following, not the job."""
    with Signals("stopping: a job that was created goes on at the provider") as signals:
        try:
            yield signals
        except (Stop, KeyboardInterrupt):
            goes_on = f"{notes.job} goes on at the provider" if notes.job else "no job is known to be created"
            raise Interrupted(
                f"interrupted; {goes_on}",
                signal_number=signals.number or 2,
                fix="the same command follows it; with --cancel it ends the job"
                if notes.job
                else "the same command looks for a job first, and creates one if there is none",
            ) from None
