"""What people said of answers, as tables: how often a probe errs, whose answers they prefer, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fteval.records.people import ErrorRate, People, Preferred, Share
from fteval.reports.view.table import TextTable
from fteval.stats import units

_RIGHT = "Is the probe right? By labels of people"
_BETTER = "Whose answer is better? By people who did not know whose it was"
_ERRORS = ("Probe", "of", "chosen", "labels", "scored 1, wrongly", "scored 0, wrongly")
_PREFERRED = ("Candidate", "probe", "better / worse / tie", "preferred", "over all samples")


def tables(people: People | None) -> tuple[TextTable, ...]:
    """A table of error rates, and one of preferences; none where nobody said anything."""
    if people is None:
        return ()
    errors = TextTable(_RIGHT, _ERRORS, tuple(map(_error, people.errors)))
    preferred = TextTable(_BETTER, _PREFERRED, tuple(map(_preferred, people.preferred)))
    return tuple(table for table in (errors, preferred) if table.rows)


def notes(people: People | None) -> tuple[str, ...]:
    """What the tables leave out."""
    return tuple(_notes(people)) if people is not None else ()


def _notes(people: People) -> Iterator[str]:
    if any(one.drawn for one in people.errors):
        yield "Labels of answers that were drawn at random speak for all answers."
    if not all(one.drawn for one in people.errors):
        yield "Labels of answers that somebody chose speak for these alone: they are no random sample."
    for one in people.preferred:
        yield (
            f"{one.model}, {one.probe}: drawn at random among the {one.differing:,} pairs that differ, of "
            f"{one.total:,}. A tie is half; over all samples two answers that are the same are a tie."
        )
    for one in people.preferred:
        if one.skipped:
            yield f"{one.skipped} pairs of {one.model} were skipped: if these are unlike the others, the share is too."
    yield from people.notes


def _error(one: ErrorRate) -> tuple[str, ...]:
    unscored = f", {one.unscored} unscored" if one.unscored else ""
    return (
        units.name(one.probe, one.metric),
        one.model,
        "at random" if one.drawn else "by hand",
        f"{one.n:,}{unscored}",
        _share(one.accepted),
        _share(one.rejected),
    )


def _preferred(one: Preferred) -> tuple[str, ...]:
    return (
        one.model,
        one.probe,
        f"{one.better:,} / {one.worse:,} / {one.ties:,}",
        _interval(one.share),
        _interval(one.overall),
    )


def _share(share: Share) -> str:
    return f"{share.k:.0f} of {share.n:,}: {_interval(share)}" if share.n else "none looked at"


def _interval(share: Share) -> str:
    if not share.n or share.low is None or share.high is None:
        return "–"
    return f"{units.percent(share.k / share.n)} % [{units.percent(share.low)}, {units.percent(share.high)}]"


def as_json(people: People | None) -> dict[str, Any]:
    """For scripts, `people`; nothing where nobody said anything."""
    if people is None:
        return {}
    errors = [{**asdict(one), "n": one.n} for one in people.errors]
    preferred = [{**asdict(one), "overall": asdict(one.overall)} for one in people.preferred]
    return {"people": {"errors": errors, "preferred": preferred, "notes": list(people.notes)}}
