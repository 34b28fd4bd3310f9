"""Training files, looked at before anybody trains on them: everything at once, with the rows that show it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fteval.data.check import alike, private
from fteval.data.check.coverage import Coverage, coverage
from fteval.data.check.rows import Row, Rows

Level = Literal["error", "warning", "note"]
SHOWN = 5
"""Rows of a finding that are named; the others are counted."""
LANGUAGES = 2000
"""Rows whose language is told; of more, so many are drawn."""
_CLASSES, _COVERED, _LARGEST = 20, 0.9, 0.8
_LABEL = 4
"""Words of a label, at most."""
_SHORT = 20
"""Letters from which on a text has a language."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen, and rows that show it."""

    level: Level
    what: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at training data gave."""

    n: int
    findings: tuple[Finding, ...]
    coverage: Coverage | None

    @property
    def errors(self) -> int:
        return sum(one.level == "error" for one in self.findings)


def check(
    rows: Rows, holdouts: Mapping[str, Sequence[Row]], clusters: bool = True, seed: int = 0, mapped: bool = False
) -> Checked:
    """Looks at rows beside hold-outs, by name. Raises UserError where `clusters` are asked for without scikit-learn.

    `mapped`: with places of prompts for a picture.
    """
    kept = rows.rows
    asked = [row for held in holdouts.values() for row in held]
    cover = coverage([row.prompt for row in kept], [row.prompt for row in asked], seed, mapped) if clusters else None
    found = [
        *_format(rows),
        *_leaks(holdouts, kept),
        *_made(holdouts),
        *_private(kept),
        *_copies(kept),
        *_answers(kept),
        *_lengths(kept),
        *_languages(kept, seed),
        *_classes(kept),
        *_covered(cover, asked),
    ]
    return Checked(len(kept) + rows.n_broken, tuple(found), cover)


def finding(level: Level, what: str, places: Sequence[str]) -> Finding:
    """A finding that names the first places, and counts the others."""
    more = (f"… and {len(places) - SHOWN:,} more",) if len(places) > SHOWN else ()
    return Finding(level, what, (*places[:SHOWN], *more))


def _n(n: int, what: str = "row") -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _format(rows: Rows) -> Iterator[Finding]:
    if rows.n_broken:
        hidden = rows.n_broken - len(rows.broken)
        more = (f"… and {hidden:,} more",) if hidden else ()
        yield Finding("error", f"{_n(rows.n_broken)} cannot be learnt from", (*rows.broken, *more))
    if rows.unlearnt:
        what = f"{_n(len(rows.unlearnt))} whose answers all have a weight of 0: nothing is learnt from them"
        yield finding("error", what, rows.unlearnt)
    if rows.odd:
        what = f"{_n(len(rows.odd))} with turns in an odd order: no question last, two in a row, or system not first"
        yield finding("warning", what, rows.odd)


def _leaks(holdouts: Mapping[str, Sequence[Row]], rows: Sequence[Row]) -> Iterator[Finding]:
    for name, asked in holdouts.items():
        pairs = alike.shared(asked, rows)
        if not pairs:
            yield Finding("note", f"none of the {_n(len(asked), 'prompt')} of {name} stands in the training rows")
            continue
        counts = Counter(pair.how for pair in pairs.values())
        kinds = ", ".join(f"{n:,} {how}" for how, n in counts.most_common())
        places = [f"{asked[p.one].where} ~ {rows[p.other].where} ({p.how})" for p in pairs.values()]
        yield finding("error", f"{len(pairs):,} of {len(asked):,} prompts of {name} are trained on: {kinds}", places)


def _made(holdouts: Mapping[str, Sequence[Row]]) -> Iterator[Finding]:
    for name, asked in holdouts.items():
        if made := [row.where for row in asked if row.made]:
            what = f"{len(made):,} of {len(asked):,} rows of {name} were made of others: a hold-out is as people write"
            yield finding("warning", what, made)


def _private(rows: Sequence[Row]) -> Iterator[Finding]:
    found: dict[str, list[str]] = {}
    texts = (f"{row.context}\n{row.answer or ''}" for row in rows)
    for at, kind, _ in private.private(texts):
        found.setdefault(kind, []).append(rows[at].where)  # the place and never what stands there
    for kind, places in found.items():
        article = "an" if kind[0] in "eI" else "a"
        yield finding(
            "error" if kind in private.SECRET else "warning", f"{_n(len(places))} with {article} {kind}", places
        )


def _copies(rows: Sequence[Row]) -> Iterator[Finding]:
    pairs: dict[str, list[str]] = {}
    for pair in alike.copies(rows):
        pairs.setdefault(pair.how, []).append(f"{rows[pair.one].where} = {rows[pair.other].where}")
    for how, places in pairs.items():
        yield finding("warning", f"{_n(len(places))} {how} as an earlier one", places)
    against = [f"{rows[one].where} ≠ {rows[other].where}" for one, other in alike.conflicts(rows)]
    if against:
        what = f"{_n(len(against))} against an earlier one: the same question, another answer"
        yield finding("warning", what, against)


def _answers(rows: Sequence[Row]) -> Iterator[Finding]:
    without = [row.where for row in rows if row.answer is None]
    if without and len(without) < len(rows):
        yield finding("warning", f"{_n(len(without))} without an answer to learn", without)


def _lengths(rows: Sequence[Row]) -> Iterator[Finding]:
    told = []
    for name, texts in (("prompts", [r.context for r in rows]), ("answers", [r.answer for r in rows if r.answer])):
        sizes = sorted(text.count(" ") + 1 for text in texts if text)
        if sizes:
            told.append(
                f"{name} {sizes[len(sizes) // 2]:,} ({sizes[len(sizes) // 20]:,} to {sizes[-1 - len(sizes) // 20]:,})"
            )
    if told:
        yield Finding("note", f"words, median and from 5 % to 95 %: {'; '.join(told)}")


def _languages(rows: Sequence[Row], seed: int) -> Iterator[Finding]:
    from py3langid.langid import classify

    long = [text for row in rows if len(text := row.answer or row.prompt) >= _SHORT]
    if not long:
        return
    drawn = random.Random(seed).sample(long, LANGUAGES) if len(long) > LANGUAGES else long
    counts = Counter(classify(text[:500])[0] for text in drawn)
    shares = [f"{name} {100 * n / len(drawn):.0f} %" for name, n in counts.most_common(4) if n / len(drawn) >= 0.02]
    of = f", of {len(drawn):,} drawn" if len(drawn) < len(long) else ""
    yield Finding("note", f"languages: {', '.join(shares) or 'many'}{of}")


def _classes(rows: Sequence[Row]) -> Iterator[Finding]:
    """Where nearly all answers are a few, they are labels."""
    answers = [row.answer.strip() for row in rows if row.answer is not None]
    counts = Counter(answers).most_common(_CLASSES)
    labels = all(len(name.split()) <= _LABEL for name, _ in counts)
    if len(answers) < 20 or len(counts) < 2 or not labels or sum(n for _, n in counts) < _COVERED * len(answers):
        return
    shares = ", ".join(f"{name[:30]!r} {100 * n / len(answers):.0f} %" for name, n in counts[:6])
    level: Level = "warning" if counts[0][1] > _LARGEST * len(answers) else "note"
    yield Finding(level, f"{len(set(answers))} classes of answers: {shares}")


def _covered(cover: Coverage | None, asked: Sequence[Row]) -> Iterator[Finding]:
    if cover is None:
        return
    if cover.lopsided:
        share, n = cover.clusters[0].share, sum(bool(c.words) for c in cover.clusters)
        yield Finding("warning", f"lopsided: {100 * share:.0f} % of the rows sit in one of {n} clusters")
    if cover.far:
        what = f"{len(cover.far):,} of {len(asked):,} hold-out prompts have no neighbour in the training rows"
        yield finding("warning", what, [asked[i].where for i in cover.far])


def as_data(checked: Checked) -> dict[str, Any]:
    """What `--json` shows."""
    findings = [{"level": f.level, "what": f.what, "rows": list(f.rows)} for f in checked.findings]
    clusters = [
        {"words": list(c.words), "share": c.share, "holdout_share": c.asked}
        for c in (checked.coverage.clusters if checked.coverage else ())
    ]
    return {"rows": checked.n, "errors": checked.errors, "findings": findings, "clusters": clusters}
