"""Subsets lie within each other, and are as varied or as lopsided as was asked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from fteval.data.subsets import Rows, order, read_rows
from fteval.errors import UserError

KINDS = ("dates", "towns", "names", "sums")


def rows(n: int = 40) -> Rows:
    found = [{"prompt": f"{KINDS[i % 4]} {i}", "target": "x", "slices": {"kind": KINDS[i % 4]}} for i in range(n)]
    return Rows(found, [f"t.jsonl:{i + 1}" for i in range(n)])


def kinds(picked: list[int]) -> Counter[str]:
    return Counter(KINDS[i % 4] for i in picked)


@pytest.mark.parametrize(
    ("pick", "by"), [("random", None), ("random", "kind"), ("spread", "kind"), ("clustered", "kind"), ("spread", None)]
)
def test_an_order_has_every_row_once_and_follows_from_its_seed(pick: str, by: str | None) -> None:
    first, again, other = (order(rows(), seed, pick, by) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == list(range(40))


def test_spread_rows_have_every_kind_as_often_and_clustered_ones_as_few_as_can_be() -> None:
    assert set(kinds(order(rows(), 0, "spread", "kind")[:12]).values()) == {3}
    assert list(kinds(order(rows(), 0, "clustered", "kind")[:10]).values()) == [10]


def test_random_rows_are_random_beside_a_key_for_others() -> None:
    """`pick: [random, spread]` with `by` compares two things, not one with itself."""
    assert order(rows(), 0, "random", "kind") == order(rows(), 0) != order(rows(), 0, "spread", "kind")


def test_without_a_key_prompts_that_share_words_are_a_kind() -> None:
    """Two vocabularies without a word in common: a clustered half is of one of them, a spread one of both."""
    texts = [f"When was {name} born?" for name in "abcdefgh"] + [f"Add {n} plus {n} now" for n in range(10, 18)]
    found = Rows([{"prompt": text, "target": ""} for text in texts], [""] * 16)
    left = [i < 8 for i in order(found, 0, "clustered")[:4]]
    assert len(set(left)) == 1
    assert {i < 8 for i in order(found, 0, "spread")[:4]} == {True, False}


def test_any_form_of_rows_can_be_clustered() -> None:
    found = [{"text": "one two three"}, {"text": "four five six"}, {"messages": [{"role": "user", "content": "seven"}]}]
    assert sorted(order(Rows(found, ["", "", ""]), 0, "spread")) == [0, 1, 2]


def test_a_key_is_found_in_slices_metadata_and_the_row_itself() -> None:
    labelled = Rows([{"label": i % 2, "prompt": "?"} for i in range(6)], ["x"] * 6)
    assert sorted(i % 2 for i in order(labelled, 0, "spread", "label")[:4]) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("found", "by", "said"),
    [
        (rows(), "knd", "40 of 40 rows have no 'knd', by which they are to be chosen. Did you mean 'kind'?"),
        (Rows([{"kind": "a"}, {}], ["t.jsonl:1", "t.jsonl:2"]), "kind", "1 of 2 rows have no 'kind'"),
        (Rows([{"kind": "a"}, {"kind": "a"}], ["t.jsonl:1", "t.jsonl:2"]), "kind", "all rows have the same 'kind'"),
        (Rows([{"prompt": "what date"}] * 4, ["t.jsonl:1"] * 4), None, "all rows have the same prompt"),
        (Rows([{"prompt": "?"}, {"prompt": "!"}], ["t.jsonl:1"] * 2), None, "no words to tell them apart"),
    ],
)
def test_rows_that_cannot_be_told_apart_are_an_error(found: Rows, by: str | None, said: str) -> None:
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        order(found, 0, "spread", by)


def test_files_are_read_one_after_the_other_and_empty_ones_refused(tmp_path: Path) -> None:
    for name, n in (("a.jsonl", 2), ("b.jsonl", 1)):
        (tmp_path / name).write_text("".join(json.dumps({"prompt": f"{name} {i}"}) + "\n" for i in range(n)))
    assert read_rows([tmp_path / "a.jsonl", tmp_path / "b.jsonl"]).places == ["a.jsonl:1", "a.jsonl:2", "b.jsonl:1"]
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(UserError, match="no rows to learn from"):
        read_rows([tmp_path / "none.jsonl"])
