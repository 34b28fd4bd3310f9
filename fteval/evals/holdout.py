"""Your own file: prompts with targets, judged by the scorers that fit them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from fteval.errors import UserError, suggest
from fteval.evals.find import target as scorers
from fteval.evals.find.own import OwnScorer, is_named, of_function
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


class Chosen(tuple[str | OwnScorer, ...]):
    """Scorers, and, called, their judgement: `score` is what fteval.yaml sets and what every probe has."""

    __slots__ = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple([s if isinstance(s, str) else s.name for s in self])

    @property
    def needs_text(self) -> bool:
        """Whether targets must be texts: a function of the user's takes what it is given."""
        return not self or any(isinstance(s, str) for s in self)

    def score(self, sample: Sample, generation: Generation) -> Scores:
        targets = self.checked_targets(sample)
        chosen = self or Chosen(scorers.fitting([targets]))
        names = chosen.names
        text = shown(generation.text)
        if blank(text):
            return Scores(dict.fromkeys(names, 0.0), reasons=dict.fromkeys(names, "the answer is empty"))
        judged = {name: _judged(s, text, targets, sample) for name, s in zip(names, chosen, strict=True)}
        return Scores(
            {name: value for name, (value, _, _) in judged.items()},
            answer=next((answer for _, answer, _ in judged.values() if answer), None),
            reasons={name: why for name, (_, _, why) in judged.items() if why},
        )

    __call__ = score

    def checked_targets(self, sample: Sample) -> list[str]:
        """The row's targets. Raises UserError for one that these scorers cannot use."""
        if not self.needs_text:
            return []
        targets = targets_of(sample)
        if not targets:
            raise UserError(f"row {sample.id!r} has no target", fix="the holdout probe compares outputs with targets")
        for name in self.names:
            if problem := scorers.misfit(name, targets):
                raise UserError(f"row {sample.id!r} has {problem}: {targets[0][:80]!r}", fix=_FIX)
        return targets


NO_TARGET = "no target to compare with"
_FIX = "mend the target, or choose other scorers with --score"


def _judged(scorer: str | OwnScorer, text: str, targets: Sequence[str], sample: Sample) -> scorers.Judged:
    if isinstance(scorer, str):
        return scorers.SCORERS[scorer](text, targets)
    value, why = scorer(text, sample)
    return value, None, why


@dataclass(frozen=True, slots=True)
class Holdout:
    """Whether outputs agree with the targets of your file.

    Measures  one metric per scorer, the first primary. exact: the same text; contains: the target stands in it; regex,
              number, chrf, rouge, math, similar; or a function of yours
    Chance    a constant answer to a yes/no file scores a half
    Traps     `contains` passes "not Paris" for Paris
    Source    your file
    """

    score: Chosen = Chosen()  # noqa: RUF009 - a tuple: it cannot be changed
    """exact, contains, regex, number, chrf, rouge (ROUGE-L), math and similar (English; both need their extra), or
    file.py:function (with --allow-code): one or several."""

    version: ClassVar[int] = 2

    def __post_init__(self) -> None:
        given: Any = self.score
        if isinstance(given, str):
            given = [n.strip() for n in given.split(",") if n.strip()]
        elif callable(given) and not isinstance(given, Chosen):
            given = [given]
        chosen = Chosen(_scorer(one) for one in given or ())
        if len(set(chosen.names)) < len(chosen):
            raise UserError(f"a scorer is named twice: {', '.join(chosen.names)}")
        object.__setattr__(self, "score", chosen)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """One per scorer, the first being primary; those for short targets where no file has been seen."""
        return _metrics(self.score.names or ("exact", "contains"))

    def samples(self) -> Iterator[Sample]:
        raise UserError("the holdout probe has no samples of its own", fix="give your file: --holdout FILE.jsonl")

    def for_samples(self, samples: Sequence[Sample]) -> Holdout:
        """The probe for these samples, its scorers chosen. Raises UserError for rows that cannot be judged."""
        if not self.score.needs_text or not samples:
            return self
        chosen = self.score or Chosen(scorers.fitting(_all_targets(samples)))
        wrong: dict[str, list[tuple[str, str]]] = {name: [] for name in chosen.names}
        missing: list[str] = []
        for sample in samples:
            targets = targets_of(sample)
            if not targets:
                missing.append(sample.id)
                continue
            for name, found in wrong.items():
                if problem := scorers.misfit(name, targets):
                    found.append((sample.id, problem))
        if missing:
            raise _missing(missing)
        for name, found in wrong.items():
            if found:
                raise _rows([row for row, _ in found], found[0][1], f"{_FIX} (not {name})")
        return dataclasses.replace(self, score=chosen)


@lru_cache
def _metrics(names: tuple[str, ...]) -> tuple[Metric, ...]:
    return tuple(Metric(name, primary=not at) for at, name in enumerate(names))


def _scorer(given: str | Mapping[str, Any] | OwnScorer | Callable[..., Any]) -> str | OwnScorer:
    """Raises UserError for a name that is none, and for a function in a file, which nobody has allowed to run."""
    if isinstance(given, OwnScorer):
        return given
    if callable(given):
        return of_function(given)
    if isinstance(given, Mapping) and "source" in given:  # as a saved run names it
        what = f"this run was judged by the function {given['name']!r}, which is not saved with it"
        raise UserError(what, fix="judge its outputs again by `fteval run`: they are not generated anew")
    name = str(given)
    if is_named(name):
        raise UserError(f"the scorer {name} is Python code, which is not run unasked", fix="add --allow-code")
    if name not in scorers.SCORERS:
        raise UserError(f"no scorer named {name!r}. {suggest(name, scorers.SCORERS)}")
    scorers.check_installed(name)
    return name


def targets_of(sample: Sample) -> list[str]:
    """The texts any of which is right, without reasoning; [] where there is none. Raises UserError for no text."""
    given = sample.target if isinstance(sample.target, list | tuple) else [sample.target]
    texts = []
    for target in given:
        if isinstance(target, bool) or (target is not None and not isinstance(target, str | int | float)):
            raise UserError(
                f"row {sample.id!r}: a target of the holdout probe is text, a number or a list of texts, found "
                f"{type(target).__name__}"
            )
        if target is not None and (text := shown(str(target))).strip():
            texts.append(text)
    return texts


def _all_targets(samples: Sequence[Sample]) -> list[list[str]]:
    """Of each sample. Raises UserError where there is none."""
    targets = [targets_of(sample) for sample in samples]
    if missing := [sample.id for sample, of in zip(samples, targets, strict=True) if not of]:
        raise _missing(missing)
    return targets


def _missing(ids: Sequence[str]) -> UserError:
    return _rows(ids, NO_TARGET, "give each row a 'target', or a last assistant message")


def _rows(ids: Sequence[str], what: str, fix: str) -> UserError:
    shown_ids = ", ".join(map(repr, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    rows = "1 row has" if len(ids) == 1 else f"{len(ids)} rows have"
    return UserError(f"{rows} {what}: {shown_ids}", fix=fix)
