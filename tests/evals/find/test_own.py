"""A Python function as a scorer: run only where the user says so, and part of what identifies the probe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fteval
from fteval import registry
from fteval.cli import call
from fteval.errors import UserError
from fteval.evals.find.own import of_function, with_code
from fteval.evals.holdout import Holdout
from fteval.records import Generation, Message, RunRecord, Sample
from fteval.runs.asking import identity

CODE = """
def close(output, target):
    return len(output) == len(target), "length"


def far(output, target, sample):
    return 0.5 if sample.id == "0" else None


def broken(output, target):
    return 85


NOT_ONE = 3
"""
ROW = Sample("0", (Message("user", "?"),), target="red")
ANSWER = Generation("0", text="tan", finish_reason="stop")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(CODE)
    Path("h.jsonl").write_text(
        "".join(json.dumps({"id": str(i), "prompt": "?", "target": "red"}) + "\n" for i in range(9))
    )
    Path("o.jsonl").write_text("".join(json.dumps({"id": str(i), "output": "tan"}) + "\n" for i in range(9)))
    Path("scored.jsonl").write_text(json.dumps({"prompt": "?", "target": "red", "output": "tan"}) + "\n")
    return tmp_path


def close(output: str, target: Any) -> bool:
    return len(output) == len(target["text"])


def test_a_function_is_passed_in_python_and_sees_the_target_as_it_stands() -> None:
    probe = Holdout(score=close)  # type: ignore[arg-type]
    row = Sample("0", (Message("user", "?"),), target={"text": "red"})
    assert [m.name for m in probe.metrics] == ["close"]
    assert dict(probe.score(row, ANSWER).values) == {"close": 1.0}
    assert probe.for_samples([row]) is probe


def test_beside_named_scorers_it_is_one_more_metric() -> None:
    def same_length(output: str, target: str) -> float:
        return float(len(output) == len(target))

    scores = Holdout(score=("exact", same_length)).score(ROW, ANSWER)  # type: ignore[arg-type]
    assert dict(scores.values) == {"exact": 0.0, "same_length": 1.0}


def test_a_file_is_not_run_unasked(folder: Path) -> None:
    Path("mine.py").write_text("open('run', 'w')\n" + CODE)
    for params in ({"score": "mine.py:close"}, {"score": ["exact", "mine.py:close"]}):
        with pytest.raises(UserError, match="not run unasked"):
            registry.probe("holdout", params)
    with pytest.raises(UserError, match="allow-code"):
        fteval.run(model="replay:o.jsonl", holdout="h.jsonl", score=["mine.py:close"])
    assert not Path("run").exists()


def test_a_file_is_run_where_the_user_allows_it(folder: Path) -> None:
    found = fteval.run(
        model="replay:o.jsonl", holdout="h.jsonl", score=["mine.py:close", "mine.py:far"], allow_code=True
    )
    assert isinstance(found, RunRecord)
    (probe,) = found.probes
    assert list(probe.scores["close"]) == [1.0] * 9
    assert list(probe.scores["far"]) == [0.5] + [None] * 8


def test_the_commands_take_it_with_allow_code(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = ["run", "--model", "replay:o.jsonl", "--holdout", "h.jsonl", "--score", "mine.py:close", "--json"]
    score = ["score", "scored.jsonl", "--probe", "holdout", "--score", "mine.py:close", "--json"]
    for arguments in (run, score):
        assert call(arguments) == 2
        assert "--allow-code" in capfd.readouterr().err
        assert call([*arguments, "--allow-code"]) == 0
        assert '"close"' in capfd.readouterr().out


def test_a_share_outside_0_to_1_is_a_score_error(folder: Path) -> None:
    found = fteval.run(model="replay:o.jsonl", holdout="h.jsonl", score=["mine.py:broken"], allow_code=True)
    assert isinstance(found, RunRecord)
    assert found.probes[0].errors == 9
    assert "between 0 and 1" in found.warnings[0]


def test_its_source_decides_the_digest(folder: Path) -> None:
    digests = set()
    for code in (CODE, CODE.replace("==", "!="), CODE):
        Path("mine.py").write_text(code)
        probe = registry.probe("holdout", with_code({"score": "mine.py:close"}))
        digests.add(identity.probe_digest(probe, "h"))
    assert len(digests) == 2


def test_it_may_judge_inside_another_probe(folder: Path) -> None:
    params = {"probe": "holdout", "params": {"score": "mine.py:close"}}
    assert registry.probe("robustness", with_code(params)).metrics[1].name == "close"


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.py:close", "cannot read"), ("mine.py:absent", "no function"), ("mine.py:NOT_ONE", "no function"),
     ("bad.py:f", "SyntaxError")],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(folder: Path, name: str, said: str) -> None:
    Path("bad.py").write_text("def f(:")
    with pytest.raises(UserError, match=said):
        with_code({"score": name})


def test_a_function_without_a_name_is_refused() -> None:
    with pytest.raises(UserError, match="needs a name"):
        Holdout(score=(lambda output, target: 1.0,))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["yes", float("nan"), [1], {}])
def test_what_is_no_score_is_an_error(value: object) -> None:
    def odd(output: str, target: str) -> object:
        return value

    with pytest.raises(ValueError, match="odd returned"):
        Holdout(score=(odd,)).score(ROW, ANSWER)  # type: ignore[arg-type]


def test_one_def_with_other_values_is_another_scorer() -> None:
    def longer_than(n: int) -> Any:
        def longer(output: str, target: str) -> bool:
            return len(output) > n

        return longer

    short, long = of_function(longer_than(3)), of_function(longer_than(50))
    assert short.source != long.source
    assert short.source == of_function(longer_than(3)).source


def test_functions_without_source_differ_by_what_they_return() -> None:
    written = {n: dict[str, Any]() for n in (0, 1)}
    for n, names in written.items():
        exec(f"def same(output, target): return {n}.0", names)  # as in a console
    assert len({of_function(names["same"]).source for names in written.values()}) == 2
