"""What holds for every probe, whatever it measures."""

import dataclasses
import functools
import inspect
import json
import pathlib
import random
import subprocess
import sys

import pytest
from evals.pace import soon

from fteval import registry
from fteval.errors import UserError
from fteval.records import Generation, Message, Probe, Sample, primary

# The names and directions that gates in users' files rest on; the first is the primary metric.
METRICS = {
    "lipogram": ["useful", "compliant", "forbidden_per_100-"],
    "laziness": ["long_enough", "words", "refused-", "empty-", "truncated-"],
    "degeneration": ["sound", "distinct_2", "longest_repeat-", "non_words-", "switched_language-"],
    "relevance": ["on_topic", "mentions_subject"],
    "iso_date": ["correct_iso", "iso", "contains_iso", "correct"],
    "instructions": ["followed", "followed_loosely"],
    "style": ["closer", "delta-", "contractions_per_100-", "first_person_per_100-", "sentence_words"],
    "sql": ["correct", "executes", "parses"],
    "json_schema": ["correct", "valid_schema", "valid_json", "bare", "field_f1"],
    "conversion": ["equal", "parses", "bare"],
    "category": ["correct", "valid", "bare"],
    "stops": ["stopped", "leaked-"],
    "punctuation": ["exact", "words_kept", "mark_f1", "case_f1"],
    "facts": ["correct", "abstained-", "invented-"],
    "holdout": ["exact", "contains"],
    "robustness": ["kept", "correct_iso", "iso", "contains_iso", "correct"],
}
TARGETS = {
    "iso_date": "2021-03-04",
    "facts": "Verona",
    "holdout": "Verona",
    "robustness": "2021-03-04",
    "sql": "SELECT name FROM people WHERE town = 'Verona'",
    "json_schema": '{"a": 1}',
    "category": "spam",
    "punctuation": "Hello, Anna. It is a dog!",
}
PEOPLE = [{"name": "Romeo", "town": "Verona"}, {"name": "Paris", "town": "Mantua"}]
METADATA: dict[str, dict] = {
    "sql": {"tables": {"people": PEOPLE}},
    "category": {"labels": ["spam", "ham", "3", "A"]},
    "conversion": {"source": '{"a": 1}', "from": "json", "to": "yaml"},
    "robustness": {"disturbance": "typos", "clean_prompt": "Describe a dog."},
    "instructions": {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
}
OBJECTS = ("json_schema",)
"""Probes whose target may be an object."""
PROBES = sorted(METRICS)


def sample(name: str, prompt: str = "Describe a dog.") -> Sample:
    return Sample("row-7", (Message("user", prompt),), target=TARGETS.get(name), metadata=METADATA.get(name, {}))


@pytest.mark.parametrize("name", PROBES)
def test_metrics_have_the_names_and_directions_that_gates_rest_on(name: str) -> None:
    metrics = registry.probe(name).metrics
    assert [m.name + ("-" if m.better == "lower" else "") for m in metrics] == METRICS[name]
    assert primary(metrics) is metrics[0]
    assert sum(m.primary for m in metrics) == 1


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_a_frozen_dataclass_that_says_what_it_measures(name: str) -> None:
    probe = registry.probe(name)
    assert isinstance(probe, Probe)
    assert dataclasses.is_dataclass(probe) and probe.__dataclass_params__.frozen
    doc = inspect.getdoc(type(probe))
    for heading in ("Measures", "Chance", "Traps", "Source"):
        assert f"\n{heading} " in doc, heading
    for metric in probe.metrics[: 1 if hasattr(probe, "wrapped") else None]:  # the others are explained there
        assert f"{metric.name}:" in doc or f"{metric.name} " in doc, metric.name


@pytest.mark.parametrize("name", [n for n in PROBES if n != "holdout"])
def test_a_probe_ships_samples_that_it_can_judge(name: str) -> None:
    probe = registry.probe(name)
    samples = list(probe.samples())
    assert len(samples) >= 100
    assert len({s.id for s in samples}) == len(samples)
    for s in random.Random(0).sample(samples, 20):
        scores = probe.score(s, Generation(s.id, text="It is a dog.", finish_reason="stop"))
        assert set(scores.values) == {m.name for m in probe.metrics}


def test_the_holdout_probe_asks_for_a_file() -> None:
    with pytest.raises(UserError, match="no samples of its own"):
        registry.probe("holdout").samples()


@pytest.mark.parametrize("name", sorted(TARGETS))
@pytest.mark.parametrize("target", [None, "", {"a": 1}, True])
def test_a_row_without_a_usable_target_is_an_error_that_names_it_not_a_zero(name: str, target: object) -> None:
    if name in OBJECTS and isinstance(target, dict):
        return
    row = dataclasses.replace(sample(name, "When?"), target=target)
    with pytest.raises(UserError, match="row-7"):
        registry.probe(name).score(row, Generation("row-7", text="Verona"))


def test_a_date_target_that_is_no_date_is_an_error() -> None:
    for target in ("March 4, 2021", "2021-02-30", "2021-3-4"):
        row = Sample("row-7", (Message("user", "When?"),), target=target)
        with pytest.raises(UserError, match="YYYY-MM-DD"):
            registry.probe("iso_date").score(row, Generation("row-7", text="2021-03-04"))


@pytest.mark.parametrize(
    ("name", "params", "wrong"),
    [
        ("lipogram", {"letters": ""}, "letters"),
        ("lipogram", {"letters": "3"}, "letters"),
        ("lipogram", {"letters": "e-"}, "letters"),
        ("laziness", {"min_words": 0}, "min_words"),
        ("laziness", {"min_words": -3}, "min_words"),
        ("laziness", {"min_words": "many"}, "min_words"),
        ("holdout", {"score": "exakt"}, "exact"),
        ("holdout", {"score": ["exact", "exact"]}, "twice"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_said(name: str, params: dict, wrong: str) -> None:
    with pytest.raises(UserError, match=wrong):
        registry.probe(name, params)


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "<think>hmm</think>", "<think>hmm"])
def test_an_empty_answer_is_judged_and_never_right(name: str, text: str) -> None:
    probe = registry.probe(name)
    scores = probe.score(sample(name), Generation("row-7", text=text, finish_reason="stop"))
    assert scores.values[probe.metrics[0].name] == 0
    assert "empty" in scores.reasons[probe.metrics[0].name] or "reasoning" in scores.reasons[probe.metrics[0].name]


def test_what_cannot_be_judged_and_what_fails_has_a_reason() -> None:
    for file in (pathlib.Path(__file__).parent / "cases").glob("*.jsonl"):
        for line in file.read_text("ascii").splitlines():
            case = json.loads(line)
            probe = registry.probe(file.stem, case.get("params"))
            row = Sample(
                "row", (Message("user", case["prompt"]),), case.get("target"), metadata=case.get("metadata") or {}
            )
            scores = probe.score(row, Generation("row", text=case["output"], finish_reason=case.get("finish_reason")))
            for metric in probe.metrics:
                value = scores.values[metric.name]
                failed = (
                    metric.unit == "share" and value == 0 and metric.better == "higher" and metric.name != "distinct_2"
                )
                if value is None or failed:
                    assert scores.reasons.get(metric.name), (file.stem, case["output"], metric.name)


@functools.cache
def hostile() -> dict[str, str]:
    draw = random.Random(3)
    some = "".join(chr(draw.choice([draw.randint(32, 0x2FFF), draw.randint(0xD800, 0xDFFF)])) for _ in range(200_000))
    return {
        "one letter": "a" * 1_000_000,
        "-o-o-": "-o" * 500_000,
        "brackets": "[" * 10_000 + "]" * 10_000,
        "words and brackets": "It is a big and loyal dog. " + "([{<" * 200_000,
        "placeholders": "It is a big and loyal dog. " + "[insert the " * 80_000,
        "comments": "It is a big and loyal dog. " + "# // -- todo " * 80_000,
        "promises": "Just a moment, I will write " * 30_000,
        "pointers": "You can find it, there is a book " * 30_000,
        "a turn": "A dog! Speaking of " + "which reminds me of " * 50_000,
        "noise": " ".join("".join(draw.choice("abcdefgh") for _ in range(6)) for _ in range(140_000)),
        "prose": "A dog is a loyal animal that barks at night, and it can not fly. " * 15_000,
        "surrogates": "\ud800 dog \udfff " * 100_000,
        "refusals": "I'm sorry, but I can't. " * 40_000,
        "dates": "March 4, 1578 or " * 60_000,
        "months": "may 1 " * 160_000,
        "digits": "1" * 1_000_000,
        "Han": "漢字" * 500_000,
        "nothing to see": "\u200b" * 1_000_000,
        "accents": "e" + "\u0301" * 1_000_000,
        "NUL": "\0" * 1_000_000,
        "reasoning": "<think>" * 140_000,
        "quotes": '"' * 1_000_000,
        "ticks": "`" * 1_000_000,
        "lines": "\n" * 1_000_000,
        "links": "https://a.b/c " * 70_000,
        "addresses": "@a." * 300_000,
        "towns": "Verona, " * 120_000,
        "disguised": "th3 l33t h*llo " * 66_000,
        "regex bait": "a" * 50_000 + "!",
        "formulas": "$1=" * 300_000,
        "any characters": some,
    }


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_finishes_on_any_output_within_a_second(name: str) -> None:
    params = {"score": "exact,contains,number,chrf"} if name == "holdout" else None
    probe, row = registry.probe(name, params), sample(name)
    if name == "holdout":
        row = dataclasses.replace(row, target="42")
    for warm in ("A dog is loyal.", "Ein Hund ist ein treues Tier.", hostile()["noise"]):  # lexicons load once
        probe.score(row, Generation("row-7", text=warm, finish_reason="stop"))
    for what, text in hostile().items():
        generation = Generation("row-7", text=text, finish_reason="length")
        scores = soon(functools.partial(probe.score, row, generation), what)
        assert set(scores.values) == {m.name for m in probe.metrics}
        json.dumps(
            {"answer": scores.answer, "reasons": dict(scores.reasons)}
        )  # a lone surrogate is written as an escape


def test_listing_the_probes_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom fteval import registry\n"
        "for n in registry.probe_names(): registry.probe(n)\n"
        "print([m for m in ('numpy', 'scipy', 'torch', 'pydantic', 'wordfreq', 'py3langid', 'sacrebleu', 'sqlglot',"
        " 'jsonschema', 'yaml', 'defusedxml')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
