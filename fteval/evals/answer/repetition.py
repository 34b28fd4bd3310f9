"""How much a text repeats itself: runs of characters, cycles of words, phrases that come back, few different words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from fteval.evals.answer.requests import wants_again, wants_verse
from fteval.evals.language.text import sentences, words

_WORDS = 2_000  # per text: half from its start, half from its end
_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Repetition:
    """What repeats in one text."""

    distinct_2: float | None
    """Different pairs of neighbouring words as a share of all such pairs; None for fewer than two words."""
    longest: int
    """Words in the longest passage that occurs at least twice."""
    reason: str | None
    """Why the text is stuck, in one sentence; None where it is not."""


def repetition(text: str, prompt: str = "") -> Repetition:
    """What repeats in the text. Sums, proofs, grids, lists and verse are not stuck; loops are, unless the prompt asks
    for one."""
    every = [w.casefold() for w in _both_ends(words(text))]
    pairs = len(every) - 1
    return Repetition(
        distinct_2=len(set(pairwise(every))) / pairs if pairs > 0 else None,
        longest=longest_repeat(every),
        reason=stuck(text, prompt),
    )


def _both_ends(every: Sequence[str]) -> Sequence[str]:
    return every if len(every) <= _WORDS else [*every[: _WORDS // 2], *every[-_WORDS // 2 :]]


def longest_repeat(every: Sequence[str]) -> int:
    """Words in the longest passage that occurs at least twice, overlaps included."""
    return _longest(_coded(every))


def _coded(every: Sequence[str]) -> str:
    """One character per word, so that the regular expression engine can look for repeats of words."""
    ids = {word: chr(i + 256) for i, word in enumerate(dict.fromkeys(every))}
    return "".join(map(ids.__getitem__, every))


def _longest(coded: str) -> int:
    if len(set(coded)) == len(coded):
        return 0
    low, high = 1, 2  # a passage of `low` words repeats, one of `high` does not
    while _repeats(coded, high):
        low, high = high, 2 * high
    while low + 1 < high:
        middle = (low + high) // 2
        if _repeats(coded, middle):
            low = middle
        else:
            high = middle
    return low


def _repeats(coded: str, size: int) -> bool:
    n = len(coded) - size + 1
    return n > 0 and len({coded[i : i + size] for i in range(n)}) < n


_MARK = re.compile(r"[=<>≤≥^∈→(){};]")


def _formal(text: str, n_words: int) -> bool:
    """Whether a mark of mathematics or code stands to every tenth word."""
    return 10 * len(_MARK.findall(text)) > n_words


def stuck(text: str, prompt: str = "") -> str | None:
    """Why the text is a loop; None where it is not, or where the prompt asks for one."""
    text = text if len(text) <= 2 * _CHARACTERS else text[:_CHARACTERS] + "\n" + text[-_CHARACTERS:]
    if "://" in text:
        text = _LINK.sub(lambda link: _NO_WORD.sub("_", link[0]), text)  # one word each: links of one site are no loop
    written = _both_ends(words(_COUNTER.sub("", text)))
    keys = [_key(w) for w in written]
    formal = _formal(text, len(written))
    flaw = _characters(text) or (None if formal else _few(written, keys, len(sentences(text))))
    flaw = flaw or _repeated(written, keys, lenient=formal or wants_verse(prompt))
    return None if flaw and wants_again(prompt, [w.casefold() for w in written]) else flaw


_LINK, _NO_WORD = re.compile(r"\bhttps?://\S+"), re.compile(r"\W+")
_COUNTER = re.compile(r"^[ \t]*\d{1,3}[.)](?=\s)", re.MULTILINE)  # of a list: says nothing
_RUN = re.compile(r"(\S{1,12}?)\1{2,}")  # a unit of up to 12 characters, three times or more in a row
_RULE = re.compile(r"[-=_*~#.+|:─━═]*")


def _characters(text: str) -> str | None:
    """-o-o-o-, aaaaaa, hahahaha, !!!!!!: one unit over and over takes up most of the text, or 40 characters of it."""
    solid = covered = 0
    for run in _RUN.finditer(text):
        piece, unit = run[0], run[1]
        solid = solid or len(text) - sum(map(text.count, " \n\t"))
        ruled = _RULE.fullmatch(piece)  # a ruled line, dots
        if (
            (unit.isdigit() and len(piece) < 100)
            or (ruled and solid > 2 * len(piece))
            or (len(unit) == 1 and len(piece) < 5 and len(piece) < solid)
        ):
            continue  # 1000000; a ruled line; hmmm
        covered += len(piece)
        if len(piece) >= 40 and not ruled:
            return f"{unit!r} {len(piece) // len(unit)} times in a row"
    return "the same few characters over and over" if covered * 2 > solid and covered >= 4 else None


@lru_cache(maxsize=100_000)
def _key(word: str) -> str:
    """evaporate and evaporates are one; WomenInScience and WomenInArt are two."""
    plain = word.isalpha() and word[1:].islower()
    return word[:6].casefold().removesuffix("s") if plain else word.casefold()


_WINDOW = 24
"""Words within which different ones are counted: the share of different words falls with length in any text."""
_FEWEST_DIFFERENT, _MOST_ECHOED = 0.4, 0.2
"""Of real answers outside code 1 in 900 has so few different words on average; they echo at longer distances."""


def _few(written: Sequence[str], keys: Sequence[str], n_sentences: int) -> str | None:
    """Few different words, soon after one another: "yes yes no yes no no yes", "a bab a baf a bab".

    After the moving-average type-token ratio (Covington & McFall 2010). Lists of parallel lines and sums reach it too,
    but say a word again only after four and more others.
    """
    n = len(keys)
    echoed = sum(a in near for a, *near in zip(keys[3:], keys[2:], keys[1:], keys, strict=False))
    if n < 8 or n <= n_sentences or echoed < _MOST_ECHOED * n or 3 * sum(w[0].isdigit() for w in written) > n:
        return None  # too short; yes, no, no, yes; a table
    window = min(n, _WINDOW)
    parts = [keys[i : i + window] for i in range(1 + n - window)]
    different = sum(len(set(part)) for part in parts) / len(parts)
    return f"{different:.0f} different words in {window}" if different <= _FEWEST_DIFFERENT * window else None


_CYCLES = (re.compile(r"(.{1,24}?)\1+", re.DOTALL), re.compile(r"(.{4,200}?)\1+", re.DOTALL))
_CUT = 12
"""Words of a cycle in which the text breaks off."""
_ZEROS = 20
"""One number so many times in a row is no column of a table."""
_AGAIN, _AGAIN_IN_VERSE = 1 / 3, 0.6
"""Share of a text's runs of three words that may have stood in it twice before. Of 1,800 good answers all but a song
and a list of hashtags stay below; a loop of 100 words reaches it. Verse, equations and code are allowed more."""


def _repeated(written: Sequence[str], keys: Sequence[str], lenient: bool) -> str | None:
    """The same words again and again, where what is only counted up is the same ("Tip 1: save. Tip 2: save.")."""
    counted = 2 * sum(w[0].isdigit() for w in written) <= len(written)  # else a table of numbers
    keys = ["0" if w[0].isdigit() else key for w, key in zip(written, keys, strict=True)] if counted else keys
    back = len(keys) - 2 - len(set(zip(keys, keys[1:], keys[2:], strict=False)))  # runs of three words that come back
    if len(keys) > 7 and back < 2:
        return None  # in a loop more of them do
    if flaw := _cycle(_coded(keys), written, _CYCLES if back > 20 or len(keys) < 60 else _CYCLES[:1]):
        return flaw
    told = [(key, w) for key, w in zip(keys, written, strict=True) if not w[0].isdigit()]
    if 4 * len(told) < 3 * len(written):  # many numbers are data: these tell
        return _phrases([(w, w) for w in written], _AGAIN_IN_VERSE)
    return _phrases(told, _AGAIN_IN_VERSE if lenient else _AGAIN)


def _cycle(coded: str, written: Sequence[str], patterns: Sequence[re.Pattern[str]]) -> str | None:
    """The same word, or the same few, again and again without anything between."""
    for pattern in patterns:
        for run in pattern.finditer(coded):
            size, length = len(run[1]), len(run[0])
            tail = coded[run.end() :]
            cut = length + len(tail) >= _CUT and 0 < len(tail) < size and run[1].startswith(tail)
            if _stuck_in(written[run.start() : run.end()], size, length / len(coded), cut):
                unit = [w.casefold() for w in written[run.start() : run.start() + min(size, 8)]]
                return f"'{' '.join(unit)}' {length // size} times in a row"
    return None


_ENOUGH = {2: 0.8, 3: 0.5}
"""Times that words stand in a row -> the share of the text that they take up in a loop; more often, a fifth."""


def _stuck_in(run: Sequence[str], size: int, share: float, cut: bool) -> bool:
    """Whether words that repeat every `size` words, and are this share of a text, are a loop; `cut` where the text ends
    in the middle of them."""
    times = len(run) // size
    plain = sum(not w[0].isdigit() for w in run[:size])
    varying = sum(len(set(run[k::size])) > 1 for k in range(size) if run[k][0].isdigit())
    if not plain or varying > 1:  # "Step 1 takes 5 minutes. Step 2 takes 9 minutes."
        return not varying and size == 1 and times >= _ZEROS
    if varying and plain < 3:  # "Tip 1: save. Tip 2: save."
        return times >= 6 and share > 0.8
    often = times >= 10 and len(run[0]) > 1
    return (cut and plain >= 3) or (len(run) > 3 and (often or share > _ENOUGH.get(times, 0.2)))


def _phrases(told: Sequence[tuple[str, str]], most: float) -> str | None:
    """Runs of three words that stood there twice before make up a large part."""
    keys = [key for key, _ in told]
    seen: Counter[tuple[str, str, str]] = Counter()
    again = 0
    for phrase in zip(keys, keys[1:], keys[2:], strict=False):
        again += seen[phrase] >= 2
        seen[phrase] += 1
    if not again or again <= most * (len(keys) - 2):
        return None
    phrase, times = seen.most_common(1)[0]
    spelt = dict(reversed(told))
    return f"'{' '.join(spelt[key] for key in phrase)}' {times} times"
