"""lm-eval's tasks through fteval's engines: the same number for every document as lm-eval itself gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

import fteval
from fteval.benchmarks.benchmark import Benchmark
from fteval.benchmarks.tasks import extra_with, load
from fteval.engines.pool import Pool
from fteval.errors import Incomplete, UserError
from fteval.records import Metric, digest
from fteval.runs.journal import lines

TOWNS = ["Verona", "Mantua", "Padua", "Venice"]
CHOICE = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/choice.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: answer
doc_to_choice: "{{{{choices}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
  - {{metric: mcc}}
metadata: {{version: 1.0}}
"""
WORDS = """
task: own_words
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/choice.jsonl}}}}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{choices[answer]}}}}"
generation_kwargs: {{until: ["\\n"], max_gen_toks: 12, do_sample: false}}
filter_list:
  - {{name: as-is, filter: [{{function: take_first}}]}}
  - name: a-town
    filter: [{{function: regex, regex_pattern: "(Verona|Mantua|Padua|Venice)"}}, {{function: take_first}}]
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""
LAST_WORD = """
task: own_last_word
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/choice.jsonl}}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{question}}}}"
doc_to_target: " {{{{choices[0]}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: perplexity, aggregation: perplexity, higher_is_better: false}}
metadata: {{version: 1.0}}
"""
GAP = """
task: own_gap
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/choice.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: answer
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "is where they live"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""
RUNNING = """
task: own_running
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/choice.jsonl}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{question}}}}"
metric_list: [{{metric: word_perplexity}}]
metadata: {{version: 1.0}}
"""


@pytest.fixture(scope="session")
def own_tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with task files of somebody's own, one a kind, and their data."""
    folder = tmp_path_factory.mktemp("tasks")
    rows = [
        {"question": f"Where does {name} live, {i}?", "choices": TOWNS[i % 4 :] + TOWNS[: i % 4], "answer": i * 7 % 4}
        for i, name in enumerate(["Romeo", "Juliet", "Paris", "Tybalt"] * 4)
    ]
    rows.append(rows[0])  # somebody's data hold one document twice
    (folder / "choice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "choice.yaml").write_text(CHOICE.format(name="own_choice", folder=folder))
    (folder / "words.yaml").write_text(WORDS.format(folder=folder))
    (folder / "last.yaml").write_text(LAST_WORD.format(folder=folder))
    (folder / "gap.yaml").write_text(GAP.format(folder=folder))
    (folder / "running.yaml").write_text(RUNNING.format(folder=folder))
    return folder


def by_lm_eval(model: Path, folder: Path, task: str, log: Path | None = None, **options: Any) -> list[dict[str, Any]]:
    """Every document's results by lm-eval's own `hf` model; its own log of them in a folder, if wanted."""
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    tracker = EvaluationTracker(output_path=str(log)) if log else None
    found = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(model), "dtype": "float32"},
        tasks=[task],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        device="cpu",
        batch_size=4,
        bootstrap_iters=0,
        evaluation_tracker=tracker,
        **options,
    )
    samples = found.pop("samples")
    if tracker is not None:  # as its command does at its end
        tracker.save_results_aggregated(results=found, samples=samples)
        tracker.save_results_samples(task_name=task, samples=samples[task])
    return list(samples[task])


def by_fteval(
    model: Path, folder: Path, task: str, store: Path, **settings: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sample id -> answer, and sample id -> scores, of one run."""
    fteval.run(model=str(model), benchmarks=[task], include=folder, settings=settings, store=store)
    (run,) = (store / "runs").iterdir()
    answers = {row["key"]: row for row in lines.read(run / "generations.jsonl")}
    asked = {row["id"]: answers[row["keys"][0]] for row in lines.read(run / "samples.jsonl")}
    return asked, {row["sample"]: row["values"] for row in lines.read(run / "scores.jsonl") if "values" in row}


def ids(task: str, samples: list[dict[str, Any]]) -> list[str]:
    """The sample ids of lm-eval's documents, in its order."""
    found: list[str] = []
    for sample in samples:
        key = f"{task}/{digest(sample['doc'])[7:23]}"
        found.append(key if key not in found else f"{key}-2")
    return found


SHOTS, CHAT = {"num_fewshot": 2}, {"num_fewshot": 2, "apply_chat_template": True}
"""What lm-eval is told; its own command shows examples as turns where there is a template."""
OURS = {"num_fewshot": "shots", "apply_chat_template": "chat"}


@pytest.mark.parametrize(
    ("task", "how"),
    [
        ("own_choice", {}), ("own_last_word", {}), ("own_gap", {}), ("own_choice", SHOTS), ("own_choice", CHAT),
        ("own_last_word", CHAT),
    ],
)  # fmt: skip
def test_every_likelihood_is_lm_evals(
    task: str, how: dict[str, Any], tiny_model: Path, own_tasks: Path, tmp_path: Path
) -> None:
    theirs = by_lm_eval(tiny_model, own_tasks, task, **how)
    answers, scores = by_fteval(tiny_model, own_tasks, task, tmp_path, **{OURS[k]: v for k, v in how.items()})
    assert set(ids(task, theirs)) == set(scores)
    for key, sample in zip(ids(task, theirs), theirs, strict=True):
        ours = answers[key]["likelihoods"]
        for (nats, greedy), (mine, _, _, mine_greedy) in zip((r[0] for r in sample["resps"]), ours, strict=True):
            assert mine == pytest.approx(float(nats), abs=1e-3) and mine_greedy == bool(greedy)
        assert scores[key] == {name: sample[name] for name in scores[key]}
    (run,) = (tmp_path / "runs").iterdir()
    reasons = {why for row in lines.read(run / "scores.jsonl") for why in row.get("reasons", {}).values()}
    assert all(why.startswith("another text" if task == "own_last_word" else "the answer is") for why in reasons)


@pytest.mark.parametrize("how", [{}, SHOTS, CHAT])
def test_every_generated_answer_is_lm_evals(
    how: dict[str, Any], tiny_model: Path, own_tasks: Path, tmp_path: Path
) -> None:
    theirs = by_lm_eval(tiny_model, own_tasks, "own_words", **how)
    settings = {OURS[k]: v for k, v in how.items()}
    answers, scores = by_fteval(tiny_model, own_tasks, "own_words", tmp_path, **settings)
    for name in ("as-is", "a-town"):
        of_filter = [sample for sample in theirs if sample["filter"] == name]
        for key, sample in zip(ids("own_words", of_filter), of_filter, strict=True):
            assert answers[key]["text"] == sample["resps"][0][0]
            assert scores[key][f"exact_match_{name.replace('-', '_')}"] == sample["exact_match"]


@pytest.mark.parametrize("task", ["own_choice", "own_words"])
def test_a_log_of_lm_eval_stands_for_the_model_that_it_is_of(
    task: str, tiny_model: Path, own_tasks: Path, tmp_path: Path
) -> None:
    by_lm_eval(tiny_model, own_tasks, task, tmp_path / "log")
    comparison = fteval.run(
        model=str(tiny_model), against=f"replay:lm-eval:{tmp_path / 'log'}", benchmarks=[task],
        settings={"include": str(own_tasks)}, store=tmp_path / "store",
    )  # fmt: skip
    for change in comparison.candidates[0].changes:
        assert (change.n_paired, change.better, change.worse) == (17, 0, 0)


def test_a_benchmark_is_paired_gated_and_not_asked_twice(
    tiny_model: Path, tiny_adapter: Path, own_tasks: Path, tmp_path: Path
) -> None:
    def measured() -> Any:
        return fteval.run(
            model=f"{tiny_model}+{tiny_adapter}", against=str(tiny_model), benchmarks=["own_choice"],
            settings={"include": str(own_tasks)}, store=tmp_path,
        )  # fmt: skip

    first, again = measured(), measured()
    assert [g.gate.metric for g in first.candidates[0].gates] == ["acc"]
    (change,) = (c for c in first.candidates[0].changes if c.metric.name == "acc")
    assert change.n_paired == 17
    assert first.candidates[0].changes == again.candidates[0].changes
    answers = [row for run in (tmp_path / "runs").iterdir() for row in lines.read(run / "generations.jsonl")]
    assert sum(bool(row.get("reused")) for row in answers) == len(answers) / 2


def test_metrics_of_the_whole_corpus_are_left_out(own_tasks: Path) -> None:
    probe = Benchmark("own_choice", include=str(own_tasks))
    assert probe.metrics == (Metric("acc", primary=True), Metric("acc_norm"))
    assert [m.name for m in Benchmark("own_last_word", include=str(own_tasks)).metrics] == ["acc"]


def test_a_task_without_a_metric_for_each_document_is_refused(own_tasks: Path, tmp_path: Path) -> None:
    text = CHOICE.format(name="own_mcc", folder=own_tasks).replace("metric: acc,", "metric: acc, x: 1,")
    kept = [line for line in text.splitlines() if "metric: acc" not in line]
    (tmp_path / "mcc.yaml").write_text("\n".join(kept))
    with pytest.raises(UserError, match=r"no metric that can be compared item by item \(mcc\)"):
        _ = Benchmark("own_mcc", include=str(tmp_path)).metrics


def test_running_text_is_refused_by_name(own_tasks: Path) -> None:
    with pytest.raises(UserError, match="'own_running' measures running text"):
        load("own_running", shots=None, chat=False, include=str(own_tasks))


def test_a_folder_of_own_tasks_is_named_once(tiny_model: Path, own_tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(own_tasks)
    config = tmp_path / "fteval.yaml"
    config.write_text(f"version: 1\nbase: {tiny_model}\ninclude: mine\nbenchmarks: [own_choice]\n")
    run = fteval.run(config=config, limit=2, store=tmp_path / "store")
    assert [p.probe for p in run.probes] == ["own_choice"]
    with pytest.raises(UserError, match="no folder of tasks: there"):
        fteval.run(config=config, include="there", store=tmp_path / "store")
    with pytest.raises(UserError, match="--include is for benchmarks"):
        fteval.run(model=str(tiny_model), probes=["stops"], include=own_tasks, store=tmp_path / "store")


def test_a_metric_without_a_direction_is_told_how_to_get_one(own_tasks: Path, tmp_path: Path) -> None:
    text = WORDS.format(folder=own_tasks).replace("own_words", "own_nice")
    text = text.replace(
        "metric: exact_match, aggregation: mean, higher_is_better: true", "metric: nice, aggregation: mean"
    )
    (tmp_path / "nice.yaml").write_text(f"{text}process_results: !function nice.judged\n")
    (tmp_path / "nice.py").write_text("def judged(doc, results):\n    return {'nice': 1.0}\n")
    with pytest.raises(UserError, match="'own_nice' does not say whether more is better: nice") as error:
        _ = Benchmark("own_nice", include=str(tmp_path)).metrics
    assert "higher_is_better" in str(error.value.fix)


def test_a_package_that_a_task_needs_is_named(own_tasks: Path, tmp_path: Path) -> None:
    text = WORDS.format(folder=own_tasks).replace("own_words", "own_needs")
    (tmp_path / "needs.yaml").write_text(f"{text}process_results: !function needs.judged\n")
    (tmp_path / "needs.py").write_text("import no_such_module\n")
    with pytest.raises(UserError, match="'own_needs' needs the package no_such_module") as error:
        load("own_needs", shots=None, chat=False, include=str(tmp_path))
    assert error.value.fix == "pip install no_such_module"
    assert extra_with("langdetect") == "'lm-eval[ifeval]'"  # as lm-eval's own metadata have it


def test_a_task_nobody_knows_is_named_with_its_neighbours() -> None:
    with pytest.raises(UserError, match="no task 'arc_eazy'") as error:
        load("arc_eazy", shots=None, chat=False, include=None)
    assert "arc_easy" in str(error.value.fix)


def test_data_that_cannot_be_reached_leave_the_run_incomplete() -> None:
    with pytest.raises(Incomplete, match="'arc_easy' cannot be reached"):
        load("arc_easy", shots=None, chat=False, include=None)


def test_a_chat_benchmark_asks_through_each_models_own_template(tiny_model: Path, own_tasks: Path) -> None:
    sample = next(Benchmark("own_choice", chat=True, include=str(own_tasks)).samples())
    assert [turn.role for turn in sample.messages] == ["user"]
    assert {c.context for c in sample.continuations} == {None}
    with Pool() as pool:
        engine: Any = pool.open(str(tiny_model))
        rendered = engine.chat.tokenizer.decode(engine.prompt(sample.messages).token_ids)
    assert sample.messages[0].content.startswith("Question: Where does Romeo")
    assert rendered != sample.messages[0].content and sample.messages[0].content in rendered


def test_what_a_task_is_has_one_digest_in_every_process(own_tasks: Path) -> None:
    code = (
        "from fteval.benchmarks.tasks import load\n"
        f"print(load('own_words', shots=None, chat=False, include={str(own_tasks)!r}).digest)"
    )
    printed = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert printed == {load("own_words", shots=None, chat=False, include=str(own_tasks)).digest + "\n"}


def test_outputs_made_elsewhere_cannot_answer_likelihoods(own_tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text('{"id": "a", "output": "b"}\n')
    with pytest.raises(UserError, match="how likely given texts are"):
        fteval.run(
            model=f"replay:{tmp_path / 'out.jsonl'}", benchmarks=["own_choice"],
            settings={"include": str(own_tasks)}, store=tmp_path / "store",
        )  # fmt: skip
