"""A model card: our entry is the Hub's to read, and everything else is as it was, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scenes
from hostile import ATTACKS, comparison
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import ModelCardData

from fteval import cli
from fteval.errors import UserError
from fteval.reports import model_card

THEIRS = "---\nlicense: mit  # as the base\ntags:\n- chat\n---\n# A model\n\n---\nnot: front matter\n"
OTHERS = THEIRS.replace(
    "tags:",
    "model-index:\n- name: other\n  results:\n  - task: {type: text-generation}\n    dataset: {type: d, name: D}\n"
    "    metrics:\n    - {type: acc, value: 0.5}\ntags:",
)
CARDS = {
    "empty": "",
    "no front matter": "# A model\n",
    "theirs": THEIRS,
    "other results": OTHERS,
    "indented results": OTHERS.replace("\n- name: other\n  results", "\n  - name: other\n    results").replace(
        "\n  - task: {type: text-generation}\n    dataset: {type: d, name: D}\n    metrics:\n    - {",
        "\n    - task: {type: text-generation}\n      dataset: {type: d, name: D}\n      metrics:\n      - {",
    ),
    "carriage returns": THEIRS.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + THEIRS,
    "a mark and no front matter": "\ufeff# A model\n",
    "empty front matter": "---\n---\ntext\n",
}


def entry() -> dict:
    comparison = scenes.lost()
    return model_card.entry(comparison, comparison.candidates[0])


@pytest.mark.parametrize("kind", CARDS)
def test_the_rest_stays_byte_for_byte_and_twice_is_once(kind: str) -> None:
    card = CARDS[kind]
    once = model_card.with_entry(card, entry())
    assert model_card.with_entry(once, entry()) == once
    begin, end = once.index(model_card.BEGIN), once.index(model_card.END) + len(model_card.END)
    begin = once.rindex("\n", 0, begin) + 1
    end = once.index("\n", end) + 1
    left = once[:begin] + once[end:]
    mark, text = card[: len(card) - len(card.lstrip("\ufeff"))], card.lstrip("\ufeff")
    assert left == (card if text.startswith("---") else f"{mark}---\n---\n{text}")


@pytest.mark.parametrize("kind", CARDS)
def test_the_hub_s_own_parser_reads_value_dataset_and_interval(kind: str) -> None:
    comparison = scenes.lost()
    card = ModelCard(model_card.with_entry(CARDS[kind], entry()).lstrip("\ufeff"))
    data: ModelCardData = card.data
    found = {one.metric_name: one for one in data.eval_results if one.dataset_name != "D"}
    facts = found["facts.correct"]
    assert (facts.metric_value, facts.dataset_type, facts.task_type) == (0.2, "facts", "text-generation")
    assert facts.dataset_revision.startswith("sha256:") and facts.metric_args["n"] == 300
    assert facts.metric_args["low"] < 0.2 < facts.metric_args["high"]
    change = comparison.candidates[0].changes[0]
    assert (facts.metric_args["difference_low"], facts.metric_args["difference"]) == (change.low, change.difference)
    assert set(found) == {"facts.correct", "iso_date.correct"}
    assert ("other" in str(card.content)) == ("results" in kind)


def test_newer_results_replace_older_ones() -> None:
    once = model_card.with_entry(OTHERS, entry())
    again = model_card.with_entry(once, {**entry(), "name": "later"})
    assert again.count(model_card.BEGIN) == 1 and "name: later" in again and "name: sft" not in again


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_breaks_out_of_the_entry(attack: str) -> None:
    subject = comparison(attack)
    made = model_card.entry(subject, subject.candidates[0])
    once = model_card.with_entry(THEIRS, made)
    assert model_card.with_entry(once, made) == once
    assert ModelCard(once).data.eval_results is not None


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("---\nlicense: [mit\n---\n", "is no YAML"),
        ("---\n- a list\n---\n", "no mapping"),
        ("---\nmodel-index: [{name: x, results: []}]\n---\n", "nothing can be put into"),
    ],
)
def test_a_card_that_cannot_be_edited_is_told_and_not_touched(card: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        model_card.with_entry(card, entry())


def test_the_command_writes_the_card_of_one_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, right in (("base", 40), ("mine", 60), ("other", 50)):
        rows = [{"id": i, "score": int(i < right)} for i in range(100)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:base.jsonl\ncandidates: {mine: {model: replay:mine.jsonl}, "
        "other: {model: replay:other.jsonl}}\nprobes: {scores: {better: higher, unit: share}}\n"
        "gates: [{probe: scores, metric: score, max_drop: 20pp}]\n"
    )
    cli.call(["run", "-q"])
    Path("README.md").write_bytes(THEIRS.encode())
    assert cli.call(["report", "--model-card", "README.md", "--candidate", "other"]) == 0
    results = ModelCard.load("README.md").data.eval_results
    assert [(one.metric_value, one.metric_args["base"]) for one in results] == [(0.5, 0.4)]
    assert cli.call(["report", "--model-card", "README.md", "--candidate", "nobody"]) == 2
    assert cli.call(["report", "--candidate", "other"]) == 2
    assert cli.call(["report", "--model-card", "new.md", "--candidate", "mine"]) == 0
    assert ModelCard.load("new.md").data.eval_results[0].metric_value == 0.6
