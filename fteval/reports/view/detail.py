"""How much of a report is shown, and which parts go first where there is no room for all of it.

A report is never cut: it is drawn again with less in it, until it fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Detail:
    """What is shown of each part; the rest is counted."""

    regressions: int = 5
    """Answers that got worse, per metric; with none of them only the counts are left."""
    improvements: int = 2
    characters: int = 1200
    """Of each prompt and answer."""
    slices: int = 40
    behaviour: bool = True
    measured: bool = True
    metrics: bool = True
    still: bool = True
    """Metrics beside the primary ones that show no change."""
    columns: int = 12
    """Metrics in the table of several candidates."""
    text: int = 500
    """Characters of a reason or a warning."""
    reasons: bool = True
    """The gates' reasons in full, beside the short ones."""
    passing: bool = True
    """Rows of gates that pass."""
    gates: int | None = None
    """Rows of other gates, the failing ones first."""
    warnings: int | None = None
    candidates: int | None = None


LADDER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("answers that changed", {"characters": 400}),
    ("answers that changed", {"regressions": 2, "improvements": 1, "characters": 200}),
    ("answers that changed", {"regressions": 1, "improvements": 0, "characters": 120}),
    ("answers that changed", {"regressions": 0, "improvements": 0}),
    ("slices", {"slices": 10}),
    ("slices", {"slices": 0}),
    ("how answers changed beside their scores", {"behaviour": False}),
    ("how this was measured", {"measured": False}),
    ("the gates' reasons in full", {"reasons": False}),
    ("metrics", {"still": False}),
    ("metrics", {"columns": 3}),
    ("metrics", {"metrics": False, "columns": 0}),
    ("reasons", {"text": 160}),
    ("reasons", {"text": 60}),
    ("passing gates", {"passing": False}),
    ("warnings", {"warnings": 5}),
    ("gates", {"gates": 200}),
    ("candidates", {"candidates": 20}),
    ("gates", {"gates": 120}),
    ("gates", {"gates": 80}),
    ("gates", {"gates": 40}),
    ("candidates", {"candidates": 5}),
    ("gates", {"gates": 10}),
    ("candidates", {"candidates": 1, "gates": 3, "warnings": 1}),
)
"""What goes first stands first: answers, slices, behaviour, conditions, metrics; gates and verdict last of all."""


def fitted(
    draw: Callable[[Detail], str], close: Callable[[str, Sequence[str]], str], fits: Callable[[str], bool]
) -> str | None:
    """The fullest report that fits; None where not even the barest does.

    `close` makes the page of what was drawn, with a line that names what is shortened or left out.
    """
    shown, missing = Detail(), list[str]()
    drawn = draw(shown)
    for name, less in LADDER:
        page = close(drawn, missing)
        if fits(page):
            return page
        shown = replace(shown, **less)
        barer = draw(shown)
        if len(barer) < len(drawn) and name not in missing:
            missing.append(name)
        drawn = barer
    page = close(drawn, missing)
    return page if fits(page) else None
