"""Hosted fine-tuning: a provider trains one of its models, and keeps the weights.

Any server with OpenAI's files and fine-tuning endpoints. A job costs money: one recipe, base and data have one job,
which the same command follows, from another store or machine too (docs/hosted.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fteval.errors import Interrupted, UserError
from fteval.records import Candidate, Site
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.trainers.making import candidate as registered
from fteval.trainers.making import overlap, workshop
from fteval.trainers.making.weights import write_json, writing
from fteval.trainers.provider import jobs
from fteval.trainers.provider.client import PATIENT, Provider, Waits
from fteval.trainers.provider.following import follow
from fteval.trainers.provider.order import Order, Plan, plan
from fteval.trainers.provider.outcome import outcome
from fteval.trainers.provider.recipe import Recipe
from fteval.trainers.provider.shutdown import check_alive

__all__ = ["Recipe", "cancel", "train"]


def train(
    base: str,
    recipe: Recipe,
    data: Path,
    site: Site,
    *,
    name: str = "hosted",
    waits: Waits = PATIENT,
) -> Candidate:
    """The candidate that a provider makes of `base` by `recipe` and the rows in `data`, registered at the site.

    One made before is returned, a job created before is followed.

    Raises UserError for what cannot work, Incomplete where the job failed or the provider is silent, Interrupted: the
    job goes on.
    """
    planned = plan(base, recipe, data, site.candidates_dir, name)
    known = registered.existing(site.candidates_dir, planned.candidate)
    if known is not None:
        return known
    if site.offline:
        raise UserError("hosted fine-tuning needs its provider", where=planned.source.url, fix="leave --offline out")
    workshop.prepare(site.candidates_dir)
    with Provider(planned.source, waits) as provider, _interruptible(planned.order, site.candidates_dir) as signals:
        return _made(provider, planned, base, site, signals)


def _made(provider: Provider, planned: Plan, base: str, site: Site, signals: Signals) -> Candidate:
    """The candidate, once its job has come to its end."""
    candidates_dir, say = site.candidates_dir, site.on_preflight or (lambda text: None)
    with workshop.workshop(candidates_dir, planned.order.folder) as place:
        known = registered.existing(candidates_dir, planned.candidate)  # another process may have made it meanwhile
        if known is not None:
            return known
        job_id = _job(provider, planned, jobs.Notes.of(planned.order, candidates_dir), signals, say)
        with signals.cancelling():
            job, heard = follow(provider, job_id, say, site.on_progress)
            came_out = outcome(provider, job, heard, planned.order.place)
        with writing(place):
            write_json(place / "training_log.json", came_out.log)
            asked = [{"prompt": prompt} for prompt in planned.rows.prompts]
            parent = registered.find(candidates_dir, base)
            overlap.write_prompts(asked, [parent] if parent is not None else [], place)
        return registered.register(place, candidates_dir, planned.registered_as(came_out.model), came_out.training)


def cancel(base: str, recipe: Recipe, data: Path, site: Site, *, waits: Waits = PATIENT) -> str:
    """The id of the job that `train` would follow, and that is cancelled now. Raises UserError when none goes on."""
    planned = plan(base, recipe, data, site.candidates_dir, "")
    if site.offline:
        raise UserError("cancelling a job needs its provider", where=planned.source.url, fix="leave --offline out")
    with Provider(planned.source, waits) as provider:
        job = jobs.find(provider, planned.order, jobs.Notes.of(planned.order, site.candidates_dir))
        if job is None:
            raise UserError("nothing to cancel: no job of this base, recipe and data goes on", where=provider.url)
        if job.get("status") == "succeeded":
            raise UserError(f"nothing to cancel: {job['id']} has succeeded", where=provider.url)
        return str(provider.cancel(str(job["id"])).get("id"))


def _job(provider: Provider, planned: Plan, notes: jobs.Notes, signals: Signals, say: Callable[[str], None]) -> str:
    """The id of the order's job: one that there is already, else a new one."""
    with signals.cancelling():
        job = jobs.find(provider, planned.order, notes)
        if job is not None:
            say(f"going on with {job.get('id')}, which was created before")
        else:
            warning = check_alive(provider, planned.order.model)
            order = planned.order
            say(f"{len(planned.rows.rows)} rows ({len(order.training):,} bytes) for {order.model} at {order.place}")
            if warning:
                say(warning)
    return jobs.remember(notes, job or jobs.create(provider, planned.order, notes, signals))


@contextmanager
def _interruptible(order: Order, candidates_dir: Path) -> Iterator[Signals]:
    """Signals that end the following, not the job."""
    with Signals("stopping: a job that was created goes on at the provider") as signals:
        try:
            yield signals
        except (Stop, KeyboardInterrupt):
            known = jobs.Notes.of(order, candidates_dir)
            raise Interrupted(
                f"interrupted; {known.job} goes on at the provider"
                if known.job
                else "interrupted; no job is known yet",
                signal_number=signals.number or 2,
                fix="the same command follows it again; with --cancel it ends the job"
                if known.job
                else "the same command looks for a job first, and creates one if there is none",
            ) from None
