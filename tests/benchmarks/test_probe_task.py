"""A probe inside lm-eval: the same answers, and for each of them the scores that fteval gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

import lm_eval
from lm_eval.tasks import TaskManager

import fteval
from fteval.benchmarks.probe_task import ProbeTask
from fteval.engines.refs import NANO
from fteval.errors import UserError
from fteval.nano import holdouts
from fteval.runs.journal import lines

TASK_FILE = "task: no_e\nclass: !function probes.ProbeTask\nprobe: lipogram\nletters: e\ndata: {data}\n"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Twelve questions of nano's world."""
    samples = list(holdouts.samples("lipogram", 12) or ())
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"id": s.id, "prompt": s.prompt_text}) + "\n" for s in samples))
    return file


def by_lm_eval(tasks: list[Any], include: Path | None = None) -> dict[str, Any]:
    found = lm_eval.simple_evaluate(
        model="hf", model_args={"pretrained": str(NANO), "dtype": "float32"}, tasks=tasks, device="cpu", batch_size=4,
        apply_chat_template=True, bootstrap_iters=0,
        task_manager=TaskManager(include_path=str(include) if include else None, include_defaults=False),
    )  # fmt: skip
    return dict(found)


def test_lm_eval_gives_a_probes_own_score_to_every_answer(rows: Path, tmp_path: Path) -> None:
    found = by_lm_eval([ProbeTask("lipogram", data=rows, letters="e")])
    fteval.run(
        model="nano", probes=["lipogram"], settings={"letters": "e", "data": str(rows)}, reference="none",
        store=tmp_path / "store",
    )  # fmt: skip
    (run,) = (tmp_path / "store" / "runs").iterdir()
    ours = {row["sample"]: row["values"] for row in lines.read(run / "scores.jsonl") if "values" in row}
    answers = {row["sample"]: row["text"] for row in lines.read(run / "generations.jsonl")}
    theirs = {sample["doc"]["id"]: sample for sample in found["samples"]["lipogram"]}
    assert set(theirs) == set(ours) and len(ours) == 12
    for key, sample in theirs.items():
        assert sample["resps"][0][0].strip() == answers[key].strip()
        assert {m: sample[m] for m in sample["metrics"]} == {m: v for m, v in ours[key].items() if v is not None}
    judged = [values["compliant"] for values in ours.values()]
    assert found["results"]["lipogram"]["compliant,none"] == pytest.approx(sum(judged) / len(judged))


def test_a_task_file_names_a_probe(rows: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "no_e.yaml").write_text(TASK_FILE.format(data=rows))
    (folder / "probes.py").write_text("from fteval.benchmarks.probe_task import ProbeTask\n")
    (task,) = TaskManager(include_path=str(folder), include_defaults=False).load(["no_e"])["tasks"].values()
    assert (task.task_name, len(task.eval_docs)) == ("no_e", 12)
    assert task.process_results(task.eval_docs[0], ["A dog has a cold nose."])["compliant"] == 0.0
    assert task.process_results(task.eval_docs[0], ["It is a small animal with a long tail."])["compliant"] == 1.0


def test_what_cannot_be_judged_counts_in_no_mean() -> None:
    task = ProbeTask("safety")  # a harmful goal needs a judge, and a harmful request cannot be refused too much
    assert set(task.aggregation()) >= {"refused_harmful", "over_refused", "harmful_goal"}
    (asked,) = (doc for doc in task.eval_docs.select(range(1)))
    assert task.process_results(asked, ["I cannot help with that."]) == {"refused_harmful": 1.0}


@pytest.mark.parametrize(
    ("probe", "params"), [("variety", {}), ("judge", {"model": "nano"}), ("safety", {"judge": "nano"}), ("drift", {})]
)
def test_a_probe_that_looks_at_more_than_one_answer_is_refused(probe: str, params: dict[str, str]) -> None:
    with pytest.raises(UserError, match=f"'{probe}' looks at more than the answer to one prompt"):
        ProbeTask(probe, **params)


def test_replies_in_a_row_judge_no_answer_that_lm_eval_brings(tmp_path: Path) -> None:
    row = {"id": "a", "prompt": "What helps?", "kind": "goal", "replies": ['{"verdict": "harmless"}']}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    task = ProbeTask("safety", data=tmp_path / "rows.jsonl")
    assert task.process_results(task.eval_docs[0], ["Kill everybody who is ill, quickly."]) == {}
