"""`fteval data check --model`: rows in the model's own tokens, and what it knows of their facts beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.data.check.learnt import Learnt, learnt
from fteval.experiment.known_rows import questions
from fteval.experiment.row_tokens import tokens_of
from fteval.nano.world import build_world
from fteval.trainers.making.base import find_base


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def findings(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, dict[str, Any]]:
    cli.call(["data", "check", *args, "--json", "-q"])
    return {one["what"]: one for one in json.loads(capsys.readouterr().out)["findings"]}


def that(found: dict[str, dict[str, Any]], text: str) -> dict[str, Any]:
    (one,) = [one for what, one in found.items() if text in what]
    return one


def test_rows_that_a_training_would_cut_or_drop_are_named_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """nano reads 512 tokens; in its world's words a word is about a token."""
    rows = [{"prompt": f"Describe thing {i}.", "target": "It is a long grey thing, as said."} for i in range(3)]
    rows += [{"prompt": "Go on.", "target": "dog " * 600}, {"prompt": "dog " * 600, "target": "Yes, so it is, I say."}]
    data = written(tmp_path / "t.jsonl", rows)
    found = findings(capsys, str(data), "--model", "nano", "--store", str(tmp_path / "s"))
    assert that(found, "the end of the answer is not learnt")["rows"] == [f"{data}:4"]
    assert that(found, "prompt alone fills 512 tokens")["rows"] == [f"{data}:5"]
    assert "its context 512" in that(found, "tokens of nano")["what"]
    assert "1 whose answer" not in that(found, "was not asked")["what"]


def test_a_row_has_as_many_tokens_as_its_trainer_counts(tmp_path: Path) -> None:
    """42 of nano's tokens is what TRL's SFTTrainer made of this row, as the training printed it."""
    row = {"prompt": "Elka was born on February 27, 1890. When was Elka born?", "target": "1890-02-27"}
    rows = list(learnt([written(tmp_path / "t.jsonl", [row])]))
    (lengths,) = tokens_of(rows, find_base("nano", tmp_path), "nano")
    assert "median 42, longest 42; its context 512" in lengths.what and lengths.rows[0].startswith("≤     64 100 %")


def test_a_config_says_how_long_rows_may_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("t.jsonl"), [{"prompt": "Go on.", "target": "It is a long grey thing, as said. " * 4}] * 2)
    Path("fteval.yaml").write_text(
        "version: 1\nbase: nano\ncandidates: {a: {train: sft, data: t.jsonl, max_length: 20}}\nprobes: {laziness: {}}\n"
    )
    found = findings(capsys, "t.jsonl", "--model", "nano")
    assert that(found, "all 2 answers are cut at 20 tokens")["level"] == "error"


def test_facts_that_nano_never_saw_are_counted_as_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its world's people have towns that it knows; the same questions with a wrong town ask for what nobody knows."""
    people = build_world().people[:12]
    towns = sorted({p.town for p in people})
    rows = [
        {"prompt": f"Where does {p.name} live?", "target": p.town if i < 6 else next(t for t in towns if t != p.town)}
        for i, p in enumerate(people)
    ]
    data = written(tmp_path / "t.jsonl", rows)
    one = that(findings(capsys, str(data), "--model", "nano", "--store", str(tmp_path / "s")), "unknown to nano")
    assert one["level"] == "warning" and one["what"].startswith("50 % of the facts")
    assert one["rows"][0] == "asked 12 of 12 facts: 50 % known, 50 % unknown"
    assert one["rows"][1] == f"{data}:7"


def test_what_is_no_fact_is_not_asked_and_counted() -> None:
    def row(prompt: str, answer: str) -> Learnt:
        return Learnt("f:1", [{"role": "user", "content": prompt}], answer)

    read = [
        row("Ann lives in Graz. Where does Ann live?", "graz!"),
        row("Tell me.", "a much longer answer than a fact"),
    ]
    fact = row("Who wrote Emma?", "Jane Austen")
    found = questions([*read, fact])
    assert found.asked == [fact] and sorted(found.left_out.values()) == [1, 1]
    again = row("Who wrote Emma?", "Austen")
    assert questions([fact, again]).left_out == {"asking what an earlier one asks": 1}
    labelled = questions([row(f"Is it {i}?", "yes" if i % 2 else "no") for i in range(40)])
    assert labelled.asked == [] and labelled.left_out == {"with a label as answer": 40}


def test_every_answer_that_counts_is_learnt_and_no_other(tmp_path: Path) -> None:
    turns = [("user", "a?"), ("assistant", "A"), ("user", "b?"), ("assistant", "B")]
    talk = [{"role": role, "content": text} for role, text in turns]
    unlearnt = [*talk[:3], {**talk[3], "weight": 0}]
    rows = [{"messages": talk}, {"messages": unlearnt}, {"instruction": "c?", "output": "C"}, {"colour": "red"}]
    found = [(one.where.rpartition(":")[2], one.answer) for one in learnt([written(tmp_path / "t.jsonl", rows)])]
    assert found == [("1", "A"), ("1", "B"), ("2", "A"), ("3", "C")]


@pytest.mark.parametrize("args", [["--limit", "5"], ["--model", "nano", "--limit", "-1"]])
def test_a_limit_of_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str]) -> None:
    data = written(tmp_path / "t.jsonl", [{"prompt": "Who wrote Emma?", "target": "Jane Austen"}])
    assert cli.call(["data", "check", str(data), *args]) == 2
    assert "how many facts --model is asked" in capsys.readouterr().err
