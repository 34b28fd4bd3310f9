"""A text as words, the marks that stand after each, and the capitals in each; and two such texts compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

ALIGNED = 5_000
"""Words of each text that are compared where their words differ: the work grows with the product."""

# --- one way of writing ---------------------------------------------------------------------------

_VARIANTS = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´‛", "'"),
        **dict.fromkeys("“”„‟", '"'),
        **dict.fromkeys("‐‑", "-"),
        **dict.fromkeys("–—―−", "—"),
        "…": "...",
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    }
)
_FRENCH_OPEN = regex.compile(r"«\s*+")
_FRENCH_CLOSE = regex.compile(r"\s*+»")
_FRENCH_SPACE = regex.compile(r"[\u00a0\u202f](?=[;:!?])")
_DASH = regex.compile(r"(?<=\S)\s*+—\s*+(?=\S)|(?<=\S)\s++-{1,3}\s++(?=\S)|(?<=\w)--(?=\w)")
_RANGE = regex.compile(r"(?<=\d)—(?=\d)")
_DOTS = regex.compile(r"(?<=\.) (?=\.)")


def plain(text: str) -> str:
    """The text in keyboard characters and single spaces: two writings of the same text become the same.

    A dash between words is one, whatever its length and the spaces round it; between digits it is a hyphen.
    """
    text = text.translate(_VARIANTS)
    if not text.isascii():
        import unicodedata

        text = _FRENCH_CLOSE.sub('"', _FRENCH_OPEN.sub('"', _FRENCH_SPACE.sub("", unicodedata.normalize("NFC", text))))
        text = _RANGE.sub("-", text)
    if "—" in text or "-" in text:
        text = _DASH.sub(" — ", text)
    if ". ." in text:
        text = _DOTS.sub("", text)
    return " ".join(text.split())


def same_writing(a: str, b: str) -> bool:
    """Whether two texts are the same but for white space and typographic forms."""
    return a == b or plain(a) == plain(b)


# --- words and what stands after them ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked:
    """A text taken apart; the three tuples go together."""

    keys: tuple[str, ...]
    """The words, lower case, without marks."""
    marks: tuple[str, ...]
    """The marks in and after each word; those before the first word stand with it, behind a space."""
    capitals: tuple[str, ...]
    """Each word with its capitals, "" for a word without."""


# A word ends at white space, a hyphen, a dash or a slash. The point of 3.14 belongs to the number.
_PIECE = regex.compile(r"[^\s\-—/]++")
_MARK = regex.compile(r"(?V1)[\p{P}--[%&@#]]")
_POINT = regex.compile(r"(?<=\d)\.(?=\d)")


# An answer is taken apart to find its part that counts, then to judge it: the last few are kept.
@lru_cache(maxsize=8)
def marked(text: str) -> Marked:
    """The text's words with their marks and capitals."""
    text = plain(text)
    keys: list[str] = []
    marks: list[str] = []
    capitals: list[str] = []
    before, end = "", 0
    for piece in _PIECE.finditer(text):
        between = text[end : piece.start()].replace(" ", "")
        end = piece.end()
        if keys:
            marks[-1] += between
        else:
            before += between
        word = piece[0]
        if word.isalnum():
            letters, own = word, ""
        else:
            kept = _POINT.sub("\0", word) if "." in word else word
            letters = _MARK.sub("", kept).replace("\0", ".")
            own = "".join(_MARK.findall(kept))
        if not letters:
            if keys:
                marks[-1] += own
            else:
                before += own
            continue
        opening = own[: len(word) - len(word.lstrip("\"'([{“¿¡"))]
        if opening:
            own = own[len(opening) :]
            if keys:
                marks[-1] += opening
            else:
                before += opening
        keys.append(letters.replace("İ", "I").lower())
        marks.append(f" {before}{own}" if before else own)
        capitals.append("" if letters.islower() or letters == letters.lower() else letters)
        before = ""
    if keys:
        marks[-1] += text[end:].replace(" ", "")
    return Marked(tuple(keys), tuple(marks), tuple(capitals))


# --- two of them ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class F1:
    """F1, and what it was computed from in words."""

    value: float
    text: str


def compared(found: Marked, original: Marked) -> tuple[F1, F1]:
    """F1 of marks and of capitals, over words that belong together; words on one side only miss or invent theirs."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    hits = answered = asked = 0
    for i, j in _pairs(found.keys, original.keys):
        a, b = found.marks[i] if i is not None else "", original.marks[j] if j is not None else ""
        if a == b:
            right.update(a)
            given.update(a)
            wanted.update(b)
        else:
            mine, theirs = Counter(a), Counter(b)
            right.update(mine & theirs)
            given.update(mine)
            wanted.update(theirs)
        upper, was = found.capitals[i] if i is not None else "", original.capitals[j] if j is not None else ""
        hits += bool(was) and upper == was
        answered += bool(upper)
        asked += bool(was)
    for counts in (right, given, wanted):
        counts.pop(" ", None)
    each = [f"{mark} {_said(right[mark], given[mark], wanted[mark])}" for mark in sorted(given.keys() | wanted.keys())]
    all_marks = _f1(right.total(), given.total(), wanted.total())
    return F1(all_marks, ", ".join(each[:12])), F1(_f1(hits, answered, asked), _said(hits, answered, asked))


def _f1(right: int, given: int, wanted: int) -> float:
    return 2 * right / (given + wanted) if given + wanted else 1.0


def _said(right: int, given: int, wanted: int) -> str:
    return f"{_f1(right, given, wanted):.2f} ({right} right, {given} given, {wanted} wanted)"


def _pairs(a: Sequence[str], b: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Positions of words that belong together; None where one side has no partner."""
    if a == b:
        return [(i, i) for i in range(len(a))]
    from rapidfuzz.distance import Levenshtein

    a, b = a[:ALIGNED], b[:ALIGNED]
    pairs: list[tuple[int | None, int | None]] = []
    for step in Levenshtein.opcodes(a, b):
        mine, theirs = range(step.src_start, step.src_end), range(step.dest_start, step.dest_end)
        if step.tag in ("equal", "replace"):
            pairs += zip(mine, theirs, strict=True)
        else:
            pairs += [(i, None) for i in mine]
            pairs += [(None, j) for j in theirs]
    return pairs


# --- where in the answer ------------------------------------------------------------------------------

_FENCED = regex.compile(r"\A\s*+(?:```|~~~)\w*+\n(.*?)(?:```|~~~)?\s*+\Z", regex.DOTALL)
_OPENING_LINE = regex.compile(r"\A\s*+([^\n]{1,150}?):[*_ ]*\s*?\n\s*+(?=\S)")
_OPENING_WORDS = regex.compile(
    r"\A\s*+(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^\n:]{0,80}|here(?:'s| is| are|’s)\b[^\n:]{0,80}"
    r"|(?:the )?(?:corrected|restored|punctuated|result|output|answer|text"
    r"|corrected text)\b[^\n:]{0,40}):[*_ ]*\s++(?=\S)",
    regex.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’", "«": "»", "„": "“", "*": "*"}


def restored_part(text: str, original: str, wanted: tuple[str, ...]) -> tuple[str, str]:
    """The part of an answer that is the restored text, and in words what stood round it ("" for nothing).

    `wanted` are the original's words. What belongs to the text is not cut: as soon as the words are those wanted,
    nothing but quotation marks is taken off, and these only where the original does not open with some.
    """
    part, around = text.strip(), list[str]()
    if (fenced := _FENCED.match(part)) and not _FENCED.match(original):
        part = fenced[1].strip()
        around.append("a code fence")
    for _ in range(4):
        if len(part) > 200_000 or marked(part).keys == wanted:
            break
        part, name = _less(part, wanted)
        if not name:
            break
        around.append(name)
    inner = part.strip()
    if inner[:1] in _QUOTES and original.strip()[:1] not in _QUOTES and _quoted(inner):
        part = inner[1:-1]
        around.append("quotation marks")
    return part, " and ".join(around)


def _less(part: str, wanted: tuple[str, ...]) -> tuple[str, str]:
    if opening := _OPENING_LINE.match(part) or _OPENING_WORDS.match(part):
        return part[opening.end() :].strip(), "an opening line"
    paragraphs = regex.split(r"\n\s*\n", part)
    for n in range(len(paragraphs) - 1, 0, -1):
        if len(paragraphs) < 12 and marked(kept := "\n\n".join(paragraphs[:n])).keys == wanted:
            return kept, "a remark"
    return part, ""


def _quoted(part: str) -> bool:
    """Whether quotation marks stand round the whole text, and not round a speech at each end of it."""
    close = _QUOTES[part[0]]
    return len(part) > 2 and part.endswith(close) and not any(c in part[1:-1] for c in {part[0], close} - {"'", "’"})
