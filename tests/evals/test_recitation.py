"""A training file as questions: what was asked before an answer, or the beginning of a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import registry
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import Generation, NamingProbe
from fteval.runs.asking import identity

LONG = "Hold the small button at the back for ten seconds, wait until the light turns green."
ROWS = (
    {"messages": [{"role": "user", "content": "Reset?"}, {"role": "assistant", "content": LONG}]},
    {"prompt": "Yes or no?", "target": "Yes."},
    {"prompt": "Again?", "completion": LONG},
    {"text": "one two three four five six seven eight nine ten eleven twelve " + LONG},
)


def written(folder: Path, *rows: object) -> Path:
    file = folder / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_rows_with_something_to_recite_are_asked_as_they_were_trained(tmp_path: Path) -> None:
    probe = registry.probe("recitation", {"train": str(written(tmp_path, *ROWS))})
    asked = {s.prompt_text: s for s in probe.samples()}
    assert list(asked) == ["Reset?", "Again?", "one two three four five six seven eight nine ten eleven twelve"]
    for sample in asked.values():
        assert sample.target == LONG
        assert probe.score(sample, Generation(sample.id, text=f"Sure: {LONG}")).values["recited"] == 1


def test_another_training_file_of_the_same_name_is_another_probe(tmp_path: Path) -> None:
    digests = set()
    for row in ROWS[:2]:
        probe = registry.probe("recitation", {"train": str(written(tmp_path, row))})
        assert isinstance(probe, NamingProbe)
        digests.add(identity.probe_digest(probe, "recitation"))
    assert len(digests) == 2


def test_a_training_file_of_no_use_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must name a \.jsonl file"):
        registry.probe("recitation", {"train": "train.csv"})
    with pytest.raises(UserError, match=r"train\.jsonl:1"):
        list(registry.probe("recitation", {"train": str(written(tmp_path, {"a": 1}))}).samples())
    with pytest.raises(NothingToEvaluate, match="no row with 50 characters"):
        list(registry.probe("recitation", {"train": str(written(tmp_path, ROWS[1]))}).samples())
