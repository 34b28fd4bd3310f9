"""A schema may be text or a file; what it holds decides, and a config names it beside itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.describe import experiment_of
from fteval.experiment.suite import build_suite
from fteval.runs.asking.identity import probe_digest

SCHEMA = '{"type": "object", "required": ["a"]}'
SCRIPT = "CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (1);"


@pytest.mark.parametrize(("probe", "name", "text"), [("json_schema", "s.json", SCHEMA), ("sql", "s.sql", SCRIPT)])
def test_a_file_is_as_good_as_its_text(tmp_path: Path, probe: str, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    made = [registry.probe(probe, {"schema": given}) for given in (text, str(tmp_path / name))]
    assert made[0] == made[1]
    assert len({probe_digest(p, probe) for p in made}) == 1
    with pytest.raises(UserError, match="No such file"):
        registry.probe(probe, {"schema": str(tmp_path / f"none{name}")})


def test_a_config_names_it_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(SCHEMA, encoding="utf-8")
    config = tmp_path / "fteval.yaml"
    config.write_text("version: 1\nbase: nano\nprobes: {json_schema: {schema: s.json}}\n", encoding="utf-8")
    (found,) = build_suite(experiment_of(config)).probes
    assert getattr(found.probe, "schema") == SCHEMA  # noqa: B009 - a Probe has no such field by contract


def test_an_object_in_the_config_stays_one(tmp_path: Path) -> None:
    config = tmp_path / "fteval.yaml"
    text = "version: 1\nbase: nano\nprobes: {json_schema: {schema: {type: object}}}\n"
    config.write_text(text, encoding="utf-8")
    (found,) = build_suite(experiment_of(config)).probes
    assert getattr(found.probe, "schema") == {"type": "object"}  # noqa: B009
