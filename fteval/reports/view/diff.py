"""Which words of an answer are not in another one, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 3000
"""Words of a text that is compared; longer ones are shown without marks."""
ALIKE = 0.25
"""Share of the words that two texts must have in common: below it nearly all would be marked, which says nothing."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

Parts = list[tuple[bool, str]]
"""A text in pieces: whether the other text lacks the piece, and the piece."""


def parts(old: str, new: str) -> tuple[Parts, Parts]:
    """Both texts in pieces; each as one that is not marked where they are the same, too long, or hardly alike."""
    one, two = _WORDS.findall(old), _WORDS.findall(new)
    whole = ([(False, old)], [(False, new)])
    if old == new or max(len(one), len(two)) > LONGEST:
        return whole
    from rapidfuzz.distance import LCSseq

    steps = LCSseq.opcodes(one, two)
    kept = _n_words([word for s in steps if s.tag == "equal" for word in one[s.src_start : s.src_end]])
    if kept < ALIKE * min(_n_words(one), _n_words(two)):
        return whole
    left = [(s.tag != "equal", "".join(one[s.src_start : s.src_end])) for s in steps]
    right = [(s.tag != "equal", "".join(two[s.dest_start : s.dest_end])) for s in steps]
    return _joined(left), _joined(right)


def _n_words(found: Sequence[str]) -> int:
    """Without blanks and marks, which any two texts have in common."""
    return sum(word[0].isalnum() for word in found)


def _joined(found: Sequence[tuple[bool, str]]) -> Parts:
    """Pieces of one kind together; a blank between two marked ones does not end the mark."""
    known = [one for one in found if one[1]]
    runs: Parts = []
    for i, (changed, text) in enumerate(known):
        between = runs and runs[-1][0] and text.isspace() and "\n" not in text
        bridge = bool(between and i + 1 < len(known) and known[i + 1][0])
        if runs and (runs[-1][0] == changed or bridge):
            runs[-1] = (runs[-1][0], runs[-1][1] + text)
        else:
            runs.append((changed, text))
    return [piece for changed, text in runs for piece in _trimmed(changed, text)]


def _trimmed(changed: bool, text: str) -> Parts:
    """A marked piece without its outer blanks."""
    inner = text.strip()
    if not changed or not inner or inner == text:
        return [(changed, text)]
    before, after = text.split(inner, 1)
    return [piece for piece in ((False, before), (True, inner), (False, after)) if piece[1]]
