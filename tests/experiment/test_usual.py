"""Which alternatives are usually tried beside a config's fine-tune, and which are left out and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fteval import cli, registry
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, find_config
from fteval.experiment.place import Place
from fteval.experiment.usual.forms import form_of
from fteval.experiment.usual.usual import Usual, with_usual
from fteval.records import Message, Sample
from fteval.runs.asking.suite import SuiteProbe

ROWS = [{"messages": [{"role": "user", "content": f"Say {word}."}, {"role": "assistant", "content": word}]}
        for word in ("ox", "owl", "cat", "dog", "ant")]  # fmt: skip


def usual(
    folder: Path, candidates: str, probes: str = "lipogram: {letters: ae}", gate: str = "min_gain: 20pp",
    rows: list[Any] | None = None, base: str = "nano",
) -> Usual:  # fmt: skip
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows or ROWS))
    name = probes.partition(":")[0]
    metric = {"lipogram": "useful", "iso_date": "iso"}.get(name, "correct")
    (folder / "fteval.yaml").write_text(
        f"version: 1\nbase: {base}\ncandidates: {{{candidates}}}\nprobes: {{{probes}}}\n"
        f"gates: [{{probe: {name}, metric: {metric}, {gate}}}]\n"
    )
    return with_usual(describe(Asked(), find_config(folder / "fteval.yaml", wanted=True)), Place(folder / "store"))


def test_a_prompt_examples_and_the_form_are_tried_on_the_base(tmp_path: Path) -> None:
    found = usual(tmp_path, "sft: {train: sft, data: t.jsonl}")
    changes = {name: use.changes[0] for name, use in found.experiment.candidates.items() if use.changes}
    assert list(found.experiment.candidates) == ["sft", "prompt", "few-shot", "few-shot-similar", "constrain"]
    assert changes["prompt"].value == "Never use the letters a and e."
    assert changes["constrain"].value == {"forbid_letters": "ae"}
    assert changes["few-shot"].value == {"data": tmp_path / "t.jsonl", "k": 4, "select": "fixed"}
    assert changes["few-shot-similar"].value["select"] == "similar" and found.left_out == ()
    assert all(use.ref == "nano" for name, use in found.experiment.candidates.items() if name != "sft")


def test_what_the_config_tries_itself_is_not_tried_twice_and_names_stay_apart(tmp_path: Path) -> None:
    found = usual(tmp_path, "sft: {train: sft, data: t.jsonl}, told: {prompt: No e.}, few-shot: {from: sft, prompt: x}")
    assert dict(found.left_out) == {"prompt": "the config has its own: 'told'"}
    assert [name for name, _ in found.added] == ["usual-few-shot", "few-shot-similar", "constrain"]


def test_the_system_text_of_the_training_rows_is_the_prompt(tmp_path: Path) -> None:
    told = [{"messages": [{"role": "system", "content": "Be brief."}, *row["messages"]]} for row in ROWS]
    found = usual(tmp_path, "sft: {train: sft, data: t.jsonl}", rows=told)
    assert dict(found.added)["prompt"] == "{prompt: Be brief.}"
    mixed = usual(tmp_path, "sft: {train: sft, data: t.jsonl}", rows=[*told, ROWS[0]])
    assert dict(mixed.added)["prompt"] == "{prompt: Never use the letters a and e.}"


def test_what_cannot_be_tried_says_why(tmp_path: Path) -> None:
    prompts = [{"prompt": "Say ox."}]
    found = usual(
        tmp_path, "own: {train: grpo, prompts: t.jsonl, rewards: [lipogram.compliant]}", "facts: {}", rows=prompts
    )
    why = dict(found.left_out)
    assert why["few-shot"].startswith("the rows of t.jsonl cannot be shown: ") and found.added == ()
    assert "add {prompt: …}" in why["prompt"] and why["constrain"].startswith("no form is asked for")
    none = usual(tmp_path, "other: {model: nano}", "iso_date: {}")
    assert dict(none.left_out) == {"few-shot": "no candidate has training rows that could be shown"}
    behind = usual(tmp_path, "sft: {model: 'http://127.0.0.1:9/v1#b', trained_on: t.jsonl}",
                   base="http://127.0.0.1:9/v1#a")  # fmt: skip
    assert "letters and words cannot be forbidden" in dict(behind.left_out)["constrain"]
    assert [name for name, _ in behind.added] == ["prompt", "few-shot", "few-shot-similar"]


def test_without_a_target_there_is_nothing_to_advise_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing says what the fine-tune is for"):
        usual(tmp_path, "sft: {train: sft, data: t.jsonl}", gate="max_drop: 5pp")


@pytest.mark.parametrize(
    ("name", "params", "rows", "wanted"),
    [
        ("lipogram", {"letters": "é, o"}, [{}], {"forbid_letters": "éo"}),
        ("iso_date", {}, [{}], {"regex": "[0-9]{4}-[0-9]{2}-[0-9]{2}"}),
        ("category", {}, [{"labels": ["a", 1]}, {"labels": ["a", 1]}], {"choices": ["a", "1"]}),
        ("category", {}, [{"labels": ["a", "b"]}, {"labels": ["a", "c"]}], None),
        ("json_schema", {"schema": {"type": "object"}}, [{}, {}], {"json_schema": {"type": "object"}}),
        ("json_schema", {}, [{"schema": {"type": "object"}}, {}], None),
        ("facts", {}, [{}], None),
    ],
)
def test_a_probes_form_is_what_constrain_takes(
    name: str, params: dict[str, Any], rows: list[dict[str, Any]], wanted: dict[str, Any] | None
) -> None:
    samples = tuple(Sample(f"s{i}", (Message("user", "x"),), metadata=row) for i, row in enumerate(rows))
    form = form_of(SuiteProbe(name, registry.probe(name, params), samples, (), "d"))
    assert (form.constraint if form else None) == wanted
    if form is not None:
        registry.alternative_class("constrain")(**form.constraint)
        assert form.told.strip()


def test_the_command_says_what_it_tries_and_whether_a_fine_tune_is_needed(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = CliRunner().invoke(cli.group, ["advise"])
    assert isinstance(without.exception, UserError) and "no fteval.yaml" in str(without.exception)
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    asked = [{"prompt": f"Where is town {i}?", "target": "x"} for i in range(3)]
    Path("h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    Path("fteval.yaml").write_text(
        f"version: 1\nbase: {tiny_model}\nprobes: {{h: {{use: holdout, data: h.jsonl}}}}\nsampling: {{max_tokens: 2}}\n"
        "candidates: {c: {train: sft, data: t.jsonl, max_steps: 2, warmup: 0, lora_rank: 2, batch_size: 2}}\n"
        "gates: [{probe: h, metric: exact, min_gain: 20pp}]\n"
    )
    dry = CliRunner().invoke(cli.group, ["advise", "--dry-run", "--json", "--device", "cpu"])
    plan = json.loads(dry.stdout)
    assert set(plan["added"]) == {"few-shot", "few-shot-similar"} and set(plan["left_out"]) == {"prompt", "constrain"}
    assert [m["name"] for m in plan["plan"]["models"]] == ["base", "c", "few-shot", "few-shot-similar"]
    done = CliRunner().invoke(cli.group, ["advise", "--json", "--device", "cpu"])
    found = json.loads(done.stdout)
    assert {c["name"] for c in found["candidates"]} == {"c", "few-shot", "few-shot-similar"}
    assert found["advice"]["word"] in ("none_ships", "cannot_tell") and found["advice"]["fine_tune"] == "c"
    assert "not tried: 'prompt', neither the training rows" in done.stderr
