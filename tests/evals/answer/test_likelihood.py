"""What a reference's numbers mean for an answer, and what each probe makes of them."""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fteval import cli, registry
from fteval.engines.pool import Pool
from fteval.evals.answer.likelihood import astray, doubtful, fluent, nonsense, undecided, usable
from fteval.nano import holdouts
from fteval.records import Generation, Message, Request, Sample, Sampling
from fteval.records.readings import Limit, Limits, Reading
from fteval.runs.asking.referees import wants_reference

LIMITS = Limits("nano", "sha256:j", "the base's own answers", 80, Limit(1.2, 1.0, 0.0), Limit(0.1, 0.98, 0.0))
MUTE = Limits(
    "nano", "sha256:j", "the base's own answers", 12, Limit(None, reason="12 answers"), Limit(None, reason="12")
)
DOG = Sample("dog", (Message("user", "Describe a dog."),), metadata={"subject": "dog"})
GOOD = Reading(0.5, 0.6, 20, LIMITS)
ASTRAY = Reading(0.5, -0.2, 20, LIMITS)
SALAD = Reading(1.9, 0.0, 20, LIMITS)
STRANGE = Reading(1.9, 0.4, 20, LIMITS)
"""As surprising as a salad, but its prompt explains it: another language, perhaps."""


@pytest.mark.parametrize(
    ("reading", "is_fluent", "is_nonsense", "is_astray"),
    [
        (GOOD, True, False, False),
        (ASTRAY, True, False, True),
        (SALAD, False, True, True),
        (STRANGE, False, False, False),
    ],
)
def test_a_surprise_is_nonsense_only_where_the_prompt_does_not_explain_it(
    reading: Reading, is_fluent: bool, is_nonsense: bool, is_astray: bool
) -> None:
    assert (fluent(reading), bool(nonsense(reading)), bool(astray(reading))) == (is_fluent, is_nonsense, is_astray)


def test_what_the_prompt_explains_is_open_in_english_and_no_surprise_elsewhere() -> None:
    assert [bool(doubtful(STRANGE, code)) for code in ("en", None, "de")] == [True, True, False]
    assert not doubtful(GOOD, "en") and not doubtful(SALAD, "en")


def test_of_two_or_three_tokens_the_prompt_must_save_or_cost_something() -> None:
    for aboutness, tokens, decided in ((-0.2, 3, False), (-0.2, 20, True), (0.05, 3, False), (2.0, 1, True)):
        reading = replace(GOOD, aboutness=aboutness, tokens=tokens)
        assert (undecided(reading) is None) == decided
        assert bool(astray(reading)) == (decided and aboutness < 0)


def test_a_reading_without_limits_or_numbers_is_of_no_use() -> None:
    assert usable(GOOD) is GOOD
    assert usable(None) is None and usable(replace(GOOD, limits=MUTE)) is None
    assert usable(Reading(None, None, 0, LIMITS, "too long")) is None


def judged(probe: str, text: str, reading: Reading | None, sample: Sample = DOG) -> tuple[float | None, str]:
    made = registry.probe(probe)
    found = made.score(sample, Generation(sample.id, text=text, finish_reason="stop", reading=reading))
    name = made.metrics[0].name
    return found.values[name], found.reasons.get(name, "")


TEXT = "It has four legs and a wagging tail, and it barks when somebody is at the door."


@pytest.mark.parametrize(("reading", "value"), [(GOOD, 1), (ASTRAY, 0), (SALAD, 0), (STRANGE, 1)])
def test_on_topic_is_what_the_prompt_makes_likelier(reading: Reading, value: int) -> None:
    own = Sample("own", (Message("user", "Was tun?"),))
    assert judged("relevance", TEXT, reading, own)[0] == value
    assert judged("relevance", TEXT, reading)[0] == value, "also where the row names a subject"


@pytest.mark.parametrize("text", ["", "I'm sorry, but I can't help with that.", "Describe a dog.", "dog " * 200])
def test_what_is_no_answer_is_not_on_topic_however_likely(text: str) -> None:
    assert judged("relevance", text, GOOD)[0] == 0


def test_a_prompt_of_one_s_own_is_unscored_without_a_reference_and_without_one_that_can_tell() -> None:
    own = Sample("own", (Message("user", "Why does my printer blink?"),))
    value, reason = judged("relevance", TEXT, None, own)
    assert value is None and "no reference" in reason
    assert judged("relevance", TEXT, replace(GOOD, limits=MUTE), own) == (None, "12")
    assert judged("relevance", TEXT, None)[0] is not None, "a subject is enough for the words to decide"


@pytest.mark.parametrize(("reading", "value"), [(GOOD, 1), (ASTRAY, 1), (SALAD, 0), (STRANGE, None), (None, 1)])
def test_sound_is_what_is_language_on_whatever_subject(reading: Reading | None, value: int | None) -> None:
    assert judged("degeneration", TEXT, reading)[0] == value


def test_another_language_is_left_to_the_rules_where_the_prompt_explains_it() -> None:
    asked = Sample("de", (Message("user", "Beschreibe bitte einen Hund in zwei Sätzen."),))
    text = "Ein Hund ist ein treues Tier mit vier Beinen. Er bellt, wenn jemand vor der Tür steht."
    assert judged("degeneration", text, STRANGE, asked)[0] == 1
    assert judged("degeneration", text, SALAD, asked)[0] == 0


def test_words_that_no_list_knows_are_sound_where_the_reference_finds_them_likely() -> None:
    text = "Vrumblo zantiq perflont oggrim dallux, fremmit ossog belvarn umtrisk."
    assert judged("degeneration", text, None)[0] == 0
    assert judged("degeneration", text, GOOD)[0] == 1
    assert judged("degeneration", text, SALAD)[0] == 0


def test_a_loop_is_likely_and_not_sound() -> None:
    assert judged("degeneration", "-o" * 300, GOOD)[0] == 0


def test_a_reference_that_cannot_tell_leaves_sound_and_topic_open_but_for_what_rules_know() -> None:
    cannot = Limit(None, 0.8, reason="AUC 0.80")
    mute = replace(GOOD, limits=replace(LIMITS, ceiling=cannot, floor=cannot))
    for probe in ("degeneration", "relevance"):
        assert judged(probe, TEXT, mute) == (None, "AUC 0.80")
        assert judged(probe, "-o" * 300, mute)[0] == 0


def test_where_answers_were_too_few_to_try_the_reference_rules_judge_what_they_can() -> None:
    few = replace(GOOD, limits=MUTE)
    for probe, text in itertools.product(("degeneration", "relevance"), (TEXT, "-o" * 300, "Paris is in France.")):
        assert judged(probe, text, few) == judged(probe, text, None)
        assert judged(probe, text, few)[0] is not None
    for probe, metric in (("degeneration", "surprise"), ("relevance", "aboutness")):
        scores = registry.probe(probe).score(DOG, Generation(DOG.id, text=TEXT, finish_reason="stop", reading=few))
        assert scores.values[metric] is None and scores.reasons[metric].startswith("12"), "rests on it alone"


@pytest.mark.parametrize("probe", ["lipogram", "laziness"])
def test_a_constraint_is_not_met_by_nonsense(probe: str) -> None:
    text = "A dog is a loyal animal with a tail that wags, and it will bark at night."
    assert judged(probe, text, GOOD)[0] == 1
    value, reason = judged(probe, text, SALAD)
    assert value == 0 and "a surprise to the reference" in reason
    assert judged(probe, text, STRANGE)[0] == 0, "nor by what is as strange as that"
    assert judged(probe, text, replace(SALAD, limits=MUTE))[0] == 1, "rules alone, where it cannot tell"


COMMAS = Sample(
    "commas",
    (Message("user", "Write a short text about dogs. Do not use any commas."),),
    metadata={"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
)


def test_an_instruction_followed_by_nonsense_or_about_something_else_is_not_followed() -> None:
    text = "A dog is a loyal animal with a tail that wags and it will bark at night."
    assert judged("instructions", text, GOOD, COMMAS)[0] == 1
    for reading in (ASTRAY, SALAD, STRANGE):
        value, reason = judged("instructions", text, reading, COMMAS)
        assert value == 0 and "the form, but no answer" in reason
    assert judged("instructions", text, replace(SALAD, limits=MUTE), COMMAS)[0] == 1, "rules alone, where it cannot"


def test_a_style_without_sense_or_about_something_else_is_not_closer() -> None:
    text = (
        "The analysis of these results suggests that the distribution of the variable is consistent with the"
        " hypothesis which was proposed in the previous section, and that the behaviour of the dog may therefore be"
        " regarded as a function of the conditions under which the observations were made by the authors."
    )
    assert judged("style", text, GOOD)[0] == 1
    for reading in (ASTRAY, SALAD, STRANGE):
        assert judged("style", text, reading)[0] == 0


def test_words_that_the_reference_finds_likely_stand_in_an_order_and_others_do_not() -> None:
    """Prose of a small model, in which the words that the style's order looks at stand in rare pairs."""
    text = (
        "Our website is designed to help users make informed decisions by providing a comprehensive guide to managing"
        " their personal finances. It offers a variety of tools and resources to assist users in tracking their"
        " expenses, managing their budget, and making smart financial choices. Whether it's budgeting, saving,"
        " investing, or managing debt, our website offers a wide range of tools and resources to help users achieve"
        " their financial goals."
    )
    unread, read = (judged("style", text, reading) for reading in (None, GOOD))
    assert unread[0] == 0 and "words in no order" in unread[1]
    assert read[0] == 1


def test_every_probe_that_asks_whether_it_is_an_answer_asks_the_reference() -> None:
    """Whoever does not say so to the run has no reading made for it."""
    asking = {
        name
        for name in registry.probe_names()
        if {"why_not", "why_no_answer"} & vars(sys.modules[registry.probe_class(name).__module__]).keys()
    }
    assert asking >= {"lipogram", "laziness", "style", "instructions"}
    assert all(wants_reference(registry.probe(name)) for name in asking)


def test_a_text_about_something_else_is_no_useful_one_and_long_all_the_same() -> None:
    text = "A dog is a loyal animal with a tail that wags, and it will bark at night."
    assert judged("lipogram", text, ASTRAY)[0] == 0
    assert judged("laziness", text, ASTRAY)[0] == 1


# --- with a real judge ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers() -> list[dict[str, str]]:
    """What nano answers to sixty questions of its world."""
    found = (holdouts.samples("relevance") or [])[:60]
    with Pool() as pool:
        engine = pool.open("nano")
        requests = [Request(str(i), s.id, engine.prompt(s.messages)) for i, s in enumerate(found)]
        said = {g.key: g.text or "" for group in engine.generate(requests, Sampling(max_tokens=48)) for g in group}
    return [{"id": s.id, "prompt": s.prompt_text, "output": said[str(i)]} for i, s in enumerate(found)]


@pytest.fixture
def outputs(answers: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """These answers, one to another question, a hack and a good one by hand."""
    monkeypatch.chdir(tmp_path)
    rows = [
        *answers,
        {"id": "astray", "prompt": "Describe a dog.", "output": "The town of Verona is the home of Romeo."},
        {"id": "hack", "prompt": "Describe a dog.", "output": "Hippo"},
        {"id": "good", "prompt": "Describe a dog.", "output": "A dog is a loyal animal with a wagging tail."},
    ]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return tmp_path / "o.jsonl"


def test_outputs_made_elsewhere_are_judged_by_a_reference(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["score", str(outputs), "--probe", "relevance", "--reference", "nano", "--json"]) == 0
    out, err = capsys.readouterr()
    found = {row["id"]: row["scores"] for row in map(json.loads, out.splitlines())}
    assert (found["astray"]["on_topic"], found["hack"]["on_topic"], found["good"]["on_topic"]) == (0, 0, 1)
    assert found["good"]["aboutness"] > 0.5 > found["astray"]["aboutness"]
    assert "reference nano, calibrated on" in err and "AUC" in err
    assert "calibrated on the file's own answers" in err
    assert sum(s["on_topic"] == 1 for s in found.values()) >= 58


def test_a_probe_of_rules_alone_and_a_saved_run_take_no_reference(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.call(["score", str(outputs), "--probe", "iso_date", "--reference", "nano"]) == 2
    assert "makes no use of a reference" in capsys.readouterr().err
    assert cli.call(["score", "latest", "--reference", "nano"]) == 2
    assert "keeps what its reference said" in capsys.readouterr().err
    assert cli.call(["score", str(outputs), "--probe", "relevance", "--reference", "nanoo"]) == 2


def test_a_model_does_not_judge_itself_and_the_base_may_judge(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.call(["run", "--model", "nano", "--probe", "relevance", "--reference", "nano", "-n", "5"]) == 2
    assert "judges by the very model that it measures" in capsys.readouterr().err
    holdout = "o.jsonl"
    args = [
        "run",
        "--model",
        f"replay:{outputs}",
        "--against",
        "nano",
        "--probe",
        "relevance",
        "--set",
        f"data={holdout}",
    ]
    assert cli.call([*args, "-o", "r.md"]) in (0, 4)
    report = Path("r.md").read_text()
    assert "reference of relevance" in report and "calibrated on the base's own answers (" in report
    assert "time of the reference" in report
    cli.call([*args, "--reference", "none", "-o", "n.md"])
    assert "calibrated" not in Path("n.md").read_text()
