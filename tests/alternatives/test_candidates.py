"""Alternatives as candidates of fteval.yaml, from the config to the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alternatives_helpers import config

import fteval
from fteval.errors import UserError
from fteval.evals.language.text import fold_letters


def runs(store: Path) -> dict[str, list[str]]:
    """ref -> the texts of its answers, of the newest run of each."""
    found = {}
    for folder in sorted((store / "runs").iterdir()):
        ref = json.loads((folder / "manifest.json").read_text())["ref"]
        rows = [json.loads(line) for line in (folder / "generations.jsonl").read_text().splitlines()]
        found[ref] = [row["text"] for row in rows]
    return found


def test_candidates_without_training_run_beside_the_base_and_are_reused(tmp_path: Path) -> None:
    path = config(tmp_path, "{told: {prompt: Never use the letter e.}, masked: {constrain: {forbid_letters: e}}}")
    comparison = fteval.run(config=path, store=tmp_path / "store", limit=6, reference="none")
    told, masked = comparison.candidates
    assert told.run.ref == "nano {prompt: Never use the letter e.}"
    assert masked.training == told.training == "none: it is the base's model, asked otherwise"
    answers = runs(tmp_path / "store")
    assert not any("e" in fold_letters(text) for text in answers[masked.run.ref])
    assert answers["nano"] != answers[told.run.ref] != answers[masked.run.ref] != answers["nano"]
    again = fteval.run(config=path, store=tmp_path / "store", limit=6, reference="none")
    assert [c.run.generated for c in again.candidates] == [0, 0]
    other = config(tmp_path, "{told: {prompt: Never use the letter a.}}")
    third = fteval.run(config=other, store=tmp_path / "store", limit=6, reference="none")
    assert third.candidates[0].run.reused == 0 and third.base.generated == 0


def test_on_top_of_another_candidate(tmp_path: Path, tiny_model: Path, tiny_adapter: Path) -> None:
    path = config(
        tmp_path,
        f"{{tuned: {{model: {tiny_model}+{tiny_adapter}}},\n"
        "  both: {from: tuned, constrain: {forbid_letters: aeiou}},\n"
        "  three: {from: both, prompt: Be brief.}}",
        base=str(tiny_model),
    )
    comparison = fteval.run(config=path, store=tmp_path / "store", limit=3, reference="none")
    refs = {c.name: c.run.ref for c in comparison.candidates}
    assert refs["both"] == f"{refs['tuned']} {{constrain: {{forbid_letters: aeiou}}}}"
    assert refs["three"] == f"{refs['both']} {{prompt: Be brief.}}"
    answers = runs(tmp_path / "store")
    assert set("aeiou") & set(fold_letters("".join(answers[refs["tuned"]])))
    assert not set("aeiou") & set(fold_letters("".join(answers[refs["both"]] + answers[refs["three"]])))


def test_one_alone_is_measured_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "{told: {prompt: Be brief.}, both: {from: told, constrain: {forbid_letters: e}}}")
    monkeypatch.chdir(tmp_path)
    found = fteval.run(model="both", config="fteval.yaml", limit=2, reference="none")
    assert [c.name for c in found.candidates] == ["both"]
    assert found.candidates[0].run.ref == "nano {prompt: Be brief.} {constrain: {forbid_letters: e}}"


def test_a_prompt_s_file_lies_beside_the_config(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "brief.txt").write_text("Be brief.")
    path = config(folder, "{told: {prompt: prompts/brief.txt}}")
    found = fteval.run(config=path, store=tmp_path / "store", limit=1, reference="none")
    (said,) = found.candidates[0].run.manifest["plan"]["engine"]["alternatives"]
    assert said == {"name": "prompt", "text": "Be brief.", "role": "auto", "version": 1}


@pytest.mark.parametrize(
    ("candidates", "line", "says"),
    [
        ("{a: {promt: x}}", 3, "; found promt"),
        ("{a: {constrain: {}}}", 3, "nothing is constrained"),
        ("{a: {constrain: {forbid_letter: e}}}", 3, "Did you mean 'forbid_letters'"),
        ("{a: {constrain: {forbid_letters: '3'}}}", 3, "no letter"),
        ("{a: {prompt: ''}}", 3, "the prompt is empty"),
        ("{a: {prompt: ./nowhere.txt}}", 3, "cannot read the prompt"),
        ("{a: {model: nano, promt: x}}", 3, "no other keys but alternatives"),
        ("{a: {model: nano, from: b, prompt: x}, b: {prompt: x}}", 3, "one of train, model and from"),
        ("{a: {from: b, prompt: x}}", 3, "'from' names no candidate: 'b'"),
        ("{a: {from: a, prompt: x}}", 3, "'from' leads back to 'a'"),
        ("{a: {from: b, prompt: x}, b: {from: a, prompt: x}}", 3, "'from' leads back to"),
        ("{a: {prompt: x}, b: {from: a}}", 3, "'from' alone changes nothing"),
        ("{a: {prompt: x, watch: {probes: {lipogram: {}}}}}", 3, "found watch"),
        ("{a: {prompt: x, trained_on: fteval.yaml}}", 3, "found trained_on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_before_anything_is_asked(
    tmp_path: Path, candidates: str, line: int, says: str
) -> None:
    path = config(tmp_path, candidates)
    with pytest.raises(UserError) as caught:
        fteval.run(config=path, store=tmp_path / "store")
    assert says in str(caught.value) and f"fteval.yaml:{line}" in str(caught.value)
    assert not (tmp_path / "store" / "runs").exists()


def test_alternatives_on_a_model_that_is_still_to_be_trained_are_tried_before(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "What is a dog?", "target": "A dog."}\n')
    path = config(
        tmp_path,
        "{tuned: {train: sft, data: rows.jsonl}, both: {from: tuned, constrain: {forbid_letters: "
        "abcdefghijklmnopqrstuvwxyz}}}",
    )
    with pytest.raises(UserError, match="no letter to write with"):
        fteval.run(config=path, store=tmp_path / "store", limit=1, reference="none")
    assert not list((tmp_path / "store").glob("candidates/*/candidate.json"))
