"""`fteval ci`: tells a verdict where a team reads it. The gate is `fteval run`; this changes no job's colour."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval.ci.api import Failed
from fteval.ci.notes import Thread
from fteval.commands import options
from fteval.errors import OK, UserError
from fteval.records import Comparison

if TYPE_CHECKING:
    from datetime import datetime

    from fteval.ci.github import PullRequest
    from fteval.ci.gitlab import MergeRequest
    from fteval.ci.result import Result

_what = click.argument("what", metavar="COMPARISON|VERDICT.json|latest", default="latest")
_job = click.option(
    "--job", "name", help="Whose comment it is, where several jobs report one suite.  [default: this job]"
)
_comment = click.option(
    "--comment",
    "when",
    type=click.Choice(["always", "on-change", "on-fail", "never"]),
    default="always",
    show_default=True,
    help="When to make a comment; one that is there is kept up to date, but with never.",
)


@click.group("ci")
def command() -> None:
    """Tell a verdict in the pull or merge request of this job.

    \b
    Example:  fteval run -c fteval.yaml -o verdict.json
              fteval ci github verdict.json
    """


@command.command("github")
@_what
@options.store
@_job
@_comment
@options.output_flags
def github(what: str, store: Path | None, name: str | None, when: str, display: options.Display) -> int:
    """Step summary, annotations at the gates' lines, and one comment in the pull request, edited in place.

    A last step, for red jobs too. Exits with 0 when there is a result to tell, although GitHub may not take it (a
    warning says why), and with 2 or 3 when there is none. VERDICT.json is what `fteval run -o` wrote.

    \b
    Needs:    GITHUB_TOKEN, of a job with `permissions: {pull-requests: write}`
    Example:  fteval ci github verdict.json --comment on-change
    """
    from fteval.ci import github, notes, result
    from fteval.reports.markdown import github as pages
    from fteval.reports.terminal import page

    job = github.job(os.environ)
    name = name or job.name
    post = partial(_post, partial(github.pull_request, job), _GITHUB_REFUSES, display)
    try:
        found = _result(what, store or options.DEFAULT_STORE, job.began)
    except UserError as error:
        text = result.absent(error, job.link)
        _add_to_summary(job.summary, lambda room: text, display)
        if when != "never":
            post(lambda thread: notes.withdraw(thread, name, text))
        raise
    _add_to_summary(job.summary, lambda room: pages.summary(found, limit=room, link=job.link), display)
    placed = github.at_root(found, job.workspace) if job.workspace and isinstance(found, Comparison) else found
    page.show("".join(f"{line}\n" for line in pages.annotations(placed)))
    if when != "never":
        body = pages.comment(found, suite=result.suite_of(found), job=name, link=job.link)
        post(lambda thread: notes.publish(thread, body, create=result.worth_a_comment(found, when)))
    return OK


@command.command("gitlab")
@_what
@options.store
@_job
@_comment
@options.output_flags
def gitlab(what: str, store: Path | None, name: str | None, when: str, display: options.Display) -> int:
    """fteval.xml (JUnit) and metrics.txt (OpenMetrics) for artifacts:reports, and one note in the merge request.

    For after_script. Exits with 0 when there is a result to tell, although GitLab may not take the note (a warning says
    why), and with 2 or 3 when there is none. VERDICT.json is what `fteval run -o` wrote.

    \b
    Needs:    FTEVAL_GITLAB_TOKEN, a project access token with scope api
    Example:  fteval ci gitlab verdict.json
    """
    from fteval.ci import gitlab, notes, result
    from fteval.reports.files import junit, openmetrics
    from fteval.reports.markdown import github as pages

    job = gitlab.job(os.environ)
    name = name or job.name
    post = partial(_post, partial(gitlab.merge_request, job), _GITLAB_REFUSES, display)
    try:
        found = _result(what, store or options.DEFAULT_STORE, job.began)
    except UserError as error:
        text = result.absent(error, job.link)
        if when != "never":
            post(lambda thread: notes.withdraw(thread, name, text))
        raise
    _write(Path("fteval.xml"), junit.render(found))
    _write(Path("metrics.txt"), openmetrics.render(found))
    if when != "never":
        body = pages.comment(found, suite=result.suite_of(found), job=name, link=job.link)
        post(lambda thread: notes.publish(thread, body, create=result.worth_a_comment(found, when)))
    return OK


_GITHUB_REFUSES = (
    "a pull request from a fork has a read-only token; otherwise the job needs `permissions: {pull-requests: write}`"
)
_GITLAB_REFUSES = "the token needs the scope api and the role Reporter or more"


def _result(what: str, store: Path, began: datetime | None) -> Result:
    from fteval.ci import result
    from fteval.experiment import saved

    found = result.of_file(Path(what), store) if what.endswith(".json") else saved.saved(what, store)
    if what == "latest":
        result.check_fresh(found, began)
    result.check_sound(found)
    return found


def _add_to_summary(path: Path | None, draw: Callable[[int], str], display: options.Display) -> None:
    from fteval.ci import github

    if path is None:
        _note("no step summary: GITHUB_STEP_SUMMARY is not set", display)
        return
    try:
        page = draw(github.room_in_summary(path))
        if page:
            github.add_to_summary(path, page)
    except OSError as error:
        _warn(f"no step summary: {error.strerror}")
        return
    if page:
        _note("step summary written", display)
    else:
        _warn("no step summary: this step has filled it already")


def _post(
    find: Callable[[], PullRequest | MergeRequest | None],
    refusal: str,
    display: options.Display,
    act: Callable[[Thread], Awaitable[bool]],
) -> None:
    from fteval.ci import notes

    try:
        thread = find()
        if thread is None:
            _note("no comment: this is no job of a pull or merge request", display)
        elif notes.speak(thread.api, thread, act):
            _note("comment written", display)
        else:
            _note("no comment: none is there yet, and none is to be made", display)
    except Failed as error:
        _warn(f"no comment: {error}" + (f": {refusal}" if error.status in (401, 403, 404) else ""))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", where=str(path.absolute())) from None


def _note(text: str, display: options.Display) -> None:
    if not display.quiet:
        click.echo(f"fteval: {text}", err=True)


def _warn(text: str) -> None:
    click.echo(f"fteval: warning: {text}", err=True)
