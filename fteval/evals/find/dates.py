"""Calendar dates in any usual writing: 2021-03-04, March 4th, 2021, the fourth of March 2021, 4.3.2021, 4 mars 2021."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import islice

from fteval.evals.answer.phrases import pattern
from fteval.evals.language.text import READ, fold, word_list


@dataclass(frozen=True, slots=True)
class Found:
    """One date in a text."""

    start: int
    end: int
    """Where, in the folded text with its numbers in digits."""
    days: frozenset[datetime.date]
    """The days that it can mean: one; two where day and month may be either way round (03/04/2021), or where the
    century is left out; none where the calendar has no such day (2021-02-30)."""
    text: str
    """As it stands there."""

    @property
    def day(self) -> datetime.date | None:
        """The day, where there is exactly one that it can mean."""
        return next(iter(self.days)) if len(self.days) == 1 else None


_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ISO_INSIDE = re.compile(rf"(?<![\w.-]){_ISO.pattern}(?![0-9A-SU-Za-su-z]|-[0-9])")


def iso_day(text: str) -> datetime.date | None:
    """The day of a text that is exactly YYYY-MM-DD, in ASCII digits, and in the calendar; else None."""
    match = _ISO.fullmatch(text)
    return _day(*map(int, match.groups())) if match else None


def holds_iso(text: str) -> bool:
    """Whether a real calendar date YYYY-MM-DD stands somewhere in the text, by itself (a time may follow)."""
    return any(_day(*map(int, m.groups())) for m in islice(_ISO_INSIDE.finditer(text[:READ]), 1_000))


def iso_form(text: str) -> bool:
    """Whether a text has the form YYYY-MM-DD, in the calendar or not."""
    return bool(_ISO.fullmatch(text))


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


# --- words ---------------------------------------------------------------------------------------

_NAMES = resources.files("fteval.evals").joinpath("data", "months.txt").read_text("utf-8").splitlines()
_MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
_UNITS = word_list(
    "oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_ORDINALS = word_list(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_TENS = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_VALUES = {
    **{word: n for n, word in enumerate(_UNITS)},
    **{word: n for n, word in enumerate(_ORDINALS, 1)},
    **{word: 10 * n for n, word in enumerate(_TENS, 2)},
    "thirtieth": 30,
    "hundred": 100,
    "thousand": 1000,
}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_IN_WORDS = re.compile(rf"\b(?:{_any_of(_VALUES)})\b(?:(?:,? and |[ -])(?:{_any_of(_VALUES)})\b){{0,9}}")


def _in_digits(words: re.Match[str]) -> str:
    """Twenty-one, fifteen seventy-eight and two thousand and four as 21, 1578 and 2004."""
    total = now = 0
    for value in (_VALUES[word] for word in re.findall(r"[a-z]+", words[0]) if word != "and"):
        if value >= 100:
            total, now = (total, now * 100) if value == 100 else (now * 1000, 0)
        else:
            now = 100 * now + value if now % 100 >= 10 and (value >= 10 or not value) else now + value
    return str(total + now)


@lru_cache(maxsize=8)
def _folded(text: str) -> str:
    """The text as dates are looked for in it."""
    return _IN_WORDS.sub(_in_digits, fold(text[:READ]))


# --- patterns ------------------------------------------------------------------------------------

_MONTH = rf"(?P<month>{_any_of(_MONTHS)})\b\.?"
_YEAR = r"(?P<year>[0-9]{4}(?![0-9])|'?[0-9]{2}(?![0-9:]|\s*(?:am|pm|o'clock|h\b|%)))"
_DAY = r"(?:the )?(?P<day>[0-9]{1,2}(?![0-9]))(?:st|nd|rd|th|er|º|ª|\.)?"
_OF_YEAR = r"(?:[\s,/-]+|\s*,?\s*(?:in |of |del? |do |anno )?(?:the year )?)"
_BY_NAME = (
    re.compile(rf"\b{_MONTH}[\s,-]*{_DAY}(?=\D){_OF_YEAR}{_YEAR}"),  # March 4th, 2021
    re.compile(
        rf"(?<![0-9./-]){_DAY}(?:\s+day)?[\s/-]*(?:of |de |di )?\s*{_MONTH}{_OF_YEAR}{_YEAR}"
    ),  # 4th of March 2021
    re.compile(rf"(?<![0-9]){_YEAR}[\s,/-]*(?:on )?{_MONTH}[\s-]*{_DAY}(?![0-9])"),  # 2021 March 4
    re.compile(rf"(?<![0-9]){_YEAR}[\s,/-]+(?:on )?{_DAY}(?:\s+of)?[\s-]+{_MONTH}"),  # in 2021, on the 4th of March
)
_HAS_MONTH = re.compile(rf"(?<![a-z])(?:{_any_of(_MONTHS)})(?![a-z])")
_NUMERIC = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][./,-])(?:"
    r"(?P<y1>[0-9]{4})(?P<s1>\s?[-/.]\s?)(?P<m1>[0-9]{1,2})(?P=s1)(?P<d1>[0-9]{1,2})"
    r"|(?P<a>[0-9]{1,2})(?P<s2>\s?[-/.]\s?)(?P<b>[0-9]{1,2})(?P=s2)(?P<y2>[0-9]{4}|'?[0-9]{2})"
    r"|(?P<iso>[12][0-9]{3}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])|[0-9]{4}-?w[0-9]{2}-?[1-7])"
    r"|(?P<y4>[0-9]{3,4}) ?年 ?(?P<m4>[0-9]{1,2}) ?月 ?(?P<d4>[0-9]{1,2}) ?日"
    r")(?![0-9]|[A-SU-Za-su-z]|[./-][0-9])"
)


@lru_cache(maxsize=8)
def find(text: str) -> list[Found]:
    """The dates of a text in their order, up to the first 50,000 characters. Days without a year are no dates."""
    folded = _folded(text)
    kept: list[Found] = []
    for one in sorted([*_named(folded), *_numeric(folded)], key=lambda f: (f.start, f.start - f.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _named(folded: str) -> Iterator[Found]:
    # Only near month names: long texts without any cost nothing. And near so many only: "March March March …".
    done = -1
    for month in islice(_HAS_MONTH.finditer(folded), 2_000):
        if month.start() < done:
            continue
        low, high = max(0, month.start() - 60, done), min(len(folded), month.end() + 60)
        for at, writing in enumerate(_BY_NAME):
            match = writing.search(folded, low if at else month.start(), high)
            if match and match.start("month") == month.start():
                days = _days(_years(match["year"]), [_MONTHS[match["month"]]], [int(match["day"])])
                yield Found(match.start(), match.end(), days, match[0])
                done = match.end()
                break


def _numeric(folded: str) -> Iterator[Found]:
    for match in _NUMERIC.finditer(folded):
        if match["a"]:
            a, b = int(match["a"]), int(match["b"])
            years = _years(match["y2"])
            days = _days(years, [b], [a]) | _days(years, [a], [b])
            if len(years) > 1:  # 21-03-04 may begin with its year
                days |= _days(_years(match["a"]), [b], [int(match["y2"].lstrip("'"))])
        elif match["iso"]:
            days = _of_iso(match["iso"].upper())
        else:
            year, month, day = next((match[f"y{n}"], match[f"m{n}"], match[f"d{n}"]) for n in "14" if match[f"y{n}"])
            days = _days([int(year)], [int(month)], [int(day)])
        yield Found(match.start(), match.end(), days, match[0])


def _days(years: list[int], months: list[int], days: list[int]) -> frozenset[datetime.date]:
    every = (_day(y, m, d) for y in years for m in months for d in days)
    return frozenset(day for day in every if day is not None)


def _of_iso(text: str) -> frozenset[datetime.date]:
    try:
        return frozenset([datetime.date.fromisoformat(text)])
    except ValueError:
        return frozenset()


def _years(text: str) -> list[int]:
    """The years that are meant: all centuries from 1500 on for two digits."""
    year = text.lstrip("'")
    return [int(year)] if len(year) > 2 else [century + int(year) for century in range(1500, 2100, 100)]


# --- what is said --------------------------------------------------------------------------------

_DENIED = re.compile(
    r"(?:\b(?:can)?not|n't|\bnever|\bno longer|\binstead of|\brather than|\bneither|\bnor)(?: \w+){0,3}[\s(\"']*$"
)


def is_day(text: str, wanted: datetime.date) -> tuple[float | None, str]:
    """1 where the text says this day and no other, 0 where it does not, None where that is left open; and why.

    A day that the text denies ("not March 4, 2021") or takes back ("March 5. Actually, no: …") is not said. A date in
    two writings is one day.
    """
    folded = _folded(text)
    found = find(text)
    said = _last_said([f for f in found if not _DENIED.search(folded, max(0, f.start - 60), f.start)], folded)
    if not said:
        return 0.0, "no date in the answer" if not found else f"the answer says that it is not '{found[0].text}'"
    if all(not f.days for f in said):
        return 0.0, f"'{said[0].text}' is not in the calendar"
    other = next((f for f in said if wanted not in f.days), None)
    if other is not None and any(wanted in f.days for f in said):
        return 0.0, f"several dates: {', '.join(f.text for f in said[:4])}"
    if other is not None:
        return 0.0, f"'{other.text}', wanted {wanted.isoformat()}"
    if any(f.day == wanted for f in said):
        return 1.0, ""
    return None, f"'{said[0].text}' can be read as {' or '.join(sorted(d.isoformat() for d in said[0].days)[:2])}"


def _last_said(said: list[Found], folded: str) -> list[Found]:
    """What still stands after the last correction between two dates."""
    for at in range(len(said) - 1, 0, -1):
        if pattern("taken_back").search(folded, said[at - 1].end, said[at].start):
            return said[at:]
    return said
