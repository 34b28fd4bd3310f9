"""Verifiable instructions: word counts, bullets, forbidden words, start and end, case, language, JSON …"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.asked import asked
from fteval.evals.evasion import spelt_round
from fteval.evals.packaged import packaged
from fteval.evals.still_an_answer import why_not
from fteval.evals.text import blank, fold, shown
from fteval.evals.verifiable import Instruction, instructions, loosely
from fteval.evals.verifiable_form import after_prompt, before_end
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Instructions:
    """Whether every instruction of a prompt is followed that a program can verify, in the manner of IFEval.

    Measures  followed: the answer follows all of the row's instructions, as it stands; followed_loosely: for each there
              is a variant of the answer that does (first line, last line or both left out, asterisks left out); both
              only where the answer is still one: no refusal, no loop, no gibberish, not one word where a text is asked
              for, not the prompt alone, in the prompt's language and not about something else
    Chance    "no commas" is met by most short answers, "at least 300 words" by none: compare with the base
    Traps     what the text says is not judged; IFEval itself also counts refusals and gibberish that keep the form, so
              its numbers can be higher where a model gives such answers
    Source    kinds, fields and the eight loose variants after IFEval (arXiv:2311.07911), whose file
              (key, prompt, instruction_id_list, kwargs) is a hold-out as it stands; prompts of this project's own
    """

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("followed", primary=True), Metric("followed_loosely"))

    def samples(self) -> Iterator[Sample]:
        return packaged("instructions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        wanted = instructions(sample)
        text = shown(generation.text).lstrip("\ufeff").replace("\r\n", "\n")
        if blank(text):
            empty = "the answer is empty"
            return Scores(
                {"followed": 0.0, "followed_loosely": 0.0}, reasons={"followed": empty, "followed_loosely": empty}
            )
        broken = {i: why for i, one in enumerate(wanted) if (why := one.broken(text))}
        variants = loosely(text) if broken else []
        loosely_broken = {i: why for i in broken if (why := wanted[i].broken_loosely(variants))}
        reasons: dict[str, str] = {}
        no_answer = None if loosely_broken else _why_no_answer(text, sample, wanted)
        for metric, failed in (("followed", broken), ("followed_loosely", loosely_broken)):
            if failed:
                reasons[metric] = "; ".join(f"{wanted[i].id}: {why}" for i, why in failed.items())
            elif no_answer:
                reasons[metric] = f"the form, but no answer: {no_answer}"
        return Scores(
            {m.name: float(m.name not in reasons) for m in self.metrics},
            answer=f"{len(wanted) - len(broken)} of {len(wanted)} followed",
            reasons=reasons,
        )


# What asks for a text, not for a name or a number.
_TEXT = re.compile(
    r"\b(?:write|describe|explain|compose|draft|essay|story|poem|letter|e-?mail|list|tell|discuss|summar\w+|paragraphs?"
    r"|sentences?|blog|post|report|article|review|song|speech|how (?:do|does|can|should|to)|why|compare|outline|pitch"
    r"|create|recommend|advice|advise|tips|reasons|itinerary|plan|script|dialogue|announce\w*|rewrite|explanation)\b"
)
_SHORT = 8
"""Where fewer words than this are allowed, one may be an answer."""
_NOT_PROSE = frozenset(["detectable_format:json_format", "language:response_language"])


def _why_no_answer(text: str, sample: Sample, wanted: Sequence[Instruction]) -> str | None:
    """Why the text is no answer for all its form; what the instructions themselves ask to repeat is left out."""
    ids = {one.id for one in wanted}
    if "detectable_format:constrained_response" in ids:
        return None  # its words are the prompt's
    prompt, body = sample.prompt_text, text
    if "detectable_format:json_format" in ids:
        body = _said(text)
    for one in wanted:
        if one.id == "combination:repeat_prompt":
            body = after_prompt(body, one.kwargs["prompt_to_repeat"]) or body
        elif one.id == "startend:end_checker":
            body = body if (before := before_end(body, one.kwargs["end_phrase"])) is None else before
        elif one.id == "startend:quotation":
            body = body.strip().strip('"“”„＂')
        elif one.id == "keywords:letter_frequency" and one.kwargs["let_relation"] == "less than":
            letter = fold(one.kwargs["letter"].strip())
            if letter.isalpha() and one.kwargs["let_frequency"] <= 1 and (flaw := spelt_round(text, letter, prompt)):
                return flaw
    return why_not(body, asked(sample), fewest=_fewest(prompt, wanted), whole=ids.isdisjoint(_NOT_PROSE))


def _fewest(prompt: str, wanted: Sequence[Instruction]) -> int:
    for one in wanted:
        if one.id == "length_constraints:number_words" and one.kwargs["relation"] == "less than":
            if one.kwargs["num_words"] <= _SHORT:
                return 1
        elif one.id == "detectable_format:json_format":
            return 1
    return 4 if _TEXT.search(fold(prompt)) else 1


def _said(text: str) -> str:
    """The texts in a JSON answer, or all of it where it has none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1] if 0 <= start < end else text.strip("` \njsonJSON"))
    except (ValueError, RecursionError):
        return text
    found: list[str] = []
    open_: list[object] = [value]
    while open_:
        one = open_.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            open_ += reversed(one.values())
        elif isinstance(one, list):
            open_ += reversed(one)
    return "\n".join(found) if any(not blank(part) for part in found) else text
