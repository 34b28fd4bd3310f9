"""Outputs made elsewhere: found by id or prompt, identified row by row, all of a file's problems at once."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message, Prompt, Request, Sample, Sampling


def written(path: Path, rows: list[Any]) -> str:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return f"replay:{path}"


def ask(ref: str, *samples: tuple[str, str], repeats: int = 1) -> list[Any]:
    engine = Pool().open(ref)
    asked = [
        Request(f"{i}-{r}", i, engine.prompt([Message("user", text)]), repeat=r)
        for i, text in samples
        for r in range(repeats)
    ]
    return [g for group in engine.generate(asked, Sampling()) for g in group]


def test_rows_are_found_by_id_then_by_prompt(tmp_path: Path):
    ref = written(
        tmp_path / "o.jsonl",
        [
            {"id": "a", "output": "by id"},
            {"prompt": "two?", "output": "by prompt", "finish_reason": "length"},
            {"messages": [{"role": "user", "content": "three?"}], "output": "by messages"},
            {
                "messages": [{"role": "user", "content": "4?"}, {"role": "assistant", "content": "t"}],
                "output": "target cut",
            },
            {"id": 5, "prompt": "five?", "outputs": ["x"]},
        ],
    )
    made = ask(ref, ("a", "?"), ("b", "two?"), ("c", "three?"), ("d", "4?"), ("5", "?"), ("other", "five?"), ("z", "?"))
    assert [g.text for g in made] == ["by id", "by prompt", "by messages", "target cut", "x", "x", None]
    assert [g.finish_reason for g in made][:2] == [None, "length"]
    assert made[-1].failure.kind == "no_output"
    assert "no row for sample z" in made[-1].failure.message
    assert all(g.completion_tokens is None and g.seconds is None for g in made)


def test_a_system_prompt_is_part_of_what_was_asked(tmp_path: Path):
    ref = written(tmp_path / "o.jsonl", [{"prompt": "q", "output": "bare"}])
    engine = Pool().open(ref)
    talk = (Message("system", "s"), Message("user", "q"))
    (group,) = engine.generate([Request("k", "id", Prompt(talk))], Sampling())
    assert group[0].failure.kind == "no_output"


def test_repeats_come_from_outputs(tmp_path: Path):
    ref = written(tmp_path / "o.jsonl", [{"id": "a", "outputs": ["one", "two"]}, {"id": "b", "output": None}])
    made = ask(ref, ("a", ""), ("b", ""), repeats=3)
    assert [g.text for g in made] == ["one", "two", None, None, None, None]
    assert "has 2 outputs for sample a, repeat 3" in made[2].failure.message
    assert "null" in made[3].failure.message


def test_empty_text_is_an_answer(tmp_path: Path):
    (made,) = ask(written(tmp_path / "o.jsonl", [{"id": "a", "output": ""}]), ("a", ""))
    assert made.ok and made.text == ""


def test_editing_one_row_changes_that_sample_s_identity_only(tmp_path: Path):
    rows = [{"id": str(i), "output": f"text {i}"} for i in range(5)]

    def identities() -> list[Any]:
        engine = Pool().open(written(tmp_path / "o.jsonl", rows))
        assert dict(engine.identity()) == {"engine": "replay", "version": 1}
        return [
            engine.request_identity(Sample(str(i), (Message("user", "?"),)), Prompt((Message("user", "?"),)))
            for i in range(6)
        ]

    before = identities()
    assert before[5] is None and len(set(before)) == 6
    rows[3]["output"] += "!"
    rows.reverse()
    after = identities()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False, True, True]


def test_all_problems_of_a_file_at_once_with_line_numbers(tmp_path: Path):
    good = {"id": "ok", "output": "x"}
    rows = [
        good, "", "{broken", "[1]", {"id": "a"}, {"output": "x"}, {"id": "b", "output": 5}, {"id": True, "output": "x"},
        {"prompt": 7, "output": "x"}, good, {"prompt": "p", "output": "x"}, {"prompt": "p", "output": "y"},
        {"messages": [], "output": "x"}, "[" * 100_000,
    ]  # fmt: skip
    with pytest.raises(UserError) as caught:
        Pool().open(written(tmp_path / "o.jsonl", rows))
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert text.startswith("11 bad rows in o.jsonl")
    for line in (3, 4, 5, 6, 7, 8, 9, 10, 12, 13):
        assert f"line {line}: " in text
    assert "line 10: id 'ok' is on line 1 already" in text
    assert "line 12: the prompt of line 11 again" in text
    assert "and 1 more" in text
    assert caught.value.where == str(tmp_path / "o.jsonl")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no rows"),
        (b"\n\n", "no rows"),
        ('{"id": 1, "output": "x"}'.encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b'{"id": "a", "output": "\xff"}', "not JSON"),
    ],
)
def test_other_files_are_told(tmp_path: Path, content: bytes, words: str):
    (tmp_path / "o.jsonl").write_bytes(content)
    with pytest.raises(UserError, match=words):
        Pool().open(f"replay:{tmp_path / 'o.jsonl'}")


def test_bom_crlf_and_odd_separators_are_fine(tmp_path: Path):
    text = '\ufeff{"id": "a", "output": "one\u2028two\x85three"}\r\n\r\n{"id": "b", "output": "\\ud800\\u0000"}'
    (tmp_path / "o.jsonl").write_bytes(text.encode())
    made = ask(f"replay:{tmp_path / 'o.jsonl'}", ("a", ""), ("b", ""))
    assert [g.text for g in made] == ["one\u2028two\x85three", "\ud800\0"]


def test_replay_has_no_log_likelihoods(tmp_path: Path):
    engine = Pool().open(written(tmp_path / "o.jsonl", [{"id": "a", "output": "x"}]))
    with pytest.raises(UserError, match="no log-likelihoods"):
        engine.loglikelihood([])


def test_a_hundred_thousand_rows_take_little_memory_and_no_torch(tmp_path: Path):
    path = tmp_path / "o.jsonl"
    with path.open("w") as file:
        for i in range(100_000):
            file.write(
                json.dumps({"id": f"sample-{i}", "output": f"An answer of some twenty words, number {i}. " * 4}) + "\n"
            )
    script = (
        "import sys; from fteval.engines import Pool;"
        f"engine = Pool().open('replay:{path}');"
        "heavy = [m for m in ('torch', 'transformers', 'numpy', 'huggingface_hub') if m in sys.modules];"
        # not ru_maxrss: that survives exec, and would be the memory of this test process
        "peak = [l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')];"
        "print(int(peak[0]) / 1024, heavy)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    megabytes, heavy = out.split(maxsplit=1)
    assert float(megabytes) < 120
    assert heavy.strip() == "[]"


GUESSED = {
    "a conversation": {
        "id": "0",
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "red"}],
    },
    **{key: {"id": "0", key: "red"} for key in ("prediction", "predict", "response", "completion", "text")},
}


@pytest.mark.parametrize("form", GUESSED)
def test_a_file_of_nobody_s_form_comes_with_the_line_that_makes_it_readable(tmp_path: Path, form: str):
    ref = written(tmp_path / "o.jsonl", [GUESSED[form]])
    with pytest.raises(UserError) as raised:
        Pool().open(ref)
    program, *line = shlex.split(raised.value.fix)
    assert program == "fteval" and cli.call(line) == 0
    (made,) = ask(f"replay:{line[-1]}", ("0", "q"))
    assert made.text == "red"
