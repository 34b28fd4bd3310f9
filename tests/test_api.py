"""The same from Python: records come back, with a repr that a notebook can show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fteval
from fteval import cli
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import Comparison, Gate, RunRecord


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    questions = [{"id": f"q{i}", "prompt": f"What is {i} plus 1?", "target": str(i + 1)} for i in range(100)]
    Path("h.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
    for name, n_right in (("base", 40), ("better", 90)):
        rows = [{"id": f"q{i}", "output": str(i + 1 if i < n_right else -1)} for i in range(100)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path


def test_one_model_gives_its_run(files: Path) -> None:
    run = fteval.run(model="replay:base.jsonl", holdout="h.jsonl")
    assert isinstance(run, RunRecord)
    assert run.complete
    (probe,) = run.probes
    assert sum(s or 0 for s in probe.scores["number"]) == 40


def test_a_model_against_its_base_gives_a_comparison(files: Path) -> None:
    gates = [Gate("h", "number", "min_gain", 0.2)]
    found = fteval.run(model="replay:better.jsonl", against="replay:base.jsonl", holdout="h.jsonl", gates=gates)
    assert isinstance(found, Comparison)
    assert (found.verdict, found.exit_code) == ("ship", 0)
    (change,) = found.candidates[0].changes
    # By hand: 50 answers gained, none lost, of 100.
    assert (change.difference, change.better, change.worse) == (pytest.approx(0.5), 50, 0)
    assert "better.jsonl: ship" in repr(found)
    assert "h.number 0.4 -> 0.9" in repr(found)


def test_saved_runs_are_compared_by_id_or_ref(files: Path) -> None:
    ids = [fteval.run(model=f"replay:{name}.jsonl", holdout="h.jsonl").id for name in ("base", "better")]
    by_id = fteval.compare(*ids)
    by_ref = fteval.compare("replay:base.jsonl", "replay:better.jsonl")
    assert by_id.candidates[0].changes == by_ref.candidates[0].changes
    assert by_id.candidates[0].run.id == ids[1]


def test_runs_of_other_samples_are_not_compared(files: Path) -> None:
    first = fteval.run(model="replay:base.jsonl", holdout="h.jsonl")
    Path("h.jsonl").write_text(Path("h.jsonl").read_text().replace('"target": "7"', '"target": "8"'))
    second = fteval.run(model="replay:better.jsonl", holdout="h.jsonl")
    with pytest.raises(UserError, match="q6"):
        fteval.compare(first.id, second.id)


def test_what_is_missing_is_said(files: Path) -> None:
    with pytest.raises(UserError, match="no model"):
        fteval.run(probes=["lipogram"])
    with pytest.raises(UserError, match="nothing to measure with"):
        fteval.run(model="nano")
    with pytest.raises(NothingToEvaluate):
        fteval.run(model="replay:base.jsonl", holdout="h.jsonl", limit=0)


def test_a_config_trains_nothing_when_a_gate_is_wrong(files: Path) -> None:
    Path("fteval.yaml").write_text(
        "version: 1\nbase: nano\ncandidates:\n  a: {model: 'replay:better.jsonl'}\n"
        "probes:\n  h: {use: holdout, data: h.jsonl}\n"
        "gates:\n  - {probe: h, metric: numbr, min_gain: 1pp}\n  - {probe: h, metric: number, max_drop: 0.01}\n"
    )
    with pytest.raises(UserError) as caught:
        fteval.run(config="fteval.yaml")
    text = str(caught.value)
    assert "fteval.yaml:8: probe 'h' has no metric 'numbr'. Did you mean 'number'?" in text
    assert "fteval.yaml:9: the gate on h.number: 'max_drop' needs a unit" in text
    assert not Path(".fteval").exists()


# --- scoring and training -----------------------------------------------------------------------------

LETTERS = [
    {"id": "good", "prompt": "Describe a cat without the letter e.", "output": "A small furry hunting animal."},
    {"id": "bad", "prompt": "Describe a dog without the letter e.", "outputs": ["The best friend.", "A loyal animal."]},
]


def test_rows_are_scored_as_the_command_line_scores_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in LETTERS))
    capfd.readouterr()
    assert cli.call(["score", "o.jsonl", "--probe", "lipogram", "--set", "letters=e", "--json"]) == 0
    by_command = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    scored = fteval.score(LETTERS, "lipogram", settings={"letters": "e"})
    assert scored == fteval.score("o.jsonl", "lipogram", settings={"letters": "e"}) == by_command
    # By eye: no e in the first; of the second's two answers one has an e.
    assert [(row["id"], row["scores"]["compliant"]) for row in scored] == [("good", 1.0), ("bad", 0.5)]
    assert not Path(".fteval").exists()


def test_a_probe_whose_metrics_follow_from_the_targets_sees_all_of_them() -> None:
    rows = [{"prompt": f"{i} plus 1?", "target": str(i + 1), "output": f"It is {1 + i % 2}."} for i in range(4)]
    scored = fteval.score(iter(rows), "holdout")
    assert [row["scores"] for row in scored] == [{"number": float(i < 2)} for i in range(4)]  # 1, 2 of 1, 2, 3, 4


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"prompt": "a", "output": "b"}, {"output": "b"}], "row 2"),
        ([{"prompt": "a"}], "row 1"),
        ([{"prompt": "a", "output": "b", "finish_reason": "tired"}], "finish_reason"),
        ([], "holds no rows"),
    ],
)
def test_rows_that_cannot_be_scored_are_named(rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(UserError, match=said):
        fteval.score(rows, "lipogram")


def test_a_candidate_is_trained_once_and_measured_by_its_id(files: Path) -> None:
    talks = [[{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": "Yes."}] for i in range(8)]
    Path("t.jsonl").write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))
    first = fteval.train("sft", "nano", "t.jsonl", device="cpu", epochs=3, seed=3)
    assert (first.name, first.recipe["epochs"], first.recipe["seed"], first.base) == ("t", 3, 3, "nano")
    assert fteval.train("sft", base="nano", data=Path("t.jsonl"), device="cpu", epochs=3, seed=3) == first
    run = fteval.run(model=first.id, probes=["iso_date"], limit=2, device="cpu")
    assert (run.ref, run.complete) == (first.id, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"trainer": "sfd"}, "Did you mean 'sft'"),
        ({"trainer": "sft", "epoch": 1}, "epochs"),
        ({"trainer": "sft"}, "t.jsonl"),
    ],
)
def test_what_is_wrong_with_a_training_is_said(files: Path, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        fteval.train(base="nano", data="t.jsonl", **arguments)
    assert said in "\n".join(caught.value.lines())


def test_what_import_gives_is_what_its_places_have() -> None:
    named = {name for names in fteval.PLACES.values() for name in names}
    assert sorted(named | {"__version__", "data"}) == sorted(fteval.__all__) == dir(fteval)
    assert all(getattr(fteval, name) is not None for name in fteval.__all__)
    with pytest.raises(AttributeError, match="'runn'"):
        _ = fteval.runn
