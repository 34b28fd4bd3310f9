"""The pytest plugin: a release gate as a test.

    @pytest.mark.fteval(config="fteval.yaml")
    def test_the_fine_tune_may_ship(fteval_verdict):
        assert fteval_verdict.ships, fteval_verdict.why

pytest loads this for everybody who has fteval installed: it imports nothing of it before a test asks for a verdict.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fteval.api.results import Comparison, RunRecord

MARKER = (
    'fteval("latest") or fteval(config="fteval.yaml", …): what the fixture fteval_verdict reads (a saved comparison by '
    "its id) or runs (with the arguments of fteval.run)"
)
_KNOWN = pytest.StashKey[dict[str, "tuple[Comparison | RunRecord, Any]"]]()
"""What was measured in this session, by what was asked, which is kept too: tests of one verdict share it."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[_KNOWN] = {}


@pytest.fixture
def fteval_verdict(request: pytest.FixtureRequest) -> Comparison:
    """The comparison that the marker `fteval` names: read where it gives an id (and perhaps `store`), else run.

    Without a marker it is what the `fteval.yaml` beside the tests' root says. What cannot be measured is an error of
    the test, in fteval's words. Verdict and id become properties of the test in JUnit's report.
    """
    from fteval.api.results import Comparison
    from fteval.errors import UserError

    marker = request.node.get_closest_marker("fteval")
    args: tuple[Any, ...] = marker.args if marker is not None else ()
    kwargs: dict[str, Any] = dict(marker.kwargs) if marker is not None else {"config": "fteval.yaml"}
    if "config" in kwargs:
        kwargs["config"] = _config(Path(kwargs["config"]), request)
    known, asked = request.config.stash[_KNOWN], f"{os.getcwd()} {_spelt([args, kwargs])}"
    found, _ = known.get(asked, (None, None))
    wrong: UserError | None = None
    if found is None:
        try:
            found = _measured(args, kwargs)
            known[asked] = found, (args, kwargs)
        except UserError as error:
            wrong = error
    if wrong is not None or found is None:  # outside of `except`, so that pytest shows one error and not two
        pytest.fail(f"fteval: {wrong}", pytrace=False)
    if not isinstance(found, Comparison):
        pytest.fail(f"fteval: {found.ref} alone has no verdict: name a base with against=, or in the config", False)
    request.node.user_properties += [("fteval_verdict", found.verdict), ("fteval_comparison", found.id)]
    return found


def _spelt(asked: Any) -> str:
    """What was asked as a text. A frame or a model has a `repr` that others have too: such are known by identity."""
    if type(asked) is dict:
        return repr(sorted((str(key), _spelt(value)) for key, value in asked.items()))
    if type(asked) in (list, tuple):
        return repr([*map(_spelt, asked)])
    plain = asked is None or isinstance(asked, str | bool | int | float | Path)
    return repr(asked) if plain else f"{type(asked).__qualname__} at {id(asked)}"


def _measured(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Comparison | RunRecord:
    import fteval

    return fteval.load(*args, **kwargs) if args else fteval.run(**kwargs)


def _config(path: Path, request: pytest.FixtureRequest) -> Path:
    """The config beside the test's file, else beside the tests' root."""
    places = (path, request.path.parent / path, request.config.rootpath / path)
    return next((one for one in places if one.is_file()), path)
