"""A store elsewhere (s3://, any address that fsspec knows): how it is reached, and how a file of a run comes from it.

See `mirror.py` for the layout.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.runs.journal.files import write_atomically

FOLDER = ".mirror"
"""Of a store here: which one it mirrors, and what is known of that."""
INDEX = "pushed.json"
"""Of a run: its files as they were pushed."""
_BLOCK = 1 << 20


def fetch(run: Path, name: str) -> None:
    """Brings a file of a run, as long and as it was when the run was pushed; nothing where it has none, or lies here.

    Raises Incomplete for one that is not what was pushed.
    """
    known = index(run).get(name)
    if known is None:
        return
    url = (run.parents[1] / FOLDER / "url").read_text()
    with reaching(url):
        filesystem, base = there(url)
        path = posixpath.join(base, f"runs/{run.name}/{name}")
        write_atomically(run / name, _checked(filesystem, path, known, url))


def index(run: Path) -> dict[str, dict[str, Any]]:
    """Sizes and digests of a run's files as they were pushed; none of a run that never was."""
    try:
        return read_index((run / INDEX).read_bytes(), str(run / INDEX))
    except FileNotFoundError:
        return {}


def read_index(data: bytes, where: str) -> dict[str, dict[str, Any]]:
    """The same of an index's text. Raises Incomplete for one that says nothing of the run's plan, or is damaged."""
    try:
        files = dict(json.loads(data)["files"])
        if all(
            isinstance(one["size"], int) and bytes.fromhex(one["sha256"])
            for one in (files["manifest.json"], *files.values())
        ):
            return files
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Incomplete(
        f"damaged {INDEX}", where=where, fix="push the run again from the machine that made it, or take it out"
    )


def there(url: str) -> tuple[Any, str]:
    """The filesystem of an address, which remembers no listing, and the path in it."""
    try:
        import fsspec
    except ImportError:
        raise UserError(f"{url} is read with fsspec, which is not installed", fix="pip install 'fteval[s3]'") from None
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        fix = "pip install 'fteval[s3]'" if url.startswith("s3://") else "install it, and run the same command again"
        raise UserError(f"{url} cannot be read here: {error}", fix=fix) from None
    except ValueError as error:
        raise UserError(
            f"no such kind of store: {error}", where=url, fix="a folder, s3://BUCKET/PREFIX, gs://…"
        ) from None
    filesystem.invalidate_cache()
    return filesystem, str(path).rstrip("/")


@contextlib.contextmanager
def reaching(url: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # every filesystem's library has errors of its own
        raise Incomplete(
            f"the store cannot be reached: {type(error).__name__}: {error}",
            where=url,
            fix="check address, network and credentials; what was made is kept here, and goes there with the next "
            "command that names this store",
        ) from error


def _checked(filesystem: Any, path: str, known: Mapping[str, Any], url: str) -> Iterator[bytes]:
    """So many bytes of a file as were pushed. Raises Incomplete where they are not those."""
    left, digest = int(known["size"]), hashlib.sha256()
    with filesystem.open(path, "rb") as file:
        while left and (block := file.read(min(left, _BLOCK))):
            left -= len(block)
            digest.update(block)
            yield block
    if left or digest.hexdigest() != known["sha256"]:
        raise Incomplete(
            "this file is not what was pushed: it was changed, or a push was broken off while it replaced it",
            where=f"{url}: {path}",
            fix="push the run again from the machine that made it: any command there that names this store",
        )
