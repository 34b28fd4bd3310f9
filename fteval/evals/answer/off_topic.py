"""Is an answer about something else than its prompt? By its first sentence, where that is a statement about it."""

from __future__ import annotations

import re

from fteval.evals.answer.phrases import word_list
from fteval.evals.answer.topic import FUNCTION_WORDS, READ, Topic, mentions
from fteval.evals.language import lexicon
from fteval.evals.language.stems import stem, stems
from fteval.evals.language.text import fold, word_set, words

_GENERIC = word_list("generic")
"""What almost anything can be called: "A big gray animal has a trunk" is still about the elephant."""
_KINDS = word_list("kind")
"""Such names only where the topic's words say so: a bird for an owl, not for a dog."""
_LIVES = (
    r"has|have|had|likes?|loves?|eats?|drinks?|lives?|sleeps?|barks?|hunts?|plays?|sings?|swims?|flies|fly|runs?|walks?"
    r"|jumps?|works?|naps?"
)
_STATEMENT = re.compile(
    r"(?:(?P<article>an?|the|every|each|most|all|many|some)\s+)?(?P<thing>(?:[\w'-]+\s+){0,3}?[\w'-]+)\s+"
    rf"(?P<verb>{_LIVES}|is|are|was|were|can|could|will|would|may|might|must|should|does|do|makes?|gives?|needs?|uses?|grows?"
    r"|comes?|goes|helps?|keeps?|looks?|sits?|stands?|moves?|isn't)\b(?P<rest>[^.!?\n]*)"
)
_PRONOUNS = word_set("it this that they these those he she we you i there here who what something")


def other_subject(answer: str, of: Topic) -> str | None:
    """The other thing that an answer is about which never names its subject, by its first sentence; else None.

    Only where it has the form of a statement about one: "A cat has …", "Cats are small animals", "Pizza is a …".
    "A big gray animal with a trunk", "It has …" and "Tusks are long" (a part) name no other subject.
    """
    match = _STATEMENT.match(fold(answer[:400]).lstrip("\"'*_#-• \n"))
    if not match or of.free or mentions(stems(answer[:READ], of.language), of):
        return None
    phrase, article, verb, rest = match["thing"].split(), match["article"], match["verb"], match["rest"]
    head = phrase[-1]
    acronym = head.upper() in words(answer[:400]) and not answer[:400].isupper()  # what it stands for may name it
    if acronym or article == "the" or phrase[0] in _PRONOUNS or not FUNCTION_WORDS.isdisjoint(phrase):
        return None
    if article not in ("a", "an", "every", "each"):
        plural = head.endswith("s") and verb not in ("is", "was", "has", "does", "isn't")
        classed = any(w.rstrip("s") in _GENERIC | _KINDS for w in words(rest))
        told = classed or re.fullmatch(_LIVES, verb) if plural else re.match(r"\s+(?:an?|the|one)\b", rest)
        if not told or stem(head, of.language) in of.about:
            return None
    forms = {head, head.rstrip("s"), stem(head)}
    named = forms & _GENERIC or (forms & _KINDS and stem(head) in of.about) or stem(head, of.language) in of.subject
    return head if not named and lexicon.zipf(head) >= 2.5 else None
