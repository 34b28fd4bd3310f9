"""Who imports whom in a package, read with `ast` alone: nothing is imported, so that any checkout can be looked at."""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["module", "typing", "late"]
"""At a module's level, under TYPE_CHECKING, or in a function."""

FLOORS: dict[str, int] = {
    "records": 0, "errors": 0, "version": 0,
    "config": 1, "registry": 1,
    "runs": 2, "alternatives": 2, "evals": 2, "data": 2, "stats": 2, "engines": 2,
    "reports": 3, "trainers": 3, "benchmarks": 3, "releases": 3, "nano": 3,
    "api": 4, "experiment": 4, "shards": 4,
    "cli": 5, "commands": 5, "ci": 5, "__main__": 5, "__init__": 5, "pytest_plugin": 5,
}  # fmt: skip
BESIDE: dict[str, set[str]] = {
    "config": {"registry"}, "runs": {"alternatives", "engines"}, "alternatives": {"engines", "data", "evals"},
    "api": {"experiment", "shards"},
    "shards": {"experiment"},
    "pytest_plugin": {"__init__"}, "cli": {"commands", "__init__"}, "commands": {"ci"}, "__main__": {"cli"},
}  # fmt: skip
"""Whom a room may import on its own floor, beside itself."""


@dataclass(frozen=True, slots=True)
class Import:
    """One module's import of another of the same package."""

    source: str
    target: str
    kind: Kind
    line: int

    def __str__(self) -> str:
        how = {"module": "", "typing": " under TYPE_CHECKING", "late": " in a function"}[self.kind]
        return f"{self.source}:{self.line} imports {self.target}{how}"


def modules(package: Path) -> dict[str, Path]:
    """Module -> file, of a package's folder."""
    return {_name(package, path): path for path in sorted(package.rglob("*.py"))}


@functools.cache
def tree(path: Path) -> ast.Module:
    """What a file says; read once."""
    return ast.parse(path.read_bytes())


def _name(package: Path, path: Path) -> str:
    parts = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(package: Path) -> list[Import]:
    """Every import of a package's module by another one of it."""
    known = modules(package)
    found = (i for name, path in known.items() for i in _of(name, path, known))
    return list(dict.fromkeys(i for i in found if i.source != i.target))


def _of(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    base = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node, kind in _placed(tree(path), "module"):
        for target in _targets(node, base, known):
            yield Import(name, target, kind, getattr(node, "lineno", 0))


def _placed(node: ast.AST, kind: Kind) -> Iterator[tuple[ast.AST, Kind]]:
    """Every node, and when it runs."""
    yield node, kind
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        kind = "late"
    typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and kind == "module"
    for field, value in ast.iter_fields(node):
        inner: Kind = "typing" if typing and field == "body" else kind
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _placed(child, inner)


def _targets(node: ast.AST, base: str, known: Collection[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _known(alias.name, known)
    elif isinstance(node, ast.ImportFrom):
        parts = base.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            yield from [f"{module}.{alias.name}"] if f"{module}.{alias.name}" in known else _known(module, known)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", getattr(node.func, "id", None))
        if called in ("import_module", "__import__"):
            yield from _known(str(node.args[0].value), known)


def _known(module: str, known: Collection[str]) -> list[str]:
    return [module] if module in known else []


def circles(arrows: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The sets of names that all reach one another (strongly connected, after Kosaraju), largest first."""
    forward: dict[str, list[str]] = {}
    backward: dict[str, list[str]] = {}
    for source, target in arrows:
        forward.setdefault(source, []).append(target)
        backward.setdefault(target, []).append(source)
    seen: set[str] = set()
    found = []
    for start in reversed(_finished(forward)):
        circle, waiting = [], [start]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                circle.append(name)
                waiting += backward.get(name, ())
        found.append(sorted(circle))
    return sorted((circle for circle in found if len(circle) > 1), key=lambda c: (-len(c), c))


def _finished(forward: Mapping[str, list[str]]) -> list[str]:
    """Every name, behind those that it leads to. By hand: a chain may be longer than Python's stack is deep."""
    seen: set[str] = set()
    order: list[str] = []
    for start in forward:
        waiting = [] if start in seen else [(start, iter(forward[start]))]
        seen.add(start)
        while waiting:
            targets = waiting[-1][1]
            target = next((t for t in targets if t not in seen), None)
            if target is None:
                order.append(waiting.pop()[0])
            else:
                seen.add(target)
                waiting.append((target, iter(forward.get(target, ()))))
    return order


def room(module: str) -> str:
    """`fteval.runs.store` -> `runs`; the package itself -> `__init__`."""
    return (module.split(".") + ["__init__"])[1]


def between_rooms(found: Iterable[Import]) -> list[tuple[str, str]]:
    """The arrows between rooms."""
    return list(dict.fromkeys((room(i.source), room(i.target)) for i in found if room(i.source) != room(i.target)))


def wrong_way(found: Iterable[Import]) -> list[Import]:
    """Imports that go up, to a neighbour who is none, or to a room that nobody knows."""
    return [i for i in found if room(i.source) != room(i.target) and not _allowed(room(i.source), room(i.target))]


def _allowed(source: str, target: str) -> bool:
    if source not in FLOORS or target not in FLOORS:
        return False
    return FLOORS[target] < FLOORS[source] or target in BESIDE.get(source, ())
