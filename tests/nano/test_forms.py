"""Questions of nano's world, as many as are wanted, and where a config or a command line asks for them."""

from __future__ import annotations

import json
import pkgutil
from pathlib import Path

import pytest

from fteval import cli, registry
from fteval.errors import UserError
from fteval.experiment.describe import experiment_of
from fteval.experiment.suite import build_suite
from fteval.nano import forms, holdouts
from fteval.records import Generation

OWN_FORMS = sorted(m.name for m in pkgutil.iter_modules(forms.__path__))
WITH_QUESTIONS = sorted({*holdouts.KEPT, *(n for n in OWN_FORMS if n not in holdouts.FORMS.values())})


@pytest.mark.parametrize("probe", WITH_QUESTIONS)
def test_more_questions_begin_with_the_fewer_and_every_one_can_be_judged(probe: str) -> None:
    few, many = holdouts.samples(probe, 40), holdouts.samples(probe, 120)
    assert few is not None and many is not None
    assert many[:40] == few and len({s.id for s in many}) == len({s.messages for s in many}) == 120
    made = registry.probe(probe)
    for sample in few:
        scores = made.score(sample, Generation(sample.id, text="It is a small house by the sea.", finish_reason="stop"))
        assert set(scores.values) == {m.name for m in made.metrics}


def test_a_probe_without_a_world_has_no_questions_and_a_small_world_says_how_many() -> None:
    assert holdouts.samples("holdout") is None
    with pytest.raises(UserError, match=r"812 questions for facts, not 9,000"):
        holdouts.samples("facts", 9000)


def asked(folder: Path, base: str, probes: str) -> list[str]:
    config = folder / "fteval.yaml"
    config.write_text(f"version: 1\nbase: {base}\nprobes: {probes}\n", encoding="utf-8")
    (probe,) = build_suite(experiment_of(config)).probes
    return [s.prompt_text for s in probe.samples]


def test_nano_is_asked_about_its_own_world_and_other_models_about_ours(tmp_path: Path) -> None:
    of_nano = asked(tmp_path, "nano", "{iso_date: {}}")
    assert of_nano == [s.prompt_text for s in holdouts.samples("iso_date") or []]
    for base in ("nano+out/sft", "ft:nano:local:dates:3f9a1c"):
        assert asked(tmp_path, base, "{iso_date: {}}") == of_nano
    assert asked(tmp_path, "hf:Qwen/Qwen2.5-0.5B-Instruct", "{iso_date: {}}") == [
        s.prompt_text for s in registry.probe("iso_date").samples()
    ]


@pytest.mark.parametrize("probe", sorted(holdouts.KNOWN_TO_NANO))
def test_what_only_nano_can_know_is_asked_of_no_other_model(tmp_path: Path, probe: str) -> None:
    assert len(asked(tmp_path, "nano", f"{{{probe}: {{data: 'nano:5'}}}}")) >= 5
    with pytest.raises(UserError, match="which no other model can know"):
        asked(tmp_path, "hf:a/b", f"{{{probe}: {{data: 'nano:5'}}}}")


def test_another_language_is_asked_of_nano_too_where_somebody_wants_it(tmp_path: Path) -> None:
    assert "Was ist die Hauptstadt von Italien?" in asked(tmp_path, "nano", "{facts: {language: de}}")


def test_a_config_and_a_command_line_say_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(asked(tmp_path, "hf:a/b", "{laziness: {data: 'nano:25'}}")) == 25
    assert len(asked(tmp_path, "nano", "{facts: {data: nano}}")) == 812
    (tmp_path / "fteval.yaml").unlink()
    args = ["run", "--model", "nano", "--probe", "facts", "--dry-run", "--json"]
    for data, n in (("nano:30", 30), ("rows.jsonl", 2)):
        rows = "".join(json.dumps({"prompt": f"Where is {i}?", "target": "here"}) + "\n" for i in range(2))
        (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
        capsys.readouterr()
        assert cli.call([*args, "--set", f"data={data}"]) == 0
        assert json.loads(capsys.readouterr().out)["models"][0]["answers"] == n


@pytest.mark.parametrize("data", ["nano:0", "nano:x", "nano:-3", "nano:"])
def test_no_number_is_a_file_that_is_not_there(tmp_path: Path, data: str) -> None:
    with pytest.raises(UserError, match="no file"):
        asked(tmp_path, "nano", f"{{facts: {{data: '{data}'}}}}")


def test_a_probe_that_nano_has_no_questions_for_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no questions for 'holdout'"):
        asked(tmp_path, "nano", "{mine: {use: holdout, data: nano}}")


def test_what_only_nano_can_know_is_refused_for_other_models(tmp_path: Path) -> None:
    for probe in sorted(holdouts.KNOWN_TO_NANO):
        with pytest.raises(UserError, match="no other model can know") as refused:
            asked(tmp_path, "hf:a/b", f"{{{probe}: {{data: nano}}}}")
        assert "leave 'data' out" in (refused.value.fix or "")
        own = asked(tmp_path, "hf:a/b", f"{{{probe}: {{}}}}")
        assert own and not set(own) & set(asked(tmp_path, "nano", f"{{{probe}: {{}}}}"))
