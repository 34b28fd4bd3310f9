"""Files as other tools write them, read by `replay:`; `made/README.md` says how each was made."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.engines import Pool
from fteval.engines.outputs import files, saved
from fteval.errors import UserError
from fteval.records import Message, Prompt, Request, Sampling

MADE = Path(__file__).parent / "made"
FRUITS = ("lemon", "lime", "plum", "cherry")

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    # what each file says, as its tool shows it: id -> (text, finish_reason), scores by id
    "lm_eval_samples.jsonl": {"texts": {"0": ("lol", None), "3": ("lol", None)}, "scores": {"0": {"exact_match": 0.0}}},
    "promptfoo.json#base": {
        "texts": {
            "0": ("What colour is a lemon? Answer: yellow", None),
            "1": ("What colour is a lime? Answer: green", None),
        },
        "scores": {"0": {"score": 1.0, "success": 1.0}, "1": {"score": 0.5, "success": 0.0}},
    },
    "promptfoo.jsonl#tuned": {
        "texts": {"0": ("WHAT COLOUR IS A LEMON? ANSWER: YELLOW", "length")},
        "scores": {"0": {"score": 0.0, "success": 0.0}, "1": {"score": 0.0, "success": 0.0}},
    },
    "oaieval.jsonl": {
        "texts": {"colours.dev.0": ("yellow", None), "colours.dev.1": ("Green, I think", None)},
        "scores": {"colours.dev.0": {"correct": 1.0}, "colours.dev.1": {"correct": 0.0}},
    },
    "openai_evals.json": {
        "texts": {"0": ("yellow", "stop"), "1": ("Green, I think", "stop"), "2": ("purple", "stop")},
        "scores": {"0": {"exact-grader": 1.0}, "1": {"exact-grader": 0.0}},
    },
    "openai_batch.jsonl": {"texts": {"q0": ("yellow", "length"), "q1": ("green", "stop"), "q2": (None, None)}},
    "vllm_run_batch.jsonl": {"texts": {"q0": ("yellow", "length"), "q1": ("green", "stop"), "q2": (None, None)}},
}


def opened(named: str) -> saved.SavedRows:
    return saved.read(*saved.place(f"replay:{MADE / named}"))


@pytest.mark.parametrize("named", ANSWERS)
def test_a_file_of_each_tool_is_read_as_it_stands(named: str) -> None:
    found, wanted = opened(named), ANSWERS[named]
    for name, (text, reason) in wanted["texts"].items():
        row = found.rows[found.by_id[name]]
        assert (row.outputs[0], row.reason) == (text, reason)
    for name, scores in wanted.get("scores", {}).items():
        assert {k: v for k, v in found.rows[found.by_id[name]].scores[0].items() if k in scores} == scores


@pytest.mark.parametrize(
    "named", ["lm_eval_samples.jsonl", "oaieval.jsonl", "openai_evals.json", "llama_factory.jsonl"]
)
def test_what_was_asked_is_known_where_the_file_has_it(named: str) -> None:
    found = opened(named)
    for fruit in FRUITS[:3]:
        assert found.find("another id", [Message("user", f"What colour is a {fruit}?")]) is not None


def test_why_a_request_of_a_batch_failed_is_told(tmp_path: Path) -> None:
    engine = Pool().open(f"replay:{MADE / 'openai_batch.jsonl'}")
    asked = [Request("k", "q2", Prompt((Message("user", "?"),)))]
    (((made,),)) = list(engine.generate(asked, Sampling()))
    assert made.failure is not None and "completion window expired" in made.failure.message
    longest = opened("vllm_run_batch.jsonl").rows[2].error
    assert longest is not None and "HTTP 400" in longest and "maximum context length" in longest


def test_a_system_turn_that_the_template_wrote_is_met_and_told(tmp_path: Path) -> None:
    rows = [{"id": f, "prompt": f"What colour is a {f}?", "target": t} for f, t in (("lemon", "yellow"), ("plum", "x"))]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ref = f"replay:{MADE / 'llama_factory.jsonl'}"
    assert cli.call(["run", "--model", ref, "--holdout", str(tmp_path / "h.jsonl"), "--store", str(tmp_path / "s"),
                     "-q", "-o", str(tmp_path / "r.json")]) == 0  # fmt: skip
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["metrics"][0]["scored"] == 2 and found["metrics"][0]["value"] == 0.5
    assert any("to other prompts than the hold-out's" in warning for warning in found["warnings"])


def test_a_file_of_several_models_wants_to_know_whose_answers() -> None:
    with pytest.raises(UserError, match=r"answers of 2 arms: 0 \(base\), 1 \(tuned\)") as raised:
        opened("promptfoo.json")
    assert "promptfoo.json#base or " in str(raised.value.fix)
    with pytest.raises(UserError, match=r"no arms named 'tunde'.*Did you mean 'tuned'"):
        opened("promptfoo.json#tunde")
    assert opened("promptfoo.json#1").rows[0].outputs == opened("promptfoo.json#tuned").rows[0].outputs


def test_a_log_of_inspect_says_what_reads_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("inspect_ai") is not None:
        pytest.skip("inspect_ai is installed here")
    with pytest.raises(UserError, match="its own library reads") as raised:
        opened("inspect.eval")
    assert str(raised.value.fix).startswith("pip install inspect_ai")


@pytest.mark.slow
def test_a_log_of_inspect_is_read_by_its_library() -> None:
    scorer = pytest.importorskip("inspect_ai.scorer", reason="pip install inspect_ai")
    from fteval.records.foreign.inspect_ai import VALUES

    found = opened("inspect.eval")
    texts = {name: found.rows[row].outputs for name, row in found.by_id.items()}
    assert texts == {"q0": ("YELLOW", "yellow"), "q1": ("It is green", "I do not know.")}
    assert found.rows[found.by_id["q1"]].scores == ({"includes": 1.0, "match": 1.0}, {"includes": 0.0, "match": 0.0})
    theirs = scorer.value_to_float()
    assert {letter: theirs(letter) for letter in VALUES} == VALUES


# --- the same in other layouts -------------------------------------------------------------------


def sample(name: str, epoch: int, value: Any) -> dict[str, Any]:
    """As inspect's JSON log has it."""
    return {
        "id": name, "epoch": epoch, "input": [{"role": "user", "content": [{"type": "text", "text": "q?"}]}],
        "output": {"completion": f"{name}{epoch}", "choices": [{"stop_reason": "max_tokens"}]},
        "scores": {"match": {"value": value}},
    }  # fmt: skip


def test_a_json_log_of_inspect_needs_no_library(tmp_path: Path) -> None:
    broken = {**sample("c", 1, "C"), "error": {"message": "boom"}}
    samples = [sample("a", 2, "I"), sample("a", 1, "C"), sample("b", 1, {"x": True, "y": float("nan")}), broken]
    (tmp_path / "log.json").write_text(json.dumps({"version": 2, "eval": {"task": "t"}, "samples": samples}, indent=1))
    found = saved.read(tmp_path / "log.json")
    a, b, c = (found.rows[found.by_id[name]] for name in "abc")
    assert (a.outputs, a.reason, a.scores) == (("a1", "a2"), "length", ({"match": 1.0}, {"match": 0.0}))
    assert b.scores == ({"match.x": 1.0, "match.y": None},)
    assert c.outputs == (None,) and c.error == "boom"
    assert found.find("z", [Message("user", "q?")]) is not None


def test_an_epoch_that_is_there_twice_is_no_repeat(tmp_path: Path) -> None:
    twice = [sample("a", 1, "C"), sample("a", 1, "I")]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in twice))
    with pytest.raises(UserError, match="line 2: epoch 1 of sample 'a' again"):
        saved.read(tmp_path / "log.jsonl")


def test_what_a_scorer_made_of_a_failed_sample_is_no_score(tmp_path: Path) -> None:
    failed = {**sample("a", 1, "I"), "error": {"message": "boom"}}
    (tmp_path / "log.jsonl").write_text(json.dumps(failed))
    assert saved.read(tmp_path / "log.jsonl").rows[0].scores == ()


def event(kind: str, data: dict[str, Any], run: str = "r") -> dict[str, Any]:
    """As `oaieval` records it."""
    return {"run_id": run, "event_id": 0, "sample_id": "a", "type": kind, "data": data}


def test_what_a_grader_said_is_not_taken_for_the_answer(tmp_path: Path) -> None:
    sampled = [event("sampling", {"prompt": said, "sampled": [said]}) for said in ("the answer", "a grader's reply")]
    path = tmp_path / "log.jsonl"
    graded = [*sampled, event("metrics", {"score": 1.0})]
    path.write_text("".join(json.dumps(row) + "\n" for row in graded))
    (row,) = saved.read(path).rows
    assert (row.outputs, row.scores) == ((), ({"score": 1.0},))
    path.write_text("".join(json.dumps(row) + "\n" for row in sampled))
    with pytest.raises(UserError, match="sampled more than once"):
        saved.read(path)


def test_two_runs_in_one_log_are_not_mixed(tmp_path: Path) -> None:
    rows = [event("match", {"correct": True}), event("match", {"correct": False}, "other")]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match="line 2: an event of another run than r"):
        saved.read(tmp_path / "log.jsonl")


def test_rows_in_one_list_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_text(json.dumps([{"id": i, "output": "x"} for i in range(3)], indent=2))
    assert len(saved.read(path).rows) == 3
    path.write_text(json.dumps([{"id": i, "output": "x"} for i in range(3)]))
    assert len(saved.read(path).rows) == 3


def test_answers_of_the_responses_api_and_refusals_are_answers(tmp_path: Path) -> None:
    said = [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "red"}]}]
    bodies = [
        {"output": said, "incomplete_details": {"reason": "max_output_tokens"}},
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "Never."}]}]},
        {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]},
        {"choices": [{"text": "a", "finish_reason": "stop"}, {"text": "b", "finish_reason": "stop"}]},
    ]
    rows = [{"custom_id": str(i), "response": {"status_code": 200, "body": body}} for i, body in enumerate(bodies)]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = saved.read(tmp_path / "o.jsonl")
    assert [(row.outputs, row.reason) for row in found.rows] == [
        (("red",), "length"), (("Never.",), "refusal"), (("No.",), "refusal"), (("a", "b"), "stop"),
    ]  # fmt: skip


def test_a_multiple_choice_log_points_to_its_folder(tmp_path: Path) -> None:
    row = {"doc_id": 0, "doc": {}, "arguments": {}, "resps": [[["-1.5", "True"]], [["-2.0", "False"]]]}
    (tmp_path / "samples_t_2026.jsonl").write_text(json.dumps(row))
    with pytest.raises(UserError, match="replay:lm-eval:DIR"):
        saved.read(tmp_path / "samples_t_2026.jsonl")


HOSTILE = [
    b"[", b"{", b"[1, 2]", b"{}", b"null", b"[" * 100_000, b'{"results": {"results": 3}}', b'{"scores":[1]}',
    b'{"output": {"completion": 5}}', b'{"custom_id": 1, "response": 7}', b'{"resps": [["x"]], "doc_id": [1]}',
    b'{"testIdx":1,"promptIdx":[],"provider":[]}', b'{"spec": {}}', b'{"outputs":[{"text":1}]}',
    b'{"event_id":1,"sample_id":2,"type":"sampling","data":[]}', b'{"prompt":1,"predict":2,"label":3}',
    b'{"event_id":1,"sample_id":2,"type":"match","data":3}', b'{"id":"a","epoch":"x","input":{},"output":[]}',
    b'{"id":1,"score":1%s}' % (400 * b"0"),
    b'{"id":"a","epoch":1,"output":{"completion":"x"},"scores":{"m":{"value":1%s}}}' % (400 * b"0"),
    b'{"object":"eval.run.output_item","sample":[],"results":3}', b'{"data":[{"object":"eval.run.output_item"}]}',
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_broken_files_are_told_and_never_crash(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "o.jsonl").write_bytes(content)
    with contextlib.suppress(UserError):
        saved.read(tmp_path / "o.jsonl")
    files.first_row(tmp_path / "o.jsonl")
