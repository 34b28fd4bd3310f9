"""Parts share nothing, whatever belongs together, and the same seed gives the same parts."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fteval import cli
from fteval.data.check.alike import copies, shared
from fteval.data.check.rows import read

WORDS = "anchor basin candle dune ember ferry garden hollow island jetty kiln lantern meadow north pier".split()  # noqa: SIM905


def rows(n: int = 200) -> list[dict[str, Any]]:
    """Questions, half of them asked twice in nearly the same letters, a few in groups of ten."""
    rng = random.Random(0)
    made = []
    for at in range(n // 2):
        text = "Tell me of " + " and ".join(rng.sample(WORDS, 5))
        extra: dict[str, Any] = {"day": f"2026-{1 + at % 12:02}-01", "kind": "rare" if at % 10 == 0 else "usual"}
        more = {"group": f"g{at // 10}"} if at < 30 else {}
        made += [{"prompt": said, "target": f"Number {at}.", **extra, **more} for said in (text, f"{text}s, please")]
    rng.shuffle(made)
    return made


def split(tmp_path: Path, given: list[dict[str, Any]], *flags: str, out: str = "out") -> tuple[int, dict[str, Any]]:
    """The rows of each part."""
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    code = cli.call(["data", "split", str(tmp_path / "r.jsonl"), "-o", str(tmp_path / out), *flags])
    parts = {p.stem: [json.loads(x) for x in p.read_text().splitlines()] for p in (tmp_path / out).glob("*.jsonl")}
    return code, parts


def test_no_part_has_what_another_one_has(tmp_path: Path) -> None:
    given = rows()
    code, parts = split(tmp_path, given, "--holdout", "0.2", "--dev", "20")
    assert code == 0 and {name: len(part) for name, part in parts.items()} == {"train": 140, "dev": 20, "holdout": 40}
    assert Counter(map(json.dumps, given)) == Counter(json.dumps(row) for part in parts.values() for row in part)
    groups = [{row["group"] for row in part if "group" in row} for part in parts.values()]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 3
    held = {name: read([tmp_path / "out" / f"{name}.jsonl"]).rows for name in parts}
    assert shared(held["holdout"], held["train"]) == {} and len(list(copies(held["holdout"]))) > 5
    assert json.loads((tmp_path / "out" / "split.json").read_text())["rows"]["holdout"] == 40


def test_a_seed_gives_the_same_parts_and_another_one_others(tmp_path: Path) -> None:
    first, again, other = (
        split(tmp_path, rows(), "--seed", s, out=o)[1] for s, o in (("1", "a"), ("1", "b"), ("2", "c"))
    )
    assert first == again != other


def test_the_newest_rows_are_held_out_and_strata_are_in_every_part(tmp_path: Path) -> None:
    given = [row for row in rows() if "group" not in row]
    _, parts = split(tmp_path, given, "--time", "day", out="time")
    assert max(row["day"] for row in parts["train"]) <= min(row["day"] for row in parts["holdout"])
    _, parts = split(tmp_path, given, "--stratify", "kind", out="strata")
    for part in parts.values():
        assert sum(row["kind"] == "rare" for row in part) / len(part) == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize(
    ("given", "flags", "message"),
    [
        (rows(), ["--by", "colour"], "no 'colour' in this row"),
        (rows(), ["--holdout", "500"], "nothing is left to train on"),
        ([{"prompt": "a?", "target": "b", "group": "g"}] * 9, [], "too much belongs together"),
        ([{"colour": "red"}], [], "neither a conversation"),
        ([], [], "no rows"),
    ],
)
def test_what_cannot_be_split_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: Any, given: Any, flags: list[str], message: str
) -> None:
    code, parts = split(tmp_path, given, *flags)
    assert (code, parts) == (2, {}) and message in capsys.readouterr().err


def test_nothing_is_written_over_and_the_gates_needs_are_said(tmp_path: Path, capsys: Any) -> None:
    assert split(tmp_path, rows())[0] == 0
    assert "2,969 (15 %)" in capsys.readouterr().err
    assert split(tmp_path, rows())[0] == 2


def test_times_that_are_numbers_in_text_are_no_words(tmp_path: Path) -> None:
    """As text, 9 would be later than 10."""
    given = [{"prompt": f"{word} {word[::-1]}", "target": "x", "day": str(at + 5)} for at, word in enumerate(WORDS)]
    code, made = split(tmp_path, given, "--holdout", "3", "--time", "day")
    assert code == 0 and sorted(int(row["day"]) for row in made["holdout"]) == [17, 18, 19]


def test_a_share_that_is_no_row_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = [{"prompt": f"Tell me of the {word}.", "target": word} for word in WORDS[:3]]
    code, parts = split(tmp_path, few, "--holdout", "0.1")
    assert code == 2 and not parts and "0.1 of 3 rows is not one: no holdout" in capsys.readouterr().err
