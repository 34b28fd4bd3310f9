"""Passages by their meaning: static embeddings in sqlite-vec, in a file that is made once for a corpus."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.evals.find.similar import DIMENSIONS, embedded
from fteval.records import Shelf, digest

BATCH = 1_000
"""Passages that are embedded and written together; what is written stays, whenever it is stopped."""
FOLDER = "vectors"
_PATIENCE = 60_000
"""Milliseconds to wait for another run that is filling the same file."""
_TABLE = f"create virtual table if not exists passages using vec0(embedding float[{DIMENSIONS}] distance_metric=cosine)"


class Vectors:
    """The vectors of a corpus. apsw reads them: many a Python's own sqlite3 was built without extensions."""

    def __init__(self, texts: Sequence[str], shelf: Shelf | None) -> None:
        """Embeds what the file on the shelf does not have yet; without a shelf, everything, in memory.

        Raises UserError where a library is not installed, Incomplete where the file cannot be written.
        """
        self._db = _opened(":memory:" if shelf is None else str(_file(texts, shelf)))
        begun = done = self._size()
        while done < len(texts):
            self._add(texts)
            done = self._size()
            if shelf is not None:
                shelf.tell(f"embedding {len(texts):,} passages", done - begun, len(texts) - begun)

    def nearest(self, question: str, k: int, least: float) -> list[tuple[int, float]]:
        """(place, cosine) of the k nearest that have a cosine above `least`, the nearest first, of equals the first."""
        (vector,) = embedded([question])
        if not vector.any():
            return []
        asked = "select rowid, distance from passages where embedding match ? and k = ?"
        rows = self._db.execute(asked, (vector.tobytes(), k))
        near = [(rowid - 1, 1 - distance) for rowid, distance in rows if distance is not None]
        return sorted([one for one in near if one[1] > least], key=lambda one: (-one[1], one[0]))

    def _size(self) -> int:
        return int(self._db.execute("select count(*) from passages").fetchone()[0])

    def _add(self, texts: Sequence[str]) -> None:
        """The next ones: another run may be adding, too, and each is there once."""
        self._db.execute("begin immediate")
        try:
            first = self._size()
            vectors = embedded(texts[first : first + BATCH])
            rows = [(place, vector.tobytes()) for place, vector in enumerate(vectors, start=first + 1)]
            self._db.executemany("insert into passages(rowid, embedding) values (?, ?)", rows)
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _file(texts: Sequence[str], shelf: Shelf) -> Path:
    """By what is in it: another corpus, or other embeddings, are another file."""
    made_by = ["wordllama", importlib.metadata.version("wordllama"), DIMENSIONS]
    folder = shelf.folder / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise Incomplete(f"cannot keep the vectors of the corpus: {error.strerror}", where=str(folder)) from None
    return folder / f"{digest([made_by, list(texts)])[7:39]}.sqlite"


def _opened(path: str) -> Any:
    import apsw
    import sqlite_vec

    try:
        db = apsw.Connection(path)
        db.set_busy_timeout(_PATIENCE)
        db.enable_load_extension(True)
        db.load_extension(sqlite_vec.loadable_path())
        db.enable_load_extension(False)
        db.execute(_TABLE)
    except apsw.Error as error:
        fix = "it can be deleted: it is made again" if path != ":memory:" else None
        raise Incomplete(f"the vectors of the corpus cannot be kept: {error}", where=path, fix=fix) from None
    return db


def check_installed() -> None:
    """Raises UserError where a library is missing."""
    try:
        import apsw  # noqa: F401
        import sqlite_vec  # noqa: F401
        import wordllama  # noqa: F401
    except ImportError as error:
        raise UserError(f"by: dense needs {error.name}", fix="pip install 'fteval[dense]'") from None
