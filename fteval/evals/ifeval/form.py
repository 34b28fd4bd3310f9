"""Checkers of length, layout, start and end, for `verifiable`. Each says why a text fails, None where it does not.

They look for marks with one pass over the text, so that no answer can keep them busy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import regex

from fteval.evals.answer.topic import FUNCTION_WORDS
from fteval.evals.language.text import blank, word_set

OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")

Kwargs = Mapping[str, Any]


def compared(found: int, relation: str, wanted: float, what: str) -> str | None:
    """None where the count stands in the relation, else both numbers."""
    met = found < wanted if relation == "less than" else found >= wanted
    return None if met else f"{found} {what}, asked for {relation} {wanted:g}"


def _exactly(found: int, wanted: float, what: str) -> str | None:
    return None if found == wanted else f"{found} {what}, asked for {wanted:g}"


# --- length --------------------------------------------------------------------------------------

_WORD = regex.compile(r"\w+")  # in `re`, the vowel signs of Indian scripts part words


def number_words(text: str, kwargs: Kwargs) -> str | None:
    return compared(len(_WORD.findall(text)), kwargs["relation"], kwargs["num_words"], "words")


def number_sentences(text: str, kwargs: Kwargs) -> str | None:
    found = count_sentences(text, int(kwargs["num_sentences"]) + 50)
    return compared(found, kwargs["relation"], kwargs["num_sentences"], "sentences")


_END = re.compile(
    r"(?P<mark>[.!?…]+)(?:[\"')\]}*_”’»]*(?=\s|\Z)|[\"']+(?=,))|[。！？]+|^[ \t]*(?P<number>\d{1,3}[.)])(?=\s)",
    re.MULTILINE,
)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘*_]+\Z")
_NEXT_WORD = re.compile(r"\s*[\"'(\[“‘*_#-]*(\w[\w'’]*)")
_TITLES = word_set("mr mrs ms dr prof st gen col lt sgt rev hon capt cpt fig no mt messrs sen rep gov pres")
_ABBREVIATIONS = word_set(
    """
    jr sr vs v etc e.g i.e eg ie inc ltd co corp al u.s u.k u.n e.u a.m p.m ph.d d.c b.c a.d jan feb mar apr jun jul
    aug sep sept oct nov dec dept est approx vol pp ed eds cf ca min max tel ext
    """
)


def count_sentences(text: str, most: int = 1_000_000) -> int:
    """Stretches that end in . ! ? and have a word; an abbreviation ends one only before "The", "It", …

    Counting stops beyond `most`. A line end closes none (a heading belongs to what follows), but a number opens an
    item of a list.
    """
    count, start = 0, 0
    for end in _END.finditer(text):
        if end["number"]:
            count += _has_word(text, start, end.start())
        elif end["mark"] and not _closes(text, end["mark"], end.start(), end.end()):
            continue
        else:
            count += _has_word(text, start, end.start())
        start = end.end()
        if count > most:
            return count
    return count + _has_word(text, start, len(text))


def _has_word(text: str, start: int, end: int) -> bool:
    return _WORD.search(text, start, end) is not None


def _closes(text: str, mark: str, at: int, end: int) -> bool:
    if "!" in mark or "?" in mark:
        return True
    following = _NEXT_WORD.match(text, end, end + 60)
    if not following:
        return True
    if mark != ".":
        return not following[1][0].islower()
    last = _LAST_WORD.search(text[max(0, at - 20) : at])
    word = last[0].lower() if last else ""
    if word in _TITLES and not (word == "no" and following[1][0].isalpha()):
        return False
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"):
        return following[1][0].isupper() and following[1].lower() in FUNCTION_WORDS
    return True


def number_paragraphs(text: str, kwargs: Kwargs) -> str | None:
    parts = [part.strip() for part in text.split("***")]
    if not all(parts[1:-1]):
        return "an empty paragraph between two dividers ***"
    return _exactly(sum(map(bool, parts)), kwargs["num_paragraphs"], "paragraphs parted by ***")


def nth_paragraph_first_word(text: str, kwargs: Kwargs) -> str | None:
    parts = [stripped for part in text.split("\n\n") if (stripped := part.strip())]
    wrong = _exactly(len(parts), kwargs["num_paragraphs"], "paragraphs")
    if wrong:
        return wrong
    n, wanted = int(kwargs["nth_paragraph"]), kwargs["first_word"].strip().lower()
    opening = parts[n - 1].lstrip("'\"“‘").lower()
    after = opening[len(wanted) : len(wanted) + 1]
    if opening.startswith(wanted) and not (after.isalnum() or after in ("-", "_")):
        return None
    return f"paragraph {n} starts with {parts[n - 1].split()[0][:40]!r}, asked for {wanted!r}"


# --- marks ---------------------------------------------------------------------------------------


def number_placeholders(text: str, kwargs: Kwargs) -> str | None:
    found = 0
    for line in text.split("\n"):
        at = line.find("[")
        while at >= 0 and (end := line.find("]", at + 1)) >= 0:
            found += not blank(line[at + 1 : min(end, at + 200)])
            at = line.find("[", end + 1)
    return compared(found, "at least", kwargs["num_placeholders"], "placeholders")


def postscript(text: str, kwargs: Kwargs) -> str | None:
    marker = kwargs["postscript_marker"].strip()
    spelt = {"P.P.S": r"p\.\s?p\.\s?s\b\.?", "P.S.": r"p\.\s?s\."}.get(marker, re.escape(marker.lower()))
    found = list(re.finditer(spelt, text.lower()))
    if not found:
        return f"no postscript {marker!r}"
    return None if _WORD.search(text.lower(), found[0].end()) else f"nothing after {marker!r}"


def number_bullet_lists(text: str, kwargs: Kwargs) -> str | None:
    return _exactly(sum(map(_is_bullet, text.split("\n"))), kwargs["num_bullets"], "bullet points")


def _is_bullet(line: str) -> bool:
    line = line.strip()
    if line.startswith("-"):
        return bool(line.strip("- "))
    if not line.startswith("*") or not line.strip("* ") or line.startswith("**"):
        return False
    return line[1].isspace() or "*" not in line[1:]


def number_highlighted_sections(text: str, kwargs: Kwargs) -> str | None:
    found = sum(_highlights(line) for line in text.split("\n") if "*" in line)
    return compared(found, "at least", kwargs["num_highlights"], "highlighted sections")


_BULLET = re.compile(r"\s*\*\s+")
_ONE, _TWO = re.compile(r"\*([^*]*)\*"), re.compile(r"\*\*([^*]+)\*\*")


def _highlights(line: str) -> int:
    bullet = _BULLET.match(line)
    if bullet and line.count("*", bullet.end()) % 2 == 0:
        line = line[bullet.end() :]
    line = re.sub(r"\*{3,}", "**", line)
    return sum(not blank(inside) for pattern in (_ONE, _TWO) for inside in pattern.findall(line))


def multiple_sections(text: str, kwargs: Kwargs) -> str | None:
    mark = kwargs["section_spliter"].strip()
    found = len(re.findall(re.escape(mark) + r"\s?\d+", text))
    return compared(found, "at least", kwargs["num_sections"], f"sections marked {mark!r}")


def title(text: str, kwargs: Kwargs) -> str | None:
    for line in text.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and line[start:end].strip("<> "):
            return None
    return "no title in <<double angular brackets>>"


# --- the whole answer ----------------------------------------------------------------------------


def constrained_response(text: str, kwargs: Kwargs) -> str | None:
    found = [option for option in OPTIONS if option in text]
    return None if len(found) == 1 else "several of the options" if found else "none of the options"


def json_format(text: str, kwargs: Kwargs) -> str | None:
    text = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {str(error)[:80]}"
    return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def two_responses(text: str, kwargs: Kwargs) -> str | None:
    parts = [part.strip() for part in text.split("******")]
    if not all(parts[1:-1]):
        return "an empty response between two ******"
    said = [part for part in parts if part]
    if len(said) != 2:
        return f"{len(said)} responses parted by ******, asked for 2"
    return "the same response twice" if said[0] == said[1] else None


def repeat_prompt(text: str, kwargs: Kwargs) -> str | None:
    rest = after_prompt(text, kwargs["prompt_to_repeat"])
    if rest is None:
        return "does not start with the prompt"
    return None if _WORD.search(rest) else "nothing but the prompt"


def after_prompt(text: str, prompt: str) -> str | None:
    """What follows the prompt; None where the text does not start with it, letter case aside."""
    text, prompt = text.strip(), prompt.strip()
    return text[len(prompt) :] if text.lower().startswith(prompt.lower()) else None


def end_checker(text: str, kwargs: Kwargs) -> str | None:
    wanted = kwargs["end_phrase"].strip()
    return None if before_end(text, wanted) is not None else f"does not end with {wanted[:60]!r}"


def before_end(text: str, phrase: str) -> str | None:
    """What stands before the closing phrase; None where the text does not end with it, case and quotes aside."""
    text, phrase = text.strip().strip('"'), phrase.strip()
    return text[: -len(phrase)] if text.lower().endswith(phrase.lower()) else None


_COMMA = re.compile("[,，、،﹐﹑､՝߸]")


def no_comma(text: str, kwargs: Kwargs) -> str | None:
    found = _COMMA.findall(text)
    return f"{len(found)} commas" if found else None


_QUOTES = {'"': '"', "“": "”", "„": "“”", "＂": "＂"}


def quotation(text: str, kwargs: Kwargs) -> str | None:
    text = text.strip()
    wrapped = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES[text[0]]
    return None if wrapped else "not wrapped in double quotation marks"
