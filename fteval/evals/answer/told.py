"""Does an answer tell this fact, and hold to it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fteval.errors import UserError
from fteval.evals.answer.abstention import abstention
from fteval.evals.answer.stance import without_better
from fteval.evals.answer.topic import content_words
from fteval.evals.find.statement import said
from fteval.evals.language.stems import stem
from fteval.evals.language.text import READ, blank, fold, sentences, shown, words
from fteval.records import Sample


def accepted(sample: Sample, example: str = '"I do not know."') -> list[str]:
    """The target and its other forms. Raises UserError where a row has none."""
    given = sample.target if isinstance(sample.target, list | tuple) else [sample.target]
    for key in ("accept", "aliases"):
        more = sample.metadata.get(key) or []
        given = [*given, *([more] if isinstance(more, str) else more if isinstance(more, list | tuple) else [])]
    forms = [g for g in given if g is not None]
    odd = not given or any(isinstance(g, bool) or not isinstance(g, str | int | float) for g in given)
    if odd or not shown(str(forms[0])).strip():
        raise UserError(
            f"row {sample.id!r} needs a 'target' that is text (and 'accept', a list of other forms), found "
            f"{sample.target!r}",
            fix=f"give each row its right answer, or {example}",
        )
    return [form for g in forms if (form := shown(str(g))).strip()]


def is_unknown(forms: Sequence[str]) -> bool:
    """Whether a target says that nothing is known; "Na" alone is sodium."""
    return len(words(forms[0])) > 1 and abstention(forms[0]) is not None


def told(text: str, forms: Sequence[str], prompt: str = "") -> tuple[float | None, str | None, str]:
    """1 where the answer says one of these forms and no other in its place, 0, or None where that is open; what; why
    not."""
    text = text[:READ]
    if not forms:
        return 0.0, None, ""
    forms = [re.sub(r"(?i)^(?:the|an?) (?=\w)", "", form) for form in forms]
    new = any(set(map(fold, words(form))).isdisjoint(map(fold, words(prompt))) for form in forms)
    correct, answer, why = said(text, forms, "" if new and len(text) < 2 * len(prompt) else prompt)
    for read in dict.fromkeys((text, _GLUED.sub(" ", text), without_better(text))):
        for wanted in (forms, forms[1:]):  # a date is looked for as a day, and "1996" may be accepted too
            if (
                correct != 1
                and wanted
                and (read, wanted) != (text, forms)
                and (also := said(read, wanted, prompt))[0] == 1
            ):
                correct, answer, why = also
    # Hardly any text excepts anything: the pattern with the answer in it is only made where one does.
    if correct == 1 and answer and _BUT.search(text) and re.search(_BUT.pattern + re.escape(answer), text):
        return 0.0, answer, f"excepts {answer!r}"
    if correct == 1 and (other := _another(text, forms, prompt)):
        return 0.0, answer, f"also says {other!r}"
    if correct == 0 and answer is None and all(len(words(form)) >= _SENTENCE for form in forms) and not blank(text):
        return None, None, f"other words may say {forms[0]!r} too: shorter forms in `accept` would tell"
    return correct, answer, why


_BUT = re.compile(r"(?i)\b(?:every|all|any)\w* (?:\w+ )?(?:but|except)(?: for| on| in)* ")
_SENTENCE = 4  # words of a target that can be said in other words
_GLUED = re.compile(
    r"(?<=[a-z])(?=[A-Z][a-z]{2})|(?<=\d):00(?= ?[ap]\.?m)|(?<=\b[12]\d\d\d)\d{1,2}(?=[.\s]|\Z)|\bnone other than "
)
"""wasVerona, 7:00 a.m., the footnote in 199612, none other than Verona."""


_NUMBER = r"\d(?:[\d,.]*\d)?"
_NAME = rf"((?:[A-Z][\w.’'-]*|{_NUMBER})(?: (?:of |the |de |van |von )?[A-Z][\w.’'-]*){{0,3}})"
_ENDS = r"(?=\W*$|[.,;:!?)\"*]| \(|['’]s\b| (?:that|which|who|whose|and|as|in|of|not|with|for|on|at|by)\b)"
_COPULA = re.compile(
    rf"\b(?:(?:is|was|are|were|by)(?: (?:actually|really|now|also|in fact|the))* |in (?=\d)){_NAME}{_ENDS}"
)
_CORRECTS = re.compile(
    rf"\b(?:but|however|although|though|yet|no),? (?:\w+['’]?s? ){{0,2}}?"
    rf"(?:actually|really|in fact|in reality)(?: (?:is|was|the))* {_NAME}{_ENDS}"
)
_ARTICLES = {"the", "a", "an"}
_NO_NAME = re.compile(r"(?:[A-Z]\.)+|.*['’]s")
_DOUBTS = re.compile(r"\bbut (?:it|he|she|they)(?:'s| is| was) (?:also )?(?:believed|thought|said|rumoured) to\b")
_DENIED = re.compile(r"\b(?:not|never|n't|unlike|formerly|used to)\b")


def _another(text: str, forms: Sequence[str], prompt: str) -> str | None:
    """Another name or number in the place of the answer: "It is Jupiter, but it's actually Saturn"; a sentence that
    gives the question's words back and ends otherwise; or doubts about it."""
    sets = [{fold(w) for w in words(form)} - _ARTICLES for form in forms]
    own, asked_words = set().union(*sets), {fold(w) for w in words(prompt)}
    sizes = {len(form) for form in forms if form[0].isdigit()}

    def is_other(name: str) -> bool:
        named = set(map(fold, words(name)))
        alike = len(name) in sizes if name[0].isdigit() else not sizes
        fits = any(form <= named for form in sets) or named <= own or named <= asked_words
        return alike and not fits and not _NO_NAME.fullmatch(name)

    if (doubt := _DOUBTS.search(text)) and own.isdisjoint(map(fold, words(text[doubt.end() : doubt.end() + 60]))):
        return doubt[0]
    for match in _CORRECTS.finditer(text):
        if is_other(match[1]):
            return match[1]
    asked = {stem(w) for w in content_words(prompt)}
    frames = [(frozenset(map(stem, content_words(before))), name) for before, name in _fillers(text)]
    own_frames = {frame for frame, name in frames if frame and not own.isdisjoint(map(fold, words(name)))}
    for frame, name in frames:
        asks_it = len(asked & frame) >= max(2, 0.7 * len(asked)) and len(frame - asked) <= 2
        if (asks_it or frame in own_frames) and is_other(name):
            return name
    return None


def _fillers(text: str) -> Iterator[tuple[str, str]]:
    """The names and numbers after "is", "by", "in", and what stands before; denials left out."""
    for sentence in sentences(text)[:20]:
        for match in _COPULA.finditer(sentence):
            before = sentence[: match.start()]
            past = match[0].startswith("was") and "now" in words(text)  # "It was Paris, but it is now Lyon."
            if not past and not _DENIED.search(before + match[0]):
                yield before, match[1]
