"""Is an answer that keeps the form of its instructions still an answer? For the probe `instructions`.

"No commas" is met by "x" and "at least 300 words" by a loop. What the instructions themselves ask to repeat (the
prompt, a closing phrase) is left out before the rest is judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from fteval.evals.answer.check import FEWEST, Asked, about_another, asked, copied, no_prose, why_not
from fteval.evals.answer.disguise import spelt_round
from fteval.evals.answer.likelihood import usable
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.repetition import stuck
from fteval.evals.answer.topic import FUNCTION_WORDS
from fteval.evals.ifeval.form import after_prompt, before_end
from fteval.evals.ifeval.kinds import Instruction
from fteval.evals.ifeval.words import base_language
from fteval.evals.language import lexicon
from fteval.evals.language.stems import stems
from fteval.evals.language.text import READ, blank, fold, sentences, words
from fteval.records import Sample
from fteval.records.readings import Reading


def why_no_answer(
    text: str, sample: Sample, wanted: Sequence[Instruction], reading: Reading | None = None
) -> str | None:
    """Why the text, which follows the instructions, is no answer; None where it is one."""
    ids = {one.id for one in wanted}
    if "detectable_format:constrained_response" in ids:
        return None  # it has one of the three sentences that the prompt offers
    body = _said(text) if "detectable_format:json_format" in ids else text
    said = asked(sample)
    for one in wanted:
        if one.id == "combination:repeat_prompt":
            said = replace(said, prompt=one.kwargs["prompt_to_repeat"])
            body = _after(body, said.prompt)
            if copied(body, sample.prompt_text):
                return "nothing but the prompt"
        elif one.id == "startend:end_checker":
            before = before_end(body, one.kwargs["end_phrase"])
            body = body if before is None else before
        elif one.id == "startend:quotation":
            body = body.strip().strip('"“”„＂')
        elif one.id == "keywords:letter_frequency" and one.kwargs["let_relation"] == "less than":
            letter = fold(one.kwargs["letter"].strip())
            flaw = letter.isalpha() and one.kwargs["let_frequency"] <= 1 and spelt_round(text, letter, said.prompt)
            if flaw:
                return flaw
    fewest = _fewest(said.prompt, wanted)
    for one in wanted:
        if one.id == "language:response_language":
            return _foreign(body, said, base_language(one.kwargs["language"]), fewest, reading)
    flaw = why_not(body, said, fewest=fewest, whole=False, reading=reading)
    if flaw or "detectable_format:json_format" in ids:
        return flaw
    if fewest == 1:
        return None
    flaw = no_prose(body, said, reading=reading)
    # Instructions name so much beside the subject that to rules one common word must do.
    about_it = usable(reading) is None and _content(body) & _content(said.prompt)
    return flaw or (None if about_it else about_another(body, said, reading=reading))


def _after(text: str, prompt: str) -> str:
    """What follows the repeated prompt, also where a line stands before it; all of it where it is not there."""
    rest = after_prompt(text, prompt)
    if rest is None:
        at = text.lower().find(prompt.strip().lower())
        return text[at + len(prompt.strip()) :] if at >= 0 else text
    return rest


def _foreign(text: str, said: Asked, code: str, fewest: int, reading: Reading | None) -> str | None:
    if code in lexicon.languages():
        return why_not(text, said, fewest=fewest, whole=False, reading=reading)
    declined, again = refusal(text, said.prompt), stuck(text)
    if declined or again:
        return f"a refusal: '{declined[:60]}'" if declined else f"repeats itself: {again}"
    return None if len(words(text[:READ])) >= min(fewest, 2) else "too few words"


def _content(text: str) -> set[str]:
    return {stem for stem in stems(text[:10_000], "en") if stem not in FUNCTION_WORDS and len(stem) > 2}


# Questions that a word or a name answers.
_SHORT = re.compile(
    r"what(?:'s| is| was) (?:the|another|your|my) (?!(?:main |best )?(?:difference|use|purpose|meaning|point|way|idea"
    r"|reason|history|story|role|benefit|process|importance|impact)s?\b)"
    r"|what (?:year|colou?r|day|month|city|town|country|language|animal|number|word|time|job|century)\b"
    r"|(?:(?:in|by|to|with|on|at|from) )?(?:which|who|whom|whose|when|where)\b|(?:in|on|at) what\b"
    r"|how (?:many|much|old|far|long|tall|high|big)\b"
    r"|(?:is|are|was|were|do|does|did|has|have|should|will|would)\b[^?]*\?"
    r"|(?:translate|convert|correct|classify|complete|spell|name)\b"
)
_NAME = re.compile(
    r"\b(?:create|invent|suggest|give|find|choose|think of|come up with|generate|propose|write|need)\b[^,.]{0,40}?"
    r"\b(?:names?|taglines?|slogans?|headlines?|hashtags?|titles?|mottos?|captions?|synonyms?|words?) (?:for|of)\b"
)
_FEW = 8
"""Where fewer words than this are allowed, one may be an answer."""


def _fewest(prompt: str, wanted: Sequence[Instruction]) -> int:
    for one in wanted:
        at_most = one.kwargs["num_words"] if one.id == "length_constraints:number_words" else None
        short = at_most is not None and one.kwargs["relation"] == "less than" and at_most <= _FEW
        if short or one.id == "detectable_format:json_format":
            return 1
    first, *then = [fold(sentence) for sentence in sentences(prompt[:READ])[:2]] or [""]
    asked_for = [first, *(sentence for sentence in then if sentence.endswith("?"))]
    return 1 if any(map(_SHORT.match, asked_for)) or _NAME.search(first) else FEWEST


def _said(text: str) -> str:
    """The texts in a JSON answer, or all of it where it has none."""
    start, end = text.find("{"), text.rfind("}")
    inside = text[start : end + 1] if 0 <= start < end else text.strip().removeprefix("```json").strip("`")
    try:
        value = json.loads(inside)
    except (ValueError, RecursionError):
        return text
    found: list[str] = []
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict | list):
            waiting += reversed(list(one.values()) if isinstance(one, dict) else one)
    return "\n".join(found) if not all(map(blank, found)) else text
