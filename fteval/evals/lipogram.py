"""Text without a letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.check import asked, why_not
from fteval.evals.answer.disguise import spelt_round
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, fold_letters, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Lipogram:
    """Text without a letter (after E. V. Wright's Gadsby, 1939).

    Measures  compliant: not empty and no forbidden letter, case, accents and look-alikes folded; useful: compliant and
              still an answer; forbidden_per_100: forbidden letters per 100 letters
    Chance    "Dog" complies: read `useful`, not `compliant`
    Traps     without a reference, real words in no order pass
    Source    questions written for fteval
    """

    letters: str = "e"
    """Forbidden letters, any case; "é" forbids e."""

    version: ClassVar[int] = 2
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("useful", primary=True),
        Metric("compliant"),
        Metric("forbidden_per_100", better="lower", unit="letters"),
    )

    def __post_init__(self) -> None:
        folded = fold_letters(self.letters) if isinstance(self.letters, str) else ""
        folded = "".join(c for c in folded if not c.isspace() and c != ",")
        if not folded or not folded.isalpha():
            raise UserError(
                f"lipogram needs the letters to forbid, found {self.letters!r}",
                fix="for example letters: e, or --set letters=ae",
            )

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        if blank(text):
            empty = "the answer is empty"
            return Scores(
                {"useful": 0.0, "compliant": 0.0, "forbidden_per_100": None},
                reasons={"useful": empty, "compliant": empty, "forbidden_per_100": "the answer has no letters"},
            )
        folded = fold_letters(text)
        forbidden = dict.fromkeys(c for c in fold_letters(self.letters) if c.isalpha())
        counts = {c: n for c in forbidden if (n := folded.count(c))}
        n_letters = sum(map(str.isalpha, folded))
        values: dict[str, float | None] = {"compliant": float(not counts)}
        reasons: dict[str, str] = {}
        if n_letters:
            values["forbidden_per_100"] = 100 * sum(counts.values()) / n_letters
        else:
            values["forbidden_per_100"], reasons["forbidden_per_100"] = None, "the answer has no letters"
        if counts:
            reasons["compliant"] = ", ".join(f"{c!r} {n} times" if n > 1 else f"{c!r} once" for c, n in counts.items())
            reasons["useful"] = f"forbidden: {reasons['compliant']}"
        else:
            flaw = spelt_round(text, "".join(forbidden), sample.prompt_text) or why_not(
                text, asked(sample), reading=generation.reading
            )
            if flaw:
                reasons["useful"] = flaw
        values["useful"] = float("useful" not in reasons)
        return Scores({m.name: values[m.name] for m in self.metrics}, reasons=reasons)
