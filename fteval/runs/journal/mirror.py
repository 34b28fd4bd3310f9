"""A store that lies elsewhere (s3://, gs://, any address that fsspec knows), with a store here that mirrors it.

Here a run is written as always; `push` sends what is new. `pull` brings the list of what is there, and a journal comes
when it is read. The layout there is that of a store, so that copying it gives one, and beside it

    runs/<id>/pushed.json     size and SHA-256 of each file of the run: written last, so that half a run is none
    ledger/<id>.jsonl         looks at hold-outs: pieces, since two machines cannot append to one object

Journals only grow. A `pushed.json` stays true while a longer one is sent: so much of the file is read as it says.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete
from fteval.runs.journal import ledger
from fteval.runs.journal.elsewhere import FOLDER, INDEX, fetch, index, reaching, read_index, there
from fteval.runs.journal.files import write_atomically
from fteval.runs.journal.lock import held
from fteval.runs.journal.run import JOURNALS, Run, load_json
from fteval.runs.journal.store import Store, is_id, new_id

_WHOLE = ("comparisons", "noise")
"""Folders of small files, each written at once."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """The store here, and the one that it mirrors."""

    url: str
    root: Path

    # --- from there

    def pull(self) -> None:
        """Learns which runs and comparisons there are; their journals come when they are read.

        Raises UserError for an address that nothing here can read, Incomplete where it cannot be reached.
        """
        Store(self.root)
        with reaching(self.url):
            filesystem, base = there(self.url)
            found = filesystem.find(base, detail=True)
        names = {path[len(base) :].strip("/"): str(sorted(info.items(), key=str)) for path, info in found.items()}
        names = {name: said for name, said in names.items() if not {"", ".", ".."} & set(name.split("/"))}
        made = [*self._pull_runs(names), *self._pull_whole(names)]
        known = (self.root / "order").read_text().splitlines() if (self.root / "order").exists() else []
        for _, name in sorted(made):
            if name not in known:
                Store(self.root).add_to_order(name)
        self._pull_looks(names)

    def _pull_runs(self, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, said in names.items():
            folder, *inner = name.split("/")
            if folder != "runs" or inner[1:] != [INDEX] or not is_id(inner[0]):
                continue
            run = self.root / "runs" / inner[0]
            seen = self._seen(run.name)
            if seen.exists() and seen.read_text() == said:
                continue
            data = self._get(name)
            read_index(data, f"{self.url}: {name}")
            if not (run / INDEX).exists() or (run / INDEX).read_bytes() != data:
                if (run / INDEX).exists() and self._new(run):
                    continue  # both have gone on: what is here is kept, and `push` says so
                run.mkdir(exist_ok=True)
                for old in (*JOURNALS, "summary.json"):
                    (run / old).unlink(missing_ok=True)
                write_atomically(run / INDEX, data)
            for small in ("summary.json", "manifest.json"):
                if not (run / small).exists():
                    fetch(run, small)
            _keep(seen, said)
            yield str(load_json(run / "manifest.json").get("created")), run.name

    def _pull_whole(self, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name in names:
            folder, _, file = name.partition("/")
            if folder in _WHOLE and file.endswith(".json") and "/" not in file and not (self.root / name).exists():
                (self.root / folder).mkdir(exist_ok=True)
                data = self._get(name)
                write_atomically(self.root / name, data)
                _keep(self._mark(name), hashlib.sha256(data).hexdigest())
                if folder == "comparisons":
                    yield str(load_json(self.root / name).get("created")), file.removesuffix(".json")

    def _pull_looks(self, names: Mapping[str, str]) -> None:
        looks: dict[ledger.Look, None] = {}
        for name in sorted(names):
            if name.startswith("ledger/") and not (piece := self.root / FOLDER / name).exists():
                _keep(piece, self._get(name).decode("ascii", "replace"))
            if name.startswith("ledger/"):  # those of a pull that was broken off too
                looks |= dict.fromkeys(ledger.read_file(piece))
        known = set(ledger.read(self.root)) if looks else set()
        new = [look for look in looks if look not in known]
        if new:
            ledger.append(self.root, new)

    def _get(self, name: str) -> bytes:
        with reaching(self.url):
            filesystem, base = there(self.url)
            data: bytes = filesystem.cat_file(posixpath.join(base, name))
            return data

    # --- to there

    def push(self) -> list[str]:
        """Sends what was made here; the ids of runs that were sent. A run that somebody works on stays for later.

        Raises Incomplete where it cannot be sent: it is kept here, and goes with the next push.
        """
        sent = []
        for run in Store(self.root, readonly=True).runs():
            new = self._new(run.path)
            if new and held(run.path / ".lock") is None:
                self._push_run(run, new)
                sent.append(run.id)
        for folder in _WHOLE:
            for path in sorted((self.root / folder).glob("*.json")) if (self.root / folder).is_dir() else ():
                name, data = f"{folder}/{path.name}", path.read_bytes()
                content, mark = hashlib.sha256(data).hexdigest(), self._mark(name)
                if not mark.exists() or mark.read_text() != content:
                    self._put(name, data)
                    _keep(mark, content)
        self._push_looks()
        return sent

    def _new(self, run: Path) -> dict[str, dict[str, Any]]:
        """The files of a run that are not there as they are here, with their sizes and digests."""
        known, new = index(run), {}
        for name in (*JOURNALS, "summary.json", "manifest.json"):
            path = run / name
            if path.exists() and (path.stat().st_size != known.get(name, {}).get("size") or name not in JOURNALS):
                with open(path, "rb") as file:
                    found = {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
                if found != known.get(name):
                    new[name] = found
        return new

    def _push_run(self, run: Run, new: Mapping[str, Any]) -> None:
        folder = f"runs/{run.id}"
        before = index(run.path)
        with reaching(self.url):
            filesystem, base = there(self.url)
            last = posixpath.join(base, folder, INDEX)
            now = read_index(filesystem.cat_file(last), f"{self.url}: {last}") if filesystem.exists(last) else {}
        if now != before:
            raise Incomplete(
                f"run {run.id} was changed elsewhere since it came here, and here too",
                where=str(run.path),
                fix=f"keep one: move {run.path} away to take what is at {self.url}",
            )
        for name in new:
            with reaching(self.url):
                filesystem.makedirs(posixpath.join(base, folder), exist_ok=True)
                filesystem.put_file(str(run.path / name), posixpath.join(base, folder, name))
        data = json.dumps({"v": 1, "files": {**before, **new}}, indent=1).encode("ascii")
        self._put(f"{folder}/{INDEX}", data)
        write_atomically(run.path / INDEX, data)

    def _push_looks(self) -> None:
        pieces = sorted((self.root / FOLDER / "ledger").glob("*.jsonl"))
        sent = {look for piece in pieces for look in ledger.read_file(piece)}
        new = [look for look in ledger.read(self.root) if look not in sent]
        if new:
            name = f"ledger/{new_id()}.jsonl"
            data = b"".join(ledger.line(look) for look in new)
            self._put(name, data)
            _keep(self.root / FOLDER / name, data.decode("ascii"))

    def _put(self, name: str, data: bytes) -> None:
        with reaching(self.url):
            filesystem, base = there(self.url)
            path = posixpath.join(base, name)
            filesystem.makedirs(posixpath.dirname(path), exist_ok=True)
            filesystem.pipe_file(path, data)

    def _mark(self, name: str) -> Path:
        """Digest of a small file as it is there."""
        return self.root / FOLDER / name

    def _seen(self, run: str) -> Path:
        return self.root / FOLDER / "seen" / run


@contextlib.contextmanager
def opened(store: str | Path | None) -> Iterator[Path | None]:
    """The folder of a store: its own, or of an address the mirror, which gets what is there before and sends what is
    new after."""
    if store is None or "://" not in str(store):
        yield Path(store) if store else None
        return
    found = mirror(str(store))
    found.pull()
    try:
        yield found.root
    finally:
        found.push()


def mirror(url: str) -> Mirror:
    """The mirror of a store elsewhere, in the cache folder of this machine ($XDG_CACHE_HOME, else ~/.cache)."""
    url = url.rstrip("/")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = cache / "fteval" / "stores" / hashlib.sha256(url.encode()).hexdigest()[:16]
    Store(root)
    _keep(root / FOLDER / "url", url)
    return Mirror(url, root)


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode("utf-8"))
