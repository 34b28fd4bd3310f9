"""Your own file: prompts with targets, judged by the scorers that fit them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

import regex

from fteval.errors import UserError
from fteval.evals.find import target as scorers
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


class Chosen(tuple[str, ...]):
    """The names of scorers, and, called, their judgement: `score` is what fteval.yaml sets and what every probe has."""

    __slots__ = ()

    def score(self, sample: Sample, generation: Generation) -> Scores:
        targets = targets_of(sample)
        if not targets:
            raise UserError(f"row {sample.id!r} has no target", fix="the holdout probe compares outputs with targets")
        names = self or scorers.fitting([targets])
        text = shown(generation.text)
        if blank(text):
            return Scores(dict.fromkeys(names, 0.0), reasons=dict.fromkeys(names, "the answer is empty"))
        if "number" in names and all(scorers.as_number(t) is None for t in targets):
            raise UserError(
                f"row {sample.id!r} has a target that is no number: {targets[0]!r}",
                fix="choose another --score, or mend it",
            )
        if "regex" in names and (problem := _broken_pattern(targets)):
            raise UserError(
                f"row {sample.id!r} has a target that is no regular expression: {problem}", fix="mend the pattern"
            )
        judged = {name: scorers.SCORERS[name](text, targets) for name in names}
        return Scores(
            {name: value for name, (value, _, _) in judged.items()},
            answer=next((answer for _, answer, _ in judged.values() if answer), None),
            reasons={name: why for name, (_, _, why) in judged.items() if why},
        )

    __call__ = score


@dataclass(frozen=True, slots=True)
class Holdout:
    """Whether the outputs agree with the targets of a file of your own.

    Measures  exact: the same text, white space at the ends and in runs aside; contains: the target's words stand in
              the output, with case, accents, plurals and marks folded; regex: the target, a pattern, is found;
              number: the answer's number is the target's; chrf: character n-gram F-score (chrF2, Popović 2015, by
              sacrebleu), 0 to 1
    Chance    depends on your file: a constant answer to a yes/no file scores a half
    Traps     without `score` the scorers follow from the targets: numbers number, short ones exact and contains, long
              ones (20 words) chrf. The first one is the primary metric. `contains` passes "not Paris" for Paris. A
              target may be a list of texts, any of which is right
    Source    your file
    """

    score: Chosen = Chosen()  # noqa: RUF009 - a tuple: it cannot be changed
    """exact, contains, regex, number, chrf: one or several."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        given: Any = self.score
        names = [n.strip() for n in given.split(",") if n.strip()] if isinstance(given, str) else list(given or ())
        for name in names:
            if name not in scorers.SCORERS:
                near = get_close_matches(str(name), scorers.SCORERS, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(scorers.SCORERS)}."
                raise UserError(f"no scorer named {name!r}. {hint}")
        if len(set(names)) < len(names):
            raise UserError(f"a scorer is named twice: {', '.join(names)}")
        object.__setattr__(self, "score", Chosen(names))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """One per scorer, the first being primary; those for short targets where no file has been seen."""
        return tuple(Metric(name, primary=not at) for at, name in enumerate(self.score or ("exact", "contains")))

    def samples(self) -> Iterator[Sample]:
        raise UserError("the holdout probe has no samples of its own", fix="give your file: --holdout FILE.jsonl")

    def for_samples(self, samples: Sequence[Sample]) -> Holdout:
        """The probe for these samples, its scorers chosen. Raises UserError for rows that cannot be judged."""
        missing = [s.id for s in samples if not targets_of(s)]
        if missing:
            raise _rows(missing, "no target to compare with", "give each row a 'target', or a last assistant message")
        if not samples:
            return self
        names = self.score or scorers.fitting([targets_of(s) for s in samples])
        if "number" in names:
            wrong = [s.id for s in samples if any(scorers.as_number(t) is None for t in targets_of(s))]
            if wrong:
                raise _rows(wrong, "a target that is no number", "leave out --score number, or mend the targets")
        if "regex" in names:
            broken = [f"{s.id} ({problem})" for s in samples if (problem := _broken_pattern(targets_of(s)))]
            if broken:
                raise _rows(broken, "a target that is no regular expression", "mend the patterns")
        return dataclasses.replace(self, score=Chosen(names))


def targets_of(sample: Sample) -> list[str]:
    """The texts any of which is right; [] where there is none. Raises UserError for a target that is no text."""
    given = sample.target if isinstance(sample.target, list | tuple) else [sample.target]
    texts = []
    for target in given:
        if isinstance(target, bool) or (target is not None and not isinstance(target, str | int | float)):
            raise UserError(
                f"row {sample.id!r}: a target of the holdout probe is text, a number or a list of texts, found "
                f"{type(target).__name__}"
            )
        if target is not None and str(target).strip():
            texts.append(str(target))
    return texts


def _broken_pattern(targets: Sequence[str]) -> str | None:
    for target in targets:
        try:
            regex.compile(target)
        except regex.error as error:
            return str(error)
    return None


def _rows(ids: Sequence[str], what: str, fix: str) -> UserError:
    shown_ids = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    rows = "1 row has" if len(ids) == 1 else f"{len(ids)} rows have"
    return UserError(f"{rows} {what}: {shown_ids}", fix=fix)
