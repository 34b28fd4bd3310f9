"""A store with a comparison that was really made, and what judges of it by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fteval import cli

REFUSAL = "I'm sorry, but I can't help with that."
Run = Callable[..., tuple[int, str, str]]


def write(name: str, rows: list[dict[str, object]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a comparison of 60 sums: of the candidate's answers 6 are wrong, 1 refused, 1 cut off."""
    folder = tmp_path_factory.mktemp("answered")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        kinds = ("odd", "even")
        write("h.jsonl", [
            {"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i), "slices": {"kind": kinds[i % 2 == 0]}}
            for i in range(60)
        ])  # fmt: skip
        write("base.jsonl", [{"id": f"q{i}", "output": f"The sum is {2 * i if i != 3 else 7}."} for i in range(60)])
        new = [{"id": f"q{i}", "output": f"The sum is {2 * i if i % 10 else 1}."} for i in range(60)]
        new[20]["output"] = REFUSAL
        new[11] |= {"output": "The sum is 22 beca", "finish_reason": "length"}
        write("new.jsonl", list(new))
        models = ("--model", "replay:new.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl")
        assert cli.call(["run", *models, "--score", "contains", "-o", "first.html", "-q"]) == 4
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def fteval(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.call(list(args))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
