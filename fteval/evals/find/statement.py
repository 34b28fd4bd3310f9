"""Does an answer say this? Denials, alternatives and corrections read as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import regex

from fteval.evals.answer.check import copied
from fteval.evals.answer.phrases import pattern
from fteval.evals.find import dates
from fteval.evals.find.affixes import is_form, is_turkish, unpointed
from fteval.evals.language.stems import singular
from fteval.evals.language.text import READ, fold_letters, token_spans

_CLAUSE_END = r"(?:[.,;:!?]|but|however|although|though|because)(?: |$)"
_DENIED = re.compile(
    r"(?:\b(?:not|\w+n't|never|cannot|neither|nor|no)(?! (?:only|just|merely|surprisingly|doubt|question|wonder)\b)"
    rf"|\b(?:instead of|rather than|other than|unlike|wrongly))(?: (?!{_CLAUSE_END})\S+)*$"
    r"|\b(?:except|(?:every|any|no)(?:where|thing|one|body) but|all but)(?: (?:for|in|at|the|an?))*$"
)
_DENIED_AFTER = re.compile(r"(?:is|was|are|were)(?:n't| not| wrong| incorrect| false| untrue)\b|\? (?:no|nope|wrong)\b")
_QUOTES = frozenset("\"'“”‘’«»*`")
_SMALL = r"(?: (?:in|an?|the|at|on|as|of|maybe|perhaps|possibly|even|rather))*"
_OR = re.compile(rf"(?:\bor|/){_SMALL}$|\beither\b[^.,;:!?]*$")
_OR_AFTER = re.compile(r"(?:, )?(?:or\b|/)")
_ITEM = r"{0}[\w'’-]*(?: {0}[\w'’-]*){{0,2}}"
_LIST = "(?:{0}(?: ,(?: and| or| &)? {0}){{3,}}|{0}(?: , {0})+(?: ,)? (?:and|or|&) {0})"
_LISTS = {
    capital: re.compile(_LIST.format(_ITEM.format(letter))) for capital, letter in ((True, "[A-Z]"), (False, "[a-z]"))
}
"""Four in a row with commas, or three and more with "and": "Paris, Rome, Verona and London"."""


def said(text: str, accepted: Sequence[str], prompt: str = "") -> tuple[float | None, str | None, str]:
    """1 where the answer says one of the accepted forms, 0, or None where its writing leaves it open; what; why not."""
    if " ".join(text.split()) in {" ".join(form.split()) for form in accepted}:
        return 1.0, text.strip()[:200], ""
    day = _day_of(accepted[0])
    if day is not None:
        return _said_day(text, day, accepted)
    if copied(text, prompt):
        return 0.0, None, "the prompt given back"
    text = _last_word(text[:READ])
    written = _tokens(text)
    plain = [_plain(t) for t in written]
    why, open_ = f"does not say {accepted[0]!r}", ""
    for form in accepted:
        places, unsure = _places(plain, _wanted(form), is_turkish(text))
        for start, end in places:
            doubt = _doubt(plain, written, start, end)
            if doubt is None:
                return 1.0, " ".join(written[start:end]), ""
            why = doubt
        open_ = open_ or unsure
    return (None, None, open_) if open_ and why.startswith("does not say") else (0.0, None, why)


def _wanted(form: str) -> list[str]:
    return [_plain(t) for t in _tokens(form) if any(c.isalnum() for c in t)]


_HYPHEN = re.compile("([-‐‑])")
_CLUSTER = regex.compile(r"\X")
_UNSPACED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def _tokens(text: str) -> list[str]:
    """Words and marks. Hyphenated words in their parts ("New-York" is "New York"), scripts without spaces by character;
    the sign of a number and the marks of "C++" belong to them."""
    found: list[str] = []
    end = -1
    for token, start, after in token_spans(text):
        glued = start == end
        if glued and found[-1] in ("-", "−") and token[0].isdigit() and not text[: start - 1][-1:].isalnum():
            found[-1] = "-" + token
        elif glued and token in ("+", "#") and found[-1][:1].isalpha() and not text[after : after + 1].isalnum():
            found[-1] += token
        elif token.isascii() and token.isalnum():
            found.append(token)
        elif len(token) > 1 and _UNSPACED.match(token):
            found += _CLUSTER.findall(token)
        else:
            found += [part for part in _HYPHEN.split(token) if part] if len(token) > 1 else [token]
        end = after
    return found


@lru_cache(maxsize=100_000)
def _plain(token: str) -> str:
    if not any(c.isalnum() for c in token):
        return token  # a mark; folded, € would be an e
    folded = unpointed(fold_letters(token))
    if folded[:1].isdigit():
        return folded.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", folded) else folded
    return singular(folded)


def _places(plain: list[str], wanted: list[str], turkish: bool) -> tuple[list[tuple[int, int]], str]:
    """Where the wanted words stand side by side, marks between them aside ("New-York", "Dr. Smith"), the last one
    perhaps with an ending; and a word that may be the wanted one, where none surely is."""
    found: list[tuple[int, int]] = []
    unsure = ""
    if not wanted:
        return found, unsure
    words_at = [i for i, t in enumerate(plain) if t[:1].isalnum() or any(c.isalnum() for c in t)]
    only = [plain[i] for i in words_at]
    last, size = wanted[-1], len(wanted)
    forms = {word for word in set(only) if last in word or word.endswith(last.removeprefix("ال"))}
    same = {word: word == last or is_form(word, last, turkish) for word in forms}
    for at in range(len(only) - size + 1):
        ending = only[at + size - 1]
        if ending not in same or not _begins(only[at : at + size - 1], wanted[:-1]):
            continue
        if same[ending] is None:
            unsure = f"{ending!r} may be a form of {last!r}, or another word"
        elif same[ending]:
            found.append((words_at[at], words_at[at + size - 1] + 1))
            if len(found) == 50:
                break
    return found, unsure


def _begins(words: list[str], wanted: list[str]) -> bool:
    """Whether these are the wanted words; the first may have a prefix."""
    return words == wanted or (words[1:] == wanted[1:] and is_form(words[0], wanted[0]) is True)


def _last_word(text: str) -> str:
    """What remains after the writer takes back what came before ("Rome. No wait, Verona.")."""
    ends = [m.end() for m in pattern("taken_back").finditer(text.lower()) if m.start() > 0]
    return next((rest for end in reversed(ends) if (rest := text[end:]).strip(" .,:;!")), text)


def _doubt(plain: list[str], written: list[str], start: int, end: int) -> str | None:
    """Why the words at this place are not said: denied, or one of several."""
    what = " ".join(written[start:end])
    before = " ".join([t for t in plain[max(0, start - 9) : start] if t not in _QUOTES][-7:])
    after = " ".join([t for t in plain[end : end + 6] if t not in _QUOTES][:4])
    if _DENIED.search(before) or _DENIED_AFTER.match(after):
        return f"denies that it is {what!r}"
    if _OR.search(before) or _OR_AFTER.match(after):
        return f"names {what!r} and another one: '{' '.join(written[max(0, start - 4) : end + 4])}'"
    ahead = " ".join([*written[max(0, start - 9) : start], ""])
    near = ahead + " ".join(written[start : end + 9])
    lists = _LISTS[written[start][0].isupper()].finditer(near)
    if any(m.start() <= len(ahead) < m.end() for m in lists):
        return f"lists several, {what!r} among them"
    frame = plain[max(0, start - 2) : start] if written[start][0].isupper() else []
    others = (i for i in range(2, len(plain)) if plain[i - 2 : i] == frame and plain[i] != plain[start])
    other = next((written[i] for i in others if written[i][0].isupper()), None)
    return f"also says {other!r}" if other else None  # "He lives in Paris. He lives in Rome."


# --- dates ---------------------------------------------------------------------------------------


def _day_of(target: str) -> dates.Found | None:
    """The date that a target is, not merely holds."""
    found = dates.find(target)
    return found[0] if len(found) == 1 and found[0].day and len(found[0].text) > 0.6 * len(target.strip()) else None


def _said_day(text: str, day: dates.Found, accepted: Sequence[str]) -> tuple[float | None, str | None, str]:
    assert day.day is not None
    found = dates.find(_last_word(text[:READ]))
    answer = ", ".join(f.text for f in found[:3]) or None
    if found and found[0].text in {fold_letters(form) for form in accepted}:
        return (1.0, answer, "") if len({f.days for f in found}) == 1 else (0.0, answer, f"several dates: {answer}")
    correct, why = dates.is_day(_last_word(text), day.day)
    return correct, answer, why


def holds(text: str, wanted: str) -> tuple[str | None, str]:
    """The wanted words as they stand side by side in the text, or why that is open. Denials are not looked at."""
    text, wanted = text[:READ], wanted[:READ]
    words_wanted = _wanted(wanted)
    if not words_wanted:  # "+", "!": marks are all there is
        return (wanted.strip() if wanted.strip() in text else None), ""
    written = _tokens(text)
    places, unsure = _places([_plain(t) for t in written], words_wanted, is_turkish(text))
    return (" ".join(written[places[0][0] : places[0][1]]), "") if places else (None, unsure)
