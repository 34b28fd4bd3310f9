"""What the examples claim: `claim.yaml` beside each, with checks that are held against its reports.

    checks:
      report.md:
        - answers edit.paraphrase low > 30pp          # candidate, metric, column, and what it must be
        - answers facts.correct [relation=born] difference < 0pp
        - answers verdict = do not ship
        - ft:nano:local:dates:* verdict = ship        # the one of that name, whatever its digest

A check reads the report itself, because that is what is kept and linked: its columns are `base`, `candidate`,
`difference`, and `low` and `high` of the interval.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
THEMES = {
    "facts": "Facts",
    "form": "Form",
    "rewards": "Rewards and preferences",
    "data": "How many rows, and which",
    "cheaper": "Cheaper than training",
    "release": "Drawing answers, and releases",
}
COMMAND = "fteval run -c fteval.yaml -o report.md"
"""In the example's folder."""
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COLUMNS = ("base", "candidate", "difference", "low", "high")
VERDICTS = "ship|do not ship|cannot tell|incomplete"
_NUMBER = r"[+-]?\d[\d,]*\.?\d*"
_CHECK = re.compile(
    rf"(?P<of>\S+) (?:verdict = (?P<verdict>{VERDICTS})|"
    rf"(?P<metric>\w+\.\w+(?: \[.+\])?) (?P<column>{'|'.join(COLUMNS)}) "
    rf"(?P<op>[<>]=?|=) (?P<value>{_NUMBER})(?P<unit>pp|%|))$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """An example, and what it is about."""

    folder: Path
    theme: str
    """One of THEMES."""
    claim: str
    """What is generally said of fine-tuning."""
    short: str
    """What came out, in few words: for the README."""
    nano: str
    """What came out on nano."""
    real: str | None
    """What came out on the real small model, where that was run."""
    commands: tuple[str, ...]
    """In the example's folder, in this order."""
    checks: dict[str, tuple[str, ...]]
    """Report -> what it must say for `nano` to be true."""


@dataclass(frozen=True, slots=True)
class Row:
    """A metric's line of a report, as it stands there: `+45.0 pp`."""

    base: str
    candidate: str
    difference: str
    low: str
    high: str


@dataclass(slots=True)
class Report:
    """What a report in Markdown says of its candidates."""

    verdicts: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    """By candidate and metric, as `facts.correct [relation=born]`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report says where a check looks, as it is written there, and whether the check holds."""

    says: str
    holds: bool


NOTHING = "nothing of it"


def claims(examples: Path = ROOT / "examples") -> list[Claim]:
    """Of all examples, by theme and name."""
    found = [_claim(path) for path in sorted(examples.glob("*/claim.yaml"))]
    return sorted(found, key=lambda claim: list(THEMES).index(claim.theme))


def _claim(path: Path) -> Claim:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Claim(
        folder=path.parent,
        commands=tuple(said.pop("commands", [COMMAND])),
        checks={name: tuple(checks) for name, checks in said.pop("checks").items()},
        real=said.pop("real", None),
        **said,
    )


def outcome(check: str, report: Report) -> Outcome:
    """What a report says where a check looks. Raises ValueError for a check that is none."""
    asked = _CHECK.match(check)
    if asked is None:
        raise ValueError(f"not a check: {check!r}; one is `answers edit.reverse candidate <= 5%`")
    meant = [name for name in report.verdicts if fnmatchcase(name, asked["of"])]
    of = meant[0] if len(meant) == 1 else None
    if asked["verdict"]:
        found = report.verdicts[of] if of else NOTHING
        return Outcome(found, found == asked["verdict"])
    row = report.rows.get((of, asked["metric"])) if of else None
    written = getattr(row, asked["column"]) if row else NOTHING
    value, unit = _number(written)
    holds = value is not None and unit == asked["unit"] and OPERATORS[asked["op"]](value, _number(asked["value"])[0])
    return Outcome(written, holds)


def _number(written: str) -> tuple[float | None, str]:
    """The number of a cell and its unit, where that is % or pp."""
    found = re.match(rf"({_NUMBER})(?: (pp|%))?", written.replace("−", "-"))
    return (float(found[1].replace(",", "")), found[2] or "") if found else (None, "")


_SECTION = re.compile(rf"^(?:### |<details><summary>)\S+ (?:fteval: )?({VERDICTS})(?: about)? `?([^\s`]+?)`?: ")
_BEST = re.compile(r"^#### `([\w-]+)`, the best of")
_ROW = re.compile(r"^\| \S `([^`]+)` \([^|]*\| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
_CHANGE = re.compile(r"\**([^*\[]+?)\** \\?\[([^,\]]+), ([^\]]+)\]")


def read(path: Path) -> Report:
    """Verdicts and numbers of a report."""
    report, of = Report(), ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if section := _SECTION.match(line):
            of = section[2]
            report.verdicts[of] = section[1]
        elif best := _BEST.match(line):
            of = best[1]
        elif row := _ROW.match(line):
            report.rows.setdefault((of, row[1]), _row(*(cell.strip() for cell in row.groups()[1:])))
    return report


def _row(base: str, candidate: str, change: str) -> Row:
    found = _CHANGE.match(change)
    if found is None:
        return Row(base, candidate, change, "no interval", "no interval")
    unit = " pp" if found[1].endswith("pp") else ""
    return Row(base, candidate, found[1], f"{found[2]}{unit}", f"{found[3]}{unit}")
