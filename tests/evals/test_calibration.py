"""Calibration: the chosen option's probability, Brier's score as sklearn has it, and the table of a run."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fteval import registry
from fteval.cli import call
from fteval.errors import UserError
from fteval.evals.calibration import Calibration
from fteval.evals.data.packaged import packaged
from fteval.records import Generation, Message, Sample
from fteval.records.readings import Likelihood

ROW = Sample(
    "row",
    (Message("user", "What is the capital of France?"),),
    "Paris",
    metadata={"options": ["Lyon", "Paris", "Nice"]},
)


def weighed(*nats: float) -> Generation:
    return Generation("row", text="", likelihoods=tuple(Likelihood(n, 1, 1, False) for n in nats))


def test_the_likeliest_option_is_the_answer_and_its_share_of_the_probability_the_confidence() -> None:
    scores = Calibration().score(ROW, weighed(math.log(0.1), math.log(0.3), math.log(0.1)))
    assert scores.answer == "Paris" and scores.values["correct"] == 1
    assert scores.values["confidence"] == pytest.approx(0.6)  # 0.3 of 0.5
    assert scores.values["brier"] == pytest.approx(0.16)
    wrong = Calibration().score(ROW, weighed(-700, -900, -900))  # exp(-700) alone would be next to nothing
    assert wrong.values == {"correct": 0, "confidence": pytest.approx(1), "brier": pytest.approx(1)}


def test_the_mean_is_briers_score_as_sklearn_defines_it() -> None:
    """sklearn.metrics.brier_score_loss is the mean of (y_prob - y_true)² over the answers."""
    rng = np.random.default_rng(3)
    nats = np.log(rng.dirichlet([1, 1, 1], size=200))
    found = [Calibration().score(ROW, weighed(*row)).values for row in nats]
    probability, right = np.exp(nats).max(axis=1), (nats.argmax(axis=1) == 1).astype(float)
    assert [v["correct"] for v in found] == list(right)
    assert np.mean([v["brier"] for v in found]) == pytest.approx(np.mean((probability - right) ** 2))


def test_nothing_is_scored_where_nobody_said_how_likely_the_options_are() -> None:
    scores = Calibration().score(ROW, Generation("row", text="Paris"))
    assert set(scores.values.values()) == {None} and "by: stated" in scores.reasons["brier"]


@pytest.mark.parametrize("options", [None, ["Paris"], ["Paris", "Paris"], "Paris, Lyon", [1, None]])
def test_a_row_without_options_is_an_error_that_names_it(options: object) -> None:
    with pytest.raises(UserError, match="'row' needs 'options'"):
        list(Calibration().variants([Sample("row", ROW.messages, "Paris", metadata={"options": options})]))
    with pytest.raises(UserError, match=r"'row' needs a 'target' that is one of its options"):
        Calibration().score(Sample("row", ROW.messages, "Rome", metadata=ROW.metadata), weighed(-1, -2, -3))


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(UserError, match="options or stated"):
        registry.probe("calibration", {"by": "logits"})


def test_a_stated_confidence_is_asked_for_once_with_the_options_in_the_prompt() -> None:
    (asked,) = Calibration("stated").variants([ROW])
    assert not asked.continuations and "Lyon, Paris, Nice" in asked.prompt_text
    assert list(Calibration("stated").variants([asked])) == [asked]
    (plain,) = Calibration().variants([ROW])
    assert plain.messages == ROW.messages and [c.text for c in plain.continuations] == ["Lyon", "Paris", "Nice"]


def test_the_questions_have_four_different_options_and_the_right_one_stands_everywhere_equally_often() -> None:
    rows = list(packaged("calibration.jsonl"))
    assert len(rows) >= 200 and len({r.prompt_text for r in rows}) == len(rows)
    places = Counter(r.metadata["options"].index(r.target) for r in rows)
    assert max(places.values()) - min(places.values()) <= 1 and set(places) == {0, 1, 2, 3}
    facts = {row.prompt_text: row for row in packaged("facts.jsonl")}
    for row in rows:
        fact = facts[row.prompt_text]
        right = {fact.target, *fact.metadata["accept"]}
        assert len(set(row.metadata["options"])) == 4 and right & set(row.metadata["options"]) == {row.target}


def test_a_run_of_nano_shows_how_sure_it_was_and_how_often_it_was_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.md"
    asked = ["run", "--model", "nano", "--probe", "calibration", "--limit", "12", "--store", str(tmp_path / "store")]
    assert call([*asked, "-o", str(report)]) == 0
    out, page = capsys.readouterr().out, report.read_text(encoding="utf-8")
    for text in (out, page):
        assert "how often correct was right" in text and "90–100 %" in text
    assert "answers" in page


def test_a_model_that_gives_no_likelihoods_is_refused_before_anything_is_asked_and_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text(json.dumps({"id": "calibration/capital/France", "output": "Paris. Confidence: 75%"}) + "\n")
    asked = ["run", "--model", f"replay:{file}", "--probe", "calibration", "--store", str(tmp_path / "store")]
    assert call(asked) == 2
    said = capsys.readouterr().err
    assert "how likely given texts are" in said and "probes show calibration" in said
