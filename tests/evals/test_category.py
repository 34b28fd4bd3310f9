"""Labels: which one an answer gives, what rows must bring, and what reports say of them."""

import itertools
import json
import random
from pathlib import Path

import pytest
from evals.pace import soon

from fteval import cli, registry
from fteval.errors import UserError
from fteval.nano.forms.category import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row


def judged(text: str, labels, target, params=None):
    metadata = {} if labels is None else {"labels": labels}
    sample = Sample("row-7", (Message("user", "Which one?"),), target=target, metadata=metadata)
    return registry.probe("category", params).score(sample, Generation("row-7", text=text))


@pytest.mark.parametrize("labels", [None, [], ["spam"], ["spam", "spam"], ["spam", ""], "spam", [["spam"], "ham"]])
def test_a_row_without_two_labels_is_an_error_that_names_it(labels) -> None:
    with pytest.raises(UserError, match="row-7"):
        judged("spam", labels, "spam")


def test_a_target_that_is_no_label_is_an_error_that_names_row_and_labels() -> None:
    with pytest.raises(UserError, match=r"row-7.*junk") as error:
        judged("spam", ["spam", "ham"], "junk")
    assert "spam, ham" in str(error.value.fix)


@pytest.mark.parametrize("labels", [["spam", "ham"], ("spam", "ham"), "spam,ham"])
def test_the_probe_may_hold_the_labels_for_all_rows(labels) -> None:
    assert judged("Category: ham", None, "ham", {"labels": labels}).values["correct"] == 1


def test_labels_of_the_row_go_before_those_of_the_probe() -> None:
    assert judged("4", [3, 4], 4, {"labels": [1, 2]}).values["correct"] == 1


@pytest.mark.parametrize("params", [{"labels": ["one"]}, {"labels": ["a", "a"]}, {"labels": 3}])
def test_labels_that_make_no_sense_are_said(params) -> None:
    with pytest.raises(UserError, match="labels"):
        registry.probe("category", params)


def test_labels_that_differ_in_case_only_are_told_apart() -> None:
    assert judged("us", ["US", "us"], "US").values == {"correct": 0, "valid": 1, "bare": 1}
    assert judged("The answer is US.", ["US", "us"], "US").values["correct"] == 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("C++", "C++"),
        ("It is written in C++.", "C++"),
        ("C", "C"),
        ("C#", "C#"),
        ("-1", "-1"),
        ("1", "1"),
        ("N/A", "N/A"),
    ],
)
def test_labels_with_signs_are_found_whole(text: str, label: str) -> None:
    scores = judged(text, ["C", "C++", "C#", "-1", "0", "1", "N/A"], label)
    assert scores.answer == label and scores.values["correct"] == 1


def test_a_label_in_a_language_without_spaces_is_found() -> None:
    assert judged("类别：体育。", ["体育", "政治"], "体育").values["correct"] == 1


def test_every_row_that_ships_judges_its_own_target_right_and_another_label_wrong() -> None:
    probe = registry.probe("category")
    samples = list(probe.samples())
    assert len(samples) >= 200
    assert len({s.prompt_text for s in samples}) == len(samples)
    for s in samples:
        assert set(probe.score(s, Generation(s.id, text=str(s.target))).values.values()) == {1.0}
        other = next(label for label in s.metadata["labels"] if label != s.target)
        assert probe.score(s, Generation(s.id, text=f"Answer: {other}")).values == {"correct": 0, "valid": 1, "bare": 0}


def test_rows_of_nanos_world_judge_their_own_target_right() -> None:
    probe = registry.probe("category")
    for row in itertools.islice(rows(build_world(), random.Random(4)), 300):
        assert probe.score(sample_from_row(row), Generation("", text=row["target"])).values["correct"] == 1


def test_a_comparison_says_which_label_was_taken_for_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Truth cat cat cat cat dog dog; found cat cat cat dog dog and both. By hand: cat has 3 of 4 and nothing false,
    # F1 = 6/7; dog has 1 of 2 and one false, F1 = 2/4.
    wanted = ["cat"] * 4 + ["dog"] * 2
    found = ["Cat.", "cat", "CAT", "It is a dog.", "dog", "cat, dog"]
    for name, rows_ in {
        "h.jsonl": [{"prompt": f"Picture {i}?", "target": w, "labels": ["cat", "dog"]} for i, w in enumerate(wanted)],
        "base.jsonl": [{"prompt": f"Picture {i}?", "output": w} for i, w in enumerate(wanted)],
        "mine.jsonl": [{"prompt": f"Picture {i}?", "output": f} for i, f in enumerate(found)],
    }.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows_), encoding="utf-8")
    args = ["run", "--model", "replay:mine.jsonl", "--against", "replay:base.jsonl", "--probe", "category"]
    cli.call([*args, "--set", "data=h.jsonl", "-o", "report.md", "-o", "verdict.json"])
    (labels,) = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["candidates"][0]["labels"]
    assert labels["probe"] == "category" and labels["macro_f1"]["base"] == 1
    assert labels["macro_f1"]["candidate"] == pytest.approx((6 / 7 + 1 / 2) / 2)
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Labels of category: macro-F1 100.0 % → 67.9 %" in page
    assert "| `dog` | 2 | 100.0 % | 50.0 % | no label 1 |" in page
    assert "macro-F1 100.0 % → 67.9 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    "bait",
    [
        "spam, not ham. ",
        "Category: spam or ",
        "spam ",
        "actually ",
        "not ",
        "it looks like ",
        "this is the category of ",
        "{",
        "<b",
        "although spam ",
    ],
)
def test_a_megabyte_of_bait_is_judged_within_a_second(bait: str) -> None:
    soon(lambda: judged(bait * (1_000_000 // len(bait)) + "spam", ["spam", "ham"], "spam"))
