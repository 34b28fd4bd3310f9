"""Which number does an answer come to?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import regex

from fteval.evals.find.numeral import Numeral, numerals, plain
from fteval.evals.language.text import READ, word_list

_TOLERANCE = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class Result:
    """The number that a text comes to."""

    numeral: Numeral
    announced: bool
    """Whether the text says that this is its answer, or has no other number."""


# --- where it stands -----------------------------------------------------------------------------

_WORDS = word_list(
    "answer ans antwort antwoord réponse reponse respuesta resposta risposta svar odpowiedź cevap yanıt jawaban ответ"
)
_PARTS = word_list("答案 答え 答 정답 답 उत्तर الجواب الإجابة คำตอบ")
_ANSWER = rf"(?:\b(?:{'|'.join(_WORDS)})s?\b|{'|'.join(_PARTS)}|đáp án)"
_HINTS = ("####", "boxed{", "fbox{", *_WORDS, *_PARTS, "đáp án")
_IS = (
    r"(?:\b(?:is|are|be|was|equals|ist|lautet|es|est|é|è|är|er|jest|là|adalah)\b"
    r"|[:：=→]|是|为|為|は|은|는|है|هو|هي|คือ)"
)
_ANNOUNCED = regex.compile(
    rf"(?P<hashes>^[ \t]*+\#{{4}}(?!\#)(?=[^\n]{{1,40}}$)(?![ \t]*+\d+[.)]\s))"
    rf"|(?P<box>\\(?:boxed|fbox)\s*+\{{)|{_ANSWER}(?=\s?\d)|{_ANSWER}[^.\n]{{0,60}}?{_IS}",
    regex.IGNORECASE | regex.MULTILINE,
)
_SENTENCE_END = regex.compile(r"\n|[。！？]|(?<=[^\W\d_]|\d)[.!?](?=\s|\Z)")
_NEXT_QUESTION = regex.compile(
    r"(?:^|(?<=[.!?。]))[ \t]*+[\#*]{0,4}[ \t]*+(?:Q|Question|Problem|Exercise|User|Human|Instruction|Input|Frage"
    r"|Pregunta|Вопрос|问题|問題|问|质问|質問|문제|질문)[ \t*]*+[:：]|<\|(?:im_start|start_header_id|user)\|>",
    regex.MULTILINE,
)
_MARKER = regex.compile(r"^[ \t]*+(?:[-*•][ \t]*+)?(\d{1,3})[.)、][ \t]++\S", regex.MULTILINE)
_DENIED = regex.compile(r"(?:\bnot|\bnicht|n't)\s*\Z")
_GLUED = regex.compile(r"[a-zA-Z]\Z(?<!(?<![A-Z])[A-Z]{3})")
_END = 4_000
"""Characters in which the last number is looked for first."""
_SYMBOLIC = regex.compile(r"\\(?:sqrt|pi|ln|log|infty|sin|cos|tan)\b|[√π∞]")
_IN_WORDS = regex.compile(
    r"(?i)\b(?:zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|fif|(?:thir|four|fif|six|seven"
    r"|eigh|nine)teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million)\b"
    r"|[零一二三四五六七八九十百千万億亿]"
)


def result(text: str) -> Result | str | None:
    """The number that a text comes to: the announced one, else its last; a reason where it is open; None for none."""
    text = _first_answer(plain(text[-READ:]))
    for found in _announcements(text):
        said = _braced(text, found.end()) if found["box"] else _rest(text, found.end())
        if _SYMBOLIC.search(said):
            return f"an expression, not a number: {said.strip()[:60]!r} (the scorer 'math' compares those)"
        every = numerals(said.rsplit("=", 1)[-1]) or numerals(said)
        every = [n for n in every if not _DENIED.search(said[max(0, n.start - 8) : n.start])] or every
        if every:
            return Result(_several(said, every) if found["box"] and len(every) > 1 else every[0], True)
    return _last(text)


def _announcements(text: str) -> list[regex.Match[str]]:
    """Where a text says that its answer follows; the last first."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return []
    return list(_ANNOUNCED.finditer(text))[:-51:-1]


def _several(text: str, every: list[Numeral]) -> Numeral:
    """A box with several numbers: a tuple, say, and none of them is the answer."""
    values = {v for n in every for v in (n.value, *n.also) if v is not None}
    return Numeral(0, len(text), text, None, frozenset(values))


def _last(text: str) -> Result | str | None:
    markers = {m.start(1) for m in _MARKER.finditer(text)}
    end = max(0, len(text) - _END)
    every = numerals(text, end) or numerals(text)
    said = [n for n in every if n.start not in markers]
    # H2O, m2 and mp3 hold no number that anybody asked for, unless there is no other.
    said = [n for n in said if not _GLUED.search(text, max(0, n.start - 4), n.start)] or said
    if said:
        return Result(said[-1], len(every) == 1 and not end)
    if len(every) == 1:
        return Result(every[0], True)
    if not every and (word := _IN_WORDS.search(text)):
        return f"a number in words: {word[0]!r}"
    return None


def _braced(text: str, start: int) -> str:
    """What stands in braces that open before `start`."""
    depth = 1
    for at in range(start, min(len(text), start + 1_000)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return text[start:at]
    return ""


def _rest(text: str, start: int) -> str:
    """What is announced: the rest of the sentence, or the next line where nothing follows."""
    start += len(text[start : start + 200]) - len(text[start : start + 200].lstrip(" \t\n*_$\\[(:"))
    end = _SENTENCE_END.search(text, start, start + 300)
    return text[start : end.start() if end else start + 300]


def _first_answer(text: str) -> str:
    """Without the next question that a model goes on to ask itself."""
    number = regex.search(r"\d", text)
    turn = _NEXT_QUESTION.search(text, number.end()) if number else None
    return text[: turn.start()] if turn else text


# --- what it is held against ---------------------------------------------------------------------


def wanted(text: str) -> Numeral | None:
    """The number of a target: its only one, or the one that it announces; None where it is no target for numbers."""
    found = result(text)
    return found.numeral if isinstance(found, Result) and found.announced and found.numeral.value is not None else None


def alone(text: str) -> Numeral | None:
    """The number that a text is, a currency or percent sign aside; None for a text that says more."""
    written = plain(text.strip())
    every = numerals(written)
    if len(every) != 1 or every[0].value is None:
        return None
    rest = written[: every[0].start] + written[every[0].end :]
    return every[0] if not rest.strip(" $€£¥₹₩%\u00a0") else None


def is_identifier(numeral: Numeral) -> bool:
    """Digits that name rather than count: a leading zero, or seven and more."""
    digits = numeral.text
    return digits.isdigit() and ((digits[0] == "0" and len(digits) > 1) or len(digits) >= 7)


def same(found: Numeral, wanted: Numeral) -> tuple[bool | None, str]:
    """Whether both are one number; None where their writing leaves it open; why it is not True."""
    if found.value is not None and wanted.value is not None and _equal(found.value, wanted.value):
        if wanted.text.isdigit() and is_identifier(wanted) and wanted.text[0] == "0" and found.digits != wanted.digits:
            return None, f"{found.text.strip()!r} without the leading zeros of {wanted.text!r}"
        return True, ""
    said = f"{found.text.strip()[:60]!r}, wanted {wanted.text.strip()[:60]!r}"
    mine, theirs = ({n.value, *n.also} - {None} for n in (found, wanted))
    if any(_equal(a, b) for a in mine for b in theirs if a is not None and b is not None):
        return None, f"{said}: it can be read as that, and as another number"
    return False, said


def _equal(found: Fraction, wanted: Fraction) -> bool:
    """Whole numbers exactly; a fraction may be rounded at its sixth digit."""
    if found.denominator == wanted.denominator == 1:
        return found == wanted
    return abs(found - wanted) <= _TOLERANCE * min(Fraction(1), abs(wanted))
