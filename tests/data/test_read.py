"""Hold-out files as people save them: what is read, and what is said about the rest. Cases of reliability group E."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval.data.read import iter_rows, read_samples
from fteval.errors import UserError

ROWS = [{"prompt": "Where does Romeo live?", "target": "Verona"}, {"prompt": "Who loves Romeo?", "target": "Juliet"}]
CLEAN = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def saved(path: Path, content: bytes | str) -> Path:
    file = path / "holdout.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return file


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CLEAN,
        CLEAN.replace(b"\n", b"\r\n"),
        CLEAN.replace(b"\n", b"\n\n  \n"),
        CLEAN.rstrip(b"\n"),
    ],
    ids=["BOM", "CRLF", "blank lines", "no last newline"],
)
def test_how_a_file_was_saved_does_not_change_its_samples(tmp_path: Path, content: bytes) -> None:
    assert read_samples(saved(tmp_path, content)) == read_samples(saved(tmp_path, CLEAN))


def test_a_last_assistant_turn_is_the_target(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yo"},
    ]
    (sample,) = read_samples(saved(tmp_path, json.dumps({"messages": turns})))
    assert sample.target == "Yo"
    assert [m.role for m in sample.messages] == ["system", "user"]


def test_ids_follow_the_content_and_not_the_place(tmp_path: Path) -> None:
    forward = read_samples(saved(tmp_path, CLEAN))
    backward = read_samples(saved(tmp_path, b"\n".join(reversed(CLEAN.splitlines()))))
    assert {s.id for s in forward} == {s.id for s in backward}
    assert len({s.id for s in forward}) == 2


@pytest.mark.parametrize("text", ["a\u2028b", "a\u0085b", "nul\0", "\ud800", "👩‍👩‍👧", "שלום", "tab\t"])
def test_any_text_round_trips(tmp_path: Path, text: str) -> None:
    for ascii_only in (True, False):
        content = json.dumps({"id": "x", "prompt": text, "target": text}, ensure_ascii=ascii_only)
        if text == "\ud800" and not ascii_only:
            continue  # a file cannot hold half a surrogate pair but escaped
        (sample,) = read_samples(saved(tmp_path, content))
        assert (sample.messages[0].content, sample.target) == (text, text)
        assert json.loads(json.dumps(sample.target)) == text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompt": "a"', "not JSON"),
        ("[1, 2]", "a list"),
        ('"text"', "not an object but text"),
        ("null", "null"),
        ('{"prompt": "a", "target": NaN}', "NaN"),
        ('{"target": "b"}', "neither 'messages' nor 'prompt'"),
        ('{"prompt": 3}', "'prompt' must be text"),
        ('{"messages": []}', "at least one message"),
        ('{"messages": [{"role": "robot", "content": "a"}]}', "role"),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', "no prompt"),
        ('{"messages": [{"role": "user", "content": null}]}', "content"),
        ('{"prompt": "a", "id": ["x"]}', "'id'"),
        ('{"prompt": "a", "slices": "de"}', "'slices'"),
        ("[" * 100_000, "nested"),
        ('{"prompt": "a", "n": ' + "9" * 5_000 + "}", "digits"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_broken_line_is_named_with_what_was_found(tmp_path: Path, line: str, message: str) -> None:
    file = saved(tmp_path, CLEAN + line.encode() + b"\n")
    with pytest.raises(UserError) as caught:
        read_samples(file)
    assert f"{file}:3: " in str(caught.value)
    assert message in str(caught.value)


def test_all_errors_of_a_file_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_samples(saved(tmp_path, "oops\n" * 25))
    lines = caught.value.what.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 5 more"


def test_an_id_that_comes_twice_names_both_lines(tmp_path: Path) -> None:
    content = '{"id": "x", "prompt": "a"}\n{"prompt": "b"}\n{"id": "x", "prompt": "c"}\n{"prompt": "b"}\n'
    with pytest.raises(UserError) as caught:
        read_samples(saved(tmp_path, content))
    assert "id 'x' twice, lines 1 and 3" in str(caught.value)
    assert "the same row twice, lines 2 and 4" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\x00rest", "gzip"),
        (b"PAR1rest", "parquet"),
        ('{"prompt": "a"}'.encode("utf-16"), "UTF-16"),
        (b'{"prompt": "\xff"}\n', "not UTF-8"),
    ],
)
def test_a_file_that_is_something_else_says_what(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_samples(saved(tmp_path, content))


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    saved(tmp_path, CLEAN)
    with pytest.raises(UserError) as caught:
        list(iter_rows(tmp_path / "hold-out.jsonl"))
    assert "holdout.jsonl" in (caught.value.fix or "")
    with pytest.raises(UserError, match="folder"):
        list(iter_rows(tmp_path))


def test_rows_come_one_by_one_before_the_errors(tmp_path: Path) -> None:
    found = iter_rows(saved(tmp_path, CLEAN + b"oops\n"))
    assert [next(found)[0], next(found)[0]] == [1, 2]
    with pytest.raises(UserError):
        next(found)


def test_unknown_keys_are_what_probes_judge_by(tmp_path: Path) -> None:
    (sample,) = read_samples(saved(tmp_path, '{"prompt": "a", "subject": "dog", "metadata": {"keywords": ["fur"]}}'))
    assert sample.metadata == {"subject": "dog", "keywords": ["fur"]}
