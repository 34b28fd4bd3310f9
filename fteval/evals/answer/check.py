"""Is it still an answer? One place that says why not, for every probe that judges a constraint.

A reward that only counts the constraint is met by "Dog", then "Hippo", then "-o-o-o-" and "Blu sng". Each check below
is one such way out; they go from cheap to dear, and the first that fails gives the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fteval.evals.answer.abstention import abstention
from fteval.evals.answer.filler import announces, substance
from fteval.evals.answer.likelihood import astray, doubtful, fluent, nonsense, usable
from fteval.evals.answer.off_topic import other_subject
from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.repetition import stuck
from fteval.evals.answer.requests import wants_strings
from fteval.evals.answer.topic import FUNCTION_WORDS, content_words, topic
from fteval.evals.language.detect import language, switched
from fteval.evals.language.lexicon import non_words
from fteval.evals.language.text import READ, blank, broken, fold, sentences, word_set, words
from fteval.records.readings import Reading

FEWEST = 4
"""Words that an answer has at least, unless the caller knows better: "It has four legs."."""
_SHORT = 40  # words: a longer answer does more than say that it does not know
_AN_ANSWER = 12  # words beside "I do not know …" that are an answer after all
MOST_NON_WORDS = 0.2
"""Share of words that may be unknown: one in five."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer is an answer to."""

    prompt: str
    subject: str | None = None
    keywords: tuple[str, ...] = ()
    target: str | None = None


def why_not(
    text: str, asked: Asked, *, fewest: int = FEWEST, whole: bool = True, reading: Reading | None = None
) -> str | None:
    """Why the text is no answer, in one sentence; None where it is one.

    A `whole` answer is not only announced, and has sentences, in the prompt's language, about its subject. What cannot
    be judged (a language from three words) does not count against it. With the `reading` of a reference that could be
    calibrated, that one says what is language and about the prompt.
    """
    read = usable(reading)
    if blank(text):
        return "empty"
    declined = refusal(text, asked.prompt)
    if declined:
        return f"a refusal: '{declined[:60]}'"
    every = words(text[:READ])
    if len(every) < fewest:
        return f"{_count(len(every))}, at least {fewest} make an answer"
    if gives_back(text, asked.prompt) if whole else copied(text, asked.prompt):
        return "the prompt given back"
    if again := stuck(text, prompt=asked.prompt):
        return f"repeats itself: {again}"
    if read and (flaw := nonsense(read) or doubtful(read, language(text))):
        return flaw
    if not (read and fluent(read)) and (strange := _strange(text, asked.prompt)):
        return strange
    if len(every) < _SHORT and knows_nothing(text, asked.prompt):
        return "says only that it does not know"
    if broken(text[:READ]):
        return "broken characters"
    return _not_whole(text, asked, every, read) if whole else None


def _strange(text: str, prompt: str) -> str | None:
    strange = non_words(text[:READ], "en")
    if strange.spoil(MOST_NON_WORDS):  # which language it is takes longer to tell
        codes = {code for code in (language(text), language(prompt, least=3)) if code}
        strange = non_words(text[:READ], *(sorted(codes) or ["en"]))
    if not strange.spoil(MOST_NON_WORDS) or wants_strings(prompt):
        return None
    return f"not words: {', '.join(repr(w) for w in strange.found[:3])} ({len(strange.found)} of {strange.judged})"


def _not_whole(text: str, asked: Asked, every: Sequence[str], read: Reading | None) -> str | None:
    if not any(c.isalpha() for c in text[:READ]):
        return "numbers only"
    if len(every) < _SHORT and not any(substance(text, asked.prompt)):
        return "only announces an answer, or sends elsewhere for one"
    if not (read and fluent(read)) and no_sentence(text, every):
        return "words without a sentence"
    elsewhere, reason = switched(asked.prompt, text)
    if elsewhere:
        return f"another language: {reason}"
    return about_another(text, asked, reading=read)


def about_another(text: str, asked: Asked, *, reading: Reading | None = None) -> str | None:
    """Why the text is not about its prompt: by a reference that could be calibrated, else by its words."""
    if read := usable(reading):
        return astray(read)
    of = topic(asked.prompt, asked.subject, asked.keywords, asked.target)
    other = other_subject(text, of) if of.about else None
    return f"about {other!r}, asked about {of.name or ', '.join(sorted(of.about)[:3])!r}" if other else None


def knows_nothing(text: str, prompt: str) -> bool:
    """Whether the answer says that it does not know, and hardly anything beside it."""
    phrase = abstention(text, prompt)
    if not phrase or not _OWN.match(phrase):
        return False
    return sum(len(words(_beyond(sentence))) for sentence in substance(text)) < _AN_ANSWER


_OWN = re.compile(r"(?:i|we)\b|no idea|not sure|beats me|dunno|idk|hard to say|who knows|unknown|n/?a|\W|[^\x00-\x7f]")
_EXCEPT = re.compile(r"\b(?:except|but|though|yet)\b")


def _beyond(sentence: str) -> str:
    """What a sentence says beside that it does not know."""
    text = plain(sentence)
    match = pattern("unknown").search(text)
    if match is None:
        return sentence
    turn = _EXCEPT.search(text, match.end())
    return text[turn.end() :] if turn and not pattern("elsewhere").search(text, turn.end()) else ""


def _count(n: int) -> str:
    return "no word" if n == 0 else "one word" if n == 1 else f"{n} words"


def gives_back(text: str, prompt: str) -> bool:
    """Whether the answer is only the prompt again, or an instruction's words and nothing new ("A dog.")."""
    if copied(text, prompt):
        return True
    asked = _keys(prompt[:READ])
    if not asked or len(text) > 2 * len(prompt) + 200 or asked[-1].split()[0] not in _ORDERS:
        return False
    return not set(content_words(text)) - set(content_words(prompt)) and not any(c.isdigit() for c in text)


_ORDERS = word_set(
    "describe explain tell write give make list name discuss define summarize show talk say please create compose"
    " can could"
)
_QUOTES_IT = re.compile(
    r"^(?:you (?:have )?(?:asked|wanted|said|wrote|want)(?: me)?(?: to know)?"
    r"|(?:your|the) (?:question|prompt|request) (?:is|was)|question|prompt|request)\b ?"
)


def copied(text: str, prompt: str) -> bool:
    """Whether the answer is only the prompt again, whole or in sentences.

    An answer may repeat a statement of the prompt ("The meeting is on …"), so of single sentences only the last one of
    the prompt, which asks, counts.
    """
    asked = _keys(prompt[:READ])
    if not asked or len(text) > 2 * len(prompt) + 200 or asked[-1] not in " ".join(words(fold(text))):
        return False
    again = _keys("\n".join(s for s in sentences(text) if not announces(s)))
    return again == asked or (set(again) <= set(asked) and asked[-1] in again)


def _keys(text: str) -> list[str]:
    """Its sentences as bare words."""
    every = (_QUOTES_IT.sub("", " ".join(words(fold(s)))) for s in sentences(text))
    return [key for key in every if key]


def no_sentence(text: str, every: Sequence[str]) -> bool:
    """Words that no grammar joins. English only.

    Five and more without a function word or a mark ("fur bark run tail dog"), names over and over, or function words
    that cannot stand side by side ("the of", "a is") or at an end, twice and in a tenth of the words.
    """
    if len(every) < 5 or not text.isascii():
        return False
    if _names_over(text[:20_000]):
        return True
    lower = [w.lower() for w in every[:2_000]]
    if FUNCTION_WORDS.isdisjoint(lower):
        inner = text.strip().rstrip(".!?")
        return not any(mark in inner for mark in ",;:.!?-\n") and language(text) == "en"
    clashes = sum(
        (a in _BEFORE_NOUN and b in _NO_NOUN) or (a in _PREPOSITIONS and b in _NO_OBJECT) for a, b in pairwise(lower)
    )
    clashes += sum(
        sentence.rstrip(" .!?").rsplit(" ", 1)[-1].lower() in _ENDS_NOTHING for sentence in sentences(text[:20_000])
    )
    return clashes >= 2 and clashes * 10 >= len(lower) and language(text) == "en"


def _names_over(text: str) -> bool:
    """Nothing but names and commas, and some names over and over ("gem, carbon, gem, …"): a list has each once."""
    items = [item.strip(" .!?").lower() for item in text.split(",")]
    again = len(items) - len(set(items))
    return len(items) >= 8 and again >= 3 and all(len(item.split()) < 3 and item.isalpha() for item in items)


_BEFORE_NOUN = word_set("a an the")
_ENDS_NOTHING = word_set("a an the and or but because if")
_PREPOSITIONS = word_set("of in at with from by for into")
_NO_OBJECT = word_set("is are was were and or but of has have had can will would be do does he she they we")
_NO_NOUN = _NO_OBJECT | word_set(
    "a an the did to in on at by from with for it you that if so could its their his her my"
)
_NO_NOUN |= word_set("not than as")
