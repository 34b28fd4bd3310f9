"""Disturbed prompts: the same for everybody, readable still, and judged by what the clean prompt asks."""

from __future__ import annotations

import html
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fteval
from fteval import registry
from fteval.errors import UserError
from fteval.evals.language.typos import DISTURBANCES, hostile, truncated, typos
from fteval.nano import holdouts
from fteval.records import Comparison, Generation, Message, Sample
from fteval.runs.asking import identity, suite

PROMPTS = [
    "When was the contract of 4 March 2021 signed? Give the date as YYYY-MM-DD, please.",
    "Please describe the garden behind the house in at least three sentences.",
    "Fix this: `print(total)` raises NameError, and the file data/input.csv has 3,141.59 in it.",
    "Wann wurde der Vertrag unterschrieben?",
    "契約書はいつ署名されましたか。",
    "a",
    "",
    "One line.\n\n    indented code\n- a list\n- of things",
]


@pytest.mark.parametrize("name", DISTURBANCES)
@pytest.mark.parametrize("text", PROMPTS)
def test_a_disturbance_is_the_same_for_the_same_seed_and_loses_no_digit(name: str, text: str) -> None:
    once, again = (DISTURBANCES[name](text, random.Random(7), frozenset()) for _ in range(2))
    assert once == again
    if name in ("typos", "lower_case", "no_punctuation", "white_space"):
        assert re.findall(r"[0-9]+", once) == re.findall(r"[0-9]+", text)
    if name in ("wrong_format", "hostile"):
        assert re.sub(r"\W", "", text) in re.sub(r"<br>|\\n|\W", "", html.unescape(once))


def test_what_a_question_is_about_keeps_its_letters() -> None:
    text = "Where does Romeo keep the silver ring called 'beloved', and does main_loop('ring') print silver.txt?"
    for seed in range(200):
        found = typos(text, random.Random(seed), frozenset(["silver"]))
        assert found != text
        for kept in ("Romeo", "silver ring", "'beloved'", "main_loop('ring')", "silver.txt"):
            assert kept in found or (kept == "silver ring" and "silver" in found)
        assert 1 <= sum(a != b for a, b in zip(found.split(), text.split(), strict=True)) <= 2


def test_a_cut_prompt_has_lost_a_tenth_and_a_hostile_one_nothing() -> None:
    text = PROMPTS[1]
    cut = truncated(text, random.Random(0), frozenset())
    assert text.startswith(cut) and len(text) - len(cut) in (7, 8)
    for seed in range(20):
        assert text in hostile(text, random.Random(seed), frozenset())


def test_variants_are_one_question_with_the_clean_prompt_first() -> None:
    probe = registry.probe("robustness", {"probe": "facts"})
    rows = list(probe.samples())
    facts = list(registry.probe("facts").samples())
    clean = [s for s in rows if s.slices["disturbance"] == "clean"]
    assert [s.id for s in clean] == [s.id for s in facts]
    # Equal in content, so that an answer to the one is an answer to the other.
    assert [s.content_digest for s in clean] == [s.content_digest for s in facts]
    assert len({s.id for s in rows}) == len(rows)
    assert {s.slices["disturbance"] for s in rows} == {"clean", *DISTURBANCES}
    of_one = [s for s in rows if s.id.partition("~")[0] == facts[0].id]
    assert {s.group for s in of_one} == {facts[0].group} and len(of_one) == 8
    assert all(s.target == facts[0].target for s in of_one)


def test_samples_are_the_same_in_another_process() -> None:
    code = (
        "from fteval import registry\nfrom fteval.records import digest\n"
        "print(digest([s.content_digest for s in registry.probe('robustness').samples()]))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_a_hold_out_of_ones_own_is_disturbed_too() -> None:
    rows = [Sample(f"q{i}", (Message("user", f"What is the {i}th letter of the alphabet?"),), "x") for i in range(20)]
    probe = registry.probe("robustness", {"probe": "holdout", "by": "typos,lower_case"})
    (built,) = suite.build([("r", probe, rows)]).probes
    assert len(built.samples) == 60
    assert [m.name for m in built.probe.metrics] == ["kept", "exact", "contains"]
    scores = built.probe.score(built.samples[1], Generation("q0~typos", text="x"))
    assert dict(scores.values) == {"kept": 1.0, "exact": 1.0, "contains": 1.0}


def test_what_judges_decides_the_digest() -> None:
    digests = {
        identity.probe_digest(registry.probe("robustness", params), "robustness")
        for params in (
            {},
            {"probe": "lipogram"},
            {"probe": "lipogram", "params": {"letters": "a"}},
            {"by": "typos"},
        )
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"probe": "lipogramm"}, "Did you mean 'lipogram'"),
        ({"probe": "robustness"}, "not its own"),
        ({"by": "typo"}, "Did you mean 'typos'"),
        ({"by": ""}, "no disturbance"),
        ({"by": "typos,typos"}, "each once"),
        ({"probe": "lipogram", "params": {"letter": "a"}}, "no parameter 'letter'"),
    ],
)
def test_a_wrong_parameter_is_said(params: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        registry.probe("robustness", params)


def test_the_hostile_word_stands_in_no_packaged_question() -> None:
    for name in ("facts", "iso_date", "lipogram"):
        for sample in [*registry.probe(name).samples(), *(holdouts.samples(name) or [])]:
            assert "banana" not in f"{sample.prompt_text} {sample.target}".lower()


def test_kept_counts_only_what_was_answered_rightly_as_it_stands(tmp_path: Path) -> None:
    # 40 questions: the base knows all of them and loses a quarter to lower case; the candidate knows 20 of them and
    # loses none of these. What it does not know anyway is no loss of robustness, and no gain of the base.
    questions = [{"id": f"q{i}", "prompt": f"Which Colour has Item number {i}?", "target": "red"} for i in range(40)]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
    for name, clean, lower in (("base", 40, 30), ("candidate", 20, 20)):
        rows = [
            {"id": f"q{i}{variant}", "output": "red" if i < right else "blue"}
            for variant, right in (("", clean), ("~lower_case", lower))
            for i in range(40)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "fteval.yaml").write_text(
        f"version: 1\nprobes:\n  r: {{use: robustness, probe: holdout, by: lower_case, params: {{score: exact}},"
        f" data: {tmp_path}/h.jsonl}}\n"
    )
    found = fteval.run(
        model=f"replay:{tmp_path}/candidate.jsonl", against=f"replay:{tmp_path}/base.jsonl",
        config=tmp_path / "fteval.yaml", store=tmp_path / "store",
    )  # fmt: skip
    assert isinstance(found, Comparison)
    base, candidate = found.base.probes[0].scores["kept"], found.candidates[0].run.probes[0].scores["kept"]
    assert [sum(v is not None for v in side) for side in (base, candidate)] == [40, 20]
    assert [sum(v or 0 for v in side) for side in (base, candidate)] == [30, 20]
    (kept, _) = found.candidates[0].changes
    assert (kept.metric.name, kept.n_paired, kept.base, kept.candidate, kept.unscored) == ("kept", 20, 1.0, 1.0, 0)
