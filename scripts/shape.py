"""The shape of the house in numbers: circles, upward imports, sizes. Reads with `ast` alone, so that it runs anywhere.

python scripts/shape.py                 # this checkout
python scripts/shape.py ../older        # another one, for before and after
python scripts/shape.py --imports       # and which imports make the circles
python scripts/shape.py --unused        # and which functions nobody calls, as far as names tell
"""

from __future__ import annotations

import argparse
import ast
import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import import_graph as graph

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a method."""

    module: str
    name: str
    lines: int
    parameters: int
    """Without self and cls."""
    decorated: bool

    @property
    def where(self) -> str:
        return f"{self.module}.{self.name}"


def table(root: Path) -> list[tuple[str, str]]:
    """(what, how much) of the checkout in a folder."""
    nobody, tests = unused(root)
    return [
        *_imports(root / "fteval"),
        *_sizes(root),
        ("functions used by nobody, by tests alone", f"{len(nobody)}, {len(tests)}"),
    ]


def _imports(package: Path) -> list[tuple[str, str]]:
    found = graph.imports(package)
    rooms = graph.between_rooms(found)
    return [
        *((f"circles, {name}", _circles(found, kinds)) for name, kinds in KINDS.items()),
        ("circles between rooms", _circles_of(graph.circles(rooms))),
        ("upward imports", str(len(graph.wrong_way(found)))),
        ("imports between rooms", str(len(rooms))),
        ("late imports of fteval's own", str(len({(i.source, i.line) for i in found if i.kind == "late"}))),
    ]


def _sizes(root: Path) -> list[tuple[str, str]]:
    package = root / "fteval"
    found = functions(package)
    lengths = [function.lines for function in found]
    many = [function for function in found if function.parameters > 8]
    sizes = {module: _lines(path) for module, path in graph.modules(package).items()}
    largest = max(sizes, key=lambda module: sizes[module])
    code, tests = sum(sizes.values()), sum(map(_lines, (root / "tests").rglob("*.py")))
    return [
        ("evals/: probes, other files, folders", ", ".join(map(str, evals(package / "evals")))),
        ("modules in the root", str(len(list(package.glob("*.py"))))),
        ("largest file", f"{sizes[largest]} lines ({largest})"),
        ("function length, median", f"{statistics.median(lengths):g} lines"),
        ("function length, p90", f"{statistics.quantiles(lengths, n=10)[-1]:g} lines"),
        ("functions with more than 8 parameters", ", ".join(f"{f.where} {f.parameters}" for f in many) or "0"),
        ("lines of fteval/", f"{code:,}"),
        ("lines of tests per line", f"{tests / code:.2f}"),
    ]


KINDS: dict[str, set[str]] = {
    "module level": {"module"},
    "with TYPE_CHECKING": {"module", "typing"},
    "with late imports": {"module", "typing", "late"},
}


def _circles(found: list[graph.Import], kinds: set[str]) -> str:
    return _circles_of(graph.circles((i.source, i.target) for i in found if i.kind in kinds))


def _circles_of(circles: list[list[str]]) -> str:
    return f"{len(circles)}" + (f" (of {', '.join(str(len(c)) for c in circles)})" if circles else "")


def functions(package: Path) -> list[Function]:
    """Every function and method of a package, inner ones too."""
    files = graph.modules(package).items()
    return [f for module, path in files for f in _functions(module, graph.tree(path))]


def _lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def _functions(where: str, node: ast.AST, in_class: bool = False) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            a = child.args
            named = [arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if arg]
            own = in_class and named[:1] in (["self"], ["cls"])
            lines = (child.end_lineno or child.lineno) - child.lineno + 1
            yield Function(where, child.name, lines, len(named) - own, bool(child.decorator_list))
            yield from _functions(f"{where}.{child.name}", child)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(f"{where}.{child.name}", child, in_class=True)
        else:
            yield from _functions(where, child, in_class)


def evals(folder: Path) -> tuple[int, int, int]:
    """Files with a probe, other files, and folders with code or data."""
    files = [path for path in folder.glob("*.py") if path.stem != "__init__"]
    probes = sum(_has_probe(graph.tree(path)) for path in files)
    inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    return probes, len(files) - probes, len(inner)


def _has_probe(tree: ast.Module) -> bool:
    """A class with `metrics`: nothing else of a probe need stand in its own file."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return any("metrics" in _members(node) and not node.name.startswith("_") for node in classes)


def _members(node: ast.ClassDef) -> set[str]:
    named = {child.name for child in node.body if isinstance(child, ast.FunctionDef)}
    return named | {ast.unparse(child.target) for child in node.body if isinstance(child, ast.AnnAssign)}


def unused(root: Path) -> tuple[list[str], list[str]]:
    """Functions whose name stands nowhere else in fteval/ (nor in what installs it), and of these, second, those that
    tests or scripts name.

    By name: two functions of one name hide each other. Decorated ones are called by what decorates them, and names
    with two underscores or `visit_`, and those of a class with a base, by Python or by a library.
    """
    package = root / "fteval"
    named = _names(package.rglob("*.py")) + Counter(_scripts(root))
    elsewhere = _names(path for folder in ("tests", "scripts", "perf") for path in (root / folder).rglob("*.py"))
    heirs = {name for path in graph.modules(package).values() for name in _heirs(path)}
    nobody, tests = [], []
    for f in functions(package):
        if f.decorated or f.name.startswith(("__", "visit_")) or f.module.rpartition(".")[2] in heirs or named[f.name]:
            continue
        (tests if elsewhere[f.name] else nobody).append(f.where)
    return sorted(nobody), sorted(tests)


def _heirs(path: Path) -> Iterator[str]:
    for node in ast.walk(graph.tree(path)):
        if isinstance(node, ast.ClassDef) and node.bases:
            yield node.name


def _names(paths: Iterator[Path]) -> Counter[str]:
    """How often each name is read; also as a string, which may be looked up."""
    found: Counter[str] = Counter()
    for path in paths:
        for node in ast.walk(graph.tree(path)):
            if isinstance(node, ast.Name):
                found[node.id] += 1
            elif isinstance(node, ast.Attribute):
                found[node.attr] += 1
            elif isinstance(node, ast.alias) and path.name == "__init__.py":
                pass  # handed on, and not yet used
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found[node.value] += path.name != "__init__.py"
    return found


def _scripts(root: Path) -> list[str]:
    """What pyproject.toml installs as commands."""
    project = root / "pyproject.toml"
    read = tomllib.loads(project.read_text(encoding="utf-8")) if project.is_file() else {}
    return [value.rpartition(":")[2] for value in read.get("project", {}).get("scripts", {}).values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="a checkout")
    parser.add_argument("--imports", action="store_true", help="name the circles and the upward imports")
    parser.add_argument("--unused", action="store_true", help="name the functions that nobody calls")
    given = parser.parse_args()
    rows = table(given.folder)
    width = max(len(what) for what, _ in rows)
    print("\n".join(f"{what:<{width}}  {value}" for what, value in rows))
    if given.imports:
        found = graph.imports(given.folder / "fteval")
        for circle in graph.circles((i.source, i.target) for i in found):
            print("\ncircle:", *(i for i in found if i.source in circle and i.target in circle), sep="\n  ")
        print("\nupward:", *graph.wrong_way(found), sep="\n  ")
    if given.unused:
        for title, names in zip(("nobody calls", "tests and scripts alone call"), unused(given.folder), strict=True):
            print(f"\n{title}:", *names, sep="\n  ")


if __name__ == "__main__":
    main()
