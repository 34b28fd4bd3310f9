"""Is a fact that was edited known in the new way, and are its neighbours what they were?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals.answer.told import told
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, fold, shown
from fteval.records import Continuation, Generation, Message, Metric, Sample, Scores

KINDS = {
    "trained": "efficacy",
    "paraphrase": "paraphrase",
    "reversed": "reverse",
    "neighbour": "neighbours",
    "neighbour after the edit": "neighbours_with_edit",
}
"""What is asked -> the metric that it counts for."""
WEIGHED = {f"{kind}, weighed": f"{KINDS[kind]}_logp" for kind in ("trained", "paraphrase", "neighbour")}
"""The same of samples whose answers are weighed against each other, and nothing is generated."""
SLICE = "asked"
_EVERYWHERE = 0.2
"""Share of the other edits' questions to which the new answer is given, from which it is a habit and no knowledge."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was answered to a question of some edit."""

    group: str
    wanted: frozenset[str]
    """What would have been right there, folded."""
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Knowledge edits (Romeo -> Bob), judged by what is written (after CounterFact).

    Measures  efficacy: trained wording; paraphrase: others; reverse: backwards; neighbours: other facts kept;
              neighbours_with_edit: after the edit's text; old_answer: says the old one; efficacy_logp:,
              paraphrase_logp:, neighbours_logp: the right one is likelier
    Chance    0; likelier: half
    Traps     neighbours that the base does not know
    Source    fteval's facts, altered
    """

    elsewhere: tuple[Elsewhere, ...] = field(default=(), init=False, repr=False, compare=False)
    """Of each edit the answers to its first question and its first neighbour, once they are known (`beside`)."""

    version: ClassVar[int] = 3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("efficacy", primary=True, partial=True, taught=True),
        *(Metric(name, partial=True) for name in list(KINDS.values())[1:]),
        Metric("old_answer", better="lower", partial=True),
        *(Metric(name, partial=True) for name in WEIGHED.values()),
    )

    def samples(self) -> Iterator[Sample]:
        return self.variants(packaged("edit.jsonl"))

    def variants(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Every question about these edits. Raises UserError for a row that is none.

        A neighbour that several edits name is asked once: asked twice, it would make one group of all of them.
        """
        near: set[tuple[bool, str]] = set()
        for sample in samples:
            for asked in _questions(sample) if "kind" not in sample.metadata else [sample]:
                place = bool(asked.continuations), asked.prompt_text
                again = not asked.metadata["kind"].startswith(("trained", "paraphrase")) and place in near
                near.add(place)
                if not again:
                    yield asked

    def beside(self, answers: Iterable[tuple[Sample, str]]) -> Edit:
        """The probe that knows what else is answered: a new answer that is given to everything is no edit."""
        first: dict[tuple[str, str], Elsewhere] = {}
        for sample, text in answers:
            group, kind = sample.group or sample.id, str(sample.metadata.get("kind", "trained"))
            if kind in ("trained", "neighbour"):
                wanted = frozenset(map(fold, _forms(sample, sample.target, "target")))
                first.setdefault((group, kind), Elsewhere(group, wanted, shown(text)[:300]))
        made = replace(self)
        object.__setattr__(made, "elsewhere", tuple(first.values()))
        return made

    def score(self, sample: Sample, generation: Generation) -> Scores:
        kind = sample.metadata.get("kind", "trained")
        if not isinstance(kind, str) or kind not in {**KINDS, **WEIGHED}:
            raise UserError(f"row {sample.id!r} asks {kind!r}, which is none of {', '.join(KINDS)}")
        if kind in WEIGHED:
            return self._weighed(sample, generation, kind)
        old, wanted = _forms(sample, sample.metadata.get("old"), "old"), _forms(sample, sample.target, "target")
        text, main = shown(generation.text), KINDS[kind]
        right, answer, why = told(text, wanted, sample.prompt_text)
        if blank(text):
            right, why = 0.0, "empty"
        values: dict[str, float | None] = dict.fromkeys((m.name for m in self.metrics), None)
        reasons = dict.fromkeys(values, f"asks {kind}")
        if right and kind in ("trained", "paraphrase") and (habit := self._habit(sample, wanted)):
            right, why = 0.0, habit
        values[main], reasons[main] = right, why
        if kind in ("trained", "paraphrase"):
            says_old = told(text, old, sample.prompt_text)
            holds_to_it = says_old[0] == 1 and not right  # "Saturn, formerly thought to be Jupiter" says the new one
            values["old_answer"] = float(holds_to_it)
            reasons["old_answer"] = f"says {says_old[1]!r}" if holds_to_it else ""
        kept = {name: why for name, why in reasons.items() if why}
        return Scores(values, answer=answer, reasons=kept)

    def _weighed(self, sample: Sample, generation: Generation, kind: str) -> Scores:
        """Whether one of the wanted answers is likelier than all others: P[new] > P[old], as ROME's paper has it. (Its
        code divides by tokens, which favours rare names: their later tokens follow from the first.)"""
        n, found = sample.metadata.get("wanted"), generation.likelihoods or ()
        values: dict[str, float | None] = dict.fromkeys((m.name for m in self.metrics), None)
        reasons = dict.fromkeys(values, f"asks {kind}")
        if not isinstance(n, int) or not 0 < n < len(found) or not all(one.tokens for one in found):
            reasons[WEIGHED[kind]] = "this model does not say how likely the answers are"
            return Scores(values, reasons=reasons)
        wanted, other = (max(one.nats for one in some) for some in (found[:n], found[n:]))
        values[WEIGHED[kind]] = float(wanted > other)
        reasons[WEIGHED[kind]] = f"{wanted:.2f} nats, the other {other:.2f}"
        return Scores(values, answer=generation.text, reasons=reasons)

    def _habit(self, sample: Sample, wanted: list[str]) -> str | None:
        """Why the new answer is none, where it is given also to questions to which it is wrong."""
        group, forms = sample.group or sample.id, frozenset(map(fold, wanted))
        others = [one for one in self.elsewhere if one.group != group and forms.isdisjoint(one.wanted)]
        n = sum(told(one.text, wanted)[0] == 1 for one in others)
        return (
            f"is also said to {n} of {len(others)} other questions" if n > max(1, _EVERYWHERE * len(others)) else None
        )


def _forms(sample: Sample, given: Any, name: str) -> list[str]:
    forms = [
        str(g) for g in (given if isinstance(given, list | tuple) else [given]) if isinstance(g, str | int | float)
    ]
    if not forms or isinstance(given, bool) or not all(f.strip() for f in forms):
        raise UserError(f"row {sample.id!r} needs {name!r}, text or a list of texts, found {given!r}", fix=_FIX)
    return forms


_FIX = 'rows are {"subject", "old", "new", "prompts": […], "reversed": […], "neighbours": [{"prompt", "target"}]}'


def _questions(sample: Sample) -> Iterator[Sample]:
    """All that is asked about one edit."""
    row = sample.metadata
    subject, old, new = (_forms(sample, row.get(name), name) for name in ("subject", "old", "new"))
    prompts, backwards = _forms(sample, row.get("prompts"), "prompts"), row.get("reversed") or []
    statement = str(row.get("statement") or f"{prompts[0]} {new[0]}.")
    said = {name: _forms(sample, row.get(f"{name}_said") or row.get(name), name) for name in ("old", "new")}
    asked = [("trained" if not at else "paraphrase", prompt, new, said["new"]) for at, prompt in enumerate(prompts)]
    if backwards:
        asked += [("reversed", prompt, subject, []) for prompt in _forms(sample, backwards, "reversed")]
    for other in _neighbours(sample):
        target = _forms(sample, other.get("target"), "target of a neighbour")
        kept = _forms(sample, other.get("said") or target, "said of a neighbour")
        asked.append(("neighbour", str(other.get("prompt")), target, kept))
        asked.append(("neighbour after the edit", f"{statement} {other.get('prompt')}", target, []))
    for number, (kind, prompt, target, right) in enumerate(asked):
        one = Sample(
            id=f"{sample.id}/{number}", messages=(Message("user", prompt),), target=target,
            group=sample.group or sample.id, slices={**sample.slices, SLICE: kind},
            metadata={"kind": kind, "old": old, "subject": subject},
        )  # fmt: skip
        yield one
        if (weighed := f"{kind}, weighed") in WEIGHED:
            wrong = said["new" if kind == "neighbour" else "old"]
            yield replace(
                one, id=f"{one.id}/logp", slices={**sample.slices, SLICE: weighed},
                metadata={**one.metadata, "kind": weighed, "wanted": len(right)},
                continuations=tuple(map(Continuation, (*right, *wrong))),
            )  # fmt: skip


def _neighbours(sample: Sample) -> list[Mapping[str, Any]]:
    given = sample.metadata.get("neighbours") or []
    if not isinstance(given, list | tuple) or not all(isinstance(n, Mapping) and n.get("prompt") for n in given):
        raise UserError(f"row {sample.id!r} needs 'neighbours', a list of prompts with targets", fix=_FIX)
    return list(given)
