"""What is made of a row says the same truth as the row, says where it comes from, and comes near no hold-out."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.commands.data_amplify import disturbed
from fteval.data.amplify.amplify import Wanted, amplify
from fteval.data.amplify.rows import Source, sources
from fteval.data.amplify.slots import slots
from fteval.data.amplify.ways import Backs, Paraphrased, Way, back
from fteval.errors import UserError
from fteval.evals.language.typos import DISTURBANCES

BORN = {"id": "born", "prompt": "Ann was born on 14 March 1990. When was she born?", "target": "1990-03-14"}
HALL = {"prompt": 'The hall "Graz" opened on 2 May 1991. When did it open?', "target": "1991-05-02"}
DAYS = "day=14 March 1990|1990-03-14,2 May 1991|1991-05-02,3 June 2001|2001-06-03"


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def given(tmp_path: Path, *rows: Any) -> list[Source]:
    return sources(written(tmp_path / "g.jsonl", *rows))


def made(tmp_path: Path, way: Way, *rows: Any, each: int = 9) -> list[tuple[str, str | None]]:
    found = amplify(given(tmp_path, *rows), [way], [], Wanted(each))
    return [(one.row.prompt, one.row.answer) for one in found.made]


def test_a_value_is_replaced_in_prompt_and_answer_each_form_by_its_own(tmp_path: Path) -> None:
    assert sorted(made(tmp_path, slots([DAYS]), BORN)) == [
        ("Ann was born on 2 May 1991. When was she born?", "1991-05-02"),
        ("Ann was born on 3 June 2001. When was she born?", "2001-06-03"),
    ]


def test_places_in_braces_are_filled_and_no_row_keeps_them(tmp_path: Path) -> None:
    template = {"prompt": "Translate {word} into German.", "target": "{word.2}"}
    file = written(tmp_path / "t.jsonl", template)
    assert amplified(file, tmp_path / "o.jsonl", "--slots", "word=dog|Hund,cat|Katze", "--each", "9") == 0
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    said = sorted((row["messages"][0]["content"], row["messages"][1]["content"]) for row in rows)
    assert said == [("Translate cat into German.", "Katze"), ("Translate dog into German.", "Hund")]


def test_a_letter_may_follow_a_place_and_a_template_is_neither_disturbed_nor_counted(tmp_path: Path) -> None:
    template = {"prompt": "How many metres are {n}km, in figures?", "target": "{n}000"}
    file = written(tmp_path / "t.jsonl", BORN, template)
    args = ["--slots", "n=2,3", "--disturb", "lower_case", "--rows", "4"]
    assert amplified(file, tmp_path / "o.jsonl", *args) == 0
    rows = [json.loads(line)["messages"] for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    said = sorted((asked["content"], told["content"]) for asked, told in rows)
    assert said == [
        (BORN["prompt"], "1990-03-14"),
        ("How many metres are 2km, in figures?", "2000"),
        ("How many metres are 3km, in figures?", "3000"),
        (BORN["prompt"].lower(), "1990-03-14"),
    ]


def test_a_place_of_a_form_that_no_value_has_is_an_error(tmp_path: Path) -> None:
    template = {"prompt": "Translate {word} into German.", "target": "{word.3}"}
    with pytest.raises(UserError, match=r"\{word\.3\}, and the values of 'word' have 2 forms"):
        made(tmp_path, slots(["word=dog|Hund,cat|Katze"]), template)


def test_what_another_row_says_already_is_not_made_again(tmp_path: Path) -> None:
    rows = [{"prompt": f"{name} waves. Who waves?", "target": name} for name in ("Ann", "Ben")]
    (found,) = made(tmp_path, slots(["name=Ann,Ben,Cem"]), *rows)
    assert found == ("Cem waves. Who waves?", "Cem")


def test_what_belongs_together_still_does(tmp_path: Path) -> None:
    """By the keys that a split reads, which keep their values: another name for a group would part a conversation."""
    talk = [{"prompt": f"Say {n} again, please.", "target": n, "conversation_id": "Ann 7"} for n in ("one", "two")]
    file = written(tmp_path / "t.jsonl", *talk, {**BORN, "group": 0})
    assert amplified(file, tmp_path / "o.jsonl", "--disturb", "typos", "--slots", "name=Ann,Ben", "--each", "1") == 0
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [(row.get("conversation_id"), row.get("group")) for row in rows] == [
        *[("Ann 7", None)] * 2, (None, 0), (None, 0), *[("Ann 7", None)] * 2, (None, 0)
    ]  # fmt: skip


def test_a_row_with_tools_is_refused_with_the_line_that_makes_it_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"function": {"name": "weather", "arguments": "{}"}, "type": "function"}
    turns = [{"role": "user", "content": "Rain?"}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    file = written(tmp_path / "t.jsonl", {"messages": turns})
    assert amplified(file, tmp_path / "o.jsonl", "--disturb", "typos") == 2
    told = capsys.readouterr().err
    assert "t.jsonl:1: messages[1].tool_calls" in told and "fteval data convert" in told and "--plain" in told


def test_part_of_a_word_is_no_value_and_what_judges_changes_with_the_row(tmp_path: Path) -> None:
    row = {"prompt": "Say Ann, not Anna.", "target": "Ann", "metadata": {"accept": ["Ann!", "Anna"]}}
    (one,) = amplify(given(tmp_path, row), [slots(["name=Ann,Ben"])], [], Wanted()).made
    assert one.row.prompt == "Say Ben, not Anna." and one.row.answer == "Ben"
    assert one.one.more["metadata"] == {"accept": ["Ben!", "Anna"]}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_disturbed_prompt_keeps_its_answer_and_what_the_answer_rests_on(tmp_path: Path, name: str) -> None:
    rows = [BORN, HALL, {"prompt": "When did it open? On the 3 June 2001", "target": "2001-06-03"}]
    found = made(tmp_path, disturbed(name), *rows)
    assert found and {answer for _, answer in found} <= {row["target"] for row in rows}
    for prompt, answer in found:
        assert str(answer)[:4] in prompt  # the year


def test_what_was_converted_is_asked_back(tmp_path: Path) -> None:
    row = {"prompt": "Write as YAML:\n<a>1</a>\n", "target": "a: 1"}
    other = {"prompt": "Write as JSON:\n<a>1</a>\n", "target": '{"a": 1}'}
    assert made(tmp_path, Backs([back(r"Write as YAML:\n{} => Write as XML:\n{}")]), row, other) == [
        ("Write as XML:\na: 1", "<a>1</a>")
    ]
    with pytest.raises(UserError, match="with one"):
        back("Write as YAML: {}")


PARAPHRASES = {
    "On which day was Ann, born 14 March 1990, brought into the world?": None,
    "Ann was born on 14 March 1990. When was she born??": "nearly as it was",
    "On which day in 1990 was Ann born?": "loses a number",
    "She was born on 14 March 1990, so on which day?": None,  # "Ann" begins the sentence: no name that can be known
    "When was Ann born, 14 March 1990 or 1990-03-14?": "says the answer",
    "Ann was born on 14 March 1990.": "asks otherwise: a question has become none",
    "14 March 1990?": "much longer or shorter",
    "": "an empty prompt",
}


def test_other_words_are_left_out_where_they_ask_something_else(tmp_path: Path) -> None:
    for text, why in PARAPHRASES.items():
        (source,) = given(tmp_path, BORN)
        found = amplify([source], [Paraphrased({source.where: [text]}, "m")], [], Wanted())
        assert [one.row.prompt for one in found.made] == ([] if why else [text]), text
        assert why is None or ("paraphrase", why) in found.left_out, (text, found.left_out)


def test_a_name_inside_a_sentence_and_a_quoted_text_are_kept(tmp_path: Path) -> None:
    (source,) = given(tmp_path, {**HALL, "prompt": 'When did Ann open the hall "Graz", please tell me?'})
    texts = ['When was the hall "Graz" opened, tell me?', "When was the hall opened by Ann, tell me?"]
    found = amplify([source], [Paraphrased({source.where: texts}, "m")], [], Wanted())
    assert not found.made
    (single,) = given(tmp_path, {"prompt": "Please translate 'good morning' into German.", "target": "Guten Morgen"})
    lost = amplify([single], [Paraphrased({single.where: ["Put this into German, please."]}, "m")], [], Wanted())
    assert not lost.made and ("paraphrase", "loses a quoted text") in lost.left_out
    assert {("paraphrase", "loses a name"), ("paraphrase", "loses a quoted text")} <= found.left_out.keys()


def amplified(file: Path, out: Path, *args: str) -> int:
    return cli.call(["data", "amplify", str(file), "-o", str(out), "-q", *args])


def test_the_same_seed_makes_the_same_file_and_each_row_says_its_source(tmp_path: Path) -> None:
    file = written(tmp_path / "t.jsonl", BORN, HALL)
    (tmp_path / "elsewhere").mkdir()
    moved = file.rename(tmp_path / "elsewhere" / file.name)
    written(file, BORN, HALL)
    for name, of, seed in (("a", file, "1"), ("b", moved, "1"), ("c", file, "2")):
        assert amplified(of, tmp_path / name, "--disturb", "all", "--seed", seed) == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c
    rows = [json.loads(line) for line in a.decode().splitlines()]
    assert [row["messages"][0]["content"] for row in rows[:2]] == [BORN["prompt"], HALL["prompt"]]
    assert [row["metadata"]["from"] for row in rows[2:]] == ["born"] * 2 + ["t.jsonl:2"] * 2
    assert all(row["metadata"]["how"].startswith("disturb ") and "id" not in row for row in rows[2:])
    assert [row["group"] for row in rows] == ["born", "t.jsonl:2", *["born"] * 2, *["t.jsonl:2"] * 2]


def test_nothing_comes_near_a_hold_out_and_a_hold_out_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "t.jsonl", BORN)
    other = {"prompt": BORN["prompt"].replace("14 March 1990", "2 May 1991"), "target": "1991-05-02"}
    held = written(tmp_path / "h.jsonl", other)
    holdout = ["--holdout", str(held)]
    assert cli.call(["data", "amplify", str(file), "-o", str(tmp_path / "o"), "--slots", DAYS, *holdout, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["made"] == {"slots": 1}
    assert told["left_out"] == [{"way": "slots", "why": "stands in a hold-out, or nearly", "n": 1}]
    assert amplified(held, tmp_path / "p", "--disturb", "all", *holdout) == 2
    assert "this is a hold-out" in capsys.readouterr().err
    leak = written(tmp_path / "l.jsonl", HALL, json.loads(held.read_text()))
    assert amplified(leak, tmp_path / "p", "--disturb", "all", *holdout) == 2
    assert "l.jsonl:2" in capsys.readouterr().err and not (tmp_path / "p").exists()


def test_made_rows_in_a_hold_out_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(0)
    rows = [{"prompt": f"Where is number {rng.random()} kept?", "target": f"In box {i}."} for i in range(20)]
    file = written(tmp_path / "t.jsonl", *rows)
    assert amplified(file, tmp_path / "o.jsonl", "--disturb", "typos", "--each", "1") == 0
    assert cli.call(["data", "split", str(tmp_path / "o.jsonl"), "-o", str(tmp_path / "parts")]) == 0
    assert "outside train made of others" in capsys.readouterr().err
    held = str(tmp_path / "parts/holdout.jsonl")
    cli.call(["data", "check", str(tmp_path / "parts/train.jsonl"), "--holdout", held])
    assert "were made of others" in capsys.readouterr().out


WRONG = {
    "no way": (["--each", "2"], "--slots, --disturb"),
    "no disturbance": (["--disturb", "typoz"], "typos"),
    "one value": (["--slots", "name=Ann"], "two or more values"),
    "other forms": (["--slots", "d=a|b,c"], "has 1 forms"),
    "no file": (["--slots", "no.yaml"], "No such file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    args, told = WRONG[case]
    assert amplified(written(tmp_path / "t.jsonl", BORN), tmp_path / "o.jsonl", *args) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "o.jsonl").exists()


def test_values_come_from_yaml_too(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: [Ann, Ben]\nday: [[14 March 1990, 1990-03-14], [2 May 1991, 1991-05-02]]\n")
    found = made(tmp_path, slots([str(tmp_path / "s.yaml")]), BORN)
    assert ("Ben was born on 14 March 1990. When was she born?", "1990-03-14") in found and len(found) == 2
