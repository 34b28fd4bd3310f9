"""Which words of an answer are not in the base's, and the other way round."""

from __future__ import annotations

import re

from markupsafe import Markup, escape
from rapidfuzz.distance import LCSseq

from fteval.reports.escape import visible

LONGEST = 3000
"""Words of a text that is compared; longer ones are shown without marks."""
ALIKE = 0.25
"""Share of the words that two texts must have in common: below it nearly all would be marked, which says nothing."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def marked(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts as markup: `<del>` around what only the old one has, `<ins>` around what only the new one has."""
    one, two = _WORDS.findall(old), _WORDS.findall(new)
    if old == new or max(len(one), len(two)) > LONGEST:
        return shown(old), shown(new)
    steps = LCSseq.opcodes(one, two)
    kept = sum(s.src_end - s.src_start for s in steps if s.tag == "equal" and one[s.src_start : s.src_end] != [" "])
    if kept < ALIKE * min(len(one), len(two)):
        return shown(old), shown(new)
    left = [(s.tag != "equal", "".join(one[s.src_start : s.src_end])) for s in steps]
    right = [(s.tag != "equal", "".join(two[s.dest_start : s.dest_end])) for s in steps]
    return _joined(left, "del"), _joined(right, "ins")


def shown(text: str) -> Markup:
    """A text as markup in which every character is seen."""
    return escape(visible(text))


def _joined(parts: list[tuple[bool, str]], tag: str) -> Markup:
    """Parts as markup; a space between two changed words does not end the mark."""
    runs: list[list[str | bool]] = []
    for i, (changed, text) in enumerate(parts):
        nexts = parts[i + 1][0] if i + 1 < len(parts) else False
        bridge = bool(runs and runs[-1][0] and text.isspace() and "\n" not in text and nexts)
        if runs and (runs[-1][0] == changed or bridge):
            runs[-1][1] = f"{runs[-1][1]}{text}"
        elif text:
            runs.append([changed, text])
    return Markup("").join(_mark(str(text), tag) if changed else shown(str(text)) for changed, text in runs)


def _mark(text: str, tag: str) -> Markup:
    """A marked text without its outer blanks."""
    inner = text.strip() or text
    before, after = text.split(inner, 1) if inner else ("", "")
    return Markup("{}<{}>{}</{}>{}").format(shown(before), tag, shown(inner), tag, shown(after))
