"""GitHub: what a job knows of itself, its step summary, and the comments of its pull request."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fteval.ci import notes
from fteval.ci.api import Api, Failed, checked
from fteval.ci.notes import Note
from fteval.records import CandidateResult, Comparison

SUMMARY_LIMIT = 1 << 20
"""Bytes of a step's summary; GitHub drops a larger one whole."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a pull request comes from, for a job that was started by another workflow's end."""

    owner: str
    branch: str
    sha: str


@dataclass(frozen=True, slots=True)
class Job:
    """What the environment says."""

    api: str
    token: str | None
    repository: str | None
    pull: int | Head | None
    """The pull request's number, or how to find it."""
    name: str
    summary: Path | None
    workspace: Path | None
    link: str | None
    """Page of this workflow run."""
    began: datetime | None


def job(environ: Mapping[str, str]) -> Job:
    """The job that this process is a step of; what is not said is None."""
    place = environ.get("GITHUB_EVENT_PATH")
    repository, run = environ.get("GITHUB_REPOSITORY"), environ.get("GITHUB_RUN_ID")
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    return Job(
        api=environ.get("GITHUB_API_URL") or "https://api.github.com",
        token=environ.get("GITHUB_TOKEN") or None,
        repository=repository or None,
        pull=_pull(_event(place), environ.get("GITHUB_REF", "")),
        name=environ.get("GITHUB_JOB") or "fteval",
        summary=Path(environ["GITHUB_STEP_SUMMARY"]) if environ.get("GITHUB_STEP_SUMMARY") else None,
        workspace=Path(environ["GITHUB_WORKSPACE"]) if environ.get("GITHUB_WORKSPACE") else None,
        link=f"{server}/{repository}/actions/runs/{run}" if repository and run else None,
        began=_began(place),
    )


def add_to_summary(path: Path, page: str) -> None:
    """Appends to what this step has written before. Raises OSError."""
    gap = "\n" if path.is_file() and path.stat().st_size else ""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(gap + page)


def room_in_summary(path: Path) -> int:
    """Bytes that can still be added."""
    return SUMMARY_LIMIT - 1 - (path.stat().st_size if path.is_file() else 0)


def at_root(comparison: Comparison, workspace: Path) -> Comparison:
    """With the places of its gates relative to the root of the repository, where annotations are looked up."""
    return replace(comparison, candidates=tuple(_at_root(c, workspace) for c in comparison.candidates))


def _at_root(result: CandidateResult, workspace: Path) -> CandidateResult:
    def moved(where: str | None) -> str | None:
        found = re.fullmatch(r"(?s)(.+)(:\d+)", where or "")
        if not found:
            return where
        try:
            path = Path(os.path.relpath(found[1], workspace)).as_posix()
        except ValueError:  # another drive
            return where
        return where if path.startswith("../") else path + found[2]

    gates = tuple(replace(g, gate=replace(g.gate, where=moved(g.gate.where))) for g in result.gates)
    return replace(result, gates=gates)


# --- comments -------------------------------------------------------------------------------------


def pull_request(job: Job) -> PullRequest | None:
    """The job's pull request as its token's user; None for a job of something else.

    Raises Failed where there is one, and nothing to write to it with.
    """
    if job.repository is None or job.pull is None:
        return None
    headers = {
        "Authorization": f"Bearer {checked(job.token, 'GITHUB_TOKEN', 'env: {GITHUB_TOKEN: ${{ github.token }}}')}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "fteval",
    }
    return PullRequest(Api(job.api, headers), job.repository, job.pull)


class PullRequest:
    """The comments of a pull request."""

    def __init__(self, api: Api, repository: str, pull: int | Head) -> None:
        self.api, self._pull = api, pull
        self._repository = f"/repos/{quote(repository)}"

    async def own(self) -> list[Note]:
        """Those of the token's own user."""
        me = await self._me()
        found = await notes.rows(self.api, f"{self._repository}/issues/{await self._number()}/comments")
        return [Note(notes.number(row, "id"), str(row.get("body"))) for row in found if _is_own(row, me)]

    async def update(self, note: Note, text: str) -> None:
        """Edits a comment."""
        await self.api.call("PATCH", f"{self._repository}/issues/comments/{note.id:d}", {"body": text})

    async def create(self, text: str) -> None:
        """Adds a comment."""
        await self.api.call("POST", f"{self._repository}/issues/{await self._number()}/comments", {"body": text})

    async def _me(self) -> int | None:
        """Id of the token's user; None for the token of an app, such as the one that a job gets."""
        try:
            answer = await self.api.call("GET", "/user")
        except Failed as error:
            if error.passing or error.status not in (403, 404):
                raise
            return None
        return notes.number(answer.body, "id")

    async def _number(self) -> int:
        if isinstance(self._pull, Head):
            self._pull = await self._found(self._pull)
        return self._pull

    async def _found(self, head: Head) -> int:
        # The event names no pull request when it comes from a fork, and the number in an artifact of a fork's job would
        # be the fork's word.
        wanted = quote(f"{head.owner}:{head.branch}", safe="")
        answer = await self.api.call("GET", f"{self._repository}/pulls?state=open&head={wanted}")
        for row in notes.listed(answer):
            if notes.part(row, "head").get("sha") == head.sha:
                return notes.number(row, "number")
        raise Failed("the commit is not the newest of an open pull request")


def _is_own(row: Mapping[str, Any], me: int | None) -> bool:
    user = notes.part(row, "user")
    if me is not None:
        return bool(user.get("id") == me)
    by_app = row.get("performed_via_github_app") or str(user.get("login")).endswith("[bot]")
    return user.get("type") == "Bot" and bool(by_app)


# --- environment ----------------------------------------------------------------------------------


def _event(place: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(Path(place).read_text(encoding="utf-8")) if place else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _pull(event: Mapping[str, Any], ref: str) -> int | Head | None:
    issue = notes.part(event, "issue")
    number = notes.part(event, "pull_request").get("number") or ("pull_request" in issue and issue.get("number"))
    if isinstance(number, int) and number:
        return number
    if found := re.match(r"refs/pull/(\d+)/", ref):
        return int(found[1])
    run = notes.part(event, "workflow_run")
    owner = notes.part(notes.part(run, "head_repository"), "owner").get("login")
    if run.get("event") != "pull_request" or not owner:
        return None
    return Head(str(owner), str(run.get("head_branch")), str(run.get("head_sha")))


def _began(place: str | None) -> datetime | None:
    """When the job started: its event is written into a file then, and never touched again."""
    try:
        return datetime.fromtimestamp(Path(place).stat().st_mtime, UTC) if place else None
    except OSError:
        return None
