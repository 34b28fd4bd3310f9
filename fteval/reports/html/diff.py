"""Texts as markup: every character seen, and marked what the other text does not have."""

from __future__ import annotations

from markupsafe import Markup, escape

from fteval.reports.escape import visible
from fteval.reports.view import diff


def marked(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts: `<del>` around what only the old one has, `<ins>` around what only the new one has."""
    left, right = diff.parts(old, new)
    return _markup(left, "del"), _markup(right, "ins")


def shown(text: str) -> Markup:
    """A text as markup in which every character is seen."""
    return escape(visible(text))


def _markup(found: diff.Parts, tag: str) -> Markup:
    pieces = (
        Markup("<{}>{}</{}>").format(tag, shown(text), tag) if changed else shown(text) for changed, text in found
    )
    return Markup("").join(pieces)
