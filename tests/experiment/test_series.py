"""A candidate that is trained several times: which trainings there are, on which rows, for how long."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fteval import cli
from fteval.errors import UserError
from fteval.experiment.check import checked
from fteval.experiment.describe import experiment_of
from fteval.experiment.experiment import Experiment
from fteval.experiment.series import chosen
from fteval.runs.journal.store import Store

Write = Callable[..., Experiment]


def rows(n: int, word: str = "date") -> str:
    turns = [
        {"messages": [{"role": "user", "content": f"{word} {i}?"}, {"role": "assistant", "content": str(i)}],
         "slices": {"kind": "even" if i % 2 == 0 else "odd"}}
        for i in range(n)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in turns)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """An experiment with this candidate `a`, on 40 rows of t.jsonl and 16 of u.jsonl."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text(rows(40))
    (tmp_path / "u.jsonl").write_text(rows(16, "town"))

    def made(candidate: str, more: str = "") -> Experiment:
        text = f"version: 1\nbase: nano\ncandidates:\n  a: {{train: sft, {candidate}}}\nprobes: {{laziness: {{}}}}\n"
        (tmp_path / "fteval.yaml").write_text(text + more)
        return experiment_of(None)

    return made


def files(experiment: Experiment, store: Path = Path(".fteval")) -> dict[str, list[str]]:
    found = chosen(experiment, Store(store)).candidates
    return {name: use.data.read_text().splitlines() for name, use in found.items() if use.data is not None}


def test_each_size_and_seed_is_a_candidate_and_smaller_sets_lie_within_larger_ones(write: Write) -> None:
    experiment = write("data: t.jsonl, sizes: [16, 4], seeds: 2")
    checked(experiment)
    found = files(experiment)
    assert list(found) == ["a-4-s0", "a-4-s1", "a-16-s0", "a-16-s1"]
    for turn in ("s0", "s1"):
        assert found[f"a-16-{turn}"][:4] == found[f"a-4-{turn}"]
    assert found["a-4-s0"] != found["a-4-s1"]
    assert [u.recipe.get("seed", 0) for u in experiment.candidates.values()] == [0, 1, 0, 1]


def test_the_same_rows_are_chosen_again_so_that_what_was_trained_is_found(write: Write, tmp_path: Path) -> None:
    experiment = write("data: t.jsonl, sizes: [4, 8], seeds: 3")
    assert files(experiment) == files(experiment, tmp_path / "another")


@pytest.mark.parametrize(
    ("recipe", "steps"),
    [
        ("sizes: [8, 32]", {"max_steps": 60}),  # 32 rows: 15 times 4 batches of 8
        ("sizes: [8, 32], max_steps: 7", {"max_steps": 7}),
        ("sizes: [8, 32], epochs: 2", {"epochs": 2}),
        ("sizes: [8, 32], batch_size: 16", {"max_steps": 30}),
    ],
)
def test_all_sizes_take_the_steps_of_the_largest_where_the_recipe_does_not_say(
    write: Write, recipe: str, steps: dict[str, int]
) -> None:
    found = chosen(write(f"data: t.jsonl, {recipe}"), Store(Path(".fteval"))).candidates
    length = ("max_steps", "epochs")
    assert [{k: v for k, v in use.recipe.items() if k in length} for use in found.values()] == [steps, steps]


@pytest.mark.parametrize(
    ("recipe", "alone", "together"),
    [("", {"epochs": 12.0}, {"epochs": 12.0}), ("max_steps: 5", {"max_steps": 5}, {"max_steps": 10})],
)
def test_tasks_see_each_row_as_often_alone_as_together(
    write: Write, recipe: str, alone: dict[str, float], together: dict[str, float]
) -> None:
    experiment = chosen(write(f"tasks: [t.jsonl, u.jsonl], {recipe}"), Store(Path(".fteval")))
    length = ("epochs", "max_steps")
    found = {
        name: {key: value for key, value in use.recipe.items() if key in length}
        for name, use in experiment.candidates.items()
    }
    assert found == {"a-t-s0": alone, "a-u-s0": alone, "a-together-s0": together}
    assert [(m.kind, m.part, m.rows) for m in experiment.members.values()] == [
        ("tasks", "t", 40), ("tasks", "u", 16), ("tasks", "together", 56),
    ]  # fmt: skip


def test_picks_are_compared_at_one_size(write: Write) -> None:
    found = files(write("data: t.jsonl, sizes: 10, pick: [clustered, spread], by: kind"))
    share = {n: sum('"kind": "even"' in line for line in lines) for n, lines in found.items()}
    assert share["a-clustered-s0"] in (0, 10) and share["a-spread-s0"] == 5


def test_the_record_of_a_part_names_its_rows(write: Write) -> None:
    (use,) = chosen(write("data: t.jsonl, sizes: [3]"), Store(Path(".fteval"))).candidates.values()
    assert use.part is not None
    record = use.part.record
    assert len(record["rows"]) == 3 and all(place.startswith("t.jsonl:") for place in record["rows"])
    assert (record["of"], record["pick"], record["turn"]) == (["t.jsonl"], "random", 0)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ("data: t.jsonl, sizes: [8, 64]", "64 rows are asked for, and there are 40"),
        ("data: t.jsonl, sizes: [8, 8]", "the size 8 is given twice"),
        ("data: t.jsonl, sizes: [0]", "greater than or equal to 1"),
        ("data: t.jsonl, seeds: 0", "greater than or equal to 1"),
        ("data: t.jsonl, pick: spread", "'pick' chooses so many rows: say how many with 'sizes'"),
        ("data: t.jsonl, sizes: [4, 8], pick: [spread, random]", "are compared at one size, found sizes 4, 8"),
        ("data: t.jsonl, sizes: [8], by: topic", "40 of 40 rows have no 'topic'"),
        ("data: t.jsonl, sizes: [8], margin: 5", "'margin' is in points, as in 5pp"),
        ("tasks: [t.jsonl]", "'tasks' needs two files or more"),
        ("tasks: [t.jsonl, none.jsonl]", "no file .*none.jsonl"),
        ("tasks: [t.jsonl, ./t.jsonl]", "given twice|each by another name"),
        ("tasks: [t.jsonl, same.jsonl]", "t.jsonl and same.jsonl hold the same rows"),
        ("tasks: [t.jsonl, together.jsonl]", "none 'together'"),
        ("tasks: [t.jsonl, u.jsonl], data: t.jsonl", "'tasks' are the files to learn from"),
        ("tasks: [t.jsonl, u.jsonl], sizes: [4]", "'tasks' are trained on whole"),
        ("sizes: [4]", "needs data"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is(write: Write, candidate: str, said: str) -> None:
    for name in ("same.jsonl", "together.jsonl"):
        Path(name).write_text(rows(40))
    with pytest.raises(UserError, match=said):
        checked(write(candidate))


def test_a_name_that_two_trainings_would_have_is_an_error(write: Write) -> None:
    with pytest.raises(UserError, match="'a-4-s0' is the name of two candidates"):
        write("data: t.jsonl, sizes: [4]}\n  a-4-s0: {train: sft, data: t.jsonl")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--sizes 4,x --probe laziness", "--sizes are whole numbers, found '4,x'"),
        ("--sizes 0,4 --probe laziness", "greater than or equal to 1, found 0"),
        ("--sizes 4,64 --probe laziness", "64 rows are asked for, and there are 40"),
        ("--sizes 4,8", "nothing to measure with"),
        ("--tasks t.jsonl,u.jsonl --probe laziness", "--tasks are the files to learn from"),
        ("--probe laziness", "measure a series"),
        ("--seeds 99 --probe laziness", "less than or equal to 20"),
    ],
)
def test_what_was_typed_wrong_is_said_before_anything_is_trained(write: Write, words: str, said: str) -> None:
    write("data: t.jsonl")
    Path("fteval.yaml").unlink()
    done = CliRunner().invoke(cli.group, ["train", "sft", "--base", "nano", "--data", "t.jsonl", *words.split()])
    assert isinstance(done.exception, UserError) and said in str(done.exception)
    assert not Path(".fteval/candidates").exists() or not any(Path(".fteval/candidates").iterdir())


@pytest.mark.slow
def test_a_series_is_trained_measured_and_gone_on_with(write: Write, tiny_model: Path, tmp_path: Path) -> None:
    """On a tiny model: every training is a registered candidate with its rows, and none is made twice."""
    write("data: t.jsonl")
    asked = "".join(json.dumps({"prompt": f"date {i}?", "target": str(i)}) + "\n" for i in range(38, 46))
    Path("asked.jsonl").write_text(asked)
    words = f"train sft --base {tiny_model} --data t.jsonl --name a --sizes 2,4 --seeds 1 --set max_steps=2"
    words += " --holdout asked.jsonl --store s -o curve.md -o verdict.json"
    Path("fteval.yaml").unlink()
    done = CliRunner().invoke(cli.group, words.split())
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert "2 of 8 hold-out prompts of 'asked' are in t.jsonl" in done.output  # before the first step
    made = {file: file.stat().st_mtime_ns for file in Path("s/candidates").glob("*/candidate.json")}
    parts = [json.loads(file.read_text()) for file in sorted(made)]
    assert [part["name"] for part in parts] == ["a-2-s0", "a-4-s0"]
    chosen_rows = {part["name"]: part["data"]["part"]["rows"] for part in parts}
    assert chosen_rows["a-4-s0"][:2] == chosen_rows["a-2-s0"]
    (series,) = json.loads(Path("verdict.json").read_text())["series"]
    assert series["candidates"] == ["a-2-s0", "a-4-s0"] and series["enough"] is None
    assert "How many examples are enough: a, one training of each, 2 steps each" in Path("curve.md").read_text()
    CliRunner().invoke(cli.group, words.split())
    assert {file: file.stat().st_mtime_ns for file in Path("s/candidates").glob("*/candidate.json")} == made
