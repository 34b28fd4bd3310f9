"""Whole files, written so that a reader sees the old one or the new one, whatever happens in between."""

from __future__ import annotations

import errno
import os
import secrets
import signal
from collections.abc import Iterable
from pathlib import Path

from fteval.errors import Incomplete

_KILL_AT, _, _KILL_COUNT = os.environ.get("FTEVAL_TEST_KILL_AT", "").partition(":")
_kills_left = int(_KILL_COUNT or 1)


def kill_point(name: str) -> None:
    """Where the tests kill this process: FTEVAL_TEST_KILL_AT=after-write, or after-write:3 for the third time.

    The points are before-write, after-write, after-sync (journals) and during-rename (whole files). SIGKILL, so
    that nothing gets to tidy up. Without the variable this is one comparison.
    """
    global _kills_left
    if name == _KILL_AT:
        _kills_left -= 1
        if _kills_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Replaces a file in one step: temporary file beside it, fsync, rename, fsync of the folder.

    Raises Incomplete when the disk does not take it; the old file is untouched then.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with open(temporary, "xb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            kill_point("during-rename")
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


def sync_folder(path: Path) -> None:
    """Makes the names in a folder last: a file that was created or renamed is found after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network filesystems cannot sync a folder and say so; there is nothing better to do on them.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> Incomplete:
    """The one wording for a store that does not take any more."""
    remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "put that right"
    fix = f"{remedy}, then run the same command again: what was acknowledged is kept and not computed again"
    return Incomplete(f"cannot write {path}: {os.strerror(error.errno or 0)}", where=str(path), fix=fix)
