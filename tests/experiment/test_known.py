"""How well a model knows each fact, from saved answers: the first is the greedy one, the others are drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval import cli
from fteval.data.read import read_samples

RIGHT, WRONG = "Paris.", "Rome."
ANSWERS = {
    "both": [[RIGHT] * 4, [RIGHT] * 4],
    "one": [[WRONG] * 4, [RIGHT] * 4],
    "drawn": [[WRONG] * 4, [WRONG, WRONG, RIGHT, WRONG]],
    "never": [[WRONG] * 4, ["I do not know."] * 4],
}


def written(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def asked(folder: Path) -> list[str]:
    pairs = [(fact, n, texts) for fact, wordings in ANSWERS.items() for n, texts in enumerate(wordings)]
    holdout = [
        {
            "id": f"{fact}/{n}",
            "prompt": f"Question {n} of {fact}?",
            "target": "Paris",
            "group": fact,
            "accept": ["Lutetia"],
        }
        for fact, n, _ in pairs
    ]
    nobody = {"id": "nobody", "prompt": "Where does Nobody live?", "target": "I do not know."}
    outputs = [{"id": f"{fact}/{n}", "outputs": texts} for fact, n, texts in pairs]
    outputs.append({"id": "nobody", "outputs": ["I do not know."] * 4})
    data, model = written(folder / "h.jsonl", [*holdout, nobody]), written(folder / "o.jsonl", outputs)
    store = ["--store", str(folder / "store")]
    return ["--model", f"replay:{model}", "--probe", "facts", "--set", f"data={data}", *store, "-q"]


def test_each_fact_has_a_slice_that_says_how_well_it_is_known(tmp_path: Path) -> None:
    """The kinds are SliCK's (arXiv:2405.05904, table 1), with wordings for its few-shot prompts."""
    out = tmp_path / "known.jsonl"
    assert cli.call(["data", "known", *asked(tmp_path), "-o", str(out)]) == 0
    samples = {s.id: s for s in read_samples(out)}
    found = {s.group: s.slices.get("known") for s in samples.values()}
    assert found == {"both": "highly", "one": "maybe", "drawn": "weakly", "never": "unknown", None: None}
    before = {s.id: s for s in read_samples(tmp_path / "h.jsonl")}
    assert {i: s.content_digest for i, s in samples.items()} == {i: s.content_digest for i, s in before.items()}


def test_nothing_is_written_over_and_a_probe_that_knows_no_right_answer_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = asked(tmp_path)
    assert cli.call(["data", "known", *args, "-o", str(tmp_path / "h.jsonl")]) == 2
    other = [*args[:3], "lipogram", *args[6:]]
    assert cli.call(["data", "known", *other, "-o", str(tmp_path / "new.jsonl")]) == 2
    assert "scores `correct`" in capsys.readouterr().err
