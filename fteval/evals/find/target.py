"""How an output is held against a target: the scorers of the `holdout` probe. Nothing here is executed."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import regex

from fteval.errors import UserError
from fteval.evals.find.equation import equal, is_expression
from fteval.evals.find.number import Result, alone, is_identifier, result, same, wanted
from fteval.evals.find.pattern import SECONDS, Endless, compiled, search
from fteval.evals.find.similar import similarity
from fteval.evals.language.text import READ, fold, words

Judged = tuple[float | None, str | None, str]
"""Value, what was extracted, and why it is not 1."""

Scorer = Callable[[str, Sequence[str]], Judged]

LONG = 20
"""Words from which on a target is long: judged by chrf, because hardly anything says it word for word."""
_CHRF_CHARACTERS = 20_000

# --- one writing on both sides -------------------------------------------------------------------

_QUOTES = str.maketrans({**dict.fromkeys("’‘‛＇", "'"), **dict.fromkeys("“”„‟＂", '"')})
_ANSWER_LINE = regex.compile(r"^####[ \t]++(\S[^\n]*+)\s*+\Z", regex.MULTILINE)
_FENCED = regex.compile(r"\s*+```[\w+-]*+[ \t]*+\n(?P<inner>(?:(?!```).)*+)```\s*+", regex.DOTALL)


def written(text: str) -> str:
    """The text in one writing: composed characters, straight quotes, single spaces."""
    if not text.isascii():  # nothing of this is in ASCII, and most texts are
        text = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return " ".join(text.split())


def final(text: str) -> str:
    """What a worked answer comes to: the rest of a last line that begins with ####, or what the one fence holds."""
    if line := _ANSWER_LINE.search(text):
        return str(line[1]).rstrip()
    fenced = _FENCED.fullmatch(text)
    return str(fenced["inner"]).strip() if fenced and fenced["inner"].strip() else text


# --- the scorers ---------------------------------------------------------------------------------


def exact(output: str, targets: Sequence[str]) -> Judged:
    """The same text; white space at the ends and in runs and the form of quotes do not count, all else does."""
    said = written(output)
    for target in targets:
        if said == written(target) or (final(target) != target and written(final(output)) == written(final(target))):
            return 1.0, None, ""
    near = len(said) < READ and any(_key(said) == _key(written(final(t))) for t in targets)
    return 0.0, None, "differs in case or marks only" if near else f"not the target's text: {_short(said)}"


def _key(text: str) -> str:
    return fold(text).strip(" .!\"'`*。")


def contains(output: str, targets: Sequence[str]) -> Judged:
    """A target's words stand in the output, side by side; case, accents, plurals and marks do not count."""
    from fteval.evals.find.statement import holds  # its dates and denials take a tenth of a second to load

    if written(output) in map(written, targets):
        return 1.0, output.strip()[:200], ""
    doubt = ""
    for target in map(final, targets):
        found, why = holds(output, target)
        if found is not None and not why:
            return 1.0, found, ""
        doubt = doubt or why
    return (None, None, doubt) if doubt else (0.0, None, f"does not contain {_short(final(targets[0]))}")


def matches(output: str, targets: Sequence[str]) -> Judged:
    """A target, as a pattern of Python's `regex`, is found; None where the search takes longer than half a second."""
    for target in targets:
        try:
            found = search(target, output, SECONDS / len(targets))
        except Endless as endless:
            return None, None, str(endless)
        if found:
            return 1.0, found[0][:200], ""
    return 0.0, None, f"no match for {_short(targets[0])}"


def number(output: str, targets: Sequence[str]) -> Judged:
    """The output comes to the target's number: the announced one, else its last; None where its writing is open."""
    found = result(output)
    if not isinstance(found, Result):
        return (0.0, None, "no number in the output") if found is None else (None, None, found)
    said = found.numeral.text.strip()[:200]
    held = [same(found.numeral, one) for one in map(wanted, targets) if one is not None]
    if any(equal for equal, _ in held):
        return 1.0, said, ""
    doubt = next((why for equal, why in held if equal is None), None)
    return (0.0, said, held[0][1]) if doubt is None else (None, said, doubt)


def chrf(output: str, targets: Sequence[str]) -> Judged:
    """Character n-gram F-score (chrF2, Popović 2015, by sacrebleu), 0 to 1, of the first 20,000 characters."""
    cut, *references = (t[:_CHRF_CHARACTERS].encode("utf-8", "replace").decode() for t in (output, *targets))
    if written(cut) in map(written, references):
        return 1.0, None, ""
    value = _chrf().sentence_score(cut, references).score / 100
    return value, None, "" if value > 0 else "no characters in common"


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def rouge(output: str, targets: Sequence[str]) -> Judged:
    """ROUGE-L (Lin 2004): F1 of the longest common subsequence of words, folded, of the first 20,000 characters."""
    from rapidfuzz.distance import LCSseq

    said, best = _folded(output), 0.0
    for target in targets:
        right = _folded(target)
        if written(output) == written(target):
            return 1.0, None, ""
        if said and right:
            best = max(best, 2 * LCSseq.similarity(said, right) / (len(said) + len(right)))
    return best, None, "" if best else "no words in common"


def _folded(text: str) -> tuple[str, ...]:
    return words(fold(text[:_CHRF_CHARACTERS]))


def math(output: str, targets: Sequence[str]) -> Judged:
    """The output's expression equals a target's, as math-verify finds: fractions, LaTeX, sets, intervals, equations."""
    if written(output) in map(written, targets):
        return 1.0, output.strip()[:200], ""
    doubt = ""
    for target in map(final, targets):
        value, said, why = equal(final(output), target)
        if value == 1:
            return value, said, why
        doubt = doubt or ("" if value is not None else why)
    return (None, said, doubt) if doubt else (0.0, said, why)


def similar(output: str, targets: Sequence[str]) -> Judged:
    """Cosine of static English word embeddings (wordllama), the nearest target's, 0 to 1."""
    if written(output) in map(written, targets):
        return 1.0, None, ""
    values = [similarity(output, target) for target in targets]
    known = [value for value in values if value is not None]
    if not known:
        return None, None, "not in Latin letters: the embeddings know English"
    return max(known), None, ""


SCORERS: dict[str, Scorer] = {
    "exact": exact,
    "contains": contains,
    "regex": matches,
    "number": number,
    "chrf": chrf,
    "rouge": rouge,
    "math": math,
    "similar": similar,
}
_LIBRARIES = {"math": "math_verify", "similar": "wordllama"}
"""Scorer -> the module that it rests on; the extra is called like the scorer."""


def check_installed(name: str) -> None:
    """Raises UserError for a scorer whose library is missing."""
    module = _LIBRARIES.get(name)
    if module is not None and importlib.util.find_spec(module) is None:
        raise UserError(f"the scorer '{name}' needs a library", fix=f"pip install 'fteval[{name}]'")


# --- which targets fit ---------------------------------------------------------------------------


def misfit(name: str, targets: Sequence[str]) -> str | None:
    """Why a scorer cannot use these targets; None where it can."""
    if name == "number" and any(wanted(t) is None for t in targets):
        return "a target that is no number, or several"
    if name == "math" and not all(map(is_expression, map(final, targets))):
        return "a target that is no mathematical expression"
    return _broken_pattern(targets) if name == "regex" else None


def _broken_pattern(targets: Sequence[str]) -> str | None:
    for target in targets:
        try:
            compiled(target)
        except ValueError as error:
            return f"a target that is {error}"
    return None


def fitting(targets: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The scorers that fit a file: number for numbers, exact and contains for short targets, chrf for long ones.

    Numbers that name something (a leading zero, seven digits and more) are held against the text as well.
    """
    found = [alone(final(t)) for alternatives in targets for t in alternatives]
    if all(n is not None for n in found):
        return ("number", "exact") if any(n is not None and is_identifier(n) for n in found) else ("number",)
    n_long = sum(_is_long(alternatives[0]) for alternatives in targets)
    if n_long == len(targets):
        return ("chrf",)
    if n_long == 0:
        return ("exact", "contains")
    return ("chrf", "exact", "contains") if n_long * 2 > len(targets) else ("exact", "contains", "chrf")


def _is_long(target: str) -> bool:
    return len(words(final(target))) >= LONG or len(final(target)) >= 200


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
