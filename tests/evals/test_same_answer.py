"""An answer that is the target, byte for byte, is never wrong: over every scorer and every probe that has targets."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find.target import SCORERS, misfit
from fteval.records import Generation, Message, Sample, Scores, primary
from fteval.records.reasoning import parts

NO_ANSWERS = {"regex"}
"""Scorers whose target is a pattern, and no answer."""

BESIDE_OTHERS = {"robustness", "consistency"}
"""Probes that judge an answer beside others: one alone may be unscored."""
FORBIDDEN = {"recitation"}
"""Probes whose target is what must not be said."""

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
writings = st.one_of(
    st.text(),
    st.text("0123456789.,'- +$€%/^:kM万억k\u00a0٣½²{}\\frac=x", max_size=12),
    st.text("not or either Paris,.!?\"'<think>/ #`\n", max_size=40),
    st.sampled_from(
        ["<think>a</think>red", "3 × 4 = 12\n#### 12", '```json\n{"a": 1}\n```', "Paris or Rome", "not Paris",
         "No wait, Rome", "I mean Rome.", "007", "1,200", "12:30", "C++", "−5", "e\u0301", "“quoted”", "it's", "it’s",
         "서울에", "كتب", "I do not know.", "x = 3", r"\frac{1}{2}", "$x^2$", "5 < 7", "ok", "*", "a\u0308" * 20]
    ),
)  # fmt: skip


def judged(probe: str, params: dict, target: object, metadata: dict | None = None, prompt: str = "Which?") -> Scores:
    row = Sample("s", (Message("user", prompt),), target=target, metadata=metadata or {})
    text = target if isinstance(target, str) else json.dumps(target)
    return registry.probe(probe, params).score(row, Generation("s", text=text, finish_reason="stop"))


@pytest.mark.parametrize("name", sorted(set(SCORERS) - NO_ANSWERS))
@quick
@given(target=writings)
def test_every_scorer_takes_the_target_for_right(name: str, target: str) -> None:
    assume(parts(target).answer.strip() and misfit(name, [parts(target).answer]) is None)
    try:
        scores = judged("holdout", {"score": [name]}, target)
    except UserError:
        assume(False)
    assume(scores.reasons.get(name) != "the answer is empty")  # characters that nobody sees
    assert scores.values[name] == 1.0, scores.reasons


@quick
@given(target=writings)
def test_facts_takes_the_target_for_right(target: str) -> None:
    assume(parts(target).answer.strip())
    scores = judged("facts", {}, target)
    assume(scores.reasons.get("correct") != "empty")
    assert scores.values["correct"] == 1.0, scores.reasons


@quick
@given(day=st.dates())
def test_a_date_is_right(day) -> None:
    assert judged("iso_date", {}, day.isoformat()).values["correct_iso"] == 1.0


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@quick
@given(target=st.dictionaries(st.text(max_size=5), values, min_size=1, max_size=4))
def test_a_json_object_is_right(target: dict) -> None:
    assert judged("json_schema", {}, json.dumps(target)).values["correct"] == 1.0


@quick
@given(labels=st.lists(st.from_regex(r"[\w][\w +#/.-]{0,10}[\w]", fullmatch=True), min_size=2, max_size=5, unique=True))
def test_a_label_is_right(labels: list[str]) -> None:
    try:
        scores = judged("category", {}, labels[0], {"labels": labels})
    except UserError:
        assume(False)
    assert scores.values["correct"] == 1.0, scores.reasons


@quick
@given(words=st.lists(st.from_regex(r"[A-Za-z]{1,8}[,.!?;:]?", fullmatch=True), min_size=1, max_size=8))
def test_a_punctuated_text_is_right(words: list[str]) -> None:
    target = " ".join(words)
    assert judged("punctuation", {}, target, prompt=f"Restore: {target.lower()}").values["exact"] == 1.0


def test_a_target_with_its_reasoning_is_stripped_like_the_answer() -> None:
    target = "<think>A comma, perhaps?</think>Hello, Anna."
    assert judged("punctuation", {}, target, prompt="Restore: hello anna").values["exact"] == 1.0


@quick
@given(target=st.sampled_from(["Verona", "Paris or Rome", "not Paris", "C++", "12원"]))
def test_robustness_keeps_it(target: str) -> None:
    scores = judged("robustness", {"probe": "facts"}, target, {"disturbance": "typos", "clean_prompt": "Which?"})
    assert scores.values["kept"] == 1.0


@pytest.mark.parametrize("name", [n for n in registry.probe_names() if n not in ("holdout", *FORBIDDEN)])
def test_every_packaged_target_is_right(name: str) -> None:
    probe = registry.probe(name)
    # What is weighed is not written, and a refusal is described.
    written = [row for row in probe.samples() if not row.continuations and not row.metadata.get("refuse")]
    rows = [row for row in written if isinstance(row.target, str | dict)]
    for row in random.Random(0).sample(rows, min(40, len(rows))):
        text = row.target if isinstance(row.target, str) else json.dumps(row.target)
        scores = probe.score(row, Generation(row.id, text=text, finish_reason="stop"))
        metric = primary(probe.metrics)
        value, right = scores.values[metric.name], float(metric.better == "higher")
        assert value in (right, None) if name in BESIDE_OTHERS else value == right, (row.target, scores.reasons)
