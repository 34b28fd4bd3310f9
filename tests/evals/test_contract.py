"""What holds for every probe, whatever it measures.

Nothing here knows a probe by name: what a row of it looks like is told by its judged examples and its labelled answers,
and a probe that has none fails. The directions of its metrics stand in docs/probes.md, which a test writes anew.
"""

import dataclasses
import functools
import importlib.util
import inspect
import json
import random
import subprocess
import sys

import pytest
from evals.pace import soon
from evals.validity import asked, cases, judge

from fteval import registry
from fteval.errors import UserError
from fteval.evals.data.packaged import Example, examples
from fteval.records import Generation, Message, Probe, Sample, asks_base, primary

PROBES = [name for name in registry.probe_names() if importlib.util.find_spec(f"fteval.evals.{name}")]


def rows_of(name: str) -> list[Example]:
    """The judged examples that come with a probe: what it must keep is tried on them. A probe without is an error."""
    rows = list(examples(name))
    assert len(rows) >= 3, f"fteval/evals/data/examples/{name}.jsonl needs three judged answers or more"
    return rows


def sample(name: str) -> Sample:
    return dataclasses.replace(rows_of(name)[0].sample, id="row-7")


def probe_of(name: str) -> Probe:
    """A probe as its first example sets it."""
    return registry.probe(name, rows_of(name)[0].params)


def test_a_probe_that_nothing_is_known_of_fails() -> None:
    with pytest.raises(AssertionError, match=r"unheard_of\.jsonl needs three"):
        rows_of("unheard_of")
    with pytest.raises(FileNotFoundError):
        labelled_metrics("unheard_of")


def labelled_metrics(name: str) -> set[str]:
    """The metrics that a probe's labelled answers name; they stand there for years, as gates in users' files do."""
    return {metric for case in cases(name) for metric in case["expect"]}


def of_a_reference(name: str) -> set[str]:
    """The metrics that only a reference gives a value; no labelled answer has one (tests/runs/asking tries them)."""
    scores = probe_of(name).score(sample(name), Generation("row-7", text="A dog is a loyal animal that guards."))
    return {metric for metric, reason in scores.reasons.items() if reason == "no reference"}


@pytest.mark.parametrize("name", PROBES)
def test_metrics_have_the_names_that_labels_and_gates_rest_on(name: str) -> None:
    made = [registry.probe(name, params) for params in ({}, *(case.get("params") for case in cases(name)))]
    metrics = {metric.name: metric for probe in made for metric in probe.metrics}
    labelled = labelled_metrics(name)
    assert labelled <= set(metrics)
    if not hasattr(made[0], "wrapped"):  # the others are that one's
        alone = set(metrics) - of_a_reference(name)
        assert alone == labelled, "a metric without a labelled answer is tried by nothing"
    for probe in made:
        assert primary(probe.metrics) == probe.metrics[0]
        assert sum(metric.primary for metric in probe.metrics) == 1


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_a_frozen_dataclass_that_says_what_it_measures(name: str) -> None:
    probe = registry.probe(name)
    assert isinstance(probe, Probe)
    assert dataclasses.is_dataclass(probe) and probe.__dataclass_params__.frozen
    doc = inspect.getdoc(type(probe))
    for heading in ("Measures", "Chance", "Traps", "Source"):
        assert f"\n{heading} " in doc, heading
    assert len(doc.split()) <= 60, f"docs/probes/{name}.md has room for the rest"
    for metric in probe.metrics[: 1 if hasattr(probe, "wrapped") else None]:  # the others are explained there
        assert f"{metric.name}:" in doc, metric.name


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_ships_samples_that_it_can_judge_or_says_what_to_give(name: str) -> None:
    probe = registry.probe(name)
    try:
        samples = list(probe.samples())
    except UserError as error:
        assert hasattr(probe, "for_samples") and "no samples of its own" in error.what and error.fix
        return
    assert len(samples) >= 100
    assert len({s.id for s in samples}) == len(samples)
    for s in random.Random(0).sample(samples, 20):
        scores = probe.score(s, Generation(s.id, text="It is a dog.", finish_reason="stop"))
        assert set(scores.values) == {m.name for m in probe.metrics}


@pytest.mark.parametrize("name", [n for n in PROBES if all(row.sample.target is not None for row in rows_of(n))])
@pytest.mark.parametrize("target", [None, "", {"a": 1}, True])
def test_a_row_without_a_usable_target_is_an_error_that_names_it_not_a_zero(name: str, target: object) -> None:
    if isinstance(target, dict) and any(isinstance(row.sample.target, dict) for row in rows_of(name)):
        return
    with pytest.raises(UserError, match="row-7"):
        probe_of(name).score(dataclasses.replace(sample(name), target=target), Generation("row-7", text="Verona"))


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("value", ["left out", None, 3, "", [], {"a": 1}, [None], True])
def test_a_row_whose_metadata_is_of_no_use_is_judged_or_an_error_that_names_it(name: str, value: object) -> None:
    row = sample(name)
    for key in row.metadata:
        others = {k: v for k, v in row.metadata.items() if k != key}
        metadata = others if value == "left out" else {**others, key: value}
        try:
            scores = probe_of(name).score(
                dataclasses.replace(row, metadata=metadata), Generation("row-7", text="Verona")
            )
        except UserError as error:
            assert "row-7" in error.what, (key, error.what)
        else:
            assert set(scores.values) == {m.name for m in probe_of(name).metrics}


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


@pytest.mark.parametrize("name", [n for n in PROBES if not asks_base(registry.probe(n))])
@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "<think>hmm</think>", "<think>hmm"])
def test_an_empty_answer_is_judged_and_never_right(name: str, text: str) -> None:
    probe = probe_of(name)
    scores = probe.score(sample(name), Generation("row-7", text=text, finish_reason="stop"))
    main = probe.metrics[0]
    # Of an error (Brier's) 0 is perfect, and nothing can be said of nothing.
    assert scores.values[main.name] == (0 if main.unit == "share" or main.better == "higher" else None)
    assert "empty" in scores.reasons[probe.metrics[0].name] or "reasoning" in scores.reasons[probe.metrics[0].name]


@pytest.mark.parametrize("name", PROBES)
def test_what_cannot_be_judged_and_what_fails_has_a_reason(name: str) -> None:
    for case in cases(name):
        probe, scores = registry.probe(name, case.get("params")), judge(name, case)
        for metric in probe.metrics:
            value = scores.values[metric.name]
            # A share of something (distinct_2) is none of "right or wrong", and 0 is no failure.
            failed = metric.unit == "share" and value == 0 and metric.better == "higher" and metric.name != "distinct_2"
            if value is None or failed:
                assert scores.reasons.get(metric.name), (case["output"], metric.name)


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


def settings(name: str) -> list[Example]:
    """A row for each set of metrics that a probe's examples and labelled answers set it to."""
    labelled = (case for case in cases(name) if case["expect"])
    rows = [*rows_of(name), *(Example(c.get("params") or {}, asked(c), Generation("row")) for c in labelled)]
    return list({tuple(m.name for m in registry.probe(name, row.params).metrics): row for row in rows[::-1]}.values())


SLOW = (pytest.param(n, marks=pytest.mark.slow) for n in (100_000, 1_000_000))


@pytest.mark.parametrize("length", [10_000, *SLOW])
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_judges_any_output(name: str, length: int) -> None:
    """In every way; the first one judges a million characters too, a tenth of which shows what grows with a square."""
    for way in settings(name)[: 1 if length == 1_000_000 else None]:
        probe = registry.probe(name, way.params)
        for warm in ("A dog is loyal.", "Ein Hund ist ein treues Tier.", hostile()["noise"]):  # lexicons load once
            probe.score(way.sample, Generation("row-7", text=warm, finish_reason="stop"))
        for what, text in hostile().items():
            generation = Generation("row-7", text=text[:length], finish_reason="length")
            scores = soon(functools.partial(probe.score, way.sample, generation), f"{name}: {what}")
            assert set(scores.values) == {m.name for m in probe.metrics}
            # A lone surrogate is written as an escape.
            json.dumps({"answer": scores.answer, "reasons": dict(scores.reasons)})


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
