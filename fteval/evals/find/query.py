"""Where in an answer the SQL stands: bare, in a fence, in quotes, or in the middle of prose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import accumulate, islice, pairwise

from fteval.evals.formats import json_text
from fteval.evals.language.text import READ

LONGEST = 10_000
"""Characters of a query; a longer one is not judged as one."""
MOST = 5
"""Different queries of one answer that are looked at."""

_ACTION = (
    r"(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+[\w\"`\[\].]+\s+SET\b|DELETE\s+FROM\b|PRAGMA\s+\w|VACUUM\b"
    r"|(?:DROP|ALTER|TRUNCATE|CREATE)\s+(?:[A-Z]+\s+){0,3}(?:TABLE|VIEW|INDEX|TRIGGER|DATABASE)\b"
    r"|ATTACH\s+(?:DATABASE\b|['\"])|DETACH\s+\w|(?:BEGIN|COMMIT|ROLLBACK)\s*(?:;|$)|EXPLAIN\s+(?:QUERY\s+PLAN\s+)?(?:SELECT|WITH)\b"
)
_QUERY = (
    r"SELECT\b(?=\s*[\w(*\"'`\[+.-])|WITH\s+(?:RECURSIVE\s+)?[\w\"`\[\]]+\s*(?:\([^()]{0,500}\)\s*)?AS\s+"
    r"(?:(?:NOT\s+)?MATERIALIZED\s+)?\(|VALUES\s*\("
)
START = re.compile(rf"(?<![\w.])(?:{_QUERY}|{_ACTION})", re.IGNORECASE)
# "Select the rows that …" is English: no column is named by an article.
_PROSE = re.compile(r"(?!SELECT)(?i:select)\s+(?:the|an?|each|every|all\s+(?:the|of|rows))\s")
_VALUE = re.compile(r"SELECT\s*(?:(?:DISTINCT|ALL)\s+)?(?:[\d('\"*+.-]|NULL\b|CASE\b|\w+\s*\()", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\b", re.IGNORECASE)
_CONTINUES = re.compile(
    r"\s*(?:--|/\*|[),=<>+]|(?:SELECT|FROM|LIMIT|OFFSET|AND|OR|ON|AS|IN|IS|LIKE|BETWEEN|NOT|ASC|DESC|WITH)\b"
    r"|(?i:WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT\s+\d|UNION|INTERSECT|EXCEPT|(?:\w+\s+){0,2}JOIN)\b)"
)
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\[\]]*\]|[;()]|[^-/'\"`\[;()]+|.", re.DOTALL
)
_GAP = re.compile(r"(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_CLOSING = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’"}
_SQL_KEYS = ("sql", "query", "sql_query", "answer")

Place = tuple[int, int, str]
"""Start, end and text of a statement."""


def found(text: str, parses: Callable[[str], bool]) -> tuple[str, ...]:
    """The queries that the answer gives: one, or several where it leaves open which one counts; () where none.

    SQL in a fence goes before SQL in prose. One that takes the others back ("Actually, …") or is called the answer
    stands alone. Statements that run on after a semicolon are one text.
    """
    text = _plain(text[:READ])
    text = _of_json(text) or text
    parses = _within_reason(parses)
    fenced = [place for b in json_text.fences(text) for place in _statements(text, b.start, b.end, parses)]
    places = fenced or list(_statements(text, 0, len(text), parses))
    if any(starts_with(sql) != "CREATE" for _, _, sql in places):  # a schema said again is no answer
        places = [place for place in places if starts_with(place[2]) != "CREATE"]
    different = list({" ".join(sql.casefold().split()).rstrip("; "): (a, b, sql) for a, b, sql in places}.values())
    named = json_text.said_answer(text, [(a, b) for a, b, _ in different]) if len(different) > 1 else None
    return (different[named][2],) if named is not None else tuple(sql for _, _, sql in different[:MOST])


def _within_reason(parses: Callable[[str], bool]) -> Callable[[str], bool]:
    """The same, but False once so much was parsed that the text is bait."""
    left = 4 * LONGEST

    def limited(sql: str) -> bool:
        nonlocal left
        left -= len(sql) + 100
        return left > 0 and parses(sql)

    return limited


def statements(sql: str) -> list[str]:
    """The statements of a script, without comments at their ends; a semicolon in a text or comment parts nothing."""
    ends = [0, *(token.end() for token in _TOKEN.finditer(sql) if token[0] == ";"), len(sql) + 1]
    parts = [sql[a : b - 1].strip() for a, b in pairwise(ends)]
    return [part for part in parts if _code(part)]


def depth(sql: str) -> int:
    """How deep its brackets are nested."""
    return max(accumulate((t[0] == "(") - (t[0] == ")") for t in _TOKEN.finditer(sql)), default=0)


def _code(sql: str) -> str:
    """The text without comments and white space at its start."""
    gap = _GAP.match(sql)
    return sql[gap.end() if gap else 0 :]


def starts_with(sql: str) -> str:
    """The first word of a statement, in capitals; "(" where it opens a bracket."""
    word = re.match(r"\w+|\(", _code(sql))
    return word[0].upper() if word else ""


def _plain(text: str) -> str:
    """Line ends as \\n, spaces of any width as one, nothing that has no width."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    return "".join(" " if (kind := unicodedata.category(c)) == "Zs" else "" if kind == "Cf" else c for c in text)


def _of_json(text: str) -> str | None:
    """The query of {"sql": "SELECT …"}."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json_text.read(text)
    except ValueError:
        return None
    return next((value[key] for key in _SQL_KEYS if isinstance(value.get(key), str)), None)


def _statements(text: str, start: int, end: int, parses: Callable[[str], bool]) -> Iterator[Place]:
    """The SQL in a part of the answer."""
    for _ in range(4 * MOST):
        match = START.search(text, start, end)
        while match and not _is_sql(text, match, end):
            match = START.search(text, match.end(), end)
        if not match:
            return
        stop = _stop(text, match.start(), end, parses)
        yield match.start(), stop, text[match.start() : stop].strip()
        start = max(match.end(), stop)


def _is_sql(text: str, match: re.Match[str], end: int) -> bool:
    """Whether the key word opens a statement, and not an English sentence."""
    before = text[max(0, match.start() - 40) : match.start()].rstrip(" \t(")
    if _PROSE.match(text, match.start(), end) or not (match[0][:6].isupper() or before[-1:] in "\n:>`\"'“‘*=;"):
        return False
    if match[0][:6].upper() != "SELECT" or _VALUE.match(text, match.start(), end):
        return True
    return _FROM.search(text, match.end(), min(end, match.end() + 3_000)) is not None


def _stop(text: str, start: int, end: int, parses: Callable[[str], bool]) -> int:
    """Where the statement that starts here ends: at its closing quote, a semicolon, or where prose begins."""
    end = min(end, start + LONGEST + 1)
    if closing := _CLOSING.get(text[start - 1 : start]):
        quoted = re.finditer(rf"{closing}(?!\w)", text[start:end])
        for stop in (start + m.start() for m in islice(quoted, 20)):
            if parses(text[start:stop]):
                return stop
    level, last = 0, 0
    for token in _TOKEN.finditer(text, start, end):
        level += (token[0] == "(") - (token[0] == ")")
        if level < 0:
            end = token.start()
            break
        if token[0] == ";" and not level:
            last = token.end()
            if not START.match(text, last + len(text[last:end]) - len(_code(text[last:end])), end):
                break
    return _without_prose(text, start, last or end, parses)


def _without_prose(text: str, start: int, end: int, parses: Callable[[str], bool]) -> int:
    """The end of the SQL: its paragraph, or as many lines, or words, as are a query; its paragraph where none are."""
    gaps = (start + gap.start() for gap in re.finditer(r"\n[ \t]*\n", text[start:end]))
    paragraph = next((gap for gap in gaps if not _CONTINUES.match(text, gap, end)), end)
    first = text[start:paragraph].partition("\n")[0]
    lines = [start + m.start() for m in re.finditer("\n", text[start:paragraph])][:-31:-1]
    words = [start + m.start() for m in re.finditer(r"[.*:]?(?:[ \t]|$)", first)]
    for stop in (paragraph, *lines, *words[:1:-1][:40]):
        if not _CONTINUES.match(text, stop, end) and parses(text[start:stop]):
            return stop
    return paragraph
