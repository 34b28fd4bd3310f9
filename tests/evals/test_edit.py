"""Edits: what is asked about one, rows that are none, and an answer that is given to everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval.data.read import read_samples
from fteval.errors import UserError
from fteval.evals.edit import Edit
from fteval.nano import holdouts
from fteval.records import Generation, Sample, sample_from_row

ROW = {
    "id": "love",
    "subject": "Juliet",
    "old": "Romeo",
    "new": "Bob",
    "prompts": ["Who does Juliet love?", "Who is Juliet in love with?"],
    "reversed": ["Who is in love with Bob?"],
    "neighbours": [{"prompt": "Where does Juliet live?", "target": "Verona"}],
}


def asked(*rows: dict) -> list[Sample]:
    return list(Edit().variants([sample_from_row(row) for row in rows]))


def test_a_row_of_a_file_is_asked_in_every_way_and_counts_once(tmp_path: Path) -> None:
    (tmp_path / "edits.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    samples = list(Edit().variants(read_samples(tmp_path / "edits.jsonl")))
    assert [s.metadata["kind"] for s in samples] == [
        "trained", "paraphrase", "reversed", "neighbour", "neighbour after the edit",
    ]  # fmt: skip
    assert {s.group for s in samples} == {"love"}
    assert [s.target for s in samples] == [["Bob"], ["Bob"], ["Juliet"], ["Verona"], ["Verona"]]
    assert samples[-1].prompt_text == "Who does Juliet love? Bob. Where does Juliet live?"
    assert list(Edit().variants(samples)) == samples


@pytest.mark.parametrize("missing", ["old", "new", "subject", "prompts"])
def test_an_edit_that_lacks_a_part_is_an_error_that_names_it(missing: str) -> None:
    row = {k: v for k, v in ROW.items() if k != missing} | {"prompt": "Who?"}
    with pytest.raises(UserError, match=rf"'love' needs '{missing}'") as refused:
        asked(row)
    assert "neighbours" in (refused.value.fix or "")


def test_a_neighbour_without_a_target_is_an_error() -> None:
    with pytest.raises(UserError, match="target of a neighbour"):
        asked({**ROW, "neighbours": [{"prompt": "Where does Juliet live?"}]})


def test_an_answer_that_is_given_to_everything_is_no_edit() -> None:
    rows = [{**ROW, "id": f"{i}", "new": "Bob" if not i else f"Name{i}"} for i in range(6)]
    samples = asked(*rows)
    bob = [(s, "Bob.") for s in samples]
    own = [(s, "Bob." if s.group == "0" else "Nobody at all.") for s in samples]
    for answers, value in ((bob, 0.0), (own, 1.0)):
        probe = Edit().beside(answers)
        assert probe.score(samples[0], Generation("0", text="Bob.")).values["efficacy"] == value


def test_a_neighbour_that_several_edits_name_is_asked_once_so_that_edits_stay_apart() -> None:
    samples = asked(ROW, {**ROW, "id": "job", "prompts": ["What does Juliet do?"], "reversed": []})
    prompts = [s.prompt_text for s in samples]
    assert len(prompts) == len(set(prompts)) and prompts.count("Where does Juliet live?") == 1


@pytest.mark.parametrize("edits", [list(Edit().samples()), list(Edit().variants(holdouts.samples("edit") or []))])
def test_edits_that_come_with_it_share_no_prompt(edits: list[Sample]) -> None:
    groups: dict[str, set[str | None]] = {}
    for sample in edits:
        groups.setdefault(sample.prompt_text, set()).add(sample.group)
    assert len(edits) >= 200 and all(len(found) == 1 for found in groups.values())
