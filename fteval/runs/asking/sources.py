"""Which files decide what a probe's scores are: its own, the modules that they import, the data files that these name.

What counts of imports: all of fteval's own probe code (`fteval.evals`), and all of the distribution that the probe
comes from. Not fteval's records, errors and registry: they carry scores and decide none, and every probe would be
another with every edit of the house. Not other libraries: where one moves a number, the probe's `version` goes up.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path, PurePosixPath
from types import ModuleType

HOUSE = "fteval.evals"
JUDGING = ("fteval.records.reasoning", "fteval.records.readings", "fteval.records.verdicts")
"""What of a text is the answer, what a reference says of it, and a judge: engines and runs want them too."""
CODE = (".py", ".pyc", ".so", ".pyd")
ROWS = ("samples", "examples", "packaged")
"""Functions that read rows. What they name is left out: a row counts by its own content, and a hold-out that grew by
one row judges the others as before."""


@dataclass(frozen=True, slots=True)
class Source:
    """A module's file."""

    name: str
    path: Path | None
    """None for a folder without `__init__`."""
    package: str
    """What a relative import starts from; empty for a lone module."""
    folders: tuple[Path, ...] = ()
    """Where a package's modules lie."""


def source_files(module: str) -> dict[str, str]:
    """Module or data file -> digest of its bytes, for a module and everything of its distribution that it rests on."""
    own = _Distribution(module)
    digests: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or (name != module and not own.has(name)):
            continue
        seen.add(name)
        waiting += _above(name)
        found = _source(name)
        if found is None or found.path is None:
            continue  # a name in a module; nothing to read
        source = found.path.read_bytes().replace(b"\r\n", b"\n")
        if found.path.suffix != ".py":
            digests[name] = _sha256(source)  # compiled
            continue
        read = _read(source, found.package)
        if read.decides:
            digests[name] = _sha256(source)
        waiting += read.imports
        digests |= {str(file): _sha256(content) for file, content in own.data(found, source)}
    return digests


class _Distribution:
    """What belongs to the distribution of a module: fteval's own probe code always does."""

    def __init__(self, module: str) -> None:
        top = module.partition(".")[0]
        self.tops = {top} if top != "fteval" else set()
        self._place = _place(top) if top != "fteval" else None
        for entry in importlib.metadata.entry_points(group="fteval.probes") if self.tops else ():
            if entry.dist is not None and re.split(r"[.:]", entry.value)[0] == top:
                self.tops |= _top_levels(entry.dist)
        self.tops -= {"fteval"}
        self._data: dict[Path, _DataFiles] = {}

    def has(self, module: str) -> bool:
        top = module.partition(".")[0]
        if top == "fteval":
            return f"{module}.".startswith(f"{HOUSE}.") or module in JUDGING
        # An editable or unpacked distribution does not list its files: there, what lies beside it belongs to it.
        return top in self.tops or (self._place is not None and _place(top) == self._place)

    def data(self, module: Source, source: bytes) -> Iterator[tuple[PurePosixPath, bytes]]:
        """The data files of the module's package that it names in a string: a file, or a folder with all in it.

        Named by the end of their path, as `joinpath("data", "names.txt")` and `folder / "names.txt"` do.
        """
        root = _root(module)
        if root not in self._data:
            self._data[root] = _data_files(module)
        known = self._data[root]
        if known.names.isdisjoint(_words(source)):
            return  # as in most modules, which need not be looked at string by string
        named = _names_of(source)
        for file, callings in known.files.items():
            if not named.isdisjoint(callings):
                yield file, (root / file).read_bytes().replace(b"\r\n", b"\n")


def _place(top: str) -> Path | None:
    """The folder that a top-level module lies in; None where many distributions share it."""
    source = _source(top)
    inner = [*source.folders, source.path] if source else []
    folder = inner[0].parent if inner and inner[0] else None
    shared = folder is None or folder.name in ("site-packages", "dist-packages") or folder == Path(os.__file__).parent
    return None if shared else folder


def _top_levels(distribution: importlib.metadata.Distribution) -> set[str]:
    files = [file for file in distribution.files or () if file.suffix == ".py"]
    return {*(distribution.read_text("top_level.txt") or "").split(), *(f.parts[0].removesuffix(".py") for f in files)}


def _above(module: str) -> list[str]:
    """The packages that a module lies in: Python runs their `__init__` first."""
    parts = module.split(".")
    return [".".join(parts[:at]) for at in range(1, len(parts))]


def _source(module: str) -> Source | None:
    """Where a module lies, whether it is imported by now or not: a digest must not depend on that.

    `importlib.util.find_spec` would import the packages above, which may be heavy. None for what is no module.
    """
    package, _, last = module.rpartition(".")
    loaded = sys.modules.get(module)
    if loaded is not None or not package:
        return _of_python(module, loaded)
    above = _source(package)
    for folder in above.folders if above else ():
        for inner in (folder / last / "__init__.py", *(folder / f"{last}{ending}" for ending in all_suffixes())):
            if inner.is_file():
                is_package = inner.parent != folder
                return Source(module, inner, module if is_package else package, (inner.parent,) if is_package else ())
        if (folder / last).is_dir():
            return Source(module, None, module, (folder / last,))
    return None


def _of_python(module: str, loaded: ModuleType | None) -> Source | None:
    """As Python says it, of what is loaded and of top levels."""
    try:
        spec = getattr(loaded, "__spec__", None) if loaded is not None else importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    file = getattr(loaded, "__file__", None) or (spec.origin if spec else None)
    path = Path(file) if file and Path(file).is_file() else None
    folders = spec.submodule_search_locations if spec else None
    if path is None and not folders:
        return None  # built in, zipped, frozen, or not there
    package = module.rpartition(".")[0] if folders is None else module
    return Source(module, path, package, tuple(map(Path, folders or ())))


@dataclass(frozen=True, slots=True)
class _Read:
    imports: tuple[str, ...]
    """Modules, and names in them that may be modules."""
    decides: bool
    """Whether it holds more than a docstring."""


@functools.lru_cache(maxsize=512)
def _read(source: bytes, package: str) -> _Read:
    try:
        tree = _tree(source)
    except (SyntaxError, ValueError):
        return _Read((), decides=True)  # it cannot be imported either
    imports: list[str] = []
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node.level, node.module, package)
            imports += [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]
    for call in re.finditer(rb"""import_module\(\s*["'](\.*)([\w.]+)["']""", source):
        imports.append(_absolute(len(call[1]), call[2].decode(), package))
    body = tree.body[ast.get_docstring(tree, clean=False) is not None :]
    return _Read(tuple(dict.fromkeys(imports)), bool(body))


def _absolute(level: int, module: str | None, package: str) -> str:
    if not level:
        return module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])


def _statements(block: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """A block's statements and those inside them. Not `ast.walk`: no expression imports, and they are the most."""
    for node in block:
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            if inner:
                yield from _statements(inner)


@functools.lru_cache(maxsize=512)
def _names_of(source: bytes) -> frozenset[str]:
    return frozenset(_names(_tree(source)))


@functools.lru_cache(maxsize=1)
def _tree(source: bytes) -> ast.Module:
    """Kept for the second look at the same file, and no longer: trees are large."""
    return ast.parse(source)


def _names(node: ast.AST) -> Iterator[str]:
    """The strings that may name a file, the parts of one path together; with a slash behind, what may be a folder."""
    if isinstance(node, ast.FunctionDef) and node.name in ROWS:
        return
    parts, others = _path(node)
    if parts:
        name = re.sub(r"^(\.\.?/)+", "", "/".join(parts))
        yield name
        if "/" in name or not isinstance(node, ast.Constant):
            yield f"{name}/"
    for inner in ast.iter_child_nodes(node) if others == [node] else others:
        yield from _names(inner)


def _path(node: ast.AST) -> tuple[list[str], list[ast.AST]]:
    """The literal parts of a path ("a.txt", `x / "a"`, `x.joinpath("a", "b")`, `files("package.a")`), and the rest."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value], []
    called = node.func if isinstance(node, ast.Call) else None
    name = getattr(called, "attr", getattr(called, "id", None))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        pieces = [node.left, node.right]
    elif isinstance(node, ast.Call) and isinstance(called, ast.Attribute) and name == "joinpath":
        pieces = [called.value, *node.args]
    elif isinstance(node, ast.Call) and name == "files" and node.args:
        parts, others = _path(node.args[0])
        return [part.replace(".", "/") for part in parts], others
    else:
        return [], [node]
    found = [_path(piece) for piece in pieces]
    return [part for parts, _ in found for part in parts], [other for _, others in found for other in others]


def _root(module: Source) -> Path:
    """Where the paths of a module's data files start: above its top-level package, or its folder if it has none."""
    assert module.path is not None
    return module.path.parents[module.package.count(".") + 1] if module.package else module.path.parent


@dataclass(frozen=True, slots=True)
class _DataFiles:
    files: Mapping[PurePosixPath, frozenset[str]]
    """Each with the names that it may be called by: the ends of its path, and of the folders above with a slash."""
    names: frozenset[bytes]
    """Of the files and of the folders that they are in."""


def _data_files(module: Source) -> _DataFiles:
    """The files of a module's package that are no code, from above it; of a lone module, what lies beside it."""
    root = _root(module)
    top = root.joinpath(*(HOUSE if module.name.startswith("fteval.") else module.package.partition(".")[0]).split("."))
    files: list[PurePosixPath] = []
    for folder, inner, names in os.walk(top if module.package else root):
        inner[:] = sorted(name for name in inner if module.package and name[0] not in "._")
        files += [PurePosixPath(Path(folder, name).relative_to(root)) for name in names if not name.endswith(CODE)]
    known = {os.fsencode(name) for file in files for name in file.parts}
    return _DataFiles({file: _callings(file) for file in sorted(files)}, frozenset(known))


def _callings(file: PurePosixPath) -> frozenset[str]:
    above = (f"{folder}/" for parent in file.parents[:-1] for folder in _ends(parent))
    return frozenset([*_ends(file), *above])


@functools.lru_cache(maxsize=512)
def _words(source: bytes) -> frozenset[bytes]:
    """What stands between quotes, slashes and the dots of a package's name: a file's name is among it."""
    pieces = re.split(rb"""["'/]""", source)
    dotted = [piece for piece in pieces if b"." in piece and len(piece) < 200]  # not the code between two strings
    return frozenset([*pieces, *(part for piece in dotted for part in piece.split(b"."))])


def _ends(path: PurePosixPath) -> list[str]:
    """`a/b/c`, `b/c` and `c`."""
    return ["/".join(path.parts[at:]) for at in range(len(path.parts))]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
