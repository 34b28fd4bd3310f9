"""Whether data in one format is the data in another, by what each of them can say.

Typed trees (JSON, YAML, TOML) are compared value by value; a table (CSV) and an element (XML) know only text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fteval.evals.formats import json_text
from fteval.evals.formats.json_text import nfc
from fteval.evals.formats.readers import Element, Table
from fteval.evals.formats.tree import same_scalar
from fteval.evals.formats.yaml_text import Either, Moment


def equal(found: Any, wanted: Any, *, toml: bool = False) -> bool:
    """Whether two read texts hold the same data. `toml`: what is found has no null and no list at its root."""
    if isinstance(found, Element) or isinstance(wanted, Element):
        if isinstance(found, Element) and isinstance(wanted, Element):
            return _same_element(found, wanted, root=True)
        element, data = (found, wanted) if isinstance(found, Element) else (wanted, found)
        if isinstance(data, Table):
            table = Table(tuple(_as_tag(name, element) for name in data.header), data.rows)
            return any(_same_rows(table, rows) for rows in _element_rows(element))
        return _Fit().root(element, data)
    if isinstance(found, Table) or isinstance(wanted, Table):
        if isinstance(found, Table) and isinstance(wanted, Table):
            return _same_rows(found, wanted.records)
        table, data = (found, wanted) if isinstance(found, Table) else (wanted, found)
        return any(_same_rows(table, rows) for rows in _rows(data))
    if typed(found, wanted, toml):
        return True
    named = toml and isinstance(wanted, list) and isinstance(found, dict) and len(found) == 1
    return named and typed(next(iter(found.values())), wanted, True)


# --- typed trees ---------------------------------------------------------------------------------


def typed(found: Any, wanted: Any, null_may_miss: bool = False) -> bool:
    """Whether two trees are one: objects without order, lists in order, each scalar by type and value."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        if null_may_miss:
            found, wanted = ({k: v for k, v in d.items() if v is not None} for d in (found, wanted))
        return len(found) == len(wanted) and all(
            k in found and typed(found[k], v, null_may_miss) for k, v in wanted.items()
        )
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(typed(f, w, null_may_miss) for f, w in zip(found, wanted, strict=True))
    if isinstance(found, Either):
        return any(typed(value, wanted) for value in found.values)
    if isinstance(wanted, Either):
        return any(typed(found, value) for value in wanted.values)
    if isinstance(found, Moment) or isinstance(wanted, Moment):
        return _moment(found) is not None and _moment(found) == _moment(wanted)
    if isinstance(found, dict | list) or isinstance(wanted, dict | list):
        return False
    return same_scalar(found, wanted)


def _moment(value: Any) -> str | None:
    """A date or time in one writing: 2024-01-02 10:00:00Z is 2024-01-02T10:00:00+00:00."""
    written = value.text if isinstance(value, Moment) else value if isinstance(value, str) else None
    if written is None or len(written) > 50:
        return None
    text = re.sub(r"(?<=\d)[Tt\s]+(?=\d)", "T", written.strip()).replace(" ", "")
    for kind in (datetime.date, datetime.datetime, datetime.time):
        try:
            return kind.fromisoformat(text).isoformat()
        except ValueError:
            continue
    return text


# --- text ----------------------------------------------------------------------------------------

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?(?:[eE][-+]?[0-9]{1,4})?")


def as_text(cell: str, value: Any) -> bool:
    """Whether a text says a scalar: numbers by value, true and false in any case, nothing for null."""
    cell = cell.strip().replace("\r\n", "\n")
    if isinstance(value, Either):
        return any(as_text(cell, v) for v in value.values)
    if isinstance(value, Moment):
        return cell == value.text or _moment(cell) == _moment(value)
    if value is None:
        return cell in ("", "null", "NULL", "None")
    if isinstance(value, bool):
        return cell.lower() == ("true" if value else "false")
    if isinstance(value, str):
        return cell == nfc(value).strip().replace("\r\n", "\n")
    if isinstance(value, int | Decimal):
        return bool(_NUMBER.fullmatch(cell)) and Decimal(cell) == value
    return isinstance(value, float) and cell.lower().lstrip(".") == str(value)


# --- tables --------------------------------------------------------------------------------------


def _rows(data: Any) -> list[list[Any]]:
    """The lists of records that a tree may stand for in a table: itself, its one list, or itself as one record."""
    if isinstance(data, list):
        return [data]
    if not isinstance(data, Mapping):
        return []
    only = next(iter(data.values())) if len(data) == 1 else None
    return [[data], *_rows(only)]


def _element_rows(element: Element) -> list[list[Any]]:
    """The same for an element: the children of it, or of the only child in it, each with its parts."""
    found = [[_tree(element)], [_tree(child) for child in element.children]]
    while len(element.children) == 1:
        element = element.children[0]
        found.append([_tree(child) for child in element.children])
    return found


def _tree(element: Element) -> Any:
    """An element as a tree: attributes and children by name, those of one name in a list."""
    if not element.children and not element.attributes:
        return element.text
    found: dict[str, Any] = dict(element.attributes)
    groups: dict[str, list[Any]] = {}
    for child in element.children:
        groups.setdefault(child.tag, []).append(_tree(child))
    found.update({tag: parts[0] if len(parts) == 1 else parts for tag, parts in groups.items()})
    if element.text:
        found["text"] = element.text
    return found


def _same_rows(table: Table, records: list[Any]) -> bool:
    if len(table.rows) != len(records):
        return False
    return all(_same_row(row, r) for row, r in zip(table.records, records, strict=True)) and (
        bool(records) or bool(table.header)
    )


def _same_row(row: Mapping[str, str], record: Any) -> bool:
    if not isinstance(record, Mapping):
        return len(row) == 1 and not isinstance(record, list) and as_text(next(iter(row.values())), record)
    unused = dict(row)
    return _take(unused, record, ("",)) and not any(cell.strip() for cell in unused.values())


def _take(unused: dict[str, str], record: Mapping[str, Any], prefixes: tuple[str, ...]) -> bool:
    """Whether each value of the record stands in its column; those columns are used up."""
    for key, value in record.items():
        names = [prefix + key.strip() for prefix in prefixes]
        name = next((n for n in names if n in unused), None)
        if name is None:
            if isinstance(value, Mapping) and value:
                if not _take(unused, value, tuple(n + mark for n in names for mark in "._/")[:12]):
                    return False
            elif value is not None and value != "" and value != [] and value != {}:
                return False
        elif not _cell(unused.pop(name), value):
            return False
    return True


def _cell(cell: str, value: Any) -> bool:
    if not isinstance(value, list | Mapping):
        return as_text(cell, value)
    if not value:
        return cell.strip() in ("", "[]", "{}")
    try:
        if typed(json_text.read(cell), value):
            return True
    except ValueError:
        pass
    if isinstance(value, Mapping):
        return False
    return any(
        len(parts := cell.split(mark)) == len(value) and all(map(as_text, parts, value))
        for mark in (";", ",", "|", " ")
    )


# --- elements ------------------------------------------------------------------------------------

_TEXT_KEYS = frozenset(("#text", "_text", "_", "$t", "$", "__text", "@text", "#content"))
_TEXT_WORDS = frozenset(("text", "value", "content"))
"""Names for an element's own text, the plain words only where it has attributes beside."""
_ATTRIBUTE_KEYS = frozenset(("$", "@attributes", "_attributes", "@", "attributes", "_attr", "attrs"))
_ROOTS = frozenset(("root", "data", "document", "response", "xml", "records", "rows", "list", "items"))
_MOST_STEPS = 100_000


def _same_element(found: Element, wanted: Element, *, root: bool = False) -> bool:
    return (
        (root or found.tag == wanted.tag)
        and found.attributes == wanted.attributes
        and found.text == wanted.text
        and len(found.children) == len(wanted.children)
        and all(_same_element(f, w) for f, w in zip(found.children, wanted.children, strict=True))
    )


class _Fit:
    """Whether an element can be written for data, in any of the usual ways; stops after so many steps."""

    def __init__(self) -> None:
        self.steps = 0

    def root(self, element: Element, data: Any) -> bool:
        """The root's name may be the data's one key, or free."""
        if self.fits(element, data):
            return True
        if isinstance(data, Mapping) and len(data) == 1:
            ((key, value),) = data.items()
            return (_named(element.tag, key) or element.tag.lower() in _ROOTS) and self.fits(element, value)
        return False

    def fits(self, element: Element, data: Any) -> bool:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            return False
        if isinstance(data, Mapping):
            return self.mapping(element, data)
        if isinstance(data, list):
            if element.attributes or element.text:
                return False
            return (
                len(element.children) == len(data)
                and len({c.tag for c in element.children}) <= 1
                and all(map(self.fits, element.children, data))
            )
        return not element.children and not element.attributes and as_text(element.text, data)

    def mapping(self, element: Element, data: Mapping[str, Any]) -> bool:
        groups: dict[str, list[Element]] = {}
        for child in element.children:
            groups.setdefault(child.tag, []).append(child)
        attributes, text = dict(element.attributes), element.text
        for key, value in data.items():
            group = next((tag for tag in groups if _named(tag, key)), None)
            name = next((a for a in attributes if _named(a, key.lstrip("@_-$"))), None)
            if group is not None:
                if not self.group(groups.pop(group), value):
                    return False
            elif name is not None and not isinstance(value, Mapping | list) and as_text(attributes[name], value):
                del attributes[name]
            elif key in _ATTRIBUTE_KEYS and isinstance(value, Mapping):
                for inner, v in value.items():
                    if inner not in attributes or not as_text(attributes.pop(inner), v):
                        return False
            elif text and _says_text(key, element) and not isinstance(value, Mapping | list) and as_text(text, value):
                text = ""
            elif value is not None and value != "" and value != [] and value != {}:
                return False
        return not groups and not attributes and not text

    def group(self, elements: list[Element], value: Any) -> bool:
        if isinstance(value, list) and len(value) == len(elements) and all(map(self.fits, elements, value)):
            return True
        return len(elements) == 1 and self.fits(elements[0], value)


def _says_text(key: str, element: Element) -> bool:
    return key in _TEXT_KEYS or (key in _TEXT_WORDS and bool(element.attributes))


_NAME = re.compile(r"[^\W\d][\w.-]*")


def _named(tag: str, key: str) -> bool:
    """Whether a tag stands for a key; a key that can be no tag ("full name", "2024") is compared by its letters."""
    key = key.rsplit(":", 1)[-1]
    if tag == key:
        return True
    return not _NAME.fullmatch(key) and (letters := _letters(key)) != "" and _letters(tag).endswith(letters)


def _as_tag(column: str, element: Element) -> str:
    """The name that a column has in an element, where its own could not be one."""
    if _NAME.fullmatch(column):
        return column
    open_ = [element]
    while open_:
        part = open_.pop()
        for name in (part.tag, *part.attributes):
            if _named(name, column):
                return name
        open_.extend(part.children)
    return column


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
