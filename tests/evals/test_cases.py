"""Labelled outputs, at least half of them written to fool the probe, both ways. Each label gives its reason."""

import json
import pathlib

import pytest

from fteval import registry
from fteval.records import Generation, Message, Sample

CASES = pathlib.Path(__file__).parent / "cases"


def cases() -> list:
    found = []
    for file in sorted(CASES.glob("*.jsonl")):
        for number, line in enumerate(file.read_text("ascii").splitlines(), start=1):
            found.append(pytest.param(file.stem, json.loads(line), id=f"{file.stem}-{number}"))
    return found


def judge(name: str, case: dict):
    probe = registry.probe(name, case.get("params"))
    sample = Sample(
        "row", (Message("user", case["prompt"]),), target=case.get("target"), metadata=case.get("metadata") or {}
    )
    return probe.score(sample, Generation("row", text=case["output"], finish_reason=case.get("finish_reason")))


@pytest.mark.parametrize(("name", "case"), cases())
def test_a_labelled_output_gets_its_label(name: str, case: dict) -> None:
    scores = judge(name, case)
    found = {metric: scores.values[metric] for metric in case["expect"]}
    assert found == case["expect"], f"{case['why']}: {case['output']!r} {dict(scores.reasons)}"
