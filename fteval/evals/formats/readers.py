"""XML, YAML, JSON, CSV and TOML read into data, safely: no entities, no tags, no duplicate keys, no depth without end.

JSON, YAML and TOML become trees of objects, lists and scalars; CSV a list of objects whose values are text; XML its
root element.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fteval.evals.formats import json_text, yaml_text
from fteval.evals.formats.json_text import DEEPEST, nfc
from fteval.evals.formats.yaml_text import Moment

FORMATS = ("xml", "yaml", "json", "csv", "toml")
LABELS = {"yml": "yaml", "jsonc": "json", "tsv": "csv", "html": "xml", "svg": "xml"}
"""Names by which a format is called in fences, beside its own."""
LONGEST = 200_000
"""Characters of one text that are read, but for JSON, which costs next to nothing."""


@dataclass(slots=True)
class Element:
    """An XML element: names without their namespace, text of all that stands between its children."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """CSV: its header, and a row of as many cells for each line."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]


def read(text: str, name: str) -> Any:
    """The data of a text in the format of this name. Raises ValueError saying why there is none."""
    text = text.removeprefix("\ufeff")
    # In YAML the first line's indent means something, and the last line's end is part of a block of text.
    text = text.strip("\r\n") + "\n" if name == "yaml" else text.strip()
    if name != "json" and len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST:,} characters")
    return _READERS[name](text)


@lru_cache(maxsize=512)
def read_once(text: str, name: str) -> Any:
    """The same for texts that come again, such as a row's source. Nobody may change what comes back."""
    return read(text, name)


# --- TOML ----------------------------------------------------------------------------------------


def _toml(text: str) -> Any:
    import tomllib

    if _DOTTED.search(text):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    try:
        return _plain(tomllib.loads(text, parse_float=_toml_float), 0)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None


# A key of so many parts costs tomllib the square of them.
_DOTTED = re.compile(rf"(?:\.[ \t]*+[\w\"'-]++[ \t]*+){{{DEEPEST}}}")


def _toml_float(digits: str) -> Any:
    return float(digits) if digits.lstrip("+-") in ("inf", "nan") else Decimal(digits)


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        return {nfc(k): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, depth + 1) for v in value]
    if isinstance(value, datetime.date | datetime.time):
        return Moment(value.isoformat())
    return nfc(value) if isinstance(value, str) else value


# --- CSV -----------------------------------------------------------------------------------------


def _csv(text: str) -> Table:
    if not text or "\0" in text:
        raise ValueError("nothing that a table could hold")
    first = text.split("\n", 1)[0]
    delimiter = "," if "," in first else next((d for d in ";\t|" if d in first), ",")
    if delimiter == "|" and first.lstrip().startswith("|"):
        raise ValueError("a Markdown table")
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [tuple(nfc(cell) for cell in line) for line in lines if line]
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if not rows:
        raise ValueError("no header")
    header = tuple(name.strip() for name in rows[0])
    if len(set(header)) != len(header):
        raise ValueError("a column stands twice in the header")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header {len(header)}")
    return Table(header, tuple(rows[1:]))


# --- XML -----------------------------------------------------------------------------------------


def _xml(text: str) -> Element:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, ElementTree

    try:
        root = ElementTree.fromstring(text, forbid_dtd=True)
    except ParseError as error:
        raise ValueError(str(error)) from None
    except DefusedXmlException:
        raise ValueError("a document type or entities of its own, which are refused") from None
    except UnicodeError:
        raise ValueError("characters that no file can hold") from None
    return _element(root, 0)


def _element(found: Any, depth: int) -> Element:
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    attributes = {_local(k): nfc(v) for k, v in found.attrib.items() if not k.startswith("{http://www.w3.org/")}
    element = Element(_local(found.tag), attributes)
    texts = [found.text or ""]
    for child in found:
        element.children.append(_element(child, depth + 1))
        texts.append(child.tail or "")
    element.text = nfc("".join(texts)).strip()
    return element


def _local(name: str) -> str:
    return nfc(name.rsplit("}", 1)[-1])


_READERS: dict[str, Any] = {
    "json": json_text.read,
    "yaml": yaml_text.read,
    "toml": _toml,
    "csv": _csv,
    "xml": _xml,
}
