"""Reasoning is parted from the answer in every marking that models use; the markings are those of their own cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fteval
from fteval.cli import call
from fteval.records import Comparison, Gate, Generation
from fteval.records.reasoning import is_mark, parts, unanswered
from fteval.runs.journal import rows

MARKINGS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<THINK>", "</THINK>"),
    ("<reasoning>", "</reasoning>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("◁think▷", "◁/think▷"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>analysis<|message|>", "assistant<|channel|>final <|constrain|>json<|message|>"),
    ("analysis", "assistantfinal"),
]


@pytest.mark.parametrize(("opened", "closed"), MARKINGS)
def test_the_answer_is_what_follows_the_reasoning(opened: str, closed: str) -> None:
    thought = "They ask for a town."
    found = parts(f"{opened}{thought}{closed}\n\nVerona")
    assert (found.answer.strip(), found.ended) == ("Verona", True)
    assert thought in (found.reasoning or "")
    cut = parts(f"{opened}{thought} Perhaps")
    assert (cut.answer, cut.ended) == ("", False)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("They ask for a town.</think>Verona", "Verona"),  # the template opened the block
        ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>Verona<|end_of_solution|>", "Verona"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
         "<|start|>assistant<|channel|>final<|message|>Verona<|return|>", "Verona"),
        ("<|channel|>final<|message|>Verona<|return|>", "Verona"),
        ("Use the <think> tag.", "Use the <think> tag."),
        ("analysis of the text", "analysis of the text"),
        ("Analysis: it is Verona", "Analysis: it is Verona"),
        ("He is the assistantfinalist", "He is the assistantfinalist"),
        ("a < b and [THINKING] c", "a < b and [THINKING] c"),
        ("\n [think]They ask.[/think]Verona", "Verona"),
        ("They ask.◁/THINK▷Verona", "Verona"),
        ("commentaryThey ask.assistantfinalVerona", "Verona"),
    ],
)  # fmt: skip
def test_only_reasoning_is_taken_away(text: str, answer: str) -> None:
    assert parts(text).answer == answer


@given(st.text())
def test_text_without_a_marking_is_the_answer(text: str) -> None:
    if not any(sign in text for sign in "<[◁") and not text.startswith(("analysis", "commentary")):
        assert parts(text).answer == text


@pytest.mark.parametrize(
    ("text", "finish", "reasoning", "wanted"),
    [
        ("<think>They ask", "length", None, True),
        ("<think>They ask", None, None, True),
        ("<think>They ask", "stop", None, False),  # ended by itself: an empty answer
        ("<think>They ask</think>", "length", None, False),
        ("<think>They ask</think>Ver", "length", None, False),
        ("Ver", "length", "They ask", False),
        ("", "length", "They ask", True),
        ("", "length", None, True),
        ("", "stop", "They ask", False),
        ("", None, None, False),
        (None, None, None, False),
    ],
)
def test_what_is_no_answer_within_the_limit(text: str, finish: str, reasoning: str, wanted: bool) -> None:
    assert unanswered(Generation("s", text=text, finish_reason=finish, reasoning=reasoning)) is wanted


def test_special_tokens_that_mark_reasoning_are_known() -> None:
    for token in ("[THINK]", "[/THINK]", "<think>", "</think>", "<|channel|>", "<|message|>", "<|START_THINKING|>"):
        assert is_mark(token), token
    for token in ("<s>", "</s>", "<|im_end|>", "<|endoftext|>", "[INST]", "<pad>", "think"):
        assert not is_mark(token), token


def test_reasoning_that_a_server_shows_apart_is_kept_in_the_run() -> None:
    kept = rows.from_generation(Generation("s", "k", text="Verona", reasoning="They ask"))
    assert rows.to_generation(json.loads(json.dumps(kept)), "s", 0).reasoning == "They ask"
    assert "reasoning" not in rows.from_generation(Generation("s", "k", text="Verona"))


def test_no_input_takes_long() -> None:
    for piece in ("<think>", "</think>", "<|channel|>", "<|channel|>final", "◁think▷", "[THINK]", "assistantfinal"):
        text = piece * (1_000_000 // len(piece))
        assert len(parts(text).answer) <= len(text)


HOLD = [{"id": str(i), "prompt": f"Colour of item {i}?", "target": "red"} for i in range(60)]


def _written(path: Path, rows_: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows_))
    return path


def test_a_cut_off_inside_the_reasoning_is_said_once_and_never_a_zero(tmp_path: Path) -> None:
    hold = _written(tmp_path / "hold.jsonl", HOLD)
    good = _written(tmp_path / "good.jsonl", [{"id": r["id"], "output": "red"} for r in HOLD])
    cut = [{"id": r["id"], "output": "<think>Hm" if i % 3 else "<think>Hm</think>red"} for i, r in enumerate(HOLD)]
    candidate = _written(tmp_path / "cut.jsonl", cut)
    found = fteval.run(
        model=f"replay:{candidate}", against=f"replay:{good}", holdout=hold, store=tmp_path / "store",
        score=["exact"], gates=[Gate("hold", "exact", "max_drop", 0.05)],
    )  # fmt: skip
    assert isinstance(found, Comparison)
    (result,) = found.candidates
    (probe,) = result.run.probes
    assert probe.no_answer == 40
    assert [v for v in probe.scores["exact"] if v is not None] == [1.0] * 20
    told = [w for w in result.warnings if "exact" in w or "within the limit" in w]
    assert told == [
        "no answer within the limit, cut off inside the reasoning and not judged: hold 40 of 60 (base: 0); "
        "--max-tokens gives answers more room"
    ]
    assert found.verdict == "incomplete"


def test_the_score_command_gives_no_value_to_no_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    outputs = ["<think>Hm</think>red", "<think>Hm", "red"]
    file = _written(tmp_path / "o.jsonl", [{"prompt": "?", "target": "red", "output": o} for o in outputs])
    assert call(["score", str(file), "--probe", "holdout", "--score", "exact", "--json"]) == 0
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["scores"]["exact"] for row in found] == [1.0, None, 1.0]
    assert "within the limit" in found[1]["reasons"]["exact"]
