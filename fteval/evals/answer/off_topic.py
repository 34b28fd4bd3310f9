"""Is an answer about something else than its prompt? By its first sentence, where that is a statement about it."""

from __future__ import annotations

import re

from fteval.evals.answer.topic import FUNCTION_WORDS, Topic, mentions
from fteval.evals.language import lexicon
from fteval.evals.language.stems import stem, stems
from fteval.evals.language.text import fold, word_set, words

_READ = 10_000  # characters

# What almost anything can be called: "A big gray animal has a trunk" is still about the elephant.
_GENERIC = word_set(
    """
    animal creature mammal pet beast being thing object item device machine tool place building structure
    construction plant fruit food drink meal vehicle craft transport person man woman human people individual group
    member kind type sort form way part piece material substance liquid fluid solid force power idea concept word
    term name area region land event process system activity action act sport game instrument work art organism
    companion friend pal buddy chum family species breed home room space surface shape figure sign symbol sound
    movement motion phenomenon condition state feeling emotion sense ability skill method practice tradition custom
    belief theory field study science subject topic language number amount set collection series source product good
    service company organization body unit element compound furniture container garment clothing carnivore herbivore
    predator hunter giant dweller critter guardian guard worker expert professional member typical average wild
    adult young male female one another description definition answer summary following main first second day night
    """
)
# Kinds that are such a name only where the topic's words say so: a bird for an owl, not for a dog.
_KINDS = word_set(
    """
    bird fish insect bug reptile amphibian flower tree bush vegetable rodent hound canine feline book star planet
    city town country river mountain metal mineral rock stone gas appliance utensil toy bike ship boat plane
    """
)
_ANIMATE = (
    r"has|have|had|likes?|loves?|eats?|drinks?|lives?|sleeps?|barks?|hunts?|plays?|sings?|swims?|flies|fly|runs?|walks?"
    r"|jumps?|works?"
)
_VERB = (
    rf"{_ANIMATE}|is|are|was|were|can|could|will|would|may|might|must|should|does|do|makes?|gives?|needs?|uses?|grows?"
    r"|comes?|goes|helps?|keeps?|looks?|sits?|stands?|moves?|isn't"
)
_STATEMENT = re.compile(
    rf"(?:(?P<article>an?|the|every|each|most|all|many"
    rf"|some)\s+)?(?P<thing>(?:[\w'-]+\s+){{0,3}}?[\w'-]+)\s+(?P<verb>{_VERB})\b(?P<rest>[^.!?\n]*)"
)
_WITH_OTHER_VERB = re.compile(
    r"(?P<article>an?)\s+(?P<thing>[\w'-]+)\s+(?P<verb>[a-z]+[a-rt-z]s)\s+(?P<rest>(?:in|on|at|by|to|from|for"
    r"|with|of|a|an|the|and|its|all|far|fast|well|\w+ly)\b)"
)
_TURN = re.compile(
    r"\W*speaking of [^.,!?]{1,60},|\bbut enough (?:about|of) [^.,!?]{1,60}[.,!?]|\b(?:anyway|anyhow|by the way"
    r"|on (?:another|a different|an unrelated) (?:note|topic|subject)|changing the (?:subject|topic)"
    r"|(?:that|which) reminds me(?: of [^.,!?]{1,60})?|moving on|in other news"
    r"|let's talk about [^.,!?]{1,60} instead)\b"
)
_FEWEST = 8
"""Words after a turn that show where the answer goes."""


def turns_away(answer: str, of: Topic) -> str | None:
    """The words with which an answer leaves its subject for good ("Whale! Anyway, …"); None where it stays.

    Only where it has said no more about the subject before than goes into half a sentence.
    """
    folded = fold(answer[:_READ])
    turn = _TURN.search(folded, 0, 300)
    if turn is None or len(words(folded[: turn.start()])) > _FEWEST:
        return None
    rest = stems(folded[turn.end() :], of.language)
    gone = len(rest) >= _FEWEST and not mentions(rest, of) and of.about.isdisjoint(rest)
    return turn[0].strip() if gone else None


_PRONOUNS = word_set("it this that they these those he she we you i there here who what something")
_OF_ITSELF = re.compile(r"(?:i|i'm|i've|my|we)\s")
_FORM = re.compile(r"\W*(?:please |can you |could you )?(?:write|compose|create|draft|invent|make up|come up with)\b")
"""A text of some kind is wanted ("Write a weather warning"): if no subject is named, it may be about anything."""
_MAY_BE_PERSONAL = re.compile(
    r"\b(?:you|your|i|my|we|our|me|story|tale|poem|diary|letter|imagine|pretend|as if|riddle|voice|role|write"
    r"|first person)\b"
)


def other_subject(answer: str, of: Topic, prompt: str) -> str | None:
    """The other thing that an answer is about which never names its subject, by its first sentence; else None.

    Only where it has the form of a statement about one: "A cat has …", "Cats are small animals", "Pizza is a …".
    "A big gray animal with a trunk", "It has …" and "Tusks are long" (a part) name no other subject.
    """
    if mentions(stems(answer[:_READ], of.language), of) or (not of.subject and _FORM.match(fold(prompt))):
        return None
    folded = fold(answer[:400]).lstrip("\"'*_#-• \n")
    if _OF_ITSELF.match(folded) and not of.about & set(stems(answer[:_READ], of.language)):
        return None if _MAY_BE_PERSONAL.search(fold(prompt)) else "the speaker"
    match = _STATEMENT.match(folded) or _WITH_OTHER_VERB.match(folded)
    if not match:
        return None
    phrase, article, verb, rest = match["thing"].split(), match["article"], match["verb"], match["rest"]
    head = phrase[-1]
    if head.upper() in words(answer[:400]) and not answer[:400].isupper():
        return None  # a CPU, NASA: what it stands for may name the subject
    if phrase[0] in _PRONOUNS or any(w in FUNCTION_WORDS for w in phrase) or article == "the":
        return None
    if article not in ("a", "an", "every", "each"):
        plural = head.endswith("s") and verb not in ("is", "was", "has", "does", "isn't")
        classed = any(w.rstrip("s") in _GENERIC or w.rstrip("s") in _KINDS for w in words(rest))
        if not (classed or re.fullmatch(_ANIMATE, verb)) if plural else not re.match(r"\s+(?:an?|the|one)\b", rest):
            return None
        if stem(head, of.language) in of.about:
            return None
    forms = {head, head.rstrip("s"), stem(head)}
    if forms & _GENERIC or (forms & _KINDS and stem(head) in of.about) or stem(head, of.language) in of.subject:
        return None
    return head if lexicon.zipf(head) >= 2.5 else None
