"""Where in an answer the SQL stands: bare, in a fence, in quotes, or in the middle of prose."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise

from fteval.evals.language.text import READ

LONGEST = 10_000
"""Characters of a query; a longer one is not judged as one."""
MOST = 5
"""Different queries of one answer that are looked at."""

_ACTION = (
    r"INSERT\s+(?:OR\s+\w+\s+)?INTO\b|REPLACE\s+INTO\b|UPDATE\s+(?:OR\s+\w+\s+)?[\w\"`\[\].]+\s+SET\b|DELETE\s+FROM\b"
    r"|DROP\s+(?:TABLE|VIEW|INDEX|TRIGGER|DATABASE|SCHEMA)\b|ALTER\s+TABLE\b|TRUNCATE\s+TABLE\b|PRAGMA\s+\w"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+|UNIQUE\s+)?(?:TABLE|VIEW|INDEX|TRIGGER|FUNCTION)\b"
    r"|ATTACH\s+(?:DATABASE\b|['\"])|DETACH\s+(?:DATABASE\s+)?\w+\s*(?:;|$)|VACUUM\b\s*(?:;|$|INTO)"
    r"|BEGIN\s*(?:TRANSACTION|;)|COMMIT\s*(?:;|$)|ROLLBACK\s*(?:;|$)"
    r"|EXPLAIN\s+(?:QUERY\s+PLAN\s+)?(?:SELECT|WITH)\b"
)
_QUERY = (
    r"SELECT\b(?=\s*[\w(*\"'`\[+.-])|WITH\s+(?:RECURSIVE\s+)?[\w\"`\[\]]+\s*(?:\([^()]{0,500}\)\s*)?AS\s+"
    r"(?:(?:NOT\s+)?MATERIALIZED\s+)?\(|VALUES\s*\("
)
START = re.compile(rf"(?<![\w.])(?:{_QUERY}|{_ACTION})", re.IGNORECASE)
_CREATION = re.compile(r"CREATE\b", re.IGNORECASE)
# "Select the rows that …" is English: no column is named by an article.
_PROSE = re.compile(r"select\s+(?:the|an?|each|every|your|this|those|these|any|only|all\s+(?:the|of|rows))\s", re.I)
_VALUE = re.compile(r"SELECT\s*(?:(?:DISTINCT|ALL)\s+)?(?:[\d('\"*+.-]|NULL\b|CASE\b|\w+\s*\()", re.IGNORECASE)
_BEFORE = re.compile(r"(?:^|[:>`\"'“‘*(=])[ \t]*(?:\(\s*)*\Z|\A\s*\Z")
_LANGUAGE = re.compile(r"[ \t]*(?:([\w+#.-]{1,20})[ \t]*(?:\n|\Z)|(?:sql|sqlite3?|postgres(?:ql)?|mysql)[ \t]+)", re.I)
_CONTINUES = re.compile(
    r"\s*(?:--|/\*|[),=<>+]|(?:SELECT|FROM|LIMIT|OFFSET|AND|OR|ON|AS|IN|IS|LIKE|BETWEEN|NOT|WINDOW|ASC|DESC|WITH)\b"
    r"|(?i:WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT\s+\d|UNION|INTERSECT|EXCEPT"
    r"|(?:LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|OUTER)\s+(?:OUTER\s+)?JOIN|JOIN)\b)"
)
# A later query after such words takes the place of the earlier ones.
_FINAL = re.compile(
    r"\b(?:actually|correct(?:ed|ion|ing)?|final(?:ly)?|instead|complete|full|combin(?:ed?|ing)|together|wait|sorry"
    r"|mistake|fix(?:ed|ing)?|should (?:be|have)|improved|better|revised?|updated)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\b(?:or|alternative(?:ly)?|another|otherwise|option|either|maybe|perhaps|also)\b", re.IGNORECASE)
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\[\]]*\]|[;()]|[^-/'\"`\[;()]+|.", re.DOTALL
)
_TAG = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?(?:s|sql|query|answer|code|pre)>", re.IGNORECASE)
_GAP = re.compile(r"(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_CLOSING = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’"}
_SQL_KEYS = ("sql", "query", "sql_query", "answer")


def found(text: str, parses: Callable[[str], bool]) -> tuple[str, ...]:
    """The queries that the answer gives: one, or several where it leaves open which one counts; () where none.

    SQL in a fence goes before SQL in prose. A query that holds all others as parts, or that follows words of
    correction ("Actually", "Final query"), stands alone. Statements that run on after a semicolon are one text.
    """
    text = _TAG.sub("\n\n", _plain(text[:READ]))
    text = _of_json(text) or text
    parses = _within_reason(parses)
    places = list(_fenced(text, parses)) or list(_statements(text, 0, len(text), parses))
    if any(_own_line(text, start) for start, _, _ in places):  # words in a sentence only speak of it
        places = [place for place in places if _own_line(text, place[0])]
    if any(not _CREATION.match(sql) for _, _, sql in places):  # a schema said again is no answer
        places = [place for place in places if not _CREATION.match(place[2])]
    different: dict[str, tuple[int, int, str]] = {}
    for place in places:
        key = " ".join(place[2].casefold().split()).rstrip("; ")
        different.pop(key, None)
        different[key] = place
    if len(different) < 2:
        return tuple(sql for _, _, sql in different.values())
    ordered = list(different.values())
    between = [text[a[1] : b[0]] for a, b in pairwise(ordered)]
    told = [re.sub(r"[`~]{3,}\w*", "", said) for said in between]
    if not any(_CHOICE.search(said[-60:]) or not re.search(r"\w", said) for said in told):
        if _FINAL.search(between[-1][-200:]):
            return (ordered[-1][2],)
        whole = [key for key in different if all(other in key for other in different)]
        if whole:
            return (different[whole[0]][2],)
    return tuple(sql for _, _, sql in ordered[:MOST])


_HEAD = re.compile(r"[\s>*#-]*(?:\d+[.)]|\**\w[\w ]{0,25}(?::|=#|>)\**)?[\s>*]*")


def _own_line(text: str, start: int) -> bool:
    """Whether SQL begins here at the head of a line, at most after a label ("SQL:") or a number."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return len(before) < 40 and _HEAD.fullmatch(before) is not None


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
    parts, start = [], 0
    for token in _TOKEN.finditer(sql):
        if token[0] == ";":
            parts.append(sql[start : token.start()])
            start = token.end()
    parts.append(sql[start:])
    return [part.strip() for part in parts if _code(part)]


def depth(sql: str) -> int:
    """How deep its brackets are nested."""
    most = now = 0
    for token in _TOKEN.finditer(sql):
        now += (token[0] == "(") - (token[0] == ")")
        most = max(most, now)
    return most


def _code(sql: str) -> str:
    """The text without comments and white space at its start."""
    while True:
        sql = sql.lstrip()
        if sql.startswith("--"):
            sql = sql.partition("\n")[2]
        elif sql.startswith("/*"):
            sql = sql.partition("*/")[2]
        else:
            return sql


def starts_with(sql: str) -> str:
    """The first word of a statement, in capitals; "(" where it opens a bracket."""
    code = _code(sql)
    word = re.match(r"\w+|\(", code)
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
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    texts = [value[key] for key in _SQL_KEYS if isinstance(value.get(key), str)]
    return texts[0] if texts else None


def _fenced(text: str, parses: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
    marks = list(re.finditer(r"`{3,}|~{3,}", text))
    for opening, closing in zip(marks[::2], [*marks[1::2], None], strict=False):
        start, end = opening.end(), closing.start() if closing else len(text)
        language = _LANGUAGE.match(text, start, end)
        if language and not START.match(text, start + len(language[0]) - len(language[0].lstrip())):
            start = language.end()
        yield from _statements(text, start, end, parses)


def _statements(text: str, start: int, end: int, parses: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
    """Start, end and text of the SQL in a part of the answer."""
    n_found = 0
    while n_found < 4 * MOST:
        match = START.search(text, start, end)
        if not match:
            return
        start = match.end()
        if not _is_sql(text, match, end):
            continue
        stop = _stop(text, match.start(), end, parses)
        sql = text[match.start() : stop].strip()
        if sql:
            n_found += 1
            yield match.start(), stop, sql
        start = max(start, stop)


def _is_sql(text: str, match: re.Match[str], end: int) -> bool:
    """Whether the key word opens a statement, and not an English sentence."""
    if _PROSE.match(text, match.start(), end) and not text.startswith("SELECT", match.start()):
        return False
    line = text.rfind("\n", 0, match.start()) + 1
    if text.find("--", line, match.start()) >= 0 or text.rfind("/*", 0, match.start()) > text.rfind(
        "*/", 0, match.start()
    ):
        return False  # commented out
    begins = _BEFORE.search(text[max(line, match.start() - 40) : match.start()]) or not re.search(
        r"\w", text[line : match.start()]
    )
    if not begins and not match[0][:6].isupper():
        return False
    if match[0][:6].upper() != "SELECT" or _VALUE.match(text, match.start(), end):
        return True
    return re.search(r"\bFROM\b", text[match.end() : min(end, match.end() + 3_000)], re.IGNORECASE) is not None


def _stop(text: str, start: int, end: int, parses: Callable[[str], bool]) -> int:
    """Where the statement that starts here ends: at its closing quote, a semicolon, or where prose begins."""
    closing = _CLOSING.get(text[start - 1 : start])
    if closing:
        quoted = [
            i for i in range(start, min(end, start + LONGEST))
            if text[i] == closing and (i + 1 >= end or not text[i + 1].isalnum())
        ][:20]  # fmt: skip
        for stop in quoted:
            if parses(text[start:stop]):
                return stop
        if quoted and closing in "`”’":
            return quoted[0]
    level, first = 0, 0
    for token in _TOKEN.finditer(text, start, end):
        if token.start() - start > LONGEST:
            break
        if token[0] == "(":
            level += 1
        elif token[0] == ")":
            level -= 1
            if level < 0:
                end = token.start()
                break
        elif token[0] == ";" and level <= 0:
            stop = token.end()
            if not first:
                first = _without_prose(text, start, stop, parses)
                if first < token.start():
                    return first
            if not _follows(text, stop, end):
                return stop
    return end if first else _without_prose(text, start, end, parses)


def _follows(text: str, start: int, end: int) -> bool:
    """Whether another statement comes next, comments aside."""
    gap = _GAP.match(text, start, end)
    start = gap.end() if gap else start
    following = START.match(text, start, end)
    return bool(following) and (text[start : start + 4].isupper() or not _PROSE.match(text, start, end))


def _without_prose(text: str, start: int, end: int, parses: Callable[[str], bool]) -> int:
    """The end of the SQL: its paragraph, or all of the text, or as many lines, or words, as are a query."""
    end = min(end, start + LONGEST + 1)
    paragraph = end
    for gap in re.finditer(r"\n[ \t]*\n", text[start:end]):
        if not _CONTINUES.match(text, start + gap.end(), end):
            paragraph = start + gap.start()
            break
    if parses(text[start:paragraph]):
        return paragraph
    if paragraph < end and parses(text[start:end]):
        return end
    first = text.find("\n", start, paragraph)
    line = first if first > 0 else paragraph
    stops = [start + m.start() for m in re.finditer("\n", text[start:paragraph])][:-31:-1]
    stops += [line - 1] if text[line - 1 : line] in (".", "*") else []
    gaps = [start + m.start() for m in re.finditer(r"[ \t]", text[start:line])]
    stops += [gap - (text[gap - 1] in ".*:") for gap in gaps[:1:-1][:40]]
    for stop in stops:
        if _CONTINUES.match(text, stop, end):
            continue  # an unfinished clause is a broken query, and no prose
        if parses(text[start:stop]):
            return stop
    return paragraph
