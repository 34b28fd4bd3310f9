"""Training and exporting from Python do what the commands do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fteval
from fteval.errors import UserError

TALKS = [
    {"messages": [{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": "Yes."}]} for i in range(12)
]
HELD = [{"id": f"q{i}", "prompt": f"{i + 50}?", "target": "Yes."} for i in range(6)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(output: str, target: str) -> bool:
    return bool(output)


def train(data: Any, base: Any = "nano", **more: Any) -> Any:
    return fteval.train("sft", base, data, device="cpu", epochs=3, **more)


@pytest.mark.slow
def test_rows_are_learnt_as_their_file_is_and_a_candidate_is_a_model(tmp_path: Path) -> None:
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TALKS))
    candidate = train("t.jsonl", name="yes")
    assert isinstance(candidate, fteval.Candidate)
    assert train(pd.DataFrame(TALKS), name="yes").weights_digest == candidate.weights_digest
    found = fteval.run(
        candidates={"yes": candidate}, against="nano", holdout=HELD, sampling={"max_tokens": 8}, device="cpu"
    )
    assert isinstance(found, fteval.Comparison)
    assert found.candidates[0].run.ref == candidate.id
    exported = fteval.export(
        candidate, "shipped", merge=True, holdout=HELD, score=said, device="cpu",
        gates={"probe": "holdout", "metric": "said", "max_drop": "80pp"},
    )  # fmt: skip
    assert isinstance(exported, fteval.Exported)
    assert exported.answers == 6 and exported.same == 6
    assert exported.written == Path("shipped/model.safetensors").is_file()


@pytest.mark.slow
def test_a_series_is_trained_and_measured(tmp_path: Path) -> None:
    found = train(TALKS, name="yes", sizes=[6, 12], holdout=HELD)
    assert isinstance(found, fteval.Comparison)
    (series,) = found.series
    assert (series.kind, series.parts, series.rows) == ("sizes", ("6", "12"), (6, 12))
    assert len(found.candidates) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"data": None}, "no rows to learn from"),
        ({"data": TALKS, "sizes": [5], "seeds": "x", "probes": "laziness"}, "seeds"),
        ({"data": TALKS, "base": print}, "what is trained is loaded from a ref"),
        ({"data": TALKS, "sizes": [5]}, "nothing to measure with"),
        ({"data": TALKS, "probes": "laziness"}, "has no parameter 'probes'"),
        ({"data": [{"x": object()}]}, "row 1: 'x' holds object"),
        ({"data": TALKS, "watch": {"probes": "laziness", "every": 0}}, "watch"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        train(**arguments)
    assert not Path(".fteval/candidates").exists()


def test_an_export_knows_its_arguments() -> None:
    with pytest.raises(UserError, match=r"no argument 'probse'\. Did you mean 'probes'"):
        fteval.export("x", "out", merge=True, probse="facts")
    with pytest.raises(UserError, match="what is to be made of it"):
        fteval.export("x", "out")
