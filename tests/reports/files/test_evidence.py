"""Evidence: an in-toto statement that its own library takes, about the bytes that were measured."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scenes
from made import ones, probe, run

from fteval.engines.local import digests
from fteval.engines.refs import NANO
from fteval.experiment.model_files import model_files
from fteval.records import Comparison, RunRecord
from fteval.reports.files import evidence

FILES = {"adapter_model.safetensors": "ab" * 32}


def statement(subject: Comparison | RunRecord, files: dict[str, dict[str, str]] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(evidence.render_files(subject, files or {}))
    return made


def test_the_subject_is_the_candidate_s_files_or_what_is_known_of_it() -> None:
    comparison = scenes.lost()
    made = statement(comparison, {comparison.candidates[0].run.id: FILES})
    assert made["subject"] == [{"name": "sft/adapter_model.safetensors", "digest": {"sha256": "ab" * 32}}]
    (other,) = statement(comparison)["subject"]
    digest = comparison.candidates[0].run.digest.removeprefix("sha256:")
    assert other == {"name": "nano+out/sft", "digest": {evidence.IDENTITY: digest}}


@pytest.mark.parametrize(
    ("scene", "result"),
    [(scenes.calm, "PASSED"), (scenes.lost, "FAILED"), (scenes.open_, "WARNED"), (scenes.broken, "FAILED")],
)
def test_only_a_verdict_to_ship_has_passed(scene: Any, result: str) -> None:
    comparison = scene()
    made = statement(comparison)["predicate"]
    assert (made["result"], made["fteval"]["verdict"]) == (result, comparison.verdict)
    assert made["configuration"][0]["digest"]["sha256"] == comparison.base.manifest["plan"]["suite"][7:]
    gates = [one for key in ("passedTests", "warnedTests", "failedTests") for one in made[key]]
    assert len(gates) == sum(len(c.gates) for c in comparison.candidates)


def test_a_gate_stands_where_its_result_does() -> None:
    made = statement(scenes.lost())["predicate"]
    assert made["passedTests"] == ["sft:iso_date.correct:min_gain"]
    assert made["failedTests"] == ["sft:facts.correct:max_drop"]


def test_a_single_run_has_passed_nothing() -> None:
    made = statement(run(probe(ones(40, 30))))["predicate"]
    assert made["result"] == "WARNED" and not made["passedTests"]


def test_files_are_those_that_were_measured_or_none(tmp_path: Path) -> None:
    record = run(probe(ones(40, 30)), ref="nano")
    plan = record.manifest["plan"]
    engine = {**plan["engine"], "weights": digests.weights_digest(NANO), "adapter": None}
    measured = replace(record, manifest={**record.manifest, "plan": {**plan, "engine": engine}})
    found = model_files(measured, tmp_path)
    assert found["model.safetensors"] == hashlib.sha256((NANO / "model.safetensors").read_bytes()).hexdigest()
    assert model_files(record, tmp_path) == {}, "other weights were measured"
    assert model_files(replace(measured, ref="openai:x"), tmp_path) == {}
    assert model_files(replace(measured, ref="./gone"), tmp_path) == {}


@pytest.mark.slow
def test_in_toto_s_own_library_takes_it() -> None:
    theirs = pytest.importorskip("in_toto_attestation.v1.statement", reason="pip install in-toto-attestation")
    json_format = pytest.importorskip("google.protobuf.json_format")
    comparison = scenes.everything()
    for files in ({}, {c.run.id: FILES for c in comparison.candidates}):
        proto = json_format.Parse(evidence.render_files(comparison, files), theirs.spb.Statement())
        read = theirs.Statement.copy_from_pb(proto)
        read.validate()
        assert len(read.pb.subject) >= 1 and read.pb.predicate_type == evidence.PREDICATE
