"""Examples before the question: which, in what order, and never the answer itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alternatives_helpers import changed_by, config

import fteval
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message

ROWS = [
    ("a", "What is a dog?", "An animal."),
    ("b", "When was Romeo born?", "In 1990."),
    ("c", "When was Juliet born?", "In 1992."),
    ("d", "Where does the horse of the farmer live?", "On a farm."),
    ("e", "Name three green trees.", "Oak, elm, ash."),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": i, "prompt": q, "target": a}) + "\n" for i, q, a in ROWS))
    return path


def shown(pool: Pool, data: Path, question: str, **more: object) -> list[str]:
    """The contents of the turns before the question."""
    told = changed_by(pool.open("nano"), few_shot={"data": data, **more})
    turns = told.prompt([Message("user", question)]).messages
    assert [m.role for m in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"]
    assert turns[-1].content == question
    return [m.content for m in turns[:-1:2]]


def test_fixed_ones_are_the_first_of_the_file(pool: Pool, data: Path) -> None:
    assert shown(pool, data, "Explain gravity.", k=2) == ["What is a dog?", "When was Romeo born?"]


def test_the_question_itself_is_never_shown_however_it_is_written(pool: Pool, data: Path) -> None:
    assert shown(pool, data, "what is a  DOG ?", k=2) == ["When was Romeo born?", "When was Juliet born?"]
    for select in ("fixed", "diverse", "similar"):
        assert "When was Romeo born?" not in shown(pool, data, "When was Romeo born", k=4, select=select)


def test_similar_ones_stand_nearest_to_the_question(pool: Pool, data: Path) -> None:
    """BM25 by hand: 'horse' and 'farmer' are in one row, 'where', 'does', 'live' in the same one."""
    found = shown(pool, data, "Where does a cat of a farmer live?", k=3, select="similar")
    assert found[-1] == "Where does the horse of the farmer live?" and len(found) == 3
    assert shown(pool, data, "When was Mercutio born?", k=2, select="similar")[::-1] == [ROWS[1][1], ROWS[2][1]]


def test_diverse_ones_have_little_in_common(pool: Pool, data: Path) -> None:
    """Jaccard distance to all before: c shares three of five words with b, so that it comes last."""
    found = shown(pool, data, "Explain gravity.", k=4, select="diverse")
    assert found[0] == "What is a dog?" and "When was Juliet born?" not in found


def test_a_system_turn_and_a_prompt_stay_in_front(pool: Pool, data: Path) -> None:
    both = changed_by(pool.open("nano"), prompt="Be brief.", few_shot={"data": data, "k": 1})
    other = changed_by(pool.open("nano"), few_shot={"data": data, "k": 1}, prompt="Be brief.")
    talk = [Message("system", "You are kind."), Message("user", "Explain gravity.")]
    turns = both.prompt(talk).messages
    assert [m.role for m in turns] == ["system", "user", "assistant", "user"]
    assert turns[0].content == "Be brief.\n\nYou are kind." and other.prompt(talk).messages == turns


def test_which_were_shown_is_kept_with_the_answer_and_the_rows_are_the_identity(tmp_path: Path, data: Path) -> None:
    path = config(tmp_path, "{shots: {few_shot: {data: rows.jsonl, k: 2, select: similar}}}")
    run = fteval.run(config=path, store=tmp_path / "store", limit=3, reference="none").candidates[0].run
    kept = [json.loads(line)["how"]["shown"] for line in (Path(run.path) / "generations.jsonl").open()]
    assert kept and all(len(ids) == 2 and set(ids) <= {r[0] for r in ROWS} for ids in kept)
    data.write_text(data.read_text().replace("An animal.", "A pet."))
    again = fteval.run(config=path, store=tmp_path / "store", limit=3, reference="none").candidates[0].run
    assert again.reused == 0 and again.digest != run.digest


@pytest.mark.parametrize(
    ("rows", "settings", "says"),
    [
        (ROWS, {"k": 6}, "k is 6, and .* has 5 rows"),
        (ROWS, {"k": 0}, "from 1 to 256"),
        (ROWS, {"k": 2, "select": "near"}, "'select'"),
        ([("a", "What?", "")], {"k": 1}, "no answer to show"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    pool: Pool, tmp_path: Path, rows: list[tuple[str, str, str]], settings: dict[str, object], says: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": i, "prompt": q, "target": a}) + "\n" for i, q, a in rows))
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), few_shot={"data": path, **settings})


def test_a_file_that_is_not_there_is_said_with_its_path(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*nowhere\.jsonl"):
        changed_by(pool.open("nano"), few_shot={"data": tmp_path / "nowhere.jsonl"})


def test_the_question_is_not_shown_where_a_prompt_stands_before_it_in_the_same_turn(pool: Pool, data: Path) -> None:
    told = "Answer as briefly as you can, and say nothing that nobody has asked for."
    engine = changed_by(pool.open("nano"), few_shot={"data": data, "k": 2}, prompt={"text": told, "role": "user"})
    turns = engine.prompt([Message("user", "What is a dog?")]).messages
    assert turns[-1].content.startswith(told) and "An animal." not in [m.content for m in turns]


def test_the_question_is_not_shown_as_an_earlier_turn(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    said = ["What is a dog?", "An animal.", "And a cat?", "One, too."]
    turns = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(said)]
    path.write_text(json.dumps({"messages": turns}) + "\n" + json.dumps({"prompt": "Who?", "target": "Ann."}) + "\n")
    assert shown(pool, path, "What is a dog?", k=1) == ["Who?"]


def test_many_that_ask_nearly_the_same_take_no_place(pool: Pool, tmp_path: Path) -> None:
    path, asked = tmp_path / "near.jsonl", "Which river flows through the old town of Graz, and since when?"
    near = [{"prompt": f"{asked} {n}", "target": "The Mur."} for n in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*near, {"prompt": "Who?", "target": "Ann."}]))
    assert shown(pool, path, asked, k=1, select="similar") == ["Who?"]
