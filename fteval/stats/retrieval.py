"""What a report says of a search: was the right passage there to be read, or was it not even found?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fteval.records import RunRecord
from fteval.records.retrieval import Recall, Retrieved, retrieved

Count = Callable[[Recall], int]


def warnings(run: RunRecord) -> Iterator[str]:
    """What makes answers with retrieval mean something else than they seem to."""
    for search in retrieved(run.manifest):
        if leaked := _counts(search, lambda one: one.leaked, lambda one: one.asked):
            yield (
                f"the corpus holds hold-out questions with their answers, word for word: shown to {leaked}; "
                "copying them is no proof that others are answered"
            )
        if missing := _counts(search, lambda one: one.gold_missing, lambda one: one.gold + one.gold_missing):
            yield f"gold passages that the corpus does not have: of {missing} questions"
        nothing = [name for name, one in search.probes.items() if one.asked and one.nothing == one.asked]
        if nothing:
            yield f"retrieval found nothing for any question of {', '.join(nothing)}: they are asked as they stand"


def sentence(run: RunRecord) -> str:
    """`A gold passage (bm25, k 3) is shown to facts 36 of 40.` Empty where nothing was searched, or none is known."""
    found = []
    for search in retrieved(run.manifest):
        gold = _counts(search, lambda one: one.gold_shown, lambda one: one.gold + one.gold_missing, all_=True)
        target = _counts(search, lambda one: one.target_shown, lambda one: one.target, all_=True)
        what = "The gold passage" if gold else "A passage with the target in it"
        if gold or target:
            found.append(f"{what} was shown ({search.by}, {_k(search)}) to {gold or target} questions.")
    return " ".join(found)


def facts(run: RunRecord) -> Iterator[tuple[str, str]]:
    """Rows of (what, how often) for how it was measured."""
    for search in retrieved(run.manifest):
        yield "retrieval", f"{search.by}, {_k(search)}, of {search.corpus:,} passages"
        rows: tuple[tuple[str, Count, Count], ...] = (
            ("gold passage shown", lambda one: one.gold_shown, lambda one: one.gold + one.gold_missing),
            ("target stands in a passage shown", lambda one: one.target_shown, lambda one: one.target),
            ("nothing found", lambda one: one.nothing, lambda one: one.asked),
        )
        for what, n, of in rows:
            if counts := _counts(search, n, of, all_=True):
                yield what, counts


def _counts(search: Retrieved, n: Count, of: Count, *, all_: bool = False) -> str:
    """`facts 14 of 300, edit 3 of 40`, of probes where there is something to count."""
    probes = search.probes.items()
    return ", ".join(f"{name} {n(one):,} of {of(one):,}" for name, one in probes if (of(one) if all_ else n(one)))


def _k(search: Retrieved) -> str:
    return "as many as there are" if search.k is None else f"k {search.k}"
