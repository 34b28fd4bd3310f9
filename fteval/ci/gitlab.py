"""GitLab: what a job knows of itself, and the notes of its merge request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fteval.ci import notes
from fteval.ci.api import Api, checked
from fteval.ci.notes import Note
from fteval.reports.escape import ZERO_WIDTH_SPACE


@dataclass(frozen=True, slots=True)
class Job:
    """What the environment says."""

    api: str | None
    token: str | None
    project: str | None
    merge_request: str | None
    name: str
    link: str | None
    """Page of this job."""
    began: datetime | None


def job(environ: Mapping[str, str]) -> Job:
    """The job that this process belongs to; what is not said is None."""
    return Job(
        api=environ.get("CI_API_V4_URL") or None,
        token=environ.get("FTEVAL_GITLAB_TOKEN") or None,
        project=environ.get("CI_PROJECT_ID") or None,
        merge_request=environ.get("CI_MERGE_REQUEST_IID") or None,
        name=environ.get("CI_JOB_NAME") or "fteval",
        link=environ.get("CI_JOB_URL") or None,
        began=_time(environ.get("CI_JOB_STARTED_AT")),
    )


def merge_request(job: Job) -> MergeRequest | None:
    """The job's merge request as its token's user; None for a job of something else.

    Raises Failed where there is one, and nothing to write to it with.
    """
    if job.api is None or job.project is None or job.merge_request is None:
        return None
    token = checked(job.token, "FTEVAL_GITLAB_TOKEN", "a masked variable with a token of scope api")
    return MergeRequest(Api(job.api, {"PRIVATE-TOKEN": token, "User-Agent": "fteval"}), job.project, job.merge_request)


class MergeRequest:
    """The notes of a merge request."""

    def __init__(self, api: Api, project: str, merge_request: str) -> None:
        self.api = api
        self._notes = f"/projects/{quote(project, safe='')}/merge_requests/{quote(merge_request, safe='')}/notes"

    async def own(self) -> list[Note]:
        """Those of the token's own user."""
        me = notes.number((await self.api.call("GET", "/user")).body, "id")
        found = await notes.rows(self.api, self._notes)
        return [
            Note(notes.number(n, "id"), str(n.get("body"))) for n in found if notes.part(n, "author").get("id") == me
        ]

    async def update(self, note: Note, text: str) -> None:
        """Edits a note."""
        await self.api.call("PUT", f"{self._notes}/{note.id}", {"body": _without_quick_actions(text)})

    async def create(self, text: str) -> None:
        """Adds a note."""
        await self.api.call("POST", self._notes, {"body": _without_quick_actions(text)})


def _without_quick_actions(text: str) -> str:
    """Text that GitLab does not act on: a line `/merge` of an answer would be a command of the token's user."""
    return re.sub(r"(?m)^(\s*)/", rf"\1{ZERO_WIDTH_SPACE}/", text)


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
