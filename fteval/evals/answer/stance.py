"""How does an answer stand to its question: does it answer, leave it open, hedge, ask back, deny what is asked?

It is read clause by clause. A clause leaves open where a negation meets a word of knowing ("I am not sure", "no record
was found", "the text does not say"); it is filler where it sends elsewhere or offers help; else it puts something
forward, if it has a word that the question has not. What is put forward beside an open clause is a hedge; beside a mere
disclaimer ("As an AI, I have no opinions. However, …") it is the answer. English; of other languages the phrases of
`unknown.tsv` are known. The words are data: `data/phrases/en/knowledge.jsonl`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from fteval.evals.answer.check import copied
from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.answer.refusal import own_voice, refusal
from fteval.evals.answer.topic import content_words
from fteval.evals.language.stems import stem
from fteval.evals.language.text import blank, fold, sentences, word_set, words

READ = 4_000  # characters
_MOST = 12  # sentences

ANSWERS, ABSTAINS, HEDGES, ASKS, DENIES, EMPTY = "answers", "abstains", "hedges", "asks back", "denies", "empty"


@dataclass(frozen=True, slots=True)
class Stance:
    """How an answer stands to its question."""

    kind: str
    words: str = ""
    """The clause that shows it, in plain text."""
    disclaimer: bool = False
    """Whether it also says what its writer is, or cannot see."""


@lru_cache(maxsize=64)
def stance(text: str, prompt: str = "") -> Stance:
    """How the answer stands to the prompt."""
    text = text[:READ]
    asked = _stems(prompt) | _stems(_words("small talk"))
    if blank(text) or _says_nothing(text, prompt):
        return Stance(EMPTY)
    said: dict[str, str] = {}
    names = _names(text, prompt)
    for clause in _clauses(text):
        kind = _kind(clause, prompt, asked, "offers" in said)
        if kind in ("open", "asks") and names & set(words(clause)) and not _pattern("own").search(clause):
            kind = "offers"  # "Most people do not know that Bell did"
        said.setdefault(kind, clause)
    if "open" not in said and "disclaims" not in said and (declined := refusal(text, prompt)):
        said["open"] = declined
    if "asks" in said and not names:
        said.pop("offers", None)
    if "offers" in said and list(said).index("offers") < list(said).index("denies" if "denies" in said else "offers"):
        said.pop("denies")
    for kind, shown_by in _ORDER:
        if all(name in said for name in shown_by):
            return Stance(kind, said[shown_by[-1]], "disclaims" in said)
    return Stance(ANSWERS)


_ORDER = (
    (HEDGES, ("open", "offers")),
    (ABSTAINS, ("open",)),
    (DENIES, ("denies",)),
    (ANSWERS, ("offers",)),
    (ASKS, ("asks",)),
    (ABSTAINS, ("disclaims",)),
)
"""What an answer's clauses make of it, the first that fits."""


def _kind(clause: str, prompt: str, asked: frozenset[str], offered: bool) -> str:
    """What a clause does: open, disclaims, asks, denies, offers, or filler."""
    about_itself = _pattern("itself").search(clause) is not None
    if _is_open(clause):
        return "disclaims" if about_itself and len(_stems(clause) & _stems(prompt)) < 2 else "open"
    if about_itself:
        return "disclaims"
    if clause.rstrip("\"' )").endswith("?") or _pattern("asks").search(clause):
        return "asks"
    if _pattern("no such").search(clause) or (not offered and _denies(clause, prompt)):
        return "denies"
    if _pattern("there is no").search(clause) and _stems(clause) & _stems(prompt):
        return "denies"
    return "filler" if _pattern("filler").match(clause) or not _stems(clause) - asked else "offers"


def _is_open(clause: str) -> bool:
    if _pattern("near miss").search(clause):
        return False
    return (
        any(_pattern(kind).search(clause) for kind in ("idiom", "open"))
        or pattern("unknown").search(clause) is not None
    )


def without_better(text: str) -> str:
    """The text without "I don't know anyone better than", which denies nobody; in plain words where it has that."""
    return _pattern("better").sub("", plain(text)) if _pattern("better").search(plain(text)) else text


def _denies(clause: str, prompt: str) -> bool:
    """Whether it denies what was asked: "Edison did not invent it", asked when he did."""
    negated = _pattern("negation")
    return bool(
        negated.search(clause) and not negated.search(plain(prompt)) and len(_stems(clause) & _stems(prompt)) > 1
    )


_NAME = re.compile(r"\b(?:[A-Z][\w’'-]+|\d+)")


def _names(text: str, prompt: str) -> frozenset[str]:
    """Names and numbers that the question has not, folded; a capital that begins a sentence shows none."""
    known = {fold(w) for w in words(prompt)}
    found = set()
    for sentence in sentences(text)[:_MOST]:
        for name in _NAME.finditer(sentence):
            word = fold(name[0]).removesuffix("'s")
            first = name.start() < 2 and word.isalpha() and not re.match(r" [A-Z]\w", sentence[name.end() :])
            found |= set() if first or word in _I or word in known else {word}
    return frozenset(found)


_I = word_set("i i'm i've i'd i'll ai")


def _clauses(text: str) -> Iterator[str]:
    """The clauses of its first sentences, in plain text and the writer's own voice."""
    for sentence in sentences(own_voice(text))[:_MOST]:
        yield from (c for c in _pattern("clause").split(sentence) if c.strip(" .0123456789)") or len(text) < 40)


def _says_nothing(text: str, prompt: str) -> bool:
    """The question again, or its words, or a yes to a question that is none of yes or no."""
    if copied(text, prompt):
        return True
    asked = plain(prompt.strip())
    if not _pattern("wh").search(asked) or re.search(r"\bor\b|/", asked):
        return False
    said = [fold(w) for w in words(text)[:2]]
    new = _stems(text) - _stems(prompt)
    told = new or _fills_in(text, prompt) or _is_open(plain(text)) or _pattern("negation").search(plain(text))
    return said in (["yes"], ["no"]) or not told


def _fills_in(text: str, prompt: str) -> bool:
    """Whether a word of the question is also what is put in its gap: "The capital of Dremland is Dremland"."""
    asked = Counter(map(stem, content_words(prompt)))
    told = (Counter(map(stem, content_words(s))) for s in sentences(text)[:_MOST] if not s.endswith("?"))
    return any(one - asked for one in told)


@lru_cache(maxsize=64)
def _stems(text: str) -> frozenset[str]:
    numbers = (*re.findall(r"\d[\d.,]*\b", text), *_pattern("number").findall(fold(text)))
    return frozenset(map(stem, content_words(text))) | frozenset(numbers)


@cache
def _rows() -> list[dict[str, str]]:
    file = resources.files("fteval.evals").joinpath("data", "phrases", "en", "knowledge.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@cache
def _words(kind: str) -> str:
    return " ".join(row["pattern"] for row in _rows() if row["kind"] == kind)


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """Any of a kind; `{negated}` and other names in braces stand for all of that kind."""
    parts = "|".join(row["pattern"] for row in _rows() if row["kind"] == kind)
    while name := re.search(r"\{([a-z]+)\}", parts):
        one = "|".join(row["pattern"] for row in _rows() if row["kind"] == name[1])
        parts = parts.replace(name[0], f"(?:{one})")
    return re.compile(parts)
