"""What of an answer says something: without announcements, praise of the question, counter-questions and pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fteval.evals.answer.phrases import pattern, plain, source
from fteval.evals.language.text import fold, sentences

_LONGEST = 200  # characters of a sentence that only announces
_SHORT = 14  # words of one that only praises

_INSIDE = r"[^\[\](){}<>]"  # brackets in brackets would be searched over and over
_PLACEHOLDER = re.compile(
    rf"[\[(<{{]{{1,3}} ?(?:{_INSIDE}{{0,80}}\b(?:goes|comes|go|come) here|insert\b{_INSIDE}{{0,200}}"
    rf"|(?:your|the) {_INSIDE}{{0,40}} here"
    rf"|{_INSIDE}{{0,60}}\b(?:placeholder|to be (?:written|added|continued|completed)|tbd|todo)\b{_INSIDE}{{0,40}})"
    r" ?[\])>}]{1,3}"
    r"|(?://|\#|--|/\*|%) {0,3}"
    r"(?:todo|fixme|your code|(?:add|write|put|insert) your|implement\w* (?:this|here|me|your))\b[^\n]*",
    re.IGNORECASE,
)
_OPEN_PLACES = frozenset("[(<{/#%")
_TITLE = re.compile(r"\s*(?:#{1,6} .*|\*\*[^*]+\*\*:?)")
_TO_THE_USER = re.compile(
    r"(?:.*\b)?(?:(?:would|do|did|could|can|will|are|have) you\b|(?:what|which|how|who|where|when)\b.*\byou(?:r)?\b"
    r"|(?:shall|should|may|can) i\b)"
)


def substance(text: str, prompt: str = "") -> Iterator[str]:
    """Its sentences, each once, that are more than an announcement ("Sure, I'd be happy to help!"), an offer, praise of
    the question, a pointer elsewhere ("See above.") or a question back, where the prompt asks for none."""
    earlier: set[str] = set()
    asked = plain(prompt)
    filled = text if _OPEN_PLACES.isdisjoint(text) and "--" not in text else _PLACEHOLDER.sub(" ", text)
    every = sentences(filled)
    # Nothing but a title, or a title and "[Story goes here]"; nothing but questions to the user.
    titles = filled != text or (all(map(_TITLE.fullmatch, every)) and not pattern("wants_title").search(asked))
    only_asks = _only_asks(every) and not pattern("wants_questions").search(asked)
    anything = bool(pattern("wants_any").search(asked))
    such = anything or any(pattern(kind).search(asked) for kind in ("wants_questions", "wants_such"))
    for sentence in every:
        promises = not anything or bool(pattern("wants_any").search(plain(sentence)))  # names the task: is about it
        rest = sentence[_lead_in(sentence, promises) :].strip()
        folded = fold(rest).strip(" .!?")
        last = sentence is every[-1]
        if not folded or folded in earlier or (titles and _TITLE.fullmatch(rest)) or (folded.endswith(":") and last):
            continue
        if (only_asks and sentence.endswith("?")) or (not such and _says_nothing(rest)):
            continue
        earlier.add(folded)
        yield rest


@cache
def _announcement() -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{source('willing')}\W*){{0,3}}(?:(?:and|so|then) )?(?P<what>{source('announcement')})?")


def _lead_in(sentence: str, promises: bool = True) -> int:
    """Characters of the sentence that only lead up to an answer: "Sure!", "Here is the list:", "I will write one."."""
    if len(sentence) > _LONGEST and ":" not in sentence[:_LONGEST]:
        return 0
    text = plain(sentence[:_LONGEST])
    start = _announcement().match(text)
    if start and ((promises and start["what"]) or _OPENS.match(text)):
        return sentence.find(":") + 1 or len(sentence)
    return len(sentence) if start and not start["what"] and not text[start.end() :].strip(" .!?") else 0


_OPENS = re.compile(r"\W*(?:sure|certainly|of course|okay|here|below|the following)\b[^:]*:")


def announces(sentence: str) -> bool:
    """Whether a sentence only leads up to an answer: "Sure!", "Here it is:"."""
    return _lead_in(sentence) == len(sentence)


def _says_nothing(sentence: str) -> bool:
    """Whether it only offers help, praises the question, sends elsewhere or asks back."""
    if len(sentence) > _LONGEST:
        return False
    text = plain(sentence).lstrip("\"'(*_ ")
    if pattern("offer").match(text) or pattern("pointer").match(text):
        return True
    if sentence.rstrip(" \"')*_").endswith("?") and _TO_THE_USER.match(text):
        return True
    return len(text.split()) <= _SHORT and bool(_praise().search(text.rstrip(" .!?")))


@cache
def _praise() -> re.Pattern[str]:
    return re.compile(rf"{source('praise')}$")


def _only_asks(every: tuple[str, ...]) -> bool:
    """Whether all but announcements are questions, and one of them is to the user."""
    asked = [s for s in every if not announces(s)]
    return bool(asked) and all(s.endswith("?") for s in asked) and any(_TO_THE_USER.match(plain(s)) for s in asked)


def lectures(text: str) -> bool:
    """Whether more than half of its sentences, three or more, tell people how to behave: no answer to a task."""
    every = sentences(plain(text[:_READ]))
    return len(every) >= 3 and 2 * sum(bool(pattern("lecture").search(s)) for s in every) > len(every)


_READ = 4_000
