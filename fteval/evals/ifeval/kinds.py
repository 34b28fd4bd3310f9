"""Verifiable instructions of a row: what each wants of the answer, and whether the answer does it.

The 25 kinds and their fields are IFEval's (arXiv:2311.07911), written anew from the paper's wording and held to agree
with lm-eval's checkers. docs/probes/instructions.md lists where these go by the wording instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fteval.errors import UserError
from fteval.evals.ifeval import form as form
from fteval.evals.ifeval import words as wording
from fteval.records import Sample

Checker = Callable[[str, Mapping[str, Any]], str | None]

RELATIONS = ("less than", "at least")


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "text"


def _letter(value: Any) -> str | None:
    return None if isinstance(value, str) and len(value.strip()) == 1 else "one character"


def _count(value: Any) -> str | None:
    whole = value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
    return None if whole and value >= 0 else "a whole number"


def _relation(value: Any) -> str | None:
    return None if value in RELATIONS else " or ".join(map(repr, RELATIONS))


def _texts(value: Any) -> str | None:
    good = isinstance(value, list | tuple) and value and not any(map(_text, value))
    return None if good else "a list of texts"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of instruction."""

    check: Checker
    """Why the text does not follow it, None where it does."""
    fields: Mapping[str, Callable[[Any], str | None]]
    """Field of `kwargs` -> what it must be, where the given value is not."""


def _kind(check: Checker, **fields: Callable[[Any], str | None]) -> Kind:
    return Kind(check, fields)


KINDS: Mapping[str, Kind] = {
    "keywords:existence": _kind(wording.existence, keywords=_texts),
    "keywords:frequency": _kind(wording.frequency, keyword=_text, frequency=_count, relation=_relation),
    "keywords:forbidden_words": _kind(wording.forbidden_words, forbidden_words=_texts),
    "keywords:letter_frequency": _kind(
        wording.letter_frequency, letter=_letter, let_frequency=_count, let_relation=_relation
    ),
    "language:response_language": _kind(wording.response_language, language=_text),
    "length_constraints:number_sentences": _kind(form.number_sentences, num_sentences=_count, relation=_relation),
    "length_constraints:number_paragraphs": _kind(form.number_paragraphs, num_paragraphs=_count),
    "length_constraints:number_words": _kind(form.number_words, num_words=_count, relation=_relation),
    "length_constraints:nth_paragraph_first_word": _kind(
        form.nth_paragraph_first_word, num_paragraphs=_count, nth_paragraph=_count, first_word=_text
    ),
    "detectable_content:number_placeholders": _kind(form.number_placeholders, num_placeholders=_count),
    "detectable_content:postscript": _kind(form.postscript, postscript_marker=_text),
    "detectable_format:number_bullet_lists": _kind(form.number_bullet_lists, num_bullets=_count),
    "detectable_format:constrained_response": _kind(form.constrained_response),
    "detectable_format:number_highlighted_sections": _kind(form.number_highlighted_sections, num_highlights=_count),
    "detectable_format:multiple_sections": _kind(form.multiple_sections, section_spliter=_text, num_sections=_count),
    "detectable_format:json_format": _kind(form.json_format),
    "detectable_format:title": _kind(form.title),
    "combination:two_responses": _kind(form.two_responses),
    "combination:repeat_prompt": _kind(form.repeat_prompt, prompt_to_repeat=_text),
    "startend:end_checker": _kind(form.end_checker, end_phrase=_text),
    "change_case:capital_word_frequency": _kind(
        wording.capital_word_frequency, capital_frequency=_count, capital_relation=_relation
    ),
    "change_case:english_capital": _kind(wording.english_capital),
    "change_case:english_lowercase": _kind(wording.english_lowercase),
    "punctuation:no_comma": _kind(form.no_comma),
    "startend:quotation": _kind(form.quotation),
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a row, ready to be checked."""

    id: str
    kwargs: Mapping[str, Any]

    def broken(self, text: str) -> str | None:
        """Why the text does not follow it; None where it does. Blank text follows nothing."""
        if not text.strip():
            return "empty"
        return KINDS[self.id].check(text, self.kwargs)

    def broken_loosely(self, variants: Sequence[str]) -> str | None:
        """The same for the best of the variants of one text; the reason is that of the first."""
        first = self.broken(variants[0])
        if first is None or any(self.broken(text) is None for text in variants[1:]):
            return None
        return first


def loosely(text: str) -> list[str]:
    """The text, and without its first line, its last line, both; each with and without asterisks."""
    lines = text.split("\n")
    cut = [text, "\n".join(lines[1:]), "\n".join(lines[:-1]), "\n".join(lines[1:-1])]
    cut = [text, *(part.strip() for part in cut[1:])]
    return list(dict.fromkeys([*cut, *(part.replace("*", "") for part in cut)]))


def instructions(sample: Sample) -> list[Instruction]:
    """The instructions of a row. Raises UserError with the row and everything that is wrong with it."""
    ids, kwargs = sample.metadata.get("instruction_id_list"), sample.metadata.get("kwargs")
    if not isinstance(ids, list | tuple) or not ids:
        raise _error(sample, "needs 'instruction_id_list', a list of instruction ids", repr(ids))
    if kwargs is None:
        kwargs = [{}] * len(ids)
    if not isinstance(kwargs, list | tuple) or len(kwargs) != len(ids):
        found = f"{len(kwargs)}" if isinstance(kwargs, list | tuple) else repr(kwargs)
        raise _error(sample, f"needs 'kwargs', a list with one object per instruction ({len(ids)})", found)
    unknown = [name for name in ids if not isinstance(name, str) or name not in KINDS]
    if unknown:
        raise UserError(
            f"row {sample.id!r} has instructions that nobody can check: {', '.join(map(repr, unknown))}",
            fix="known are " + ", ".join(KINDS),
        )
    wrong = [problem for name, given in zip(ids, kwargs, strict=True) for problem in _problems(name, given)]
    if wrong:
        raise UserError(
            f"row {sample.id!r}: " + "; ".join(wrong), fix="give 'kwargs' one object with these fields per instruction"
        )
    return [Instruction(name, given or {}) for name, given in zip(ids, kwargs, strict=True)]


def _error(sample: Sample, needs: str, found: str) -> UserError:
    return UserError(
        f"row {sample.id!r} {needs}, found {found}", fix="rows of 'instructions' have the fields of IFEval's file"
    )


def _problems(name: str, given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping | None):
        yield f"{name} needs an object in 'kwargs', found {given!r}"
        return
    given = given or {}
    wrong = {field: should for field, check in KINDS[name].fields.items() if (should := check(given.get(field)))}
    for field, should in wrong.items():
        yield f"{name} needs {field!r}, {should}, found {given.get(field)!r}"
    if not wrong and "nth_paragraph" in KINDS[name].fields:
        n, of = given["nth_paragraph"], given["num_paragraphs"]
        if not 1 <= n <= of:
            yield f"{name}: there is no paragraph {n} of {of}"
