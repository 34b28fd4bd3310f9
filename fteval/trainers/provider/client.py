"""A provider's models, files and fine-tuning jobs over its API, asked patiently: reads are repeated, creating never.

Any server with OpenAI's endpoints will do. What fails is an error that says what to do; the key is in none of them.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from fteval.engines.refs import Source
from fteval.engines.remote.endpoint import KEY_VARIABLE, endpoint
from fteval.engines.remote.patience import LONGEST_WAIT, retry_after
from fteval.errors import Incomplete, UserError

if TYPE_CHECKING:
    import openai

PAGE = 100
"""Entries of a list that are asked for at once; no provider gives more."""
QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a provider is waited for, in seconds."""

    answer: float = 60.0
    """For one answer."""
    upload: float = 600.0
    """For the answer to a file."""
    outage: float = 30.0
    """In which nothing but failures came, before a question is given up."""
    patience: float = 900.0
    """The same, while a job is known to go on, and for a file to be looked at."""
    first: float = 0.5
    """Before asking again; grows by half each time."""
    longest: float = 15.0
    looks: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0)
    """Before each look for a job whose creation was not answered: lists lag behind."""

    def between(self) -> Iterator[float]:
        """The pauses, one after the other, without end."""
        pause = self.first
        while True:
            yield pause
            pause = min(1.5 * pause, self.longest)


PATIENT = Waits()


class NotFound(UserError):
    """The server has no such thing, or does not show it to this key."""


class Later(Incomplete):
    """What may go better when it is asked again."""

    rest = 0.0
    """Seconds that the server wants to be left alone."""


class Busy(Later):
    """The server says that it did nothing, and to come again."""


class Unanswered(Later):
    """No answer, or none that can be read: whether the server did what it was asked is not known."""


class Provider:
    """One server. Cheap to make: connects at the first question."""

    def __init__(self, source: Source, waits: Waits = PATIENT, key_variable: str | None = KEY_VARIABLE) -> None:
        """The provider of a model. Raises UserError without the `openai` package or a key that is needed."""
        try:
            from openai import OpenAI
        except ImportError:
            raise UserError(
                "a provider's files and jobs need the openai package", fix="pip install 'fteval[hosted]'"
            ) from None
        self._endpoint = endpoint(source, key_variable)
        self._variable = key_variable or KEY_VARIABLE
        self.url, self.waits = self._endpoint.url, waits
        self._client = OpenAI(
            base_url=self.url,
            default_query=dict(urllib.parse.parse_qsl(self._endpoint.query[1:])),
            api_key="none",  # the package insists on one; the header is what is sent
            default_headers=self._endpoint.headers(),
            max_retries=0,  # it would create a job twice
            timeout=waits.answer,
        )

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def model(self, name: str) -> dict[str, Any]:
        """What the server says about a model. Raises NotFound."""
        return self._read(f"model '{name}'", partial(self._client.models.with_raw_response.retrieve, name))

    def upload(self, name: str, content: bytes, purpose: Literal["fine-tune", "batch"] = "fine-tune") -> str:
        """The id of a file, once the server has looked at it. Raises UserError when it refuses it.

        After a lost answer it is uploaded again: one file too many costs nothing.
        """
        client = self._client.with_options(timeout=self.waits.upload)
        file = self._read(
            f"uploading {name}",
            partial(client.files.with_raw_response.create, file=(name, content), purpose=purpose),
        )
        file_id, began = _id(file), time.monotonic()
        for pause in self.waits.between():
            status = file.get("status")
            if status in ("error", "deleted"):
                reason = self.clean(file.get("status_details") or status)
                raise UserError(f"the server does not take the file {name}: {reason}", where=self.url)
            if status not in ("uploaded", "pending", "running"):
                break
            if time.monotonic() - began > self.waits.patience:
                raise Incomplete(f"the file {file_id} is still '{status}'", where=self.url, fix=_AGAIN)
            time.sleep(pause)
            file = self._read(f"file {file_id}", partial(self._client.files.with_raw_response.retrieve, file_id))
        return file_id

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The job that was created; asked once.

        Raises Unanswered when it may have been created all the same. After any other error it was certainly not.
        """
        create: Callable[..., Any] = self._client.fine_tuning.jobs.with_raw_response.create
        return self._once("creating the job", lambda: _object(create(**body)))

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it is now. Raises NotFound."""
        return self._read(f"job {job_id}", partial(self._client.fine_tuning.jobs.with_raw_response.retrieve, job_id))

    def cancel(self, job_id: str) -> dict[str, Any]:
        """The job, which ends now. Asking twice is harmless."""
        return self._read(
            f"cancelling {job_id}", partial(self._client.fine_tuning.jobs.with_raw_response.cancel, job_id)
        )

    def jobs(self) -> Iterator[dict[str, Any]]:
        """Every job that this key may see, in the server's order (mostly the newest first).

        No filter is sent: some servers ignore it, and some forget the metadata that it would be on.
        """
        return self._pages("the list of jobs", self._client.fine_tuning.jobs.with_raw_response.list)

    def events(self, job_id: str) -> Iterator[dict[str, Any]]:
        """What happened to a job, in the server's order."""
        return self._pages(
            f"events of {job_id}", partial(self._client.fine_tuning.jobs.with_raw_response.list_events, job_id)
        )

    def checkpoints(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Models that a job kept on its way."""
        return self._pages(
            f"checkpoints of {job_id}",
            partial(self._client.fine_tuning.jobs.checkpoints.with_raw_response.list, job_id),
        )

    def create_batch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The batch that was created; asked once. Raises Unanswered as `create` does."""
        create: Callable[..., Any] = self._client.batches.with_raw_response.create
        return self._once("creating the batch", lambda: _object(create(**body)))

    def batch(self, batch_id: str) -> dict[str, Any]:
        """A batch as it is now. Raises NotFound."""
        return self._read(f"batch {batch_id}", partial(self._client.batches.with_raw_response.retrieve, batch_id))

    def batches(self) -> Iterator[dict[str, Any]]:
        """Every batch that this key may see, in the server's order."""
        return self._pages("the list of batches", self._client.batches.with_raw_response.list)

    def content(self, file_id: str) -> bytes:
        """The bytes of a file. Raises NotFound."""
        return self._patiently(f"file {file_id}", lambda: bytes(self._client.files.content(file_id).read()))

    def clean(self, text: object) -> str:
        """A server's words on one line, without the key that some repeat."""
        return self._endpoint.hidden(" ".join(str(text).split()))[:1000]

    def _pages(self, what: str, ask: Callable[..., Any]) -> Iterator[dict[str, Any]]:
        """Raises Incomplete for a server that gives the same page for ever: what is not there cannot be known then."""
        seen: set[str] = set()
        after: dict[str, str] = {}
        while True:
            page = self._read(what, partial(ask, limit=PAGE, **after))
            entries = [entry for entry in page.get("data") or [] if isinstance(entry, dict)]
            yield from entries
            if not page.get("has_more") or not entries:
                return
            last = _id(entries[-1])
            if last in seen:
                raise Incomplete(f"{what} does not end: the server ignores 'after'", where=self.url)
            seen.add(last)
            after = {"after": last}

    def _read(self, what: str, ask: Callable[[], Any]) -> dict[str, Any]:
        return self._patiently(what, lambda: _object(ask()))

    def _patiently(self, what: str, ask: Callable[[], T]) -> T:
        """The answer, asked for again while the server is down or busy. Raises Later when that takes too long."""
        began = time.monotonic()
        for pause in self.waits.between():
            try:
                return self._once(what, ask)
            except Later as error:
                pause = max(pause, error.rest)
                if time.monotonic() - began + pause > self.waits.outage:
                    raise
                time.sleep(pause)
        raise AssertionError("the pauses have no end")

    def _once(self, what: str, ask: Callable[[], T]) -> T:
        import openai

        try:
            return ask()
        except openai.APIStatusError as error:
            raise self._refused(what, error) from None
        except openai.APITimeoutError:
            raise Unanswered(f"{what}: no answer in time", where=self.url, fix=_AGAIN) from None
        except openai.APIConnectionError as error:
            reason = self.clean(error.__cause__ or error)
            raise Unanswered(f"{what}: {reason}", where=self.url, fix=_AGAIN) from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, _NotJson):  # a proxy's page, half an answer
            raise Unanswered(f"{what}: the answer is no JSON object", where=self.url, fix=_AGAIN) from None

    def _refused(self, what: str, error: openai.APIStatusError) -> UserError:
        """What a status means for whoever asked."""
        status, code = error.status_code, str(error.code or "")
        detail = self.clean(_message(error))
        told = f"{what}: {status}" + (f" {code}" if code else "") + (f": {detail}" if detail else "")
        if status == 401:
            missing = "" if self._endpoint.headers() else ", which is not set"
            return UserError(told, where=self.url, fix=f"put a key of this server into {self._variable}{missing}")
        if status == 403:
            fix = f"use a key in {self._variable} whose project may fine-tune this model"
            return UserError(told, where=self.url, fix=fix)
        if status == 404:
            fix = f"check the name, and that the key in {self._variable} is of the organisation that it belongs to"
            return NotFound(f"{told} (not found, or not visible to this organisation)", where=self.url, fix=fix)
        if status == 402 or code in QUOTA or str(error.type or "") in QUOTA:
            fix = f"raise the limit of the account behind {self._variable}, then run the same command again"
            return Incomplete(f"the quota is used up ({told})", where=self.url, fix=fix)
        if status in (408, 409, 429) or status >= 500:
            again = (Busy if status == 429 else Unanswered)(told, where=self.url, fix=_AGAIN)
            again.rest = min(retry_after(error.response.headers.get("retry-after")) or 0.0, LONGEST_WAIT)
            return again
        return UserError(told, where=self.url)


_AGAIN = "run the same command again; it looks for the job before it creates one"


class _NotJson(ValueError):
    pass


def _object(answer: Any) -> dict[str, Any]:
    """The object in a raw answer. Not as the package reads it: it trips over text where it expects a list."""
    value = json.loads(answer.http_response.content)
    if not isinstance(value, dict):
        raise _NotJson
    return value


def _id(entry: Mapping[str, Any]) -> str:
    if not isinstance(entry.get("id"), str) or not entry["id"]:
        raise Incomplete("the server's answer has no id", fix="check that the URL is of an OpenAI-compatible API")
    return str(entry["id"])


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        param = f" (param: {body['param']})" if body.get("param") else ""
        return f"{body['message']}{param}"
    return str(body) if isinstance(body, dict) else ""
