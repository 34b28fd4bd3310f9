"""Where an export is made: beside the folder that it becomes, in one rename, or not at all.

<parent>/.<name>.exporting/whole/     the merged model, where something else is made of it
<parent>/.<name>.exporting/made/      what will be the folder
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fteval.engines.local.exported import RECORD
from fteval.errors import UserError
from fteval.runs.journal.files import cannot_write
from fteval.runs.journal.lock import Lock
from fteval.trainers.making import workshop


@dataclass(frozen=True, slots=True)
class Bench:
    """Two empty folders on the disk of the target."""

    whole: Path
    made: Path
    target: Path

    def publish(self) -> None:
        """Moves what was made to its place. Raises Incomplete when the disk does not take it."""
        mask = os.umask(0)
        os.umask(mask)
        for path in self.made.iterdir():
            path.chmod(0o666 & ~mask)  # safetensors writes files that nobody else may read
        workshop.publish(self.made, self.target)


def check_target(target: Path, needed: int) -> None:
    """Raises UserError for a folder that is there, cannot be written, or lies on a disk without `needed` bytes."""
    if os.path.lexists(target) and not (target.is_dir() and not target.is_symlink() and not any(target.iterdir())):
        what = "holds an export already" if (target / RECORD).exists() else "is there already"
        raise UserError(f"{target} {what}", where=str(target.absolute()), fix="name another folder, or move that one")
    home = next(p for p in target.absolute().parents if p.exists())
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        raise UserError(f"nothing can be written into {home}", where=str(home), fix="name another folder with -o")
    free = shutil.disk_usage(home).free
    if free < needed:
        raise UserError(
            f"not enough disk space: the export takes {needed / 1e6:,.0f} MB while it is made, {free / 1e6:,.0f} MB "
            "are free",
            where=str(home),
            fix="free some space, or name a folder on another disk",
        )


@contextmanager
def bench(target: Path, locks: Path) -> Iterator[Bench]:
    """A place to make an export in, gone at the end; what a killed one left there is cleared away.

    Raises Incomplete while another process makes the same folder.
    """
    target = target.absolute()
    place = target.with_name(f".{target.name}.exporting")
    made_home = not target.parent.exists()
    with Lock(locks / f".export-{hashlib.sha256(os.fsencode(target)).hexdigest()[:16]}.lock"):
        try:
            shutil.rmtree(place, ignore_errors=True)
            (place / "whole").mkdir(parents=True)
            (place / "made").mkdir()
        except OSError as error:
            raise cannot_write(place, error) from error
        try:
            yield Bench(place / "whole", place / "made", target)
        finally:
            shutil.rmtree(place, ignore_errors=True)
            if made_home:
                with contextlib.suppress(OSError):  # what was written is in it
                    target.parent.rmdir()
