"""Finished runs of lm-eval, compared: their numbers stay lm-eval's, and what is not in the logs is told."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fteval
from fteval.engines import lm_eval_logs
from fteval.engines.pool import Pool
from fteval.errors import UserError

DATE = "2026-11-30T02-41-16.299309"
TASKS = {"towns": {"acc": True, "acc_norm": True, "mcc": True}, "words": {"exact_match": True}}
Folder = Callable[..., Path]


def document(i: int) -> dict[str, Any]:
    return {"question": f"Where does number {i} live?", "choices": ["Verona", "Padua"], "answer": i % 2}


def choice(i: int, right: bool) -> dict[str, Any]:
    """A line as lm-eval 0.4.13 writes it of a multiple-choice document."""
    nats = [["-1.5", "True"], ["-4.0", "False"]]
    chosen = nats if right == (i % 2 == 0) else nats[::-1]
    prompt = f"Question: {document(i)['question']}\nAnswer:"
    return {
        "doc_id": i, "doc": document(i), "target": str(i % 2),
        "arguments": {f"gen_args_{n}": {"arg_0": prompt, "arg_1": f" {c}"} for n, c in enumerate(["Verona", "Padua"])},
        "resps": [[one] for one in chosen], "filtered_resps": chosen, "filter": "none",
        "metrics": ["acc", "mcc", "acc_norm"], "acc": float(right), "mcc": [i % 2, 0], "acc_norm": float(right),
    }  # fmt: skip


def words(i: int, right: bool, filtered: str) -> dict[str, Any]:
    prompt = f"Question: {document(i)['question']}\nAnswer:"
    return {
        "doc_id": i, "doc": document(i), "target": "Verona", "filter": filtered, "metrics": ["exact_match"],
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["\n"]}}},
        "resps": [[" Verona." if right else " Rome."]], "filtered_resps": ["Verona"],
        "exact_match": float(right and filtered == "a-town"),
    }  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path) -> Folder:
    """A folder as lm-eval's --output_path is left; `right` says which documents the model gets right."""

    def made(name: str, right: Callable[[int], bool], n: int = 300, **changes: Any) -> Path:
        home = tmp_path / name / "org__model"
        home.mkdir(parents=True)
        rows = {
            "towns": [choice(i, right(i)) for i in range(n)],
            "words": [words(i, right(i), f) for f in ("as-is", "a-town") for i in range(n)],
        }
        share = sum(map(right, range(n))) / n
        aggregated = {
            "towns": {"acc,none": share, "acc_norm,none": share, "mcc,none": 0.1},
            "words": {"exact_match,as-is": 0.0, "exact_match,a-town": share},
        }
        results = {
            "results": aggregated, "higher_is_better": TASKS, "versions": dict.fromkeys(TASKS, 1.0),
            "n-samples": {task: {"original": n, "effective": n} for task in TASKS},
            "group_subtasks": {"places": ["towns"]}, **changes,
        }  # fmt: skip
        (home / f"results_{DATE}.json").write_text(json.dumps(results))
        for task, of in rows.items():
            (home / f"samples_{task}_{DATE}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in of))
        return tmp_path / name

    return made


def compared(base: Path, candidate: Path, *tasks: str) -> Any:
    return fteval.run(
        model=f"replay:lm-eval:{candidate}", against=f"replay:lm-eval:{base}", benchmarks=tasks,
        store=base.parent / "store",
    )  # fmt: skip


def test_two_folders_are_compared_and_gated_with_lm_evals_own_numbers(logs: Folder) -> None:
    base, worse = logs("base", lambda i: i % 10 > 0), logs("worse", lambda i: i % 10 > 3)
    comparison = compared(base, worse)
    (candidate,) = comparison.candidates
    changes = {(c.probe, c.metric.name): c for c in candidate.changes}
    assert set(changes) == {
        ("towns", "acc"), ("towns", "acc_norm"), ("words", "exact_match_as_is"), ("words", "exact_match_a_town"),
    }  # fmt: skip
    for place in (("towns", "acc"), ("words", "exact_match_a_town")):
        assert changes[place].n_paired == 300
        assert changes[place].base == pytest.approx(0.9) and changes[place].candidate == pytest.approx(0.6)
    assert [g.result for g in candidate.gates if g.gate.probe == "towns"] == ["fail"]
    assert not any("to the letter" in warning for warning in comparison.warnings)


def test_a_group_is_one_probe_and_a_name_that_nobody_logged_has_a_neighbour(logs: Folder) -> None:
    base, same = logs("base", lambda i: True), logs("same", lambda i: True)
    assert {c.probe for c in compared(base, same, "places").candidates[0].changes} == {"places"}
    with pytest.raises(UserError, match=r"no log of 'twons' .* Did you mean 'towns'\?"):
        compared(base, same, "twons")


def test_a_document_that_only_one_log_has_leaves_the_gate_incomplete(logs: Folder) -> None:
    base, short = logs("base", lambda i: True), logs("short", lambda i: True, n=200)
    assert {g.result for g in compared(base, short, "towns").candidates[0].gates} == {"incomplete"}


def test_other_prompts_are_no_change_of_the_model(logs: Folder) -> None:
    base, other = logs("base", lambda i: True), logs("other", lambda i: True)
    (file,) = other.glob("*/samples_towns_*")
    file.write_text(file.read_text().replace('"arg_0": "Question:', '"arg_0": "Two examples first. Question:'))
    (gate,) = compared(base, other, "towns").candidates[0].gates
    assert gate.result == "incomplete" and "other prompts" in gate.reason


def as_turns(log: Path, *turns: dict[str, str]) -> Path:
    """The log as of a model behind a server's chat, which lm-eval asks in turns: these before the question."""
    (file,) = log.glob("*/samples_words_*.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        asked = row["arguments"]["gen_args_0"]
        asked["arg_0"] = [json.dumps([*turns, {"role": "user", "content": asked["arg_0"]}])]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return log


def test_examples_as_turns_of_their_own_are_another_prompt(logs: Folder) -> None:
    shots = {"role": "user", "content": "Who is in Verona?"}, {"role": "assistant", "content": "Juliet."}
    base, more = (logs(name, lambda i: i % 10 > 0, n=100) for name in ("base", "more"))
    (candidate,) = compared(as_turns(base), as_turns(more, *shots), "words").candidates
    assert {g.result for g in candidate.gates} == {"incomplete"}
    assert any("were asked with another prompt" in warning for warning in candidate.warnings)


def test_turns_beside_a_text_cannot_be_told_apart_and_that_is_told(logs: Folder) -> None:
    base, turns = (logs(name, lambda i: i % 10 > 0, n=100) for name in ("base", "turns"))
    comparison = compared(base, as_turns(turns), "words")
    warnings = [*comparison.warnings, *comparison.candidates[0].warnings]
    assert any("100 of 200 documents" in w and "asked in turns or as a text" in w for w in warnings), warnings


def test_another_version_of_a_task_is_another_task(logs: Folder) -> None:
    base, other = logs("base", lambda i: True), logs("other", lambda i: True, versions={"towns": 2.0})
    with pytest.raises(UserError, match="'towns' is version 2"):
        compared(base, other, "towns")


def test_the_log_of_the_base_may_meet_a_metric_without_direction(logs: Folder) -> None:
    base = logs("base", lambda i: True, higher_is_better={"towns": {"acc": None, "mcc": True}})
    with pytest.raises(UserError, match=r"item by item \(acc, mcc\)"):
        compared(base, base, "towns")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda home: next(home.glob("results_*")).unlink(), "no results_.* beside the samples"),
        (lambda home: [f.unlink() for f in home.glob("samples_*")], "no logs of lm-eval in"),
        (lambda home: cut(next(home.glob("samples_towns_*"))), "299 rows for 300 documents"),
        (lambda home: next(home.glob("samples_towns_*")).write_text('{"doc": \n'), "line 1 is not JSON"),
        (lambda home: next(home.glob("samples_towns_*")).write_text('{"id": 1}\n'), "no sample of lm-eval"),
        (lambda home: next(home.glob("results_*")).write_text("[]"), "no results of lm-eval"),
        (lambda home: shutil.copytree(home, home.with_name("org__other")), "logs of several models"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(logs: Folder, spoil: Callable[[Path], Any], message: str) -> None:
    folder = logs("base", lambda i: True)
    spoil(folder / "org__model")
    with Pool() as pool, pytest.raises(UserError, match=message):
        pool.open(f"replay:lm-eval:{folder}")


def test_a_folder_that_is_not_there_is_no_model_of_the_hub(tmp_path: Path) -> None:
    with Pool() as pool, pytest.raises(UserError, match="no such folder of logs") as error:
        pool.open("replay:lm-eval:runs/base")
    assert "Hub" not in str(error.value.fix)


def cut(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def test_the_newest_log_counts_where_a_folder_has_several(logs: Folder) -> None:
    old, new = logs("old", lambda i: True), logs("new", lambda i: False)
    for file in (new / "org__model").iterdir():
        shutil.copy(file, old / "org__model" / file.name.replace("2026-11-30", "2026-12-01"))
    values = {one.values["acc"] for one in lm_eval_logs.read(old).tasks["towns"].documents.values()}
    assert values == {0.0}


def test_a_value_that_is_no_number_is_no_score(logs: Folder) -> None:
    base = logs("base", lambda i: True)
    (file,) = base.glob("*/samples_towns_*")
    first, *rest = file.read_text().splitlines(keepends=True)
    file.write_text(first.replace('"acc_norm": 1.0', '"acc_norm": NaN') + "".join(rest))
    (task,) = lm_eval_logs.read(base).of("towns")
    assert [name for name, _ in task.metrics] == ["acc"]  # a mean with NaN in it is not the number of the results
    assert all(math.isfinite(v) for one in task.documents.values() for v in one.values.values())


def test_a_config_names_folders_relative_to_itself(logs: Folder, tmp_path: Path) -> None:
    logs("base", lambda i: True), logs("mine", lambda i: i != 3)
    config = tmp_path / "fteval.yaml"
    config.write_text(
        "version: 1\nbase: replay:lm-eval:base\ncandidates:\n  mine: {model: replay:lm-eval:./mine}\n"
        "benchmarks: [towns]\ngates:\n  - {probe: towns, metric: acc, max_drop: 5pp}\n"
    )
    (candidate,) = fteval.run(config=config, store=tmp_path / "store").candidates
    assert [gate.result for gate in candidate.gates] == ["pass"]
