"""The sentence that says whether a fine-tune is needed, for each way in which it can come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fteval.records import CandidateResult, Cost, Rival, RunRecord
from fteval.stats import units
from fteval.stats.costs import pays_from

NAMED = 3
"""Alternatives that are named one by one; more are counted."""
NO_TARGET = (
    "Whether an alternative does as well as the fine-tune is not judged: no gate with min_gain says what it is for."
)
Costs = Mapping[str, Cost]


def as_good(a: CandidateResult, f: CandidateResult, found: Sequence[Rival], costs: Costs, of: int) -> str:
    better = all((units.turned(r.metric, r.low, r.high)[0] or 0.0) > 0 for r in found)
    others = f", the best of {of} fine-tunes, and as every other" if of > 1 else ""
    margins = " or ".join(dict.fromkeys(units.size(r.margin, r.metric) for r in found))
    ruled = "" if better else f"; being worse by {margins} is ruled out"
    does = "does better than" if better else "does as well as"
    return (
        f"Do not fine-tune: {_called(a)} {does} '{f.name}'{others} ({_differences(found)}{ruled})"
        f"{_price(costs.get(a.name), costs.get(f.name))}.{_later(a, f, costs)}"
    )


def instead_of_none(a: CandidateResult, f: CandidateResult, found: Sequence[Rival], costs: Costs) -> str:
    return (
        f"Do not fine-tune: {_called(a)} ships, and '{f.name}' does not ({_differences(found)} against it)"
        f"{_price(costs.get(a.name), costs.get(f.name))}."
    )


def needed(f: CandidateResult, beaten: Sequence[tuple[CandidateResult, Rival | None]], costs: Costs) -> str:
    said = "; ".join(_behind(a, rival) for a, rival in beaten[:NAMED]) + _more(len(beaten))
    worth = next((text for a, _ in beaten if (text := _pays(a, f, costs))), "")
    return f"Fine-tune: '{f.name}' ships, and no alternative that was tried does as well: {said}.{worth}"


def cannot_tell(f: CandidateResult, left: Sequence[tuple[CandidateResult, Sequence[Rival]]]) -> str:
    own = "" if f.verdict == "ship" else f" Whether '{f.name}' may ship is open too."
    said = "; ".join(_open(a, found) for a, found in left[:NAMED]) + _more(len(left))
    return f"Cannot tell whether an alternative does as well as '{f.name}': {said}.{own}"


def open_without(trained: Sequence[CandidateResult], left: Sequence[CandidateResult]) -> str:
    said = "; ".join(f"{_called(a)} is {_word(a)} ({_why(a)})" for a in left[:NAMED]) + _more(len(left))
    return f"Cannot tell whether an alternative would do: {_listed(trained)} {_does(trained)} not ship; {said}."


def none_ships(trained: Sequence[CandidateResult], asked: Sequence[CandidateResult]) -> str:
    return f"Nothing that was tried ships: neither {_listed(trained)} nor, without training, {_listed(asked)}."


def no_fine_tune(asked: Sequence[CandidateResult]) -> str:
    ships = [a for a in asked if a.verdict == "ship"]
    said = f"{_listed(ships)} {'ships' if len(ships) == 1 else 'ship'} without one" if ships else "and nothing ships"
    return f"No fine-tune was tried: {said}." if ships else f"No fine-tune was tried, {said}."


def not_tried(f: CandidateResult) -> str:
    return (
        f"No alternative was tried: whether a prompt, examples or a constraint would do as well as '{f.name}', "
        "`fteval advise` finds out."
    )


def losses(a: CandidateResult) -> str:
    """What is shown to be worse than the base's although everything passes; "" for nothing."""
    lost = []
    for c in a.changes:
        high = units.turned(c.metric, c.low, c.high)[1]
        if c.metric.primary and high is not None and high < 0:
            change = f"{units.change(c.difference, c.metric)} {units.interval(c.low, c.high, c.metric)}"
            lost.append(f"{units.name(c.probe, c.metric.name)} {change}")
    return f"'{a.name}' passes its gates, and is worse than the base on {', '.join(lost[:NAMED])}" if lost else ""


# --- parts ----------------------------------------------------------------------------------------


def _called(a: CandidateResult) -> str:
    """`'told' (prompt)`"""
    how = changes(a.run)
    return f"'{a.name}' ({', '.join(how)})" if how and how != [a.name.replace("-", "_")] else f"'{a.name}'"


def changes(run: RunRecord) -> list[str]:
    """The alternatives on a model, the lowest first."""
    plan = run.manifest.get("plan")
    engine = plan.get("engine") if isinstance(plan, Mapping) else None
    if not isinstance(engine, Mapping):
        return []
    masked = ["constrain"] if engine.get("constraint") else []
    return [*masked, *(str(one.get("name")) for one in engine.get("alternatives") or ())]


def _differences(found: Sequence[Rival]) -> str:
    return ", ".join(map(_difference, found))


def _difference(r: Rival) -> str:
    """`lipogram.useful −1.2 pp [−3.0, +0.6]`"""
    interval = "" if r.barred else f" {units.interval(r.low, r.high, r.metric)}"
    return f"{units.name(r.probe, r.metric.name, r.slice)} {units.change(r.difference, r.metric)}{interval}"


def _price(a: Cost | None, f: Cost | None) -> str:
    """` for 8 more prompt tokens a request, without its 12 s of training`"""
    if a is None or f is None:
        return ""
    more = list(_more_tokens(a, f))
    known = a.tokens is not None and f.tokens is not None
    said = f" for {' and '.join(more)} a request" if more else " for no more tokens a request" if known else ""
    if a.usd is not None and f.usd is not None:
        said += f" ({1000 * (a.usd - f.usd):+.2f} USD per 1,000 requests)".replace("-", "−")
    trained = f.made.seconds if f.made else None
    return said + (f", without {duration(trained)} of training" if trained is not None else "")


def _more_tokens(a: Cost, f: Cost) -> Iterator[str]:
    for what, one, other in (
        ("prompt", a.prompt_tokens, f.prompt_tokens),
        ("answer", a.answer_tokens, f.answer_tokens),
    ):
        if one is not None and other is not None and round(one) != round(other):
            yield f"{abs(round(one) - round(other)):,} {'more' if one > other else 'fewer'} {what} tokens"


def _later(a: CandidateResult, f: CandidateResult, costs: Costs) -> str:
    requests = _pays_from(a, f, costs)
    return (
        "" if requests is None else f" From about {requests} requests on these tokens are more work than the training."
    )


def _pays(a: CandidateResult, f: CandidateResult, costs: Costs) -> str:
    requests = _pays_from(a, f, costs)
    if requests is None:
        return ""
    saved = round((costs[a.name].tokens or 0.0) - (costs[f.name].tokens or 0.0))
    return (
        f" Its requests are {saved:,} tokens shorter than those of '{a.name}', which is worth the work of its training "
        f"from about {requests} requests on."
    )


def _pays_from(a: CandidateResult, f: CandidateResult, costs: Costs) -> str | None:
    """With two digits: more are not known."""
    if a.name not in costs or f.name not in costs:
        return None
    found = pays_from(costs[f.name], costs[a.name])
    return None if found is None else f"{float(f'{found:.2g}'):,.0f}"


def _behind(a: CandidateResult, rival: Rival | None) -> str:
    if rival is None or a.verdict == "do_not_ship":
        failed = [units.gate_name(g.gate) for g in a.gates if g.result == "fail" and not g.gate.advisory]
        return f"{_called(a)} fails {', '.join(failed[:NAMED])}" if failed else f"{_called(a)} does not ship"
    return f"{_called(a)} is behind by more than {units.size(rival.margin, rival.metric)} ({_difference(rival)})"


def _open(a: CandidateResult, found: Sequence[Rival]) -> str:
    if a.verdict != "ship":
        return f"{_called(a)} is {_word(a)} itself ({_why(a)})"
    one = next((r for r in found if r.state != "as_good"), found[0])
    margin = units.size(one.margin, one.metric)
    if one.barred:
        return f"{_called(a)}: {_difference(one)}, {one.barred}"
    if one.state == "worse":
        return f"{_called(a)} is behind by more than {margin} ({_difference(one)})"
    many = "" if one.n_needed is None else f"; about {one.n_needed:,} samples would tell ({one.n_paired:,} now)"
    return f"{_called(a)}: {_difference(one)}, and being worse by {margin} is neither shown nor ruled out{many}"


def _word(a: CandidateResult) -> str:
    return "open" if a.verdict == "cannot_tell" else a.verdict.replace("_", " ")


def _why(a: CandidateResult) -> str:
    """The gates that are open, else the reason."""
    open_ = [units.gate_name(g.gate) for g in a.gates if g.result == "inconclusive" and not g.gate.advisory]
    return ", ".join(open_[:NAMED]) if open_ and a.verdict == "cannot_tell" else a.reason


def _more(n: int) -> str:
    return f"; {n - NAMED:,} more" if n > NAMED else ""


def _does(of: Sequence[CandidateResult]) -> str:
    return "does" if len(of) == 1 else "do"


def _listed(of: Sequence[CandidateResult]) -> str:
    names = [f"'{r.name}'" for r in of]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def duration(seconds: float) -> str:
    """`12 s`, `4 min`, `2.5 h`"""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
