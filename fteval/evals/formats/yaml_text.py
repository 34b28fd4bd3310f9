"""YAML read without building anything but data: objects, lists and scalars.

Events come from PyYAML's parser (libyaml where it is there); what they mean is decided here after YAML 1.2's core
schema, and where 1.1 reads a plain word otherwise (`no`, 0755), both readings are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fteval.evals.formats.json_text import DEEPEST, nfc

_MOST = 20_000
"""Values in one text, aliases written out: more is a bomb, or nothing that anybody asked for."""


@dataclass(frozen=True, slots=True)
class Either:
    """A plain word with two readings."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time that the format itself knows, as it is written."""

    text: str


def read(text: str) -> Any:
    """The data of the one document in a text. Raises ValueError saying what is wrong."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        tree = _Reader(yaml.parse(text, Loader=loader))
        return tree.document()
    except yaml.YAMLError as error:
        raise ValueError(_said(error)) from None
    except UnicodeError:
        raise ValueError("characters that no file can hold") from None


def _said(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    return f"{what} in line {mark.line + 1}" if mark else what


class _Reader:
    """Builds a tree from events, and counts."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0

    def document(self) -> Any:
        next(self.events)  # the stream's start
        if type(next(self.events)).__name__ == "StreamEndEvent":
            raise ValueError("nothing but comments")
        value = self.node(next(self.events), 0)
        next(self.events)  # the document's end
        if type(next(self.events)).__name__ != "StreamEndEvent":
            raise ValueError("several documents")
        return value

    def node(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if depth > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST} levels")
        self.counted(1)
        if kind == "AliasEvent":
            if event.anchor not in self.anchors:
                raise ValueError(f"the alias *{event.anchor} has no anchor")
            value, size = self.anchors[event.anchor]
            self.counted(size)
            return value
        before = self.count
        if kind == "ScalarEvent":
            value = _scalar(event)
        elif kind == "SequenceStartEvent":
            _known_tag(event, "seq")
            value = []
            while type(part := next(self.events)).__name__ != "SequenceEndEvent":
                value.append(self.node(part, depth + 1))
        else:
            _known_tag(event, "map")
            value = self.mapping(depth)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before)
        return value

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            is_scalar = type(event).__name__ == "ScalarEvent"
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if is_scalar and event.value == "<<" and event.implicit[0]:
                for part in value if isinstance(value, list) else [value]:
                    if not isinstance(part, dict):
                        raise ValueError("<< merges what is no mapping")
                    merged = {**part, **merged}
                continue
            if isinstance(key, dict | list):
                raise ValueError("a key that is no scalar")
            name = nfc(event.value) if is_scalar else nfc(str(key))
            if name in found:
                raise ValueError(f"the key {name!r} stands twice")
            found[name] = value
        return {**merged, **found}

    def counted(self, more: int) -> None:
        self.count += more
        if self.count > _MOST:
            raise ValueError(f"more than {_MOST:,} values, aliases written out")


# --- scalars -------------------------------------------------------------------------------------

_PREFIX = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}")
_OTHER_BASE = re.compile(r"0(?:o[0-7]{1,300}|x[0-9a-fA-F]{1,300})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,9})?")
_GROUPED = re.compile(r"[-+]?[0-9]{1,100}(?:_[0-9]{1,100}){1,20}")
_MOMENT = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?)?)?", re.ASCII
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{w: Either((w, True)) for w in ("yes", "Yes", "YES", "on", "On", "ON", "y", "Y")},
    **{w: Either((w, False)) for w in ("no", "No", "NO", "off", "Off", "OFF", "n", "N")},
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}


def _scalar(event: Any) -> Any:
    tag = event.tag
    if tag is None:
        return plain(event.value) if event.implicit[0] else nfc(event.value)
    if tag == "!" or tag == _PREFIX + "str":
        return nfc(event.value)
    name = tag.removeprefix(_PREFIX)
    if name == tag or name not in ("int", "float", "bool", "null", "timestamp"):
        raise ValueError(f"the tag {tag} asks for more than data")
    return plain(event.value)


def _known_tag(event: Any, name: str) -> None:
    if event.tag not in (None, "!", _PREFIX + name):
        raise ValueError(f"the tag {event.tag} asks for more than data")


def _with_zero(word: str) -> Either:
    """A number to 1.2; to 1.1 an octal one, or with an 8 or a 9 in it a text."""
    return Either((int(word), word if set(word) & {"8", "9"} else int(word, 8)))


def plain(word: str) -> Any:
    """What an unquoted word means."""
    if word in _WORDS:
        return _WORDS[word]
    if not word[:1].isdigit() and word[:1] not in "+-.":
        return nfc(word)
    if _INTEGER.fullmatch(word):
        return _with_zero(word) if word[0] == "0" and len(word) > 1 else int(word)
    if _FLOAT.fullmatch(word):
        return Decimal(word)
    if _OTHER_BASE.fullmatch(word):
        return int(word, 0)
    if _GROUPED.fullmatch(word):
        return Either((word, int(word.replace("_", ""))))
    return Moment(word) if _MOMENT.fullmatch(word) else nfc(word)
