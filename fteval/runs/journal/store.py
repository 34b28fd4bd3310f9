"""The folder that keeps runs, comparisons and candidates. Journals are the truth; everything else can be deleted.

    .fteval/                                    mode 0700, ignored by git
      runs/20261120T101756Z-7f3a9c1e5b2d40aa/   UTC time and 64 random bits; made once, never reused, never cleaned up
      comparisons/<id>.json
      noise/<digest of model, suite and sampling>.json
      candidates/<id>/
      vectors/<digest of corpus and embeddings>.sqlite
      order                                     ids as they were made: clocks may go back

There is no index: a key stands at a fixed place of its line, so that scanning ten runs of 100,000 generations takes
about three seconds, and only runs of the same engine identity and sampling are scanned.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.records import Comparison, NoiseFloor, RunRecord, digest
from fteval.runs.journal import codec, journal, lines
from fteval.runs.journal.files import sync_folder, write_atomically
from fteval.runs.journal.lock import Lock
from fteval.runs.journal.run import JOURNALS, Run, load_json, read_run, repair_run, verify_run

__all__ = ["JOURNALS", "Run", "Store", "is_id", "new_id", "repair_run", "verify_run"]

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}")
_TIME = len("20261120T101756Z")
_SPARE = 16 << 20
"""Bytes that a run may need beside its answers."""


class Store:
    """A store; made on first use, mode 0700, with a .gitignore.

    With `readonly` it must exist and nothing is written. Raises UserError when it cannot be used.
    """

    def __init__(self, root: Path, *, readonly: bool = False) -> None:
        if any(part.endswith(":") for part in root.parts):
            raise UserError(
                f"a store is a folder here, and {root} was an address",
                fix="--store or FTEVAL_STORE names a store elsewhere, and so does `fteval.run(store=…)`",
            )
        self.root = root
        self.runs_dir, self.comparisons_dir = root / "runs", root / "comparisons"
        if readonly:
            if not root.is_dir():
                raise UserError(f"no store at {root}", where=str(root.absolute()), fix="--store names another place")
            return
        try:
            _make_folders(root, (self.runs_dir, self.comparisons_dir, self.candidates_dir))
            probe = root / f".probe-{secrets.token_hex(4)}"
            try:
                probe.write_bytes(b"writable\n")
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot write to the store {root}: {os.strerror(error.errno or 0)}",
                where=str(root.absolute()),
                fix="name a writable folder with --store",
            ) from error

    @property
    def candidates_dir(self) -> Path:
        """Where trainers put what they make."""
        return self.root / "candidates"

    def check_space(self, answers: int, max_tokens: int, prompt_bytes: int) -> None:
        """Raises UserError when the disk cannot hold a run: answers × max_tokens × 6 bytes, and the prompts."""
        needed = answers * max_tokens * 6 + prompt_bytes + _SPARE
        free = shutil.disk_usage(self.root).free
        if free < needed:
            raise UserError(
                f"not enough disk space: {answers} answers may take {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB free",
                where=str(self.root.absolute()),
                fix="free some space, name another --store, or lower --max-tokens",
            )

    # --- what came after what ---

    def latest(self) -> tuple[str, str] | None:
        """(`run` or `comparison`, its id) of what was made last, shards aside; None where there is none."""
        whole = [run for run in self.runs() if "shard" not in run.manifest]
        made = [*(("run", run.id) for run in whole[-1:]), *(("comparison", i) for i in self.comparisons()[-1:])]
        place = self._places()
        # In a store older than the list, ids begin with the time, and a comparison is made after its runs.
        return max(made, key=lambda one: (place.get(one[1], -1), one[1][:_TIME], one[0] == "comparison"), default=None)

    def add_to_order(self, name: str) -> None:
        """Lists an id, before what it names is there: an id without anything behind it is passed over."""
        file = os.open(self.root / "order", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{name}\n".encode("ascii"))  # one write, so that two processes do not mix
            os.fsync(file)
        finally:
            os.close(file)

    def _places(self) -> dict[str, int]:
        try:
            names = (self.root / "order").read_bytes().decode("ascii", "replace").splitlines()
        except FileNotFoundError:
            return {}
        return {name: place for place, name in enumerate(names)}

    # --- runs ---

    def runs(self) -> list[Run]:
        """All runs, oldest first. A folder without a manifest was killed before it began and is no run."""
        found = []
        for name in _names(self.runs_dir):
            if is_id(name) and (run := read_run(self.runs_dir / name)):
                found.append(run)
        place = self._places()
        return sorted(found, key=lambda run: (place.get(run.id, -1), str(run.manifest.get("created")), run.id))

    def find(self, text: str) -> Run:
        """The run of an id, of the unique beginning of one, or `latest`. Raises UserError with the nearest ids."""
        runs = {run.id: run for run in self.runs()}
        return runs[_match(text, list(runs), "run", self.root)]

    def create_run(self, manifest: Mapping[str, Any]) -> tuple[Run, Lock]:
        """A new run, locked, with its plan frozen and nothing done yet."""
        path = _make_unique(self.runs_dir)
        self.add_to_order(path.name)
        lock = Lock(path / ".lock")
        try:
            run = Run(path, {"v": lines.VERSION, "id": path.name, "created": journal.timestamp(), **manifest})
            write_atomically(path / "manifest.json", _pretty(run.manifest))
        except BaseException:
            lock.release()
            raise
        return run, lock

    # --- noise floors ---

    def save_noise(self, run: RunRecord, floors: Sequence[NoiseFloor]) -> None:
        """Keeps what a model changes when it is asked again; the last measurement counts."""
        self._noise_path(run).parent.mkdir(exist_ok=True)
        saved = {"v": lines.VERSION, "run": run.id, "noise": codec.to_json(list(floors))}
        write_atomically(self._noise_path(run), _pretty(saved))

    def load_noise(self, run: RunRecord) -> tuple[NoiseFloor, ...]:
        """The noise floor of this model on this suite and sampling; empty where it was never measured."""
        path = self._noise_path(run)
        if not path.exists():
            return ()
        try:
            return tuple(codec.from_json(NoiseFloor, floor) for floor in load_json(path).get("noise", []))
        except ValueError as error:
            fix = "`fteval noise` measures it anew"
            raise Incomplete(f"damaged noise floor: {error}", where=str(path), fix=fix) from None

    def _noise_path(self, run: RunRecord) -> Path:
        plan = run.manifest["plan"]
        key = digest([run.digest, plan.get("suite"), plan.get("sampling"), plan.get("repeats")])
        return self.root / "noise" / f"{key[7:39]}.json"

    # --- comparisons ---

    def save_comparison(self, comparison: Comparison) -> str:
        """Keeps a comparison without its per-sample columns, which its runs have; returns its id."""
        chosen = comparison.id or new_id()
        if not is_id(chosen):
            raise ValueError(f"not an id of this store: {chosen!r}")
        slim = replace(
            comparison,
            id=chosen,
            base=replace(comparison.base, probes=()),
            candidates=tuple(replace(c, run=replace(c.run, probes=())) for c in comparison.candidates),
        )
        said = json.loads(json.dumps(codec.to_json(slim)))
        saved = {"v": lines.VERSION, "created": journal.timestamp(), "digest": _digest(said), "comparison": said}
        self.add_to_order(chosen)
        write_atomically(self.comparisons_dir / f"{chosen}.json", _pretty(saved))
        return chosen

    def comparisons(self) -> list[str]:
        """Ids of the saved comparisons, oldest first."""
        names = [name.removesuffix(".json") for name in _names(self.comparisons_dir)]
        made = {n: (self.comparisons_dir / f"{n}.json").stat().st_mtime_ns for n in names if is_id(n)}
        place = self._places()
        return sorted(made, key=lambda name: (place.get(name, -1), made[name], name))

    def load_comparison(self, text: str) -> Comparison:
        """The comparison of an id, of its unique beginning, or `latest`. Raises UserError with the nearest id."""
        path = self.comparisons_dir / f"{_match(text, self.comparisons(), 'comparison', self.root)}.json"
        saved, fix = load_json(path), "`fteval compare` or `fteval gate` makes it anew from its runs"
        if saved.get("digest") != _digest(saved.get("comparison")):
            what = "was edited after it was made" if "digest" in saved else "was made by an earlier fteval, or edited"
            raise Incomplete(f"this comparison {what}", where=str(path), fix=fix)
        try:
            return codec.from_json(Comparison, saved.get("comparison"))
        except ValueError as error:
            raise Incomplete(f"damaged comparison: {error}", where=str(path), fix=fix) from None


def _digest(comparison: Any) -> str:
    # Not `records.digest`: a comparison may hold infinities.
    text = json.dumps(comparison, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def is_id(text: str) -> bool:
    """Whether a store may have given it to a run or a comparison."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    """UTC time and 64 random bits: no two processes of one second make the same."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"


def _make_folders(root: Path, inner: Sequence[Path]) -> None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)  # answers may be private
    for folder in inner:
        folder.mkdir(exist_ok=True)
    if not (root / ".gitignore").exists():
        (root / ".gitignore").write_text("*\n")


def _make_unique(parent: Path) -> Path:
    while True:
        path = parent / new_id()
        try:
            path.mkdir()
            sync_folder(parent)
            return path
        except FileExistsError:
            continue


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _match(text: str, ids: list[str], what: str, root: Path) -> str:
    """An id of the list; what the user typed is compared with names, and never becomes part of a path."""
    if text == "latest" and ids:
        return ids[-1]
    found = [i for i in ids if i.startswith(text) or i.partition("-")[2].startswith(text)] if text else []
    if text in ids or len(found) == 1:
        return text if text in ids else found[0]
    if found:
        shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        what = f"'{text}' is the beginning of {len(found)} {what}s: {shown}"
        raise UserError(what, where=str(root), fix="give more of the id")
    near = difflib.get_close_matches(text, ids, n=1, cutoff=0.6)
    if not ids:
        fix = "there are none yet: `fteval run` makes them"
    else:
        fix = f"did you mean {near[0]}?" if near else f"the latest is {ids[-1]}"
    raise UserError(f"no {what} '{text[:100]}'", where=str(root), fix=f"{fix}  (`fteval runs list` shows all)")


def _pretty(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
