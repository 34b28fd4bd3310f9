"""Arguments as people have them mean what a config means."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from servers.fake import Server
from servers.model import Model as Served

import fteval
from fteval.errors import UserError

QUESTIONS = [{"id": f"q{i}", "prompt": f"What is {i} plus 1?", "target": str(i + 1)} for i in range(40)]


def right(messages: list[dict[str, str]]) -> str:
    return str(int(messages[-1]["content"].split()[2]) + 1)


def wrong(messages: list[dict[str, str]]) -> str:
    return "-1"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    for name, say in (("right", right), ("wrong", wrong)):
        rows = [{"id": q["id"], "output": say([{"content": q["prompt"]}])} for q in QUESTIONS]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def probes_of(found: Any) -> list[str]:
    run = found.base if isinstance(found, fteval.Comparison) else found
    return [probe.probe for probe in run.probes]


# --- hold-outs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holdout", "names"),
    [
        ("h.jsonl", ["h"]),
        (["h.jsonl"], ["h"]),
        (QUESTIONS, ["holdout"]),
        (pd.DataFrame(QUESTIONS), ["holdout"]),
        ({"support": pd.DataFrame(QUESTIONS), "more": "h.jsonl"}, ["support", "h"]),
        ([QUESTIONS, pd.DataFrame(QUESTIONS)], ["holdout", "holdout-2"]),
    ],
)
def test_rows_are_a_hold_out_as_a_file_is(holdout: Any, names: list[str]) -> None:
    found = fteval.run("replay:right.jsonl", holdout=holdout)
    assert probes_of(found) == names
    assert all(sum(s or 0 for s in p.scores["number"]) == 40 for p in found.probes)


def test_the_same_rows_are_one_file_and_runs_on_them_are_compared() -> None:
    first = fteval.run("replay:wrong.jsonl", holdout=QUESTIONS)
    second = fteval.run("replay:right.jsonl", holdout=pd.DataFrame(QUESTIONS))
    assert fteval.compare(first, second).candidates[0].changes[0].better == 40
    assert len(list(Path(".fteval/given").iterdir())) == 1


def test_a_cell_without_a_value_is_a_missing_target() -> None:
    frame = pd.DataFrame([*QUESTIONS, {"id": "last", "prompt": "And?", "target": None}])
    with pytest.raises(UserError, match="1 row has no target"):
        fteval.run("replay:right.jsonl", holdout=frame)


def test_what_is_no_hold_out_is_said() -> None:
    with pytest.raises(UserError, match="'a/b' is not a name"):
        fteval.run(right, holdout={"a/b": QUESTIONS})
    with pytest.raises(UserError, match="row 1 is str"):
        fteval.run(right, holdout={"prompt": ["What?"], "target": ["That."]})
    with pytest.raises(UserError, match="row 2: 'prompt' holds object"):
        fteval.run(right, holdout=[*QUESTIONS[:1], {"prompt": object()}])


# --- models ---------------------------------------------------------------------------------------


def test_a_function_is_never_taken_for_another_of_its_name() -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        return wrong(messages)

    first = fteval.run(answer, holdout=QUESTIONS)

    def answer(messages: list[dict[str, str]]) -> str:  # type: ignore[no-redef]
        return right(messages)

    second = fteval.run(answer, holdout=QUESTIONS)
    assert (first.ref, second.ref) == ("python:answer", "python:answer")
    assert second.reused == 0 and sum(second.probes[0].scores["number"]) == 40


def test_with_a_version_its_answers_are_used_again_until_its_source_changes() -> None:
    def asked(function: Any, version: str = "1") -> int:
        return fteval.run(fteval.Model(function, name="mine", version=version), holdout=QUESTIONS).reused

    assert [asked(right), asked(right), asked(right, "2"), asked(wrong), asked(right)] == [0, 40, 0, 0, 40]


def test_two_functions_of_one_name_are_two_models() -> None:
    found = fteval.run(lambda m: right(m), lambda m: wrong(m), holdout=QUESTIONS)
    assert isinstance(found, fteval.Comparison)
    assert (found.base.ref, found.candidates[0].run.ref) == ("python:function", "python:function-2") or (
        found.candidates[0].run.ref, found.base.ref) == ("python:function", "python:function-2")  # fmt: skip
    assert found.candidates[0].changes[0].better == 40
    assert not any("ran differently" in warning for warning in found.candidates[0].warnings)


def test_the_same_function_on_both_sides_decides_nothing() -> None:
    found = fteval.run(right, right, holdout=QUESTIONS)
    assert isinstance(found, fteval.Comparison) and not found.ships


def test_a_base_and_candidates_may_be_functions_and_refs() -> None:
    found = fteval.run(
        against=wrong,
        candidates={"mine": right, "saved": "replay:right.jsonl", "said": {"model": right}},
        holdout=QUESTIONS,
        gates={"probe": "holdout", "metric": "number", "min_gain": "20pp"},
    )
    assert isinstance(found, fteval.Comparison)
    assert {c.name: c.verdict for c in found.candidates} == dict.fromkeys(("mine", "saved", "said"), "ship")


def test_an_exception_leaves_the_verdict_incomplete() -> None:
    def fails(messages: list[dict[str, str]]) -> str:
        if "7 plus" in messages[-1]["content"]:
            raise TimeoutError("no answer")
        return right(messages)

    found = fteval.run(fails, wrong, holdout=QUESTIONS)
    assert isinstance(found, fteval.Comparison)
    assert (found.verdict, found.candidates[0].run.errors) == ("incomplete", 4)  # 7, 17, 27, 37


@pytest.mark.parametrize(
    ("model", "said"),
    [(3, "int is no model"), ((right, object()), "a tokenizer, and function"), ({"x": 1}, "dict is no model")],
)
def test_what_is_no_model_is_said(model: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        fteval.run(model, holdout=QUESTIONS)


def test_a_loaded_model_needs_its_tokenizer(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextGenerationPipeline

    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_model), AutoTokenizer.from_pretrained(tiny_model)
    with pytest.raises(UserError, match="without its tokenizer"):
        fteval.run(model, holdout=QUESTIONS)
    sampling = {"max_tokens": 4}
    found = fteval.run((model, tokenizer), holdout=QUESTIONS[:3], sampling=sampling)
    again = fteval.run(TextGenerationPipeline(model, tokenizer), holdout=QUESTIONS[:3], sampling=sampling)
    assert (found.complete, again.reused, again.digest) == (True, 3, found.digest)


# --- probes, gates and the rest -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LongEnough:
    """Whether an answer has so many letters."""

    least: int = 2
    metrics: ClassVar[tuple[fteval.Metric, ...]] = (fteval.Metric("long", primary=True),)

    def samples(self) -> Iterator[fteval.Sample]:
        for i in range(5):
            yield fteval.Sample(f"s{i}", (fteval.Message("user", f"What is {i + 7} plus 1?"),))

    def score(self, sample: fteval.Sample, generation: fteval.Generation) -> fteval.Scores:
        return fteval.Scores({"long": float(len(generation.text or "") >= self.least)})


@pytest.mark.parametrize(
    ("probes", "names"),
    [
        ("laziness", ["laziness"]),
        (LongEnough(), ["long_enough"]),
        ([LongEnough(), "laziness"], ["long_enough", "laziness"]),
        ({"mine": LongEnough(), "lipogram": {"letters": "a", "limit": 3}, "laziness": None},
         ["mine", "lipogram", "laziness"]),
        ({"lazy": "laziness"}, ["lazy"]),
        ({"sums": {"use": "holdout", "data": QUESTIONS, "score": "number"}}, ["sums"]),
    ],
)  # fmt: skip
def test_probes_are_names_instances_and_settings(probes: Any, names: list[str]) -> None:
    assert probes_of(fteval.run(right_or("an answer"), probes=probes, limit=5)) == names


def right_or(text: str) -> Any:
    def answer(messages: list[dict[str, str]]) -> str:
        words = messages[-1]["content"].split()
        return str(int(words[2]) + 1) if len(words) > 2 and words[2].isdigit() else text

    return answer


def test_a_probe_of_one_s_own_judges() -> None:
    found = fteval.run(right, probes=LongEnough())
    # By hand: 8 and 9 have one digit; 10, 11 and 12 have two.
    assert sorted(found.probes[0].scores["long"]) == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert fteval.score([{"prompt": "a", "output": "xyz"}], LongEnough(4))[0]["scores"] == {"long": 0.0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"probes": 3}, "3 is no probe"),
        ({"probes": [LongEnough]}, "LongEnough is a class"),
        ({"probes": LongEnough(), "settings": {"least": 3}}, "is made already, and takes no least"),
        ({"probes": {"lipogram": {"letter": "e"}}}, "no parameter 'letter'"),
        (
            {"gates": {"probe": "holdout", "metric": "number", "max_dorp": "2pp"}},
            "'max_dorp'. Did you mean 'max_drop'",
        ),
        ({"gates": {"probe": "holdout", "metric": "number", "max_drop": 0.02}}, "for 2 points write 2pp"),
        ({"gates": {"probe": "holdout", "metric": "number"}}, "exactly one of"),
        ({"gates": "facts"}, r"gates\[0\] is 'facts'"),
        ({"gates": [3]}, r"gates\[0\] is 3"),
        ({"holdout": 3}, "holdout is int"),
        ({"holdout": b"x"}, "holdout is bytes"),
        ({"score": ["exact", "nubmer"]}, "Did you mean 'number'"),
    ],
)
def test_what_is_wrong_with_an_argument_is_said(arguments: dict[str, Any], said: str) -> None:
    more = {} if {"probes", "holdout"} & arguments.keys() else {"holdout": QUESTIONS}
    with pytest.raises(UserError, match=said):
        fteval.run(right, wrong, **more, **arguments)


def test_scorers_may_be_functions_and_one_alone() -> None:
    def even(output: str, target: str) -> bool:
        return int(output) % 2 == 0

    for score in (even, [even], ["number", even]):
        found = fteval.run(right, holdout=QUESTIONS, score=score)
        assert sum(found.probes[0].scores["even"]) == 20
    assert [m.name for m in fteval.run(right, holdout=QUESTIONS, score="exact").probes[0].metrics] == ["exact"]


# --- inside a loop that runs ----------------------------------------------------------------------


def test_it_works_where_a_loop_is_running_already() -> None:
    """As in a notebook: its cells run inside one."""
    answers: Mapping[str, str] = {q["prompt"]: q["target"] for q in QUESTIONS}

    async def later(messages: list[dict[str, str]]) -> str:
        await asyncio.sleep(0)
        return wrong(messages)

    async def cell(server: Server) -> Any:
        assert asyncio.get_running_loop()
        return fteval.run(server.ref, later, holdout=QUESTIONS)

    with Server(Served(answers=answers)) as server:
        found = asyncio.run(cell(server))
    assert isinstance(found, fteval.Comparison)
    assert (found.verdict, found.candidates[0].changes[0].better) == ("ship", 40)


def test_importing_fteval_brings_nothing_heavy() -> None:
    heavy = {"numpy", "pandas", "polars", "datasets", "torch", "transformers", "pydantic", "click", "IPython", "jinja2"}
    code = f"import sys, fteval; fteval.Metric, fteval.UserError, dir(fteval); print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
