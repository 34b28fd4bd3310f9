"""Is it still an answer? One place that says why not, for every probe that judges a constraint.

A reward that only counts the constraint is met by "Dog", then "Hippo", then "-o-o-o-" and "Blu sng". Each check below
is one such way out; they go from cheap to dear, and the first that fails gives the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fteval.errors import UserError
from fteval.evals.answer.abstention import about_itself, abstention
from fteval.evals.answer.filler import announces, substance
from fteval.evals.answer.likelihood import astray, doubtful, fluent, nonsense, usable
from fteval.evals.answer.off_topic import other_subject
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.repetition import stuck
from fteval.evals.answer.requests import wants_strings
from fteval.evals.answer.topic import FUNCTION_WORDS, named, topic
from fteval.evals.language.detect import language, switched
from fteval.evals.language.lexicon import non_words
from fteval.evals.language.text import READ, blank, broken, fold, sentences, word_set, words
from fteval.records import Sample
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


def asked(sample: Sample) -> Asked:
    """What a sample asks: its prompt, and subject, keywords and target where the row has them."""
    subject, target = sample.metadata.get("subject"), sample.target
    if subject is not None and not isinstance(subject, str):
        raise UserError(f"row {sample.id!r}: 'subject' must be text, found {type(subject).__name__}")
    told = target if isinstance(target, str) and target else None
    return Asked(sample.prompt_text, subject or None, named(sample.metadata.get("keywords")), told)


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
    if copied(text, asked.prompt):
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


def _not_whole(text: str, asked: Asked, every: Sequence[str], reading: Reading | None) -> str | None:
    if len(every) < _SHORT and not any(substance(text, asked.prompt)):
        return "only announces an answer, or sends elsewhere for one"
    return no_prose(text, asked, reading=reading) or about_another(text, asked, reading=reading)


def no_prose(text: str, asked: Asked, *, reading: Reading | None = None) -> str | None:
    """Why the text has no sentences in the prompt's language; None where it has, or where that cannot be told."""
    if not any(c.isalpha() for c in text[:READ]):
        return "numbers only"
    read = usable(reading)
    if not (read and fluent(read)) and no_sentence(text, words(text[:READ])):
        return "words without a sentence"
    elsewhere, reason = switched(asked.prompt, text)
    return f"another language: {reason}" if elsewhere else None


def about_another(text: str, asked: Asked, *, reading: Reading | None = None) -> str | None:
    """Why the text is not about its prompt: by a reference that could be calibrated, else by its words."""
    if read := usable(reading):
        return astray(read)
    of = topic(asked.prompt, asked.subject, asked.keywords, asked.target)
    other = other_subject(text, of) if of.about else None
    return f"about {other!r}, asked about {of.name or ', '.join(sorted(of.about)[:3])!r}" if other else None


def knows_nothing(text: str, prompt: str) -> bool:
    """Whether the answer says that it does not know, and hardly anything beside it."""
    if not abstention(text, prompt):
        return False
    return sum(len(words(s)) for s in substance(text) if not about_itself(s)) < _AN_ANSWER


def _count(n: int) -> str:
    return "no word" if n == 0 else "one word" if n == 1 else f"{n} words"


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
    return [key for s in sentences(text) if (key := " ".join(words(fold(s))))]


def no_sentence(text: str, every: Sequence[str]) -> bool:
    """Words that no grammar joins. English only.

    Five and more without a function word or a mark ("fur bark run tail dog"), or function words that cannot stand side
    by side ("the of", "a is") or at the end, twice and in a tenth of the words.
    """
    if len(every) < 5 or not text.isascii():
        return False
    lower = [w.lower() for w in every[:2_000]]
    if FUNCTION_WORDS.isdisjoint(lower):
        inner = text.strip().rstrip(".!?")
        return not any(mark in inner for mark in ",;:.!?-\n") and language(text) == "en"
    clashes = sum(a in _OPENS and b in _STANDS_ALONE for a, b in pairwise(lower))
    clashes += lower[-1] in _ENDS_NOTHING
    return clashes >= 2 and clashes * 10 >= len(lower) and language(text) == "en"


_OPENS = word_set("a an the of in at with from by for into")
_ENDS_NOTHING = word_set("a an the and or because")
_STANDS_ALONE = word_set(
    "is are was were and or but of has have had can will would be do does did he she they we to if could than as"
)
