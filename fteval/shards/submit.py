"""Has a provider run batch files: uploads them, creates one batch for each and never two, waits, downloads.

DIR/batches.json says before and after each step how far a file is. After a lost answer, or a kill, the batch is looked
for by its metadata before one is created.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fteval.engines.refs import Source, read_json
from fteval.engines.remote.servers import Servers
from fteval.engines.shards import URL
from fteval.errors import Incomplete, Interrupted, UserError
from fteval.experiment.place import Place
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.runs.journal.files import write_atomically
from fteval.runs.journal.lock import Lock
from fteval.shards.work import LOCK, Todo
from fteval.trainers.provider.client import PATIENT, Later, Provider, Unanswered

NAME = "batches.json"
ENDED = ("completed", "failed", "expired", "cancelled")
_AGAIN = "run the same command again in a minute: it looks for the batch first, and creates one only if there is none"


@dataclass(slots=True)
class Batch:
    """What is known of a file's batch."""

    run: str
    attempt: int = 1
    """Above 1 where an earlier batch of the same file ended without its answers."""
    input_file: str | None = None
    tried: bool = False
    """Whether a batch was asked for and no answer has come."""
    batch: str | None = None
    fetched: bool = False
    """Whether the batch has ended and its files lie in the folder."""

    def metadata(self, sha256: str) -> dict[str, str]:
        return {"fteval_shard": sha256, "fteval_run": self.run, "fteval_attempt": str(self.attempt)}


@dataclass(slots=True)
class Notes:
    """DIR/batches.json: the digest of a batch file -> its batch."""

    path: Path
    batches: dict[str, Batch] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Notes:
        path = folder / NAME
        if not path.exists():
            return cls(path)
        try:
            return cls(path, {sha: Batch(**noted) for sha, noted in read_json(path)["batches"].items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise Incomplete(f"damaged {NAME}: {error}", where=str(path), fix="see the provider's batches") from None

    def save(self) -> None:
        noted = {"v": 1, "batches": {sha: asdict(batch) for sha, batch in self.batches.items()}}
        write_atomically(self.path, json.dumps(noted, indent=1).encode("ascii") + b"\n")

    def of_file(self, todo: Todo) -> Batch:
        """The file's batch; a new attempt where the last one has ended and the file is still to be run."""
        before = self.batches.get(todo.sha256)
        if before is None or before.fetched:
            self.batches[todo.sha256] = Batch(todo.run, before.attempt + 1 if before else 1)
            self.save()
        return self.batches[todo.sha256]


def follow(todo: Sequence[Todo], folder: Path, place: Place, servers: Servers) -> None:
    """Returns when the batches of all files have ended and their outputs lie in the folder.

    Raises UserError for a model that no server has, Incomplete for a provider that does not answer, Interrupted for
    SIGINT and SIGTERM: the batches go on then, and the same command follows them.
    """
    local = [one.engine.ref for one in todo if not one.engine.served]
    if local:
        raise UserError(
            f"--batch-api is for models behind a server, and {local[0]} is not", fix="run the files: vllm run-batch"
        )
    if place.offline and todo:
        raise UserError("--batch-api needs its provider", fix="leave --offline out")
    going_on = "stopping: batches that were created go on at the provider"
    with Lock(folder / LOCK), Signals(going_on) as signals:
        notes = Notes.of(folder)
        try:
            with signals.cancelling():
                sources = {_server(one): one.engine.source for one in todo}
                providers = {
                    server: Provider(source, PATIENT, servers.key_variable(source.url))
                    for server, source in sources.items()
                }
            for one in todo:
                _submit(providers[_server(one)], one, notes, signals)
            with signals.cancelling():
                _wait(providers, todo, folder, notes, place)
        except Stop:
            known = sum(noted.batch is not None and not noted.fetched for noted in notes.batches.values())
            raise Interrupted(
                f"interrupted; {known} batches go on at the provider",
                signal_number=signals.number or 2,
                where=str(folder),
                fix=f"the same command follows them: {place.command}",
            ) from None


def _server(todo: Todo) -> Source:
    """One provider for all models of a server."""
    source = todo.engine.source
    return Source(source.kind, "", url=source.url, hosted=source.hosted)


def _submit(provider: Provider, todo: Todo, notes: Notes, signals: Signals) -> None:
    noted = notes.of_file(todo)
    if noted.batch is not None:
        return
    with signals.cancelling():
        found = _find(provider, todo, noted) if noted.tried else None
        if found is None and noted.input_file is None:
            noted.input_file = provider.upload(todo.path.name, todo.path.read_bytes(), "batch")
            notes.save()
    if found is None:
        noted.tried = True
        notes.save()
        body = {
            "input_file_id": noted.input_file,
            "endpoint": URL,
            "completion_window": "24h",
            "metadata": noted.metadata(todo.sha256),
        }
        # Not cancelled in the middle: the answer says which batch is paid for.
        try:
            found = provider.create_batch(body)
        except Unanswered as error:
            with signals.cancelling():
                found = _find(provider, todo, noted)
            if found is None:
                what = f"{error.what}; the provider lists no such batch"
                raise Unanswered(what, where=error.where, fix=_AGAIN) from None
        except UserError:
            noted.tried = False  # refused: there is none
            notes.save()
            raise
    if not isinstance(found.get("id"), str):
        raise Incomplete("the provider's batch has no id", where=provider.url, fix=_AGAIN)
    noted.batch = found["id"]
    notes.save()


def _find(provider: Provider, todo: Todo, noted: Batch) -> Mapping[str, Any] | None:
    """The batch of a file that was asked for and not answered; by its input too, for servers without metadata."""
    wanted = noted.metadata(todo.sha256)
    for pause in provider.waits.looks:
        time.sleep(pause)
        for batch in provider.batches():
            if batch.get("metadata") == wanted or batch.get("input_file_id") == noted.input_file:
                return batch
    return None


def _wait(providers: Mapping[Source, Provider], todo: Sequence[Todo], folder: Path, notes: Notes, place: Place) -> None:
    waiting = {one.sha256: one for one in todo}
    rows = sum(one.rows for one in todo)
    done = dict.fromkeys(waiting, 0)
    for pause in PATIENT.between():
        for sha, one in list(waiting.items()):
            provider, noted = providers[_server(one)], notes.batches[sha]
            assert noted.batch is not None
            batch = _patiently(provider, noted.batch)
            done[sha] = _ended_rows(batch)
            if batch.get("status") in ENDED:
                _fetch(provider, one, noted.batch, batch, folder, place)
                noted.fetched, done[sha] = True, one.rows
                notes.save()
                del waiting[sha]
        ended = f"{len(todo) - len(waiting)} of {len(todo)} batches have ended"
        place.listener.progress("batches", sum(done.values()), rows, ended)
        if not waiting:
            return
        time.sleep(pause)


def _patiently(provider: Provider, batch_id: str) -> Mapping[str, Any]:
    """A batch as it is now; the provider may be away for a while, since the batch goes on."""
    began = time.monotonic()
    while True:
        try:
            return provider.batch(batch_id)
        except Later:
            if time.monotonic() - began > provider.waits.patience:
                raise


def _ended_rows(batch: Mapping[str, Any]) -> int:
    counts = batch.get("request_counts")
    found = [counts.get(n) for n in ("completed", "failed")] if isinstance(counts, Mapping) else []
    return sum(n for n in found if isinstance(n, int))


def _fetch(provider: Provider, todo: Todo, batch_id: str, batch: Mapping[str, Any], folder: Path, place: Place) -> None:
    """Writes what a batch left; both files, because what failed is in one of its own."""
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in batch_id)[:80]
    for kind in ("output", "error"):
        file_id = batch.get(f"{kind}_file_id")
        if isinstance(file_id, str) and file_id:
            write_atomically(folder / f"{todo.path.stem}.{safe}.{kind}.jsonl", provider.content(file_id))
    if batch.get("status") != "completed":
        errors = batch.get("errors")
        data = errors.get("data") if isinstance(errors, Mapping) else None
        why = [str(e.get("message")) for e in data if isinstance(e, Mapping)] if isinstance(data, list) else []
        said = provider.clean("; ".join(why[:3]))
        place.listener.note(
            f"{todo.path.name}: the batch {batch_id} has {batch.get('status')}" + (said and f": {said}")
        )
