"""All answers of a result as an index beside it: filtered, sorted and searched at once, however many there are.

SQLite, made of the journals and never anything else than they say: it can be deleted, and is made anew where a journal
has grown. Texts are kept as bytes, because models write what is no valid Unicode.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from fteval.experiment import sheet, stale
from fteval.records import Answer, Answered, Comparison, Metric, RunRecord, Sheet, digest, primary
from fteval.records.browsing import Found, Search
from fteval.reports.html import page
from fteval.reports.html.answers import FLAGS, anchor, flag_bits
from fteval.runs.journal import codec, rows
from fteval.runs.journal.run import JOURNALS
from fteval.runs.journal.store import Store

VERSION = 1
EACH = 100
"""Samples of a page."""
_AT_ONCE = 20_000
"""Samples whose answers are in memory while an index is made."""
_MOST = 900
"""Scores of a row; SQLite takes 2,000 columns."""
_BOTH, _OTHER = 64, 128
"""Flags of a candidate's answer: the base has one too, and it is another one."""
_RANK = "CASE WHEN {0} IS NULL THEN 2 WHEN {0} < 0 THEN 0 WHEN {0} > 0 THEN 1 ELSE 3 END"


@dataclass(frozen=True, slots=True)
class Index:
    """The answers of one result."""

    path: Path
    names: tuple[str, ...]
    metrics: Mapping[str, tuple[Metric, ...]]
    """By probe, the headline first."""
    width: int
    """Metrics of a probe, at most, by which can be sorted."""
    slices: tuple[str, ...]
    chosen: int
    total: int
    gone: tuple[str, ...]
    notes: tuple[str, ...]
    frame: tuple[str, str]
    """What stands before and after the answers in a page."""

    def find(self, search: Search, each: int = EACH) -> Found:
        """A page of what a search finds. Raises LookupError for what there is not."""
        where, values = self._where(search)
        side = search.candidate if search.candidate > 0 else self.chosen
        move = self._move(search, side)
        flags = " | ".join(f"f{i}" for i in self._sides(search))
        shows = {
            "all": "1", "worse": f"{move} < 0", "better": f"{move} > 0", "same": f"{move} = 0",
            "unscored": f"{move} IS NULL", "refused": f"({flags}) & {FLAGS['refused']}",
            "cut": f"({flags}) & {FLAGS['cut off']}", "failed": f"({flags}) & {FLAGS['failed']}",
        }  # fmt: skip
        if len(self.names) == 1:
            shows |= {"worse": "0", "better": "0", "same": f"{move} IS NOT NULL"}
        if search.show not in shows:
            raise LookupError(search.show)
        with self._open() as db:
            summed = ", ".join(f"total(CASE WHEN {one} THEN 1 END)" for one in shows.values())
            counted = db.execute(f"SELECT {summed} FROM answers WHERE {where}", values).fetchone()
            counts = {show: int(n) for show, n in zip(shows, counted, strict=True)}
            pages = max(-(-counts[search.show] // each), 1)
            if not 1 <= search.page <= pages:
                raise LookupError(f"there are {pages} pages")
            found = db.execute(
                f"SELECT place FROM answers WHERE {where} AND ({shows[search.show]}) "
                f"ORDER BY {self._order(search, side, move)} LIMIT ? OFFSET ?",
                [*values, each, (search.page - 1) * each],
            ).fetchall()
            shown = [_row(db.execute("SELECT row FROM bodies WHERE place = ?", one).fetchone()[0]) for one in found]
        return Found(
            search=search,
            sheet=self._sheet(shown, self._sides(search)),
            sides=tuple(self._sides(search)),
            chosen=0 if len(self.names) == 1 else 1 if search.candidate else self.chosen,
            names=self.names,
            metrics={probe: tuple(m.name for m in known) for probe, known in self.metrics.items()},
            slices=self.slices,
            counts=counts,
            pages=pages,
            notes=self.notes,
        )

    def all_of(self, search: Search) -> Iterator[Found]:
        """Every page of what a search finds."""
        first = self.find(replace(search, page=1), 1000)
        yield first
        for number in range(2, first.pages + 1):
            yield self.find(replace(search, page=number), 1000)

    def row(self, anchor: str) -> Answered | None:
        """The answers of all models to the sample of an anchor."""
        with self._open() as db:
            query = "SELECT row FROM bodies JOIN answers USING (place) WHERE anchor = ?"
            found = db.execute(query, [anchor]).fetchone()
            return None if found is None else _row(found[0])

    def anchors(self, probe: int) -> list[str]:
        """Of all samples of a probe."""
        with self._open() as db:
            return [name for (name,) in db.execute("SELECT anchor FROM answers WHERE probe = ?", [probe])]

    def differing(self, probe: int, side: int) -> tuple[int, int]:
        """Of a probe's samples those whose answers by the base and by a candidate differ, and those with both."""
        if not 0 < side < len(self.names):
            return 0, 0
        query = f"SELECT total(f{side} & {_OTHER} > 0), total(f{side} & {_BOTH} > 0) FROM answers WHERE probe = ?"
        with self._open() as db:
            differ, both = db.execute(query, [probe]).fetchone()
            return int(differ), int(both)

    def _sides(self, search: Search) -> list[int]:
        if len(self.names) == 1:
            return [0]
        side = _within(search.candidate, self.names)
        return list(range(len(self.names))) if side == 0 else [0, self.chosen if side < 0 else side]

    def _sheet(self, shown: Sequence[Answered], sides: Sequence[int]) -> Sheet:
        kept = [replace(row, answers=tuple(row.answers[i] for i in sides)) for row in shown]
        return Sheet(tuple(self.names[i] for i in sides), self.metrics, tuple(kept), self.total, self.gone)

    def _where(self, search: Search) -> tuple[str, list[Any]]:
        parts, values = ["1"], list[Any]()
        if search.sample:
            parts.append("anchor = ?")
            values.append(search.sample)
        if _within(search.probe, self.metrics) >= 0:
            parts.append("probe = ?")
            values.append(search.probe)
        if _within(search.slice, self.slices) >= 0:
            parts.append("instr(slices, ?)")
            values.append(f"|{search.slice}|")
        if search.text.strip():
            parts.append("place IN (SELECT place FROM texts WHERE instr(folded, ?))")
            values.append(_folded([search.text.strip()]))
        return " AND ".join(parts), values

    def _move(self, search: Search, side: int) -> str:
        """By how much a candidate is better than the base, as SQL; the level of a single model."""
        known = list(self.metrics.values())[search.probe][: self.width] if search.probe >= 0 else ()
        column = max(_within(search.metric, known), 0)
        return f"(s{side}_{column} - s0_{column})" if len(self.names) > 1 else f"s0_{column}"

    def _order(self, search: Search, side: int, move: str) -> str:
        if search.sort == "harm" and side == self.chosen and search.metric < 0:
            return "place"
        rank = _RANK.format(move) if len(self.names) > 1 else f"{move} IS NULL"
        known = {
            "harm": f"{rank}, CASE WHEN {move} > 0 AND {len(self.names)} > 1 THEN -{move} ELSE {move} END, place",
            "gain": f"{move} IS NULL, -{move}, place",
            "asked": "asked",
            "long": f"-n{side}, place",
            "short": f"n{side}, place",
        }
        if search.sort not in known:
            raise LookupError(search.sort)
        return known[search.sort]

    def _open(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True))


def _within(place: int, known: Sized) -> int:
    if not -1 <= place < len(known):
        raise LookupError(place)
    return place


# --- from the journals ------------------------------------------------------------------------------


def kept(subject: Comparison | RunRecord, store: Path) -> Index | None:
    """The index of a saved result, where one was made of its journals as they are."""
    path = place(subject, store)
    return _read(path) if path.is_file() else None


def made(subject: Comparison | RunRecord, store: Path) -> Index:
    """An index of a saved result, made now and kept in the store; where that is read-only, until the process ends."""
    path, whole = place(subject, store), sheet.whole(subject, store)
    notes = _since(subject, whole, store)
    try:
        path.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    except OSError:
        handle, name = tempfile.mkstemp(prefix="fteval-")
        path = Path(name)
    os.close(handle)
    try:
        _write(Path(name), whole, notes)
        for old in path.parent.glob(f"{subject.id}-*.sqlite"):
            old.unlink(missing_ok=True)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return _read(path)


def place(subject: Comparison | RunRecord, store: Path) -> Path:
    """Where its index lies; another place once a journal has changed."""
    sides = [subject] if isinstance(subject, RunRecord) else [subject.base, *(c.run for c in subject.candidates)]
    files = [store / "runs" / run.id / name for run in sides for name in JOURNALS]
    state = [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in files if f.is_file()]
    return store / "index" / f"{subject.id}-{digest([VERSION, page.look(), state])[7:23]}.sqlite"


def _since(subject: Comparison | RunRecord, whole: Comparison | RunRecord, store: Path) -> list[str]:
    """Warnings that the saved result does not have: what changed since it was made."""
    there = Store(store, readonly=True)
    checked: Comparison | RunRecord
    if isinstance(whole, RunRecord):
        checked = stale.with_bytes_checked(there, whole)
    else:
        checked = stale.with_all_checked(there, whole)
    return [text for text in checked.warnings if text not in subject.warnings]


def _write(path: Path, whole: Comparison | RunRecord, notes: list[str]) -> None:
    order = sheet.order(whole)
    empty = sheet.sheet(whole, 0)
    metrics = {probe: _headline_first(known) for probe, known in empty.metrics.items()}
    names, width = empty.names, max((len(known) for known in metrics.values()), default=0)
    width = min(width, _MOST // len(names))
    sides = range(len(names))
    columns = [f"s{i}_{k}" for i in sides for k in range(width)] + [f"{c}{i}" for i in sides for c in "fn"]
    asked = {place: i for i, place in enumerate(_as_asked(whole))}
    slices: dict[str, int] = {}
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute(
            "CREATE TABLE answers (place INTEGER PRIMARY KEY, asked, probe, anchor, slices, " + ", ".join(columns) + ")"
        )
        db.execute("CREATE TABLE bodies (place INTEGER PRIMARY KEY, row)")
        db.execute("CREATE TABLE texts (place INTEGER PRIMARY KEY, folded)")
        db.execute("CREATE TABLE about (what PRIMARY KEY, value)")
        marks = ", ".join("?" * (5 + len(columns)))
        probes, places = list(metrics), iter(order)
        while part := list(islice(places, _AT_ONCE)):
            known = {(row.probe, row.sample.id): row for row in sheet.sheet(whole, only=part).rows}
            for place in (one for one in part if one in known):
                row, at = known[place], asked.get(place, 0)
                within = "|".join(str(slices.setdefault(one, len(slices))) for one in _slices(row))
                numbers = [_good(a, m) for a in row.answers for m in _padded(metrics[row.probe], width)]
                flags = [n for a in row.answers for n in (flag_bits(a) | _beside(a, row.answers[0]), len(a.text or ""))]
                head = [None, at, probes.index(row.probe), anchor(*place), f"|{within}|"]
                (number,) = [db.execute(f"INSERT INTO answers VALUES ({marks})", [*head, *numbers, *flags]).lastrowid]
                db.execute("INSERT INTO bodies VALUES (?, ?)", (number, _body(row)))
                db.execute("INSERT INTO texts VALUES (?, ?)", (number, _folded(_texts(row))))
        about = {
            "names": names, "width": width, "chosen": _chosen(whole), "total": len(order), "gone": empty.gone,
            "notes": notes, "metrics": codec.to_json(metrics), "slices": list(slices), "frame": page.frame(whole),
        }  # fmt: skip
        db.executemany("INSERT INTO about VALUES (?, ?)", [(key, json.dumps(value)) for key, value in about.items()])
        db.execute("CREATE INDEX by_anchor ON answers (anchor)")
        db.commit()


def _read(path: Path) -> Index:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        about = {key: json.loads(value) for key, value in db.execute("SELECT what, value FROM about")}
    metrics = {probe: tuple(codec.from_json(Metric, m) for m in known) for probe, known in about["metrics"].items()}
    listed: dict[str, Any] = {name: tuple(about[name]) for name in ("names", "slices", "gone", "notes", "frame")}
    return Index(path, metrics=metrics, width=about["width"], chosen=about["chosen"], total=about["total"], **listed)


def _chosen(whole: Comparison | RunRecord) -> int:
    if isinstance(whole, RunRecord):
        return 0
    names = [c.name for c in whole.candidates]
    return names.index(whole.chosen) + 1 if whole.chosen in names else 1


def _as_asked(whole: Comparison | RunRecord) -> list[tuple[str, str]]:
    sides = [whole] if isinstance(whole, RunRecord) else [whole.base, *(c.run for c in whole.candidates)]
    known = next((run for run in sides if run.probes), sides[0])
    return [(p.probe, i) for p in known.probes for i in p.sample_ids]


def _headline_first(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    head = primary(metrics)
    return (head, *(m for m in metrics if m is not head))


def _padded(metrics: Sequence[Metric], width: int) -> list[Metric | None]:
    return [*metrics[:width], *[None] * (width - len(metrics))]


def _good(answer: Answer, metric: Metric | None) -> float | None:
    """A score so that more is better."""
    value = None if metric is None else answer.scores.get(metric.name)
    return value if value is None or metric is None or metric.better == "higher" else -value


def _beside(answer: Answer, base: Answer) -> int:
    if answer is base or answer.text is None or base.text is None:
        return 0
    return _BOTH | (_OTHER if answer.text.strip() != base.text.strip() else 0)


def _slices(row: Answered) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(row.sample.slices.items())]


def _texts(row: Answered) -> Iterator[str]:
    yield row.sample.id
    yield from (m.content for m in row.sample.messages)
    yield from (str(row.sample.target),) if row.sample.target is not None else ()
    for a in row.answers:
        yield from (text for text in (a.text, *a.more, a.missing, *a.reasons.values()) if text)


def _folded(texts: Sequence[str] | Iterator[str]) -> bytes:
    return "\n".join(texts).lower().encode("utf-8", "surrogatepass")


_FIELDS = [f.name for f in fields(Answer)]


def _body(row: Answered) -> str:
    answers = [{name: getattr(a, name) for name in _FIELDS} for a in row.answers]
    sample = rows.from_sample(row.probe, row.sample, "", ()).decode("ascii")
    return f"[{sample},{json.dumps(answers, separators=(',', ':'))}]"


def _row(text: str) -> Answered:
    sample, answers = json.loads(text)
    made = (Answer(**{**one, "more": tuple(one["more"])}) for one in answers)
    return Answered(sample["probe"], rows.to_sample(sample), tuple(made))
