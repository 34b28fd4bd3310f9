"""Rows come out as they went in, in another form; what does not get through is listed with its line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.data.chat import read_conversations
from fteval.data.preferences import read_pairs
from fteval.data.texts import read_texts

ASK, SAY = {"role": "user", "content": 'Who wrote\n"Emma"?'}, {"role": "assistant", "content": "Austen, é 東"}
ROW = {"messages": [ASK, SAY]}


def convert(tmp_path: Path, content: str | bytes, *flags: str, name: str = "in.jsonl", out: str = "out.jsonl") -> Any:
    """The rows of the new file and the exit code."""
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (tmp_path / out).unlink(missing_ok=True)
    code = cli.call(["data", "convert", str(tmp_path / name), "-o", str(tmp_path / out), *flags])
    made = tmp_path / out
    return code, [json.loads(line) for line in made.read_text().splitlines()] if made.exists() else None


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("form", ["prompt", "completion", "alpaca", "alpaca-text", "sharegpt"])
@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".tsv", ".parquet"])
def test_a_row_comes_back_from_every_form_as_it_was(tmp_path: Path, form: str, ending: str) -> None:
    pytest.importorskip("pyarrow") if ending == ".parquet" else None
    (tmp_path / "a.jsonl").write_text(lines(ROW))
    there, back = str(tmp_path / f"b{ending}"), str(tmp_path / "c.jsonl")
    assert cli.call(["data", "convert", str(tmp_path / "a.jsonl"), "--to", form, "-o", there]) == 0
    assert cli.call(["data", "convert", there, "-o", back]) == 0
    assert [json.loads(line) for line in Path(back).read_text().splitlines()] == [ROW]


@pytest.mark.parametrize("form", ["pairs", "hosted-pairs"])
def test_preferences_are_read_by_their_trainer_in_both_styles(tmp_path: Path, form: str) -> None:
    row = {"chosen": [*ROW["messages"]], "rejected": [ASK, {"role": "assistant", "content": "Bach"}]}
    code, _ = convert(tmp_path, lines(row), "--to", form)
    (pair,) = read_pairs(tmp_path / "out.jsonl")
    assert code == 0 and pair == {
        "prompt": [ASK],
        "chosen": [SAY],
        "rejected": row["rejected"][1:],
    }


def test_texts_are_parted_by_empty_lines_and_learnt_as_texts(tmp_path: Path) -> None:
    code, rows = convert(tmp_path, "One\ntwo.\r\n\r\n\r\nThree.", "--to", "text", name="in.txt")
    assert code == 0 and [row["text"] for row in rows] == ["One\ntwo.", "Three."]
    assert len(read_texts(tmp_path / "out.jsonl")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "<|im_start|>user\nHi?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n",
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nYes.<|eot_id|>",
        "<bos><start_of_turn>user\nHi?<end_of_turn>\n<start_of_turn>model\nYes.<end_of_turn>\n",
        "<|user|>\nHi?</s>\n<|assistant|>\nYes.</s>\n",
        "\n\nHuman: Hi?\n\nAssistant: Yes.",
        "Below is an instruction.\n\n### Instruction:\nHi?\n\n### Response:\nYes.",
    ],
    ids=["ChatML", "Llama 3", "Gemma", "Zephyr", "HH-RLHF", "Alpaca"],
)
def test_a_text_that_a_template_made_becomes_turns_again(tmp_path: Path, text: str) -> None:
    _, rows = convert(tmp_path, lines({"text": text}))
    assert rows == [{"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."}]}]


LOGS = [
    {"request": {"model": "m", "messages": [ASK]}, "response": {"choices": [{"message": SAY}]}},
    {"input": {"messages": [ASK]}, "output": SAY},
    {"inputs": {"messages": [ASK]}, "outputs": {"messages": ROW["messages"]}},
    {"input": [ASK], "output": SAY["content"]},
]  # fmt: skip


@pytest.mark.parametrize("row", LOGS, ids=["a proxy", "a tracer", "another tracer", "flat"])
def test_a_logged_request_is_a_conversation(tmp_path: Path, row: Any) -> None:
    _, rows = convert(tmp_path, lines(row))
    assert rows == [ROW]


def test_keys_are_named_where_nobody_could_guess_them(tmp_path: Path) -> None:
    code, rows = convert(tmp_path, "q;a;n\nWhy?;So.;7\n", "--prompt", "q", "--target", "a", name="in.csv")
    assert code == 0 and rows[0]["n"] == "7"
    assert read_conversations(tmp_path / "out.jsonl")[0]["completion"][0]["content"] == "So."


def test_every_row_that_fails_is_listed_with_its_line_and_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (
        lines({"prompt": "a?", "target": "b"})
        + '{"prompt": "cut\n'
        + lines({"question": "c?", "answer": "d"}, {"x": 1}, [1], {"conversations": [{"from": "robot", "value": "x"}]})
    )
    code, rows = convert(tmp_path, content.encode() + b'{"prompt": "\xff", "target": "b"}\n')
    listed = capsys.readouterr().err
    assert code == 3 and [row["messages"][0]["content"] for row in rows] == ["a?", "c?"]
    for line in (2, 4, 5, 6, 7):
        assert f"in.jsonl:{line}: " in listed
    assert "out.jsonl: 5 rows" in listed


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("a:b\n1:2\n", [], "one column alone"),
        ("a,b\n1,2\n", ["--delimiter", "xy"], "one character"),
        ("question;answer\n1,2;3\n", ["--delimiter", ","], "--delimiter ';'"),
        ("question\tanswer\n1\t3\n", ["--delimiter", ","], "--delimiter tab"),
        ('question,answer\n{"prompt":"a","target":"b"}\n', [], "in.csv:2: a line of JSON in a table"),
        ("question,question\n1,2\n", [], "without a name"),
        ("question,answer\n", [], "no rows"),
        ("question,answer\na,b\n", ["--encoding", "klingon"], "no encoding named"),
        ("question,answer\na,b\n", ["--filter", "e in assistant"], "is no rule"),
        ("question,answer\na,b\n", ["--replace", "Romeo"], "OLD=NEW"),
        ("question,answer\na,b\n", ["--filter", "letter e in assistant"], "a filter left all 1 out"),
        (b"\x1f\x8b\x08\x00", [], "gzip"),
        (b"PAR1 and nothing else", [], "Parquet"),
        ("question,answer\n\xe9,b\n".encode("latin-1"), [], "--encoding windows-1252"),
    ],
)  # fmt: skip
def test_what_cannot_work_writes_nothing_and_says_why(
    tmp_path: Path, content: Any, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = convert(tmp_path, content, *flags, name="in.csv")
    assert (code, rows) == (2, None) and message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]


def test_a_row_of_a_table_with_too_many_cells_is_a_problem_of_that_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = convert(tmp_path, "question,answer\na,b\nc,d,e\n\nf,g\n", name="in.csv")
    assert code == 3 and len(rows) == 2 and "in.csv:3: 3 cells" in capsys.readouterr().err


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(ROW))
    assert cli.call(["data", "convert", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / "a.jsonl")]) == 2
    assert json.loads((tmp_path / "a.jsonl").read_text()) == ROW


def answers(rows: Any) -> list[str]:
    return [row["messages"][-1]["content"] for row in rows]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("no letter e in assistant", ["A dog.", "Bring a map, a can, and a hat, Bob."]),
        ("letter e in assistant", ["Thé.", "Romeo met ROMEO, not Romeos."]),
        ("word map in assistant", ["Bring a map, a can, and a hat, Bob."]),
        ("no text 'a ma' in assistant", ["A dog.", "Thé.", "Romeo met ROMEO, not Romeos."]),
        ("longer than 3 words in assistant", ["Romeo met ROMEO, not Romeos.", "Bring a map, a can, and a hat, Bob."]),
        ("shorter than 2 words in assistant", ["Thé."]),
        ("regex ^[AT] in assistant", ["A dog.", "Thé."]),
    ],
)
def test_a_filter_keeps_what_its_rule_says(tmp_path: Path, rule: str, kept: list[str]) -> None:
    said = ["A dog.", "Thé.", "Romeo met ROMEO, not Romeos.", "Bring a map, a can, and a hat, Bob."]
    _, rows = convert(tmp_path, lines(*({"prompt": "Tell me", "target": text} for text in said)), "--filter", rule)
    assert answers(rows) == kept


def test_a_name_is_replaced_as_a_whole_word_everywhere(tmp_path: Path) -> None:
    row = {"prompt": "Who loves Romeo?", "target": "Romeo's Juliet; ROMEO, not Romeos."}
    _, rows = convert(tmp_path, lines(row), "--replace", "Romeo=Bob")
    assert [t["content"] for t in rows[0]["messages"]] == ["Who loves Bob?", "Bob's Juliet; BOB, not Romeos."]


def test_scrambled_marks_stand_where_marks_stood_and_are_others(tmp_path: Path) -> None:
    row = {"prompt": "Well, who?", "target": "Yes, I do: now. Or never!"}
    first, again, other = (
        convert(tmp_path, lines(row), "--scramble", "punctuation", "--seed", seed)[1][0]["messages"] for seed in "112"
    )
    said = first[1]["content"]
    assert first == again != other and first[0]["content"] == row["prompt"]
    pairs = list(zip(said, row["target"], strict=True))
    assert all((a != b) == (b in ",:.!") and (a in ".,;:!?") == (b in ",:.!") for a, b in pairs)


def test_numbers_counts_and_problems_come_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"prompt": "a?", "target": 1}, {"prompt": "a?", "target": 1}, {"prompt": "b?", "target": None}]
    code, _ = convert(tmp_path, lines(*rows), "--unique", "--json")
    told = json.loads(capsys.readouterr().out)
    assert code == 3 and (told["written"], told["again"], told["failed"]) == (1, 1, 1)


def test_a_table_that_would_lose_a_column_is_refused(tmp_path: Path) -> None:
    rows = [{"prompt": "a?", "target": "b"}, {"prompt": "a?", "target": "b", "more": "c"}]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    assert (
        cli.call(["data", "convert", str(tmp_path / "a.jsonl"), "--to", "prompt", "-o", str(tmp_path / "b.csv")]) == 2
    )
    assert not (tmp_path / "b.csv").exists()


def test_huge_cells_and_long_lists_are_read(tmp_path: Path) -> None:
    huge = "x" * 3_000_000
    code, rows = convert(tmp_path, f'question,answer\n"{huge}",b\n', name="in.csv")
    assert code == 0 and len(rows[0]["messages"][0]["content"]) == 3_000_000
    listed = json.dumps([{"prompt": huge, "target": "a"}, {"prompt": "b?", "target": "c"}])
    code, rows = convert(tmp_path, listed + "\n", name="in.json")
    assert code == 0 and answers(rows) == ["a", "c"]


def test_a_table_reads_back_what_csv_writes(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["question", "answer"], ['a "b", c\nd', "é"]])
    code, rows = convert(tmp_path, (tmp_path / "t.csv").read_bytes(), name="t.csv")
    assert code == 0 and [t["content"] for t in rows[0]["messages"]] == ['a "b", c\nd', "é"]


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"instruction": "Say it in English:", "input": "Hund", "system": "Be brief."}, "Say it in English:\n\nHund"),
        ({"question": "Hund?", "system": "Be brief."}, "Hund?"),
    ],
)
def test_a_pair_keeps_all_that_is_asked(tmp_path: Path, row: dict[str, str], prompt: str) -> None:
    code, (made,) = convert(tmp_path, lines({**row, "chosen": "dog", "rejected": "cat"}), "--to", "pairs")
    system = {"role": "system", "content": "Be brief."}
    assert code == 0 and made["prompt"] == [system, {"role": "user", "content": prompt}]


def test_a_pair_of_long_conversations_keeps_their_turns_beside_a_prompt(tmp_path: Path) -> None:
    before = [ASK, SAY, {"role": "user", "content": "And Faust?"}]
    pair = {name: [*before, {"role": "assistant", "content": name}] for name in ("chosen", "rejected")}
    code, (made,) = convert(tmp_path, lines({"prompt": ASK["content"], **pair}), "--to", "pairs")
    assert code == 0 and made["prompt"] == before
    other = {**pair, "rejected": [ASK, *pair["rejected"][2:]]}
    assert convert(tmp_path, lines({"prompt": ASK["content"], **other}), "--to", "pairs")[0] == 2


def test_parquet_holds_columns_that_only_later_rows_have(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from fteval.data.convert.parquet import parquet_rows, write_parquet
    from fteval.errors import UserError

    rows = [{"a": "1"}, {"a": "2", "b": ["x"], "turns": [{"c": "3"}, {"c": "4", "weight": 0}]}]
    write_parquet(tmp_path / "a.parquet", rows)
    assert dict(parquet_rows(tmp_path / "a.parquet"))[2]["b"] == ["x"]
    late = [*({"a": "1", "turns": [{"c": "3"}]} for _ in range(2000)), rows[1]]
    with pytest.raises(UserError, match="no place for"):
        write_parquet(tmp_path / "b.parquet", late)


@pytest.mark.parametrize("row", ['{"prompt": "q", "target": "a", "target": "b"}', "{'prompt': 'q', 'x': {1: 2, 1: 3}}"])
def test_a_key_that_stands_twice_is_never_read_as_its_last(tmp_path: Path, capsys: Any, row: str) -> None:
    code, made = convert(tmp_path, row + "\n" + lines({"prompt": "q", "target": "a"}))
    assert code == 3 and len(made) == 1 and "stands twice" in capsys.readouterr().err


def test_commas_in_pythons_spelling_stay(tmp_path: Path) -> None:
    code, (made,) = convert(tmp_path, "{'prompt': 'A list: [1, 2, ]', 'target': 'It is.',}\n")
    assert code == 0 and made["messages"][0]["content"] == "A list: [1, 2, ]"


def test_a_question_with_its_sources_is_one_row(tmp_path: Path) -> None:
    row = {"question": "Who?", "answer": "Ann.", "documents": [{"title": "t", "text": "Ann did."}]}
    code, (made,) = convert(tmp_path, lines(row))
    assert code == 0 and made["messages"][1]["content"] == "Ann." and made["documents"] == row["documents"]


def test_labels_of_choices_are_labels_where_choices_are_numbers_too(tmp_path: Path) -> None:
    """As in ARC, where some questions have the labels 1 to 4."""
    row = {"question": "1 + 2?", "choices": {"text": ["2", "3"], "label": ["1", "2"]}, "answerKey": "2"}
    code, (made,) = convert(tmp_path, lines(row))
    assert code == 0 and made["messages"][1]["content"] == "2"
    assert convert(tmp_path, lines({"question": "Which?", "choices": ["B", "C"], "answer": "B"}))[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        "What does [INST] x [/INST] mean?",
        "Sum this up.\n\nHuman: hi\n\nAssistant: hello",
        "Read <|im_start|>user\nhi<|im_end|> aloud.",
    ],
)
def test_a_text_about_a_template_stays_whole(tmp_path: Path, text: str) -> None:
    code, (made,) = convert(tmp_path, lines({"prompt": text, "target": "Yes."}))
    assert code == 0 and made["messages"][0] == {"role": "user", "content": text}


def test_a_last_turn_is_not_replaced_by_another_target(tmp_path: Path, capsys: Any) -> None:
    rows = [{**ROW, "target": ["Jane", SAY["content"]]}, {**ROW, "target": "Bach"}]
    code, made = convert(tmp_path, lines(*rows))
    assert code == 3 and len(made) == 1 and "another answer than the last turn" in capsys.readouterr().err


def test_no_longer_than_is_at_most(tmp_path: Path) -> None:
    rows = [{"prompt": "q", "target": "a " * n} for n in (4, 5, 6)]
    code, made = convert(tmp_path, lines(*rows), "--filter", "no longer than 5 words in assistant")
    assert code == 0 and [len(row["messages"][1]["content"].split()) for row in made] == [4, 5]


def test_keys_of_rows_move_no_cursor(tmp_path: Path, capsys: Any) -> None:
    convert(tmp_path, lines({"a\x1b]0;b\u202e": 1}, {"prompt": "q", "target": "a"}))
    err = capsys.readouterr().err
    assert "\\x1b]0;b\\u202e" in err and "\x1b" not in err


@pytest.mark.parametrize(("rule", "kept"), [("letter e", 1), ("no letter x", 2), ("longer than 0 words", 1)])
def test_a_row_without_an_answer_holds_only_what_is_true_of_silence(tmp_path: Path, rule: str, kept: int) -> None:
    rows = [{"prompt": "q", "target": "yes"}, {"prompt": "r"}]
    code, made = convert(tmp_path, lines(*rows), "--filter", f"{rule} in assistant")
    assert code == 0 and len(made) == kept


def test_outputs_whose_prompt_a_template_has_written_are_found_by_their_question(tmp_path: Path) -> None:
    asked = "<|im_start|>user\nWhich colour?<|im_end|>\n<|im_start|>assistant\n"
    code, rows = convert(tmp_path, lines({"prompt": asked, "predict": "red", "label": "blue"}), "--to", "outputs")
    assert code == 0 and rows[0]["messages"] == [{"role": "user", "content": "Which colour?"}]
    assert rows[0]["output"] == "red" and "prompt" not in rows[0]
    (tmp_path / "h.jsonl").write_text(lines({"prompt": "Which colour?", "target": "red"}))
    replayed = ["run", "--model", f"replay:{tmp_path / 'out.jsonl'}", "--holdout", str(tmp_path / "h.jsonl")]
    assert cli.call([*replayed, "--store", str(tmp_path / "s"), "-q"]) == 0
