"""Where a candidate is made: a folder that appears in the store complete or not at all.

<candidates>/.training/<folder>.lock     held while it is being made, so that no two processes make the same one
<candidates>/.training/<folder>/         half made; of a killed training it stays until the next one
<candidates>/.training/<folder>.kept/    its last checkpoint, which the same record goes on from (checkpoints.py)
<candidates>/<folder>/                   complete: it came here by one rename
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fteval.errors import Incomplete, UserError
from fteval.runs.journal.files import cannot_write, sync_folder
from fteval.runs.journal.lock import Lock

WORKSHOP = ".training"
KEPT = ".kept"


def prepare(candidates_dir: Path) -> None:
    """Makes the folder of the candidates, and clears away what killed trainings left in it.

    Raises UserError when nothing could be written there, before any work.
    """
    try:
        (candidates_dir / WORKSHOP).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(candidates_dir, error) from None
    if not os.access(candidates_dir / WORKSHOP, os.W_OK | os.X_OK):
        raise _not_writable(candidates_dir, PermissionError(errno.EACCES, ""))
    for left in (candidates_dir / WORKSHOP).iterdir():
        if left.is_dir() and left.suffix != KEPT:
            with contextlib.suppress(Incomplete), Lock(_lock(left)):  # held: somebody is at work there
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def workshop(candidates_dir: Path, folder: str) -> Iterator[Path]:
    """An empty folder to make a candidate in, gone at the end unless `publish` moved it.

    Raises Incomplete while another process makes the same candidate.
    """
    place = candidates_dir / WORKSHOP / folder
    with Lock(_lock(place)):
        shutil.rmtree(place, ignore_errors=True)  # of a training that was killed since `prepare`
        try:
            place.mkdir()
        except OSError as error:
            raise cannot_write(place, error) from error
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def publish(place: Path, target: Path) -> None:
    """Moves a finished candidate to its place, in one step that survives a power cut.

    Raises Incomplete when the disk does not take it.
    """
    try:
        for path in place.rglob("*"):
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        sync_folder(place)
        os.rename(place, target)
        sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error


def kept(candidates_dir: Path, folder: str) -> Path:
    """Where the checkpoint of an unfinished candidate is; its workshop's lock is for it, too."""
    return candidates_dir / WORKSHOP / f"{folder}{KEPT}"


def _lock(place: Path) -> Path:
    return place.with_name(place.name + ".lock")


def _not_writable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"candidates cannot be written: {os.strerror(error.errno or 0)}",
        where=str(path),
        fix="choose a folder that you may write to with --store",
    )
