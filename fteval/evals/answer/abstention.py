"""Does the answer say that it does not know? And does it leave it at that?"""

from __future__ import annotations

import re

from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.answer.refusal import READ, own_voice, refusal
from fteval.evals.language.lexicon import zipf
from fteval.evals.language.text import fold, sentences, word_set

_GUESS = re.compile(
    r"\b(?:but|though|however|maybe|perhaps|probably|possibly|think|believe|guess|suppose|would say|'d say"
    r"|if i (?:had|have) to|could be|might be|may be|likely)\b"
)


def abstention(text: str, prompt: str = "") -> str | None:
    """The words, in plain text, with which the answer says that it does not know, or declines; None where it answers.

    "I don't know, but I think it is Verona" answers. So does a claim in another sentence ("I am not sure. He lives in
    Verona."), which names something that the question did not.
    """
    opening = own_voice(text)
    match = pattern("unknown").search(opening) or pattern("no_answer").fullmatch(opening.rstrip(".!? ") or opening[:1])
    phrase = match[0] if match else refusal(text, prompt)
    return None if phrase is None or _names_something(text, prompt) else phrase


_NAME = re.compile(r"\b(?:[A-Z][\w’'-]+|\d{3,})")
_NOT_NAMES = word_set(
    """
    i'm i've i'd i'll im ai language model assistant perhaps maybe possibly probably unknown n/a na none nobody based
    according given thank thanks hello hmm additionally text passage question answer information data sources no-one
    """
)


def _names_something(text: str, prompt: str) -> bool:
    """Whether an answer that says it does not know puts forward a name, a date or a number that was not asked about."""
    asked = set(re.findall(r"[\w'-]+", fold(prompt[:READ]))) | _NOT_NAMES
    told = (s for s in sentences(text[: 4 * READ]) if _GUESS.search(fold(s)) or not about_itself(s))
    return any(_is_new(name, s, asked) for s in told for name in _NAME.findall(s))


def _is_new(name: str, sentence: str, asked: set[str]) -> bool:
    word = fold(name).removesuffix("'s")
    common = _COMMON_FIRST if sentence.startswith(name) else _COMMON  # a capital only because it is first
    return word not in asked and not (word.isalpha() and zipf(word) >= common)


_COMMON, _COMMON_FIRST = 5.5, 4.5  # Zipf frequency of words that are no names


def about_itself(sentence: str) -> bool:
    """Whether a sentence says that it does not know, declines, or offers other help."""
    text = plain(sentence)
    return bool(pattern("unknown").search(text) or pattern("offer").search(text) or refusal(sentence))
