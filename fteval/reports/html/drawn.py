"""Pages that ask somebody for one judgement after another: of an answer, without its score; of two, without names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fteval.records import Sample
from fteval.records.people import People
from fteval.reports.html import answers, page
from fteval.reports.view import people as people_view

LABEL = (("1", "1: yes", "1"), ("0", "0: no", "0"), ("skip", "skip", "s"), ("undo", "undo the last", "u"))
PREFER = (
    ("a", "A is better", "a"),
    ("tie", "a tie", "t"),
    ("b", "B is better", "b"),
    ("skip", "skip", "s"),
    ("undo", "undo the last", "u"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one sample."""

    sample: Sample
    anchor: str
    texts: Sequence[str]
    """One answer, or two."""
    side: int
    metric: int
    done: int
    of: int
    last: str | None
    """Anchor of the sample before."""


def label_page(name: str, question: Question | None, people: People) -> str:
    """The page that asks what a score should be: `name` is the metric's."""
    about = (
        f"What should {name} say of this answer: 1 or 0? The order is random and the probe's own score is not shown, "
        "so that the error rate speaks for all answers."
    )
    return _page(f"Label {name}", about, question, LABEL, "label", people)


def prefer_page(probe: str, question: Question | None, people: People) -> str:
    """The page that asks which of two answers is better."""
    about = (
        "Which answer is better? Whose they are is not said, which stands first is random, and so is the order of the "
        "samples."
    )
    # A tally that moves by what was just chosen would say whose it was.
    told = people if question is None else People()
    return _page(f"The better answer to {probe}", about, question, PREFER, "prefer", told)


def _page(
    title: str,
    about: str,
    question: Question | None,
    choices: Sequence[tuple[str, str, str]],
    ask: str,
    people: People,
) -> str:
    q = question
    return page.framed(
        "drawn.html",
        page.SERVED,
        title=title,
        about=about,
        ask=ask,
        turns=None if q is None else answers.turns(q.sample),
        target=None if q is None else answers.target(q.sample),
        texts=[] if q is None else [answers.text_of(text) for text in q.texts],
        sample=q and q.anchor,
        side=q and q.side,
        metric=q and q.metric,
        done=q and q.done,
        of=q and q.of,
        last=q and q.last,
        choices=choices,
        tables=people_view.tables(people),
        notes=people_view.notes(people),
    )
