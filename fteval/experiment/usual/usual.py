"""A config's experiment with the alternatives that are usually tried beside its fine-tunes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fteval.alternatives.layers.examples import examples
from fteval.alternatives.layers.stack import changed, in_words
from fteval.data.read import iter_rows
from fteval.errors import UserError
from fteval.experiment.check import checked
from fteval.experiment.experiment import Experiment, ModelUse
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.usual.forms import Form, form_of
from fteval.records import Change
from fteval.runs.asking.suite import SuiteProbe

SHOWN = 4
"""Examples in a prompt, where there are so many rows."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is known before anything is asked."""

    probes: tuple[SuiteProbe, ...]
    """What the change is for."""
    rows: Path | None
    """What a fine-tune of the config learns from."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An alternative that could be tried, or why it cannot."""

    name: str
    change: Change | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Usual:
    """The experiment with what was added to it."""

    experiment: Experiment
    added: tuple[tuple[str, str], ...]
    """(name, what it is, as a config would have it)"""
    left_out: tuple[tuple[str, str], ...]
    """(name, why)"""


def with_usual(experiment: Experiment, place: Place) -> Usual:
    """Adds the usual alternatives that are possible on the base. Loads no weights, asks nothing.

    Raises UserError where nothing says what the change is for, and for all that is wrong with the experiment.
    """
    suite, gates = checked(experiment)
    wanted = {g.probe for g in gates if g.rule == "min_gain" and not g.advisory and g.anchor is None}
    if not wanted:
        raise UserError(
            "nothing says what the fine-tune is for",
            fix="add a gate on the metric that it is to raise: {probe: …, metric: …, min_gain: 10pp}",
        )
    if experiment.base is None:
        raise UserError("there is no base that could be asked otherwise", fix="add base: to the config")
    case = Case(tuple(p for p in suite.probes if p.name in wanted), _rows(experiment))
    own = _own(experiment)
    added, left = dict[str, Change](), list[tuple[str, str]]()
    with opened_pool(None, place, experiment) as pool:
        for offer in (one for usual in USUAL for one in usual(case)):
            why = offer.why
            if offer.change is not None and offer.change.name in own:
                why = f"the config has its own: '{own[offer.change.name]}'"
            elif offer.change is not None:
                try:
                    changed(pool.open(experiment.base), (offer.change,))
                    added[_free(offer.name, experiment)] = offer.change
                    continue
                except UserError as error:
                    why = error.what + (f" ({error.fix})" if error.fix else "")
            left.append((offer.name, why))
    uses = {name: ModelUse(experiment.base, changes=(change,)) for name, change in added.items()}
    told = tuple((name, in_words(change)) for name, change in added.items())
    return Usual(replace(experiment, candidates={**experiment.candidates, **uses}), told, tuple(left))


def _rows(experiment: Experiment) -> Path | None:
    """Of the first fine-tune that has some: what is learnt from may also be shown."""
    uses = [use for use in experiment.candidates.values() if use.trainer is not None or use.trained_on is not None]
    return next((file for use in uses if (file := use.data or use.trained_on) is not None), None)


def _own(experiment: Experiment) -> dict[str, str]:
    """Alternative -> the config's candidate that is the base with it alone."""
    alone = [(name, use) for name, use in experiment.candidates.items() if len(use.changes) == 1]
    return {use.changes[0].name: name for name, use in alone if use.ref == experiment.base}


def _free(name: str, experiment: Experiment) -> str:
    """The name, or another where a candidate has it."""
    while name in experiment.candidates:
        name = f"usual-{name}"
    return name


# --- what is usually tried ------------------------------------------------------------------------


def _prompt(case: Case) -> Iterator[Offer]:
    """What the training rows are told as system, else what the probes ask for."""
    told = _told(case) or " ".join(form.told for form in _forms(case))
    nothing = "neither the training rows nor the probe say what to tell the model: add {prompt: …} to the candidates"
    yield Offer("prompt", Change("prompt", told) if told else None, nothing)


def _few_shot(case: Case) -> Iterator[Offer]:
    """Rows that are learnt from, as examples: the same for all questions, and those that are most like each."""
    if case.rows is None:
        yield Offer("few-shot", None, "no candidate has training rows that could be shown")
        return
    try:
        k = min(SHOWN, len(examples(case.rows)))
    except UserError as error:
        yield Offer("few-shot", None, f"the rows of {case.rows.name} cannot be shown: {error.what.splitlines()[0]}")
        return
    for name, select in (("few-shot", "fixed"), ("few-shot-similar", "similar")):
        yield Offer(name, Change("few_shot", {"data": case.rows, "k": k, "select": select}))


def _constrain(case: Case) -> Iterator[Offer]:
    """The form that is asked for, so that nothing else can be written."""
    forms = _forms(case)
    if len(forms) == 1:
        yield Offer("constrain", Change("constrain", dict(forms[0].constraint)))
    else:
        none = "no form is asked for, or for each sample another"
        yield Offer("constrain", None, "several forms are asked for" if forms else none)


USUAL: tuple[Callable[[Case], Iterator[Offer]], ...] = (_prompt, _few_shot, _constrain)
"""Each gives what it would try; another one is added here, and nowhere else."""


def _forms(case: Case) -> list[Form]:
    return [form for probe in case.probes if (form := form_of(probe)) is not None]


def _told(case: Case) -> str:
    """The system text that all training rows have, where the samples are not asked with it anyway."""
    texts = set[str]()
    for _, row in iter_rows(case.rows) if case.rows is not None else ():
        messages = row.get("messages") or row.get("prompt")
        first = messages[0] if isinstance(messages, list) and messages else {}
        texts.add(str(first.get("content")) if isinstance(first, dict) and first.get("role") == "system" else "")
    asked = {sample.messages[0].content for probe in case.probes for sample in probe.samples}
    return texts.pop().strip() if len(texts) == 1 and texts != asked else ""
