"""Whether a fine-tune is needed, by what was tried beside it. Decides no verdict.

What may stand in for a fine-tune must itself ship (its guards count, judged among all candidates), and do as well as
every fine-tune that may ship. A fine-tune is needed where one ships and each alternative does not, or is shown to be
worse by more than the margin. Everything else is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fteval.records import ASKED, TRAINED, Advice, CandidateResult, Cost, NoiseFloor, Rival
from fteval.stats import advice_words as words
from fteval.stats import verdict
from fteval.stats.rivals import rivals, targets

CUT = 0.01
"""Share of answers cut off from which on it is said."""


def advise(
    results: Sequence[CandidateResult],
    costs: Sequence[Cost] = (),
    floors: Sequence[NoiseFloor] = (),
    hidden: int = 0,
    level: float = 0.95,
) -> Advice | None:
    """What these candidates say; None where there is nothing to choose between. `costs` has one for each by its name.

    Takes their runs with all scores; so many more are `hidden`, tried elsewhere.
    """
    trained = [r for r in results if r.kind == TRAINED]
    asked = [r for r in results if r.kind == ASKED]
    if not asked:
        may = [r for r in trained if r.verdict in ("ship", "cannot_tell")] if trained and targets(trained[0]) else []
        return Advice("not_tried", words.not_tried(verdict.best(may)), verdict.best(may).name) if may else None
    if not trained:
        return Advice("no_fine_tune", words.no_fine_tune(asked))
    if not targets(trained[0]):
        return Advice("no_target", words.NO_TARGET)
    standing = [f for f in trained if f.verdict != "do_not_ship"]
    found = rivals(asked, standing or trained, targets(trained[0]), floors, hidden, level)
    price = {cost.name: cost for cost in costs}
    chosen = _without_fine_tune(trained, asked, found, price) if not standing else None
    chosen = chosen or _with_fine_tune(standing, asked, found, price)
    return replace(chosen, rivals=found, notes=tuple(_notes(chosen, found, results)))


def _without_fine_tune(
    trained: Sequence[CandidateResult],
    asked: Sequence[CandidateResult],
    found: Sequence[Rival],
    costs: dict[str, Cost],
) -> Advice | None:
    """No fine-tune ships."""
    f = verdict.best(trained)
    fit = [a for a in asked if a.verdict == "ship"]
    if fit:
        a = _cheapest(fit, costs)
        return Advice("do_not_fine_tune", words.instead_of_none(a, f, _of(found, a, f), costs), f.name, a.name)
    open_ = [a for a in asked if a.verdict != "do_not_ship"]
    if open_:
        return Advice("cannot_tell", words.open_without(trained, open_), f.name)
    return Advice("none_ships", words.none_ships(trained, asked), f.name)


def _with_fine_tune(
    standing: Sequence[CandidateResult],
    asked: Sequence[CandidateResult],
    found: Sequence[Rival],
    costs: dict[str, Cost],
) -> Advice:
    f = verdict.best(standing)
    good = [a for a in asked if a.verdict == "ship" and all(r.state == "as_good" for r in _of(found, a))]
    if good:
        a = _cheapest(good, costs)
        said = words.as_good(a, f, _of(found, a, f), costs, len(standing))
        return Advice("do_not_fine_tune", said, f.name, a.name)
    shipping = {one.name for one in standing if one.verdict == "ship"}
    beaten = [a for a in asked if a.verdict == "do_not_ship" or _is_beaten(_of(found, a), shipping)]
    if shipping and len(beaten) == len(asked):
        return Advice("fine_tune", words.needed(f, [(a, _worst(_of(found, a), f)) for a in asked], costs), f.name)
    left = [(a, _of(found, a, f)) for a in asked if a not in beaten]
    return Advice("cannot_tell", words.cannot_tell(f, left or [(a, _of(found, a, f)) for a in asked]), f.name)


def _is_beaten(found: Sequence[Rival], by: set[str]) -> bool:
    return any(r.state == "worse" and r.fine_tune in by for r in found)


def _worst(found: Sequence[Rival], f: CandidateResult) -> Rival | None:
    """Where an alternative is shown to be worse, best against the fine-tune that is spoken of."""
    shown = [r for r in found if r.state == "worse"]
    return min(shown, key=lambda r: r.fine_tune != f.name, default=None)


def _of(found: Sequence[Rival], a: CandidateResult, f: CandidateResult | None = None) -> list[Rival]:
    return [r for r in found if r.alternative == a.name and (f is None or r.fine_tune == f.name)]


def _cheapest(fit: Sequence[CandidateResult], costs: dict[str, Cost]) -> CandidateResult:
    """Of those that do: without a loss that only advisory gates or nobody guards, then with the fewest tokens."""

    def rank(a: CandidateResult) -> tuple[int, float]:
        lost = sum(g.gate.advisory and g.result == "fail" for g in a.gates) + len(a.unguarded)
        tokens = costs[a.name].tokens if a.name in costs else None
        return lost, float("inf") if tokens is None else tokens

    return min(fit, key=rank)


def _notes(advice: Advice, found: Sequence[Rival], results: Sequence[CandidateResult]) -> Iterator[str]:
    """What an alternative loses elsewhere; answers that were cut off: whole ones may be judged otherwise."""
    yield from filter(None, (words.losses(r) for r in results if r.name == advice.instead))
    named = [r for r in results if r.name in (advice.fine_tune, advice.instead)]
    for probe in dict.fromkeys(r.probe for r in found):
        cut = {r.name: b.truncated[1] for r in named for b in r.behaviour if b.probe == probe}
        n = max((len(p.sample_ids) for r in named for p in r.run.probes if p.probe == probe), default=0)
        if n and max(cut.values(), default=0) > CUT * n:
            counts = ", ".join(f"'{name}' {many:,}" for name, many in cut.items())
            yield f"answers to {probe} cut off at max_tokens: {counts} of {n:,}; whole ones may be judged otherwise"
