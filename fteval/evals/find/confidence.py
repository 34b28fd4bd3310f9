"""How sure does an answer say that it is? A share from 0 to 1, or why there is none to be read."""

from __future__ import annotations

from dataclasses import dataclass

import regex

READ = 5_000
"""Characters of an answer that are searched, from its end: that is where a confidence stands."""
_NUMBER = r"(?P<n>\d{1,3}(?:[.,]\d{1,4})?)\s?(?P<unit>%|per ?cent\b|/\s?100?(?!\d)|out of 100?\b)?"
_SURE = r"(?:confiden(?:ce|t)|certain(?:ty)?|sure(?:ness)?|probability|likelihood)"
_SCALE = regex.compile(r"[(\[]\s*(?:from )?[01]\s?%?\s*(?:-|–|to)\s*10{0,2}\s?%?\s*[)\]]", regex.I)
"""What a question says of the scale, given back: "Confidence (0-100): 80"."""
_SAID = regex.compile(
    rf"\b{_SURE}\b(?:(?!\b{_SURE}\b)[^\d\n.;]){{0,40}}?(?<![\d.,])(?P<less>-\s?)?{_NUMBER}(?P<to>\s?(?:-|–|to)\s?\d+)?"
    rf"|(?<![\d.,-]){_NUMBER}(?P<to>\s?(?:-|–|to)\s?\d+\s?%)?\s?(?:\w+ )?(?:{_SURE}|positive|convinced|chance)\b",
    regex.I,
)
_DENIED = regex.compile(r"(?:\bnot|n't|\bnever)(?: \w+){0,2} *\Z", regex.I)


@dataclass(frozen=True, slots=True)
class Confidence:
    """What an answer says of itself."""

    share: float | None
    why: str = ""
    """Why there is none."""
    rest: str = ""
    """The answer without it."""


def confidence(text: str) -> Confidence:
    """The last confidence that is stated, in per cent, of ten or of a hundred, or as a share ("0.8")."""
    text = _SCALE.sub("", text)
    found = [
        m for m in _SAID.finditer(text[-READ:]) if not _DENIED.search(text[-READ:][max(0, m.start() - 30) : m.start()])
    ]
    if not found:
        return Confidence(None, "no confidence is stated", text)
    rest = text[:-READ] + _SAID.sub(" ", text[-READ:])
    last = found[-1]
    if last["to"] or last["less"]:
        return Confidence(None, f"not one number from 0 to 100 %: {last[0]!r}", rest)
    share = _share(float(last["n"].replace(",", ".")), (last["unit"] or "").replace(" ", "").lower(), last["n"])
    why = "" if share is not None else f"not one number from 0 to 100 %: {last[0]!r}"
    return Confidence(share, why, rest)


def _share(number: float, unit: str, written: str) -> float | None:
    if unit in ("/10", "outof10"):
        number *= 10
    elif not unit:
        if "." in written or "," in written:
            number *= 100 if number <= 1 else 1
        elif 0 < number <= 10:
            return None  # "Confidence: 8" may be of ten or of a hundred
    return number / 100 if number <= 100 else None
