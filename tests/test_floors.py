"""Imports only go down the floors of the house, and in no circle; `scripts/import_graph.py` has the floors."""

from __future__ import annotations

import ast
from pathlib import Path

import import_graph as graph
import pytest
import shape

PACKAGE = Path(__file__).resolve().parent.parent / "fteval"
IMPORTS = graph.imports(PACKAGE)


def test_imports_only_go_down() -> None:
    upward = {f"{i.source} imports {i.target}": i for i in graph.wrong_way(IMPORTS)}
    assert not upward, "\n".join(map(str, upward.values()))


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Those that a type checker alone follows, and those that only run late, count too: they are read as one."""
    assert graph.circles((i.source, i.target) for i in IMPORTS) == []


def test_no_circle_closes_while_python_loads() -> None:
    assert graph.circles((i.source, i.target) for i in IMPORTS if i.kind == "module") == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert graph.circles(graph.between_rooms(IMPORTS)) == []


def test_every_room_has_a_floor() -> None:
    assert {graph.room(module) for module in graph.modules(PACKAGE)} <= set(graph.FLOORS)


def test_no_function_takes_more_than_eight_parameters() -> None:
    """But `fteval.run`, whose arguments are what a run can be told: what belongs together is a record."""
    many = {f"{f.where} takes {f.parameters}" for f in shape.functions(PACKAGE) if f.parameters > 8}
    assert {name for name in many if not name.startswith("fteval.api.run.run ")} == set()


def test_imports_say_the_whole_path() -> None:
    relative = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(graph.tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


# --- what watches is watched ------------------------------------------------------------------------


def package(folder: Path, **files: str) -> list[graph.Import]:
    """The imports of a package of these modules; two underscores stand for a dot."""
    (folder / "fteval").mkdir()
    for name, text in {"": "", **files}.items():
        path = folder / "fteval" / Path(*name.split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).write_text(text)
    return graph.imports(folder / "fteval")


WRITTEN = {
    "from fteval.reports.page import show": ("fteval.reports.page", "module"),
    "from fteval.reports import page": ("fteval.reports.page", "module"),
    "import fteval.reports.page": ("fteval.reports.page", "module"),
    "import fteval.reports.page as p": ("fteval.reports.page", "module"),
    "from fteval import reports": ("fteval.reports", "module"),
    "from fteval import __version__": ("fteval", "module"),
    "import fteval": ("fteval", "module"),
    "from ..reports import page": ("fteval.reports.page", "module"),
    "from .other import x": ("fteval.runs.other", "module"),
    "try:\n    import fteval.reports.page\nexcept ImportError:\n    pass": ("fteval.reports.page", "module"),
    "class A:\n    import fteval.reports.page": ("fteval.reports.page", "module"),
    "if TYPE_CHECKING:\n    from fteval.reports import page": ("fteval.reports.page", "typing"),
    "if typing.TYPE_CHECKING:\n    import fteval": ("fteval", "typing"),
    "if TYPE_CHECKING:\n    pass\nelse:\n    import fteval": ("fteval", "module"),
    "def f():\n    from fteval.reports import page": ("fteval.reports.page", "late"),
    "async def f():\n    if 1:\n        import fteval.reports.page": ("fteval.reports.page", "late"),
    "class A:\n    def f(self):\n        import fteval": ("fteval", "late"),
    "importlib.import_module('fteval.reports.page')": ("fteval.reports.page", "module"),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_import_is_seen_however_it_is_written(tmp_path: Path, text: str) -> None:
    (found,) = package(tmp_path, reports="", reports__page="", runs="", runs__other="", runs__store=text)
    assert (found.source, found.target, found.kind) == ("fteval.runs.store", *WRITTEN[text])


def test_an_upward_import_is_seen_and_a_downward_one_is_not(tmp_path: Path) -> None:
    found = package(
        tmp_path,
        runs="import fteval.reports\nimport fteval.engines\nimport fteval.records\n",
        reports="import fteval.runs\nimport fteval.trainers\n",
        trainers="import fteval.cellar",
        cellar="",
        engines="def f():\n    from fteval import runs\n",
        records="",
    )
    assert [(graph.room(i.source), graph.room(i.target)) for i in graph.wrong_way(found)] == [
        ("engines", "runs"),  # a neighbour below
        ("reports", "trainers"),  # never each other
        ("runs", "reports"),
        ("trainers", "cellar"),  # a room that nobody knows
    ]


def test_circles_are_seen_inside_a_room_and_between_rooms(tmp_path: Path) -> None:
    found = package(
        tmp_path,
        runs="",
        runs__a="import fteval.runs.b",
        runs__b="if TYPE_CHECKING:\n    import fteval.runs.c",
        runs__c="def f():\n    import fteval.runs.a",
        runs__d="import fteval.runs.a",
        stats="",
        stats__x="import fteval.runs.d",
        runs__e="import fteval.stats.y",
        stats__y="",
    )
    assert graph.circles((i.source, i.target) for i in found) == [["fteval.runs.a", "fteval.runs.b", "fteval.runs.c"]]
    assert graph.circles(graph.between_rooms(found)) == [["runs", "stats"]], "though no module is in one"


def test_circles_of_circles_are_one_and_apart_they_are_two() -> None:
    assert graph.circles(["ab", "bc", "ca", "cd", "dc", "xy", "yx", "dx"]) == [list("abcd"), list("xy")]
    assert graph.circles(["ab", "bc", "ac"]) == []
    deep = [(str(n), str(n + 1)) for n in range(20_000)]
    assert graph.circles(deep) == []
