"""What each candidate costs per request, side by side; whether a fine-tune is needed stands above it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fteval.records import Comparison, Cost
from fteval.reports.view import rows
from fteval.reports.view.table import TextTable
from fteval.stats.advice_words import changes, duration
from fteval.stats.rivals import targets

_HERE = (
    "Seconds of a model that runs here: the time in which many were answered together, shared out; what their prompts "
    "begin with is read once."
)
_SERVED = "Seconds of a server: how long it took to answer one of many that were asked at a time."
_REUSED = "Answers that were there before have the times of when they were made."


@dataclass(frozen=True, slots=True)
class CostView:
    """A row for the base and one for each candidate."""

    table: TextTable
    notes: tuple[str, ...]


def of_costs(comparison: Comparison) -> CostView | None:
    """The view; None where nothing is known, or where there is one candidate: how its answers changed says it then."""
    costs = comparison.costs
    if len(costs) < 3:
        return None
    columns = [(header, shown) for header, of, shown in _COLUMNS if any(of(cost) is not None for cost in costs)]
    if not columns:
        return None
    runs = {"base": comparison.base, **{c.name: c.run for c in comparison.candidates}}
    lines = [
        (cost.name, *(shown(cost) for _, shown in columns), _what(cost, changes(runs[cost.name]))) for cost in costs
    ]
    about = ", ".join(dict.fromkeys(gate.probe for gate in targets(comparison.candidates[0])))
    title = f"What a request costs ({about or 'all probes'}, the same samples for all)"
    return CostView(
        TextTable(title, ("", *(header for header, _ in columns), ""), tuple(lines)), tuple(_notes(comparison))
    )


def _notes(comparison: Comparison) -> Iterator[str]:
    timed = [cost for cost in comparison.costs if cost.seconds is not None]
    if any(not cost.served for cost in timed):
        yield _HERE
    if any(cost.served for cost in timed):
        yield _SERVED
    if timed and any(run.reused for run in (comparison.base, *(c.run for c in comparison.candidates))):
        yield _REUSED


def _what(cost: Cost, how: list[str]) -> str:
    """`prompt`, `trained for 12 s on 34,000 tokens`"""
    if cost.made is None:
        return " + ".join(how)
    for_ = f" for {duration(cost.made.seconds)}" if cost.made.seconds is not None else ""
    on = f" on {cost.made.tokens:,.0f} tokens" if cost.made.tokens is not None else ""
    return " + ".join([f"trained{for_}{on}", *how])


_Known = Callable[[Cost], float | None]
_COLUMNS: tuple[tuple[str, _Known, Callable[[Cost], str]], ...] = (
    ("prompt tokens", lambda c: c.prompt_tokens, lambda c: rows.tokens(c.prompt_tokens)),
    ("answer tokens", lambda c: c.answer_tokens, lambda c: rows.tokens(c.answer_tokens)),
    ("seconds", lambda c: c.seconds, lambda c: rows.seconds(c.seconds)),
    ("USD per 1,000", lambda c: c.usd, lambda c: rows.usd(c.usd)),
)
