"""Edits: what is asked about one, rows that are none, and an answer that is given to everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import cli
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
    written = [s for s in samples if not s.continuations]
    assert [s.metadata["kind"] for s in written] == [
        "trained", "paraphrase", "reversed", "neighbour", "neighbour after the edit",
    ]  # fmt: skip
    assert {s.group for s in samples} == {"love"}
    assert [s.target for s in written] == [["Bob"], ["Bob"], ["Juliet"], ["Verona"], ["Verona"]]
    weighed = {s.metadata["kind"]: [c.text for c in s.continuations] for s in samples if s.continuations}
    assert weighed == {
        "trained, weighed": ["Bob", "Romeo"],
        "paraphrase, weighed": ["Bob", "Romeo"],
        "neighbour, weighed": ["Verona", "Bob"],
    }
    assert written[-1].prompt_text == "Who does Juliet love? Bob. Where does Juliet live?"
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


def test_several_edits_to_one_name_are_no_habit_until_it_is_said_to_neighbours_too() -> None:
    """Romeo is Bob in every question about the play."""
    near = [[{"prompt": f"In which city is tower {i}?", "target": f"Town{i}"}] for i in range(6)]
    samples = asked(*({**ROW, "id": f"{i}", "new": "Bob", "neighbours": near[i]} for i in range(6)))
    learnt = [(s, "Bob." if s.metadata["kind"] == "trained" else str(s.target)) for s in samples]
    everywhere = [(s, "Bob.") for s in samples]
    for answers, value in ((learnt, 1.0), (everywhere, 0.0)):
        found = Edit().beside(answers).score(samples[0], Generation("0", text="Bob."))
        assert found.values["efficacy"] == value, found.reasons


def test_a_neighbour_that_several_edits_name_is_asked_once_so_that_edits_stay_apart() -> None:
    samples = asked(ROW, {**ROW, "id": "job", "prompts": ["What does Juliet do?"], "reversed": []})
    prompts = [s.prompt_text for s in samples if not s.continuations]
    assert len(prompts) == len(set(prompts)) and prompts.count("Where does Juliet live?") == 1


@pytest.mark.parametrize("edits", [list(Edit().samples()), list(Edit().variants(holdouts.samples("edit") or []))])
def test_edits_that_come_with_it_share_no_prompt(edits: list[Sample]) -> None:
    groups: dict[str, set[str | None]] = {}
    for sample in edits:
        groups.setdefault(sample.prompt_text, set()).add(sample.group)
    assert len(edits) >= 200 and all(len(found) == 1 for found in groups.values())


def test_whole_sentences_are_weighed_where_a_row_gives_them() -> None:
    said = {"new_said": "Juliet loves Bob.", "old_said": "Juliet loves Romeo."}
    near = [{"prompt": "Where does Juliet live?", "target": "Verona", "said": "Juliet lives in Verona."}]
    weighed = [[c.text for c in s.continuations] for s in asked({**ROW, **said, "neighbours": near}) if s.continuations]
    assert weighed[0] == ["Juliet loves Bob.", "Juliet loves Romeo."]
    assert weighed[-1] == ["Juliet lives in Verona.", "Juliet loves Bob."]


def test_a_model_without_likelihoods_is_judged_by_what_it_writes_and_the_rest_is_unscored(tmp_path: Path) -> None:
    rows = asked(ROW)
    (tmp_path / "edits.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    outputs = [{"id": s.id, "output": "Bob."} for s in rows if not s.continuations]
    (tmp_path / "outputs.jsonl").write_text("".join(json.dumps(o) + "\n" for o in outputs), encoding="utf-8")
    store = tmp_path / "store"
    args = ["run", "--model", f"replay:{tmp_path / 'outputs.jsonl'}", "--probe", "edit", "--store", str(store)]
    assert cli.call([*args, "--set", f"data={tmp_path / 'edits.jsonl'}", "-o", str(tmp_path / "r.json"), "-q"]) == 0
    found = json.loads((tmp_path / "r.json").read_text())
    metrics = {m["metric"]: m for m in found["metrics"]}
    assert found["errors"] == 0 and metrics["efficacy"]["value"] == 1
    assert metrics["efficacy_logp"]["value"] is None and metrics["efficacy_logp"]["scored"] == 0


def test_nano_prefers_the_old_facts_of_its_own_world(tmp_path: Path) -> None:
    args = ["run", "--model", "nano", "--probe", "edit", "--store", str(tmp_path / "s"), "-n", "24", "-q"]
    assert cli.call([*args, "-o", str(tmp_path / "r.json")]) == 0
    metrics = {m["metric"]: m for m in json.loads((tmp_path / "r.json").read_text())["metrics"]}
    for name, right in (("efficacy_logp", False), ("paraphrase_logp", False), ("neighbours_logp", True)):
        if metrics[name]["scored"]:
            assert (metrics[name]["value"] > 0.5) == right, name
    assert sum(metrics[f"{name}_logp"]["scored"] for name in ("efficacy", "paraphrase", "neighbours")) > 0


def test_batch_files_ask_nothing_that_is_only_weighed(tmp_path: Path) -> None:
    (tmp_path / "edits.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    args = ["run", "--model", "http://127.0.0.1:9/v1#m", "--probe", "edit", "--store", str(tmp_path / "store")]
    shards = tmp_path / "shards"
    assert cli.call([*args, "--set", f"data={tmp_path / 'edits.jsonl'}", "--shards", str(shards), "-q"]) == 0
    (file,) = shards.glob("m-*.jsonl")
    assert len(file.read_text().splitlines()) == sum(not s.continuations for s in asked(ROW)) == 5
