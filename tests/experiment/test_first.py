"""What `fteval init --from` makes of rows: each kind of answers gets the probe that judges it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.config import load
from fteval.data.check.alike import shared
from fteval.data.check.rows import read
from fteval.errors import NothingToEvaluate, UserError
from fteval.experiment.check import checked
from fteval.experiment.describe import experiment_of
from fteval.experiment.first.first import First, first
from fteval.stats.planning import plan_n

Row = dict[str, Any]
WORDS = [
    f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tu") for b in ("ra", "ne", "so", "vi") for c in ("n", "l", "st", "rd")
]
"""Of no language, so that two questions are never nearly the same."""


def question(n: int) -> str:
    return " ".join(random.Random(n).sample(WORDS, 9)) + "?"


def chat(n: int, answer: str, **more: Any) -> Row:
    turns = [{"role": "user", "content": question(n)}, {"role": "assistant", "content": answer}]
    return {"messages": turns, **more}


def made(folder: Path, rows: list[Row]) -> First:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return first(path)


def config_of(folder: Path, found: First) -> Any:
    for place, text in found.files.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")
    return load(folder / "fteval.yaml")


KINDS: Mapping[str, tuple[Callable[[int], Row], str, Mapping[str, Any]]] = {
    "labels": (lambda n: chat(n, ("spam", "ham")[n % 2]), "category", {"labels": ["spam", "ham"]}),
    "days": (lambda n: chat(n, f"19{n % 90 + 10}-03-04"), "iso_date", {}),
    "JSON": (
        lambda n: chat(n, json.dumps({"name": f"n{n}", "age": n})),
        "json_schema",
        {"schema": {"type": "object", "required": ["name", "age"]}},
    ),
    "queries with tables": (
        lambda n: chat(n, f"SELECT a FROM t WHERE a > {n}", tables={"t": [{"a": 1}, {"a": 200}]}),
        "sql",
        {},
    ),
    "queries alone": (lambda n: chat(n, f"SELECT a FROM t{n} WHERE a > {n}"), "holdout", {}),
    "numbers": (lambda n: {"prompt": question(n), "target": n * 7}, "holdout", {}),
    "texts": (lambda n: chat(n, f"{question(n + 900)} {question(n + 1900)} {question(n + 2900)}"), "holdout", {}),
    "calls": (
        lambda n: {
            "messages": [
                {"role": "user", "content": question(n)},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c", "type": "function", "function": {"name": "add", "arguments": f'{{"n": {n}}}'}}
                    ],
                },
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "add",
                        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}},
                    },
                }
            ],
        },
        "tools",
        {},
    ),
    "prompts": (lambda n: {"prompt": question(n)}, "laziness", {}),
    "pairs": (
        lambda n: {"prompt": question(n), "chosen": f"{question(n + 900)} {question(n)}", "rejected": "no"},
        "holdout",
        {},
    ),
    "plain text": (lambda n: {"text": f"{question(n)} {question(n + 900)}"}, "facts", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_get_the_probe_that_judges_them_in_a_config_that_is_whole(kind: str, tmp_path: Path) -> None:
    row, use, params = KINDS[kind]
    config = config_of(tmp_path, made(tmp_path, [row(n) for n in range(60)]))
    (name, probe), *_ = config.probes.items()
    assert (probe.use or name) == use
    assert {key: getattr(probe, "model_extra", {})[key] for key in params} == params
    suite, gates = checked(experiment_of(tmp_path / "fteval.yaml"))
    assert suite.n_samples > 0 and gates
    # As long as these rows' answers are, others' may not be: a story of 32 tokens would be cut off.
    assert config.sampling.max_tokens == 256


def test_what_only_nearly_all_answers_are_is_a_comment(tmp_path: Path) -> None:
    rows = [chat(n, f"19{n + 10}-03-04") for n in range(40)] + [chat(99, "in the spring")]
    found = made(tmp_path, rows)
    assert "answers: {use: holdout, data: data/holdout.jsonl, sampling: {max_tokens: 32}}" in found.files["fteval.yaml"]
    assert "# 40 of 41 answers are dates as YYYY-MM-DD" in found.files["fteval.yaml"]


def test_parts_share_nothing_and_lose_nothing(tmp_path: Path) -> None:
    rows = [chat(n // 2, f"answer {n // 2}", id=n) for n in range(200)] + [
        chat(n, "ha", group=f"g{n % 5}") for n in range(200, 300)
    ]
    config_of(tmp_path, made(tmp_path, rows))
    parts = {name: read([tmp_path / "data" / f"{name}.jsonl"]).rows for name in ("train", "dev", "holdout")}
    assert sum(map(len, parts.values())) == 200  # every second of the first 200 says the same as the one before
    for one, other in (("holdout", "train"), ("holdout", "dev"), ("dev", "train")):
        assert shared(parts[one], parts[other]) == {}
    groups = [
        {row.get("group") for row in map(json.loads, (tmp_path / "data" / f"{name}.jsonl").read_text().splitlines())}
        for name in parts
    ]
    assert not (groups[0] & groups[2]) - {None}


def test_a_hold_out_row_that_has_company_counts_with_it_as_one(tmp_path: Path) -> None:
    rows = [chat(n % 12, f"{n} words of an answer") for n in range(24)]
    config_of(tmp_path, made(tmp_path, rows))
    kept = [json.loads(line) for line in (tmp_path / "data" / "holdout.jsonl").read_text().splitlines()]
    assert (len(kept), len({row["group"] for row in kept})) == (24, 12)


@pytest.mark.parametrize(("n", "margin"), [(60, "30pp"), (900, "10pp")])
def test_a_gate_has_the_finest_margin_that_its_samples_decide(n: int, margin: str, tmp_path: Path) -> None:
    """By the planning formula itself: three gates, each with 0.8^(1/3) of power; a gain twice what is asked."""
    config = config_of(tmp_path, made(tmp_path, [chat(i, ("spam", "ham")[i % 2]) for i in range(n)]))
    gate = config.gates[0]
    gain = float(margin.removesuffix("pp")) / 100
    has = len((tmp_path / "data" / "holdout.jsonl").read_text().splitlines())
    needed = plan_n(max(0.15, 2 * gain), 2 * gain, gain, 0.8 ** (1 / 3))
    text = (tmp_path / "fteval.yaml").read_text(encoding="utf-8")
    assert gate.min_gain is not None and f"min_gain: {margin}" in text
    assert f"needs about {needed:,} independent samples" in text and f"has {has:,}" in text


def test_few_rows_are_a_hold_out_and_no_training(tmp_path: Path) -> None:
    found = made(tmp_path, [chat(n, "yes") for n in range(19)])
    assert set(found.files) == {"fteval.yaml", "data/holdout.jsonl"}
    assert "it will say 'cannot tell'" in found.files["fteval.yaml"]


def test_hostile_labels_and_names_stay_text(tmp_path: Path) -> None:
    labels = ['a"}\n- b', "#: {x", "yes", "\x1b[31mred", "a\u2028b", "null", "日本"]
    for label in labels:
        rows = [chat(n, (label, "other")[n % 2]) for n in range(40)]
        config = config_of(tmp_path, made(tmp_path, rows))
        assert config.version == 1 and "\x1b" not in (tmp_path / "fteval.yaml").read_text(encoding="utf-8")
        checked(experiment_of(tmp_path / "fteval.yaml"))


def test_rows_that_cannot_be_read_are_all_said_with_the_line_that_converts_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rows.jsonl:1: the answer is null\n.*rows.jsonl:3: an empty answer") as error:
        made(tmp_path, [{"prompt": "a", "target": None}, chat(1, "x"), chat(2, "")])
    assert "fteval data convert" in str(error.value.fix)
    with pytest.raises(UserError, match=r"rows.jsonl:2: 'slices' must be an object, found str"):
        made(tmp_path, [chat(1, "x"), chat(2, "y", slices="de")])
    with pytest.raises(UserError, match="rows of several kinds: 1 conversations, 1 texts"):
        made(tmp_path, [chat(1, "x"), {"text": "a text"}])
    with pytest.raises(NothingToEvaluate, match="no rows"):
        made(tmp_path, [])


def test_init_writes_over_nothing_unasked_and_asks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [chat(n, ("spam", "ham")[n % 2]) for n in range(60)]
    Path("mail.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli.call(["init", "--from", "mail.jsonl"]) == 0
    told = capsys.readouterr().out
    assert "60 conversations" in told and "answers (category): the answers are one of 2 labels" in told
    assert cli.call(["config", "check"]) == 0
    assert cli.call(["run", "--dry-run"]) == 0
    assert "answers.correct" in capsys.readouterr().out
    kept = Path("fteval.yaml").read_bytes()
    assert cli.call(["init", "--from", "mail.jsonl"]) == 2
    assert "already there; nothing was written" in capsys.readouterr().err and Path("fteval.yaml").read_bytes() == kept
    Path("mail.jsonl").write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    assert cli.call(["init", "--from", "mail.jsonl", "--force"]) == 0
    assert not Path("data/train.jsonl").exists()  # of the older rows


def test_rows_are_never_written_over_by_their_own_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    rows = Path("data/train.jsonl")
    rows.write_text("".join(json.dumps(chat(n, "spam")) + "\n" for n in range(3)), encoding="utf-8")
    kept = rows.read_bytes()
    assert cli.call(["init", "--from", "data/train.jsonl", "--force"]) == 2
    assert "your rows lie where one of the files would be written" in capsys.readouterr().err
    assert rows.read_bytes() == kept and not Path("fteval.yaml").exists()
