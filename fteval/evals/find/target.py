"""How an output is held against a target: the scorers of the `holdout` probe. Nothing here is executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any

import regex

from fteval.evals.language.text import READ, fold, words
from fteval.records import Metric

Judged = tuple[float | None, str | None, str]
"""Value, what was extracted, and why it is not 1."""

LONG = 20
"""Words from which on a target is long: judged by chrf, because hardly anything says it word for word."""
_REGEX_SECONDS = 0.5
_CHRF_CHARACTERS = 20_000


def exact(output: str, targets: Sequence[str]) -> Judged:
    """The same text; white space at the ends and in runs does not count, all else does."""
    said = " ".join(output.split())
    if any(said == " ".join(target.split()) for target in targets):
        return 1.0, None, ""
    near = (
        any(fold(said).strip(" .!\"'`*") == fold(" ".join(t.split())).strip(" .!\"'`*") for t in targets)
        if len(said) < READ
        else False
    )
    return 0.0, None, "differs in case or marks only" if near else f"not the target's text: {_short(said)}"


def contains(output: str, targets: Sequence[str]) -> Judged:
    """A target's words stand in the output, side by side; case, accents, plurals and marks do not count."""
    from fteval.evals.find.statement import holds  # its dates and denials take a tenth of a second to load

    for target in targets:
        found = holds(output, target)
        if found is not None:
            return 1.0, found, ""
    return 0.0, None, f"does not contain {_short(targets[0])}"


def matches(output: str, targets: Sequence[str]) -> Judged:
    """A target, as a pattern of Python's `regex`, is found; None where the search takes longer than half a second."""
    for target in targets:
        try:
            found = _pattern(target).search(output, timeout=_REGEX_SECONDS / len(targets))
        except TimeoutError:
            return None, None, f"searching {_short(target)} took more than {_REGEX_SECONDS} s: the pattern backtracks"
        if found:
            return 1.0, found[0][:200], ""
    return 0.0, None, f"no match for {_short(targets[0])}"


@lru_cache(maxsize=1_000)
def _pattern(target: str) -> Any:
    return regex.compile(target)


def number(output: str, targets: Sequence[str]) -> Judged:
    """The output comes to the target's number: after "answer is", "=" or "####", in \\boxed{}, else its last."""
    found = final_number(output)
    if found is None:
        return 0.0, None, "no number in the output"
    wanted = [w for w in map(as_number, targets) if w is not None]
    same = any(abs(found - w) <= Decimal("1e-6") * max(Decimal(1), abs(w)) for w in wanted)
    return (1.0, str(found), "") if same else (0.0, str(found), f"{_short(str(found))}, wanted {_short(targets[0])}")


def chrf(output: str, targets: Sequence[str]) -> Judged:
    """Character n-gram F-score (chrF2, Popović 2015, by sacrebleu), 0 to 1, of the first 20,000 characters."""
    cut = output[:_CHRF_CHARACTERS].encode("utf-8", "replace").decode()
    references = [t[:_CHRF_CHARACTERS].encode("utf-8", "replace").decode() for t in targets]
    value = _chrf().sentence_score(cut, references).score / 100
    return value, None, "" if value > 0 else "no characters in common"


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


SCORERS: dict[str, Callable[[str, Sequence[str]], Judged]] = {
    "exact": exact,
    "contains": contains,
    "regex": matches,
    "number": number,
    "chrf": chrf,
}


def metric(name: str, primary: bool) -> Metric:
    """What a scorer's number means: all are shares from 0 to 1."""
    return Metric(name, primary=primary)


# --- numbers -------------------------------------------------------------------------------------

_NUMBER = (
    r"[-+−]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,400})(?:\.[0-9]{1,400})?(?:[eE][-+]?[0-9]{1,3}(?![0-9]))?"
)
_NUMBERS = re.compile(rf"(?<![\w.]){_NUMBER}|(?<=[$€£¥#(=]){_NUMBER}")
_ANNOUNCED = re.compile(
    rf"(?:####|\\boxed\{{|\bans(?:wer|\.)?(?: is| =|:)|\b(?:total|result|sum)(?: is| =|:)|=)\s*(?:\*\*|\$|€|£"
    rf"|\\\$|about |approximately |exactly )*\s*({_NUMBER})",
    re.IGNORECASE,
)


def as_number(text: Any) -> Decimal | None:
    """A text that is one number, in English writing (1,234.5; $12; 50 %), or None."""
    if isinstance(text, bool):
        return None
    plain = str(text).strip().strip("$€£¥%").strip().replace("−", "-").removesuffix("%").strip()
    if not re.fullmatch(_NUMBER, plain):
        return None
    try:
        value = Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def final_number(output: str) -> Decimal | None:
    """The number that an output comes to; None for none."""
    text = output[-READ:]
    announced = [m[1] for m in _ANNOUNCED.finditer(text)]
    every = announced or [m[0] for m in _NUMBERS.finditer(text)]
    return as_number(every[-1]) if every else None


# --- which fits ----------------------------------------------------------------------------------


def fitting(targets: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The scorers that fit a file: number for numbers, exact and contains for short targets, chrf for long ones."""
    if all(as_number(t) is not None for alternatives in targets for t in alternatives):
        return ("number",)
    n_long = sum(len(words(alternatives[0])) >= LONG or len(alternatives[0]) >= 200 for alternatives in targets)
    if n_long == len(targets):
        return ("chrf",)
    if n_long == 0:
        return ("exact", "contains")
    return ("chrf", "exact", "contains") if n_long * 2 > len(targets) else ("exact", "contains", "chrf")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
