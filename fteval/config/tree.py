"""YAML 1.2 as plain values that know their lines. Nothing is executed, and nothing grows beyond what was written.

Values are built here from the parser's nodes, because the usual constructors lose the lines, take the last of two equal
keys and follow tags.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
LARGEST, DEEPEST = 10_000, 50
"""Values and levels; more is a mistake or a bomb of aliases."""
_CORE = "tag:yaml.org,2002:"
_PLAIN = frozenset(["str", "int", "float", "bool", "null"])
_AS_TEXT = frozenset(["timestamp"])
"""A date is text here, as it is in JSON."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong, and on which line."""

    line: int
    text: str


@dataclass(slots=True)
class Tree:
    """What a file holds."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    size: int = 0

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def read(text: str) -> Tree:
    """The one mapping that a text holds; what is wrong with it is in `problems`, all that can be found at once."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    tree = Tree()
    if _too_deep(text):
        tree.problems.append(Problem(1, "nested too deeply"))
        return tree
    try:
        documents = list(yaml.compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tree.problems.append(Problem(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}"))
        return tree
    except YAMLError as error:
        tree.problems.append(Problem(1, f"not YAML: {' '.join(str(error).split())}"))
        return tree
    except RecursionError:
        tree.problems.append(Problem(1, "nested too deeply"))
        return tree
    if len(documents) != 1 or documents[0] is None:
        what = (
            "the file is empty" if not documents else "several documents (a line '---' starts another); one is wanted"
        )
        tree.problems.append(Problem(1, what))
        return tree
    tree.value = _Builder(tree, yaml.constructor).build(documents[0], ())
    if not tree.problems and not isinstance(tree.value, dict):
        tree.problems.append(Problem(1, f"the file holds {_word(tree.value)}, not keys with values"))
    return tree


class _TooLarge(Exception):
    pass


class _Builder:
    def __init__(self, tree: Tree, constructor: Any) -> None:
        self.tree, self.constructor = tree, constructor

    def build(self, root: Any, path: Path) -> Any:
        try:
            return self._value(root, path, root.start_mark.line + 1)
        except _TooLarge:
            limits = f"more than {LARGEST} values or {DEEPEST} levels"
            self._wrong(root.start_mark.line + 1, f"{limits}; do aliases (*name) repeat each other?")
            return None

    def _value(self, node: Any, path: Path, line: int) -> Any:
        self.tree.size += 1
        if self.tree.size > LARGEST or len(path) > DEEPEST:
            raise _TooLarge
        self.tree.lines[path] = line
        tag = str(node.tag)
        kind = tag.removeprefix(_CORE)
        if kind == "map" and isinstance(node.value, list):
            return self._mapping(node, path)
        if kind == "seq":
            return [self._value(item, (*path, i), item.start_mark.line + 1) for i, item in enumerate(node.value)]
        if kind in _AS_TEXT:
            return node.value
        if not tag.startswith(_CORE) or kind not in _PLAIN:
            self._wrong(line, f"the tag !{tag.removeprefix(_CORE).lstrip('!')} is not allowed: write a plain value")
            return None
        return self._scalar(node, line)

    def _scalar(self, node: Any, line: int) -> Any:
        try:
            value = self.constructor.construct_object(node)
        except ValueError:
            self._wrong(line, f"not a number: {node.value[:40]}")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._wrong(line, f"{node.value} is not a value here: write a number")
            return None
        return value

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, line, inner in self._keys(node):
            if name in found:
                self._wrong(line, f"the key '{name}' is given twice, first on line {self.tree.lines[(*path, name)]}")
                continue
            found[name] = self._value(inner, (*path, name), line)
        return found

    def _keys(self, node: Any) -> Iterator[tuple[str, int, Any]]:
        for key, inner in node.value:
            line = key.start_mark.line + 1
            if isinstance(key.value, str) and str(key.tag).startswith(_CORE):
                yield key.value, line, inner
            else:
                self._wrong(line, "a key must be plain text")

    def _wrong(self, line: int, text: str) -> None:
        self.tree.problems.append(Problem(line, text))


def _too_deep(text: str) -> bool:
    """Whether brackets or dashes open far more levels than a config has: the parser takes minutes over those."""
    depth = 0
    for char in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if char in "[{" else max(depth - 1, 0)
        if depth > 2 * DEEPEST:
            return True
    return re.search(rf"(?:[-?:]\s+){{{2 * DEEPEST}}}", text) is not None


def _word(value: Any) -> str:
    names = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "nothing")
