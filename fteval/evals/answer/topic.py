"""What a prompt is about, and whether an answer is about it too. By words only, inflections allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from fteval.evals.language import lexicon
from fteval.evals.language.detect import language
from fteval.evals.language.stems import stem, stems
from fteval.evals.language.text import fold, word_set, words

_READ = 10_000  # characters

FUNCTION_WORDS = word_set(
    """
    a an the this that these those it its it's he him his she her hers they them their theirs we us our ours you
    your yours i me my mine i'm myself itself himself herself themselves one ones who whom whose which what where
    when why how and or but nor so yet if then than as of in on at by to from for with without about into onto over
    under up down out off through across along around between among against during before after near behind beyond
    within upon above below is are was were be been being am isn't aren't wasn't has have had having hasn't haven't
    do does did done doing don't doesn't didn't can could will would shall should may might must can't won't not no
    yes very too also just only even still such some any all both each every many much more most few less least
    other another own same there here again once now often always never sometimes usually while because since until
    though although whether either neither quite rather well let lets that's there's what's who's they're you're
    we're i've they've
    """
)
"""English words that carry no topic."""

_INSTRUCTION_WORDS = word_set(
    """
    describe description explain explanation tell say write give make name list mention discuss define definition
    summarize summarise summary show compare talk think know speak please word words sentence sentences paragraph
    paragraphs line lines letter letters text brief briefly short shortly long detail details detailed simple simply
    plain something anything everything things thing kind kinds sort type use using used avoid avoiding contain
    containing include including question answer answers reply respond response following like look looks mean means
    meaning example examples help need want try read create compose generate provide introduce present account
    picture tale story poem essay article note hi hello hey thanks me child old year years two three four five six
    seven eight nine ten hundred first second exactly least most main good bad best way ways topic subject idea
    people person
    """
)

_SUBJECT = re.compile(
    r"\b(?:about|describe|description of|definition of|meaning of|explanation of|account of|portrait of"
    r"|picture of|topic of|subject of|topic is|"
    r"what(?:'s| is| are| was| were)|who(?:'s| is| was| are| were)|explain(?: what| to me)?|define|defines?"
    r"|introduce|know of|think of|say on|poem on|essay on|ode to|defined as)\s+"
    r"(?:what\s+|to me\s+|the (?:word|term|idea|concept|look|appearance|life|nature|use)s? (?:of\s+)?)?(?:an?"
    r"|the|some|your|my|any|one|every|this|that)?\s*"
    r"(?P<subject>[\w'’-]+(?:\s+[\w'’-]+){0,4})"
)
_ENDS = word_set(
    """
    is are was were be in on at by to from for with without of and or that which who whom when where while as than
    if but so using like does do look looks mean means to it you
    """
)

_CLAUSE = word_set("how why when where whether which who what that if")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a prompt is about."""

    subject: tuple[str, ...]
    """Stems of the subject's words; () where none is known."""
    name: str
    """The subject as it is written."""
    about: frozenset[str]
    """Stems of words that speak of it: the prompt's own content words, keywords, words of the target."""
    language: str

    @property
    def beginnings(self) -> frozenset[str]:
        """The first five letters of its longer words."""
        return frozenset(a[:5] for a in self.about if len(a) > 4)


@lru_cache(maxsize=20_000)
def topic(prompt: str, subject: str | None = None, keywords: tuple[str, ...] = (), target: str | None = None) -> Topic:
    """What the prompt is about: the given subject, else the noun after "describe", "about", "what is"."""
    prompt = prompt[:_READ]
    code = language(prompt, least=3) or "en"
    asked = content_words(prompt, code)
    name = subject or _subject_of(prompt) or ""
    stemmed = [s for s in stems(name, code) if s not in FUNCTION_WORDS]
    if not subject and len(stemmed) > 1:
        stemmed = stemmed[-1:]  # "a wild horse" -> horse
    helpful = [w for k in keywords for w in words(k)] + (content_words(target, code) if target else [])
    about = {stem(w, code) for w in [*asked, *helpful] if not _says_nothing(fold(w), code)}
    return Topic(tuple(stemmed), name, frozenset(about | set(stemmed)), code)


def content_words(text: str, code: str = "en") -> list[str]:
    """Words that carry a topic: no function words, none of those with which people instruct."""
    return [w for w in map(fold, words(text[:_READ])) if not _empty(w, code)]


@lru_cache(maxsize=50_000)
def _empty(word: str, code: str) -> bool:
    if code != "en" and code in lexicon.languages() and word.isalpha():
        return lexicon.zipf(word, code) >= (5.7 if len(word) > 1 else 6.5)
    return word in FUNCTION_WORDS or word in _INSTRUCTION_WORDS or (len(word) == 1 and word.isascii())


@lru_cache(maxsize=50_000)
def _says_nothing(word: str, code: str) -> bool:
    """Too common to show a topic by itself: "big", "make", "around"."""
    return word in FUNCTION_WORDS or (code == "en" and lexicon.zipf(word, "en") >= 5.35)


def _subject_of(prompt: str) -> str | None:
    for match in _SUBJECT.finditer(fold(prompt)):
        phrase: list[str] = []
        if match["subject"].split()[0] in _CLAUSE:
            continue  # "how vaccines work" has no single subject
        for word in match["subject"].split():
            if word in _ENDS:
                break
            phrase.append(word)
        if phrase and not all(_empty(w, "en") for w in phrase):
            return " ".join(phrase)
    return None


@dataclass(frozen=True, slots=True)
class Touch:
    """How an answer touches its topic."""

    mentions: bool
    """It names the subject."""
    others: frozenset[str]
    """The stems of other words of the topic that it uses."""


def touch(answer: str, of: Topic) -> Touch:
    """Which words of the topic the answer uses."""
    given = stems(answer[:_READ], of.language)
    named_it = mentions(given, of)
    others = {a for a in of.about - set(of.subject) if a in given}
    if not named_it and not others:
        beginnings = of.beginnings
        near = [g for g in given if g[:5] in beginnings]
        others = {a for a in of.about - set(of.subject[1:] and of.subject) if any(_related(a, g) for g in near)}
    return Touch(named_it, frozenset(others))


def mentions(given: list[str], of: Topic) -> bool:
    """Whether one of these stems names the subject; where none is known, any word of the topic."""
    if of.subject:
        subject = of.subject[0]
        if len(of.subject) > 1:
            return set(of.subject) <= set(given) and (" and " in of.name or _together(given, of.subject))
        return subject in given or any(
            g.startswith(subject) and (_compound(g, subject) or _of_there(g, subject)) for g in given
        )
    return not of.about.isdisjoint(given)


def _together(given: list[str], subject: tuple[str, ...]) -> bool:
    """Whether the subject's words stand side by side, in any order, at most one other word between each two.

    "A hole in your black sock" is not about a black hole.
    """
    wanted, width = set(subject), 2 * len(subject) - 1
    starts = [i for i, g in enumerate(given) if g in wanted][:1_000]
    return any(wanted <= set(given[i : i + width]) for i in starts)


def _related(one: str, other: str) -> bool:
    """lonely and loneliness, democracy and democratic: the stems differ, their first five letters and more do not."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return (
        shared >= 5
        and len(one) - shared <= 3
        and len(other) - shared <= 3
        and shared * 3 >= 2 * max(len(one), len(other))
    )


def _compound(word: str, subject: str) -> bool:
    """birdhouse is about a bird, birdie is not: what follows the subject is a word of its own."""
    return len(subject) > 3 and lexicon.zipf(word[len(subject) :]) >= 4 and len(word) - len(subject) >= 3


def _of_there(word: str, subject: str) -> bool:
    """Australian: what is from a place speaks of the place."""
    return len(subject) > 4 and word[len(subject) :] in ("n", "an", "ean", "ian")


def named(keywords: object) -> tuple[str, ...]:
    """Keywords as a row may hold them: a list, or text with commas."""
    if isinstance(keywords, str):
        return tuple(k.strip() for k in keywords.split(",") if k.strip())
    if isinstance(keywords, Iterable):
        return tuple(map(str, keywords))
    return ()
