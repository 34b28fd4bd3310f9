"""Verifiable instructions: every kind of IFEval, judged as lm-eval's checkers judge it, and still an answer."""

import functools
import itertools
import json
import pathlib
import random
from collections import Counter

import pytest
from evals.pace import soon

from fteval import registry
from fteval.errors import UserError
from fteval.evals.ifeval.form import count_sentences
from fteval.evals.ifeval.kinds import KINDS, Instruction, instructions, loosely
from fteval.nano.forms.instructions import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row

DATA = pathlib.Path(__file__).parent.parent / "data"
PROBE = registry.probe("instructions")


def row(ids: list, kwargs: list | None = None, prompt: str = "Describe a dog.") -> Sample:
    metadata = {"instruction_id_list": ids} | ({} if kwargs is None else {"kwargs": kwargs})
    return Sample("row-7", (Message("user", prompt),), metadata=metadata)


def judged(sample: Sample, text: str) -> tuple[float | None, float | None]:
    values = PROBE.score(sample, Generation(sample.id, text=text)).values
    return values["followed"], values["followed_loosely"]


# --- lm-eval -------------------------------------------------------------------------------------

# Pairs of strict and loose verdicts that differ from lm-eval's, each for one reason.
DIFFERENT = {
    # Its language guesser raises on text without letters, which counts as followed: the divider "***" that is left
    # of an answer without first and last line is then in any language.
    "language:response_language": 249,
    # It takes a mark for a regular expression: "N.B." is found in "and bark".
    "detectable_content:postscript": 9,
    # Marks that stand behind the last full stop (**, a closing bracket of JSON) are no sentence.
    "length_constraints:number_sentences": 26,
    # Its guesser finds other languages in a few English words or in capitals.
    "change_case:english_lowercase": 25,
    "change_case:english_capital": 1,
    # It counts paragraphs without the empty ones and looks for the n-th among all.
    "length_constraints:nth_paragraph_first_word": 1,
    "punctuation:no_comma": 1,  # a Japanese comma
    # A divider is no highlight, and a highlight that follows a bullet's asterisk is one.
    "detectable_format:number_highlighted_sections": 3,
    "detectable_format:number_bullet_lists": 3,  # *a highlight* that opens a line is no bullet
}


def test_strict_and_loose_verdicts_are_lm_evals_but_for_the_known_differences() -> None:
    table = json.loads((DATA / "ifeval.json").read_text("ascii"))
    different: Counter[str] = Counter()
    n_pairs = 0
    for response, strict, loose in zip(table["responses"], table["strict"], table["loose"], strict=True):
        variants = loosely(response)
        for (name, kwargs), *theirs in zip(table["sets"], strict, loose, strict=True):
            one = Instruction(name, kwargs)
            ours = [str(int(why is None)) for why in (one.broken(response), one.broken_loosely(variants))]
            different[name] += ours != theirs
            n_pairs += 1
    assert n_pairs > 20_000
    assert {name for name, _ in table["sets"]} == set(KINDS)
    assert +different == DIFFERENT


def test_the_loose_variants_are_the_eight_of_the_paper() -> None:
    assert loosely("a *b*\nc\nd *e*") == [
        "a *b*\nc\nd *e*",
        "c\nd *e*",
        "a *b*\nc",
        "c",
        "a b\nc\nd e",
        "c\nd e",
        "a b\nc",
    ]


# --- hold-outs -----------------------------------------------------------------------------------


def test_every_packaged_prompt_has_an_answer_that_follows_it() -> None:
    samples = {s.id: s for s in PROBE.samples()}
    answers = [json.loads(line) for line in (DATA / "instructions_followed.jsonl").read_text("ascii").splitlines()]
    assert {a["id"] for a in answers} == set(samples)
    for answer in answers:
        assert judged(samples[answer["id"]], answer["output"]) == (1, 1), answer


def test_the_packaged_prompts_use_every_kind_and_differ() -> None:
    samples = list(PROBE.samples())
    kinds = Counter(one.id for s in samples for one in instructions(s))
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 6
    assert len(samples) >= 220
    assert len({s.prompt_text for s in samples}) == len(samples)


def test_rows_of_nanos_world_are_followed_by_their_target() -> None:
    drawn = list(itertools.islice(rows(build_world(), random.Random(5)), 300))
    for made in drawn:
        assert judged(sample_from_row(made), made["target"]) == (1, 1), made
    assert len({made["prompt"] for made in drawn}) > 290
    assert len({name for made in drawn for name in made["instruction_id_list"]}) >= 12


def test_a_row_of_ifevals_file_is_a_sample_as_it_stands() -> None:
    given = {
        "key": 1000,
        "prompt": "Write two lines about tea without commas.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [
            {"num_words": None, "relation": None, "keywords": None},
            {"num_words": 5.0, "relation": "at least", "keywords": None},
        ],
    }
    sample = sample_from_row(given)
    assert sample.metadata["key"] == 1000
    assert judged(sample, "Tea is warm.\nIt smells of summer and smoke.") == (1, 1)


# --- rows that cannot be judged ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "kwargs", "wrong"),
    [
        (None, None, "instruction_id_list"),
        ([], [], "instruction_id_list"),
        ("punctuation:no_comma", [{}], "instruction_id_list"),
        (["punctuation:no_comma", "startend:quotation"], [{}], "kwargs"),
        (["punctuation:no_comma"], "x", "kwargs"),
        (["punctuation:no_comma"], [3], "object"),
        (["punctuation:no_coma", "x", "startend:quotation"], [{}, {}, {}], "'punctuation:no_coma', 'x'"),
        (["length_constraints:number_words"], None, "'num_words'"),
        (["length_constraints:number_words"], [{"num_words": 5, "relation": "at most"}], "'less than' or 'at least'"),
        (["length_constraints:number_words"], [{"num_words": True, "relation": "at least"}], "whole number"),
        (["length_constraints:number_words"], [{"num_words": float("nan"), "relation": "at least"}], "whole number"),
        (["keywords:existence"], [{"keywords": "dog"}], "list of texts"),
        (["keywords:letter_frequency"], [{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}], "letter"),
        (["startend:end_checker"], [{"end_phrase": " "}], "end_phrase"),
        (
            ["length_constraints:nth_paragraph_first_word"],
            [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}],
            "paragraph 3 of 2",
        ),
    ],
)
def test_a_row_that_cannot_be_judged_is_an_error_that_names_it(ids: object, kwargs: object, wrong: str) -> None:
    with pytest.raises(UserError, match="row-7") as error:
        PROBE.score(row(ids, kwargs), Generation("row-7", text="A dog barks."))  # type: ignore[arg-type]
    assert wrong in str(error.value)


def test_everything_wrong_with_a_row_is_said_at_once() -> None:
    ids = ["keywords:existence", "startend:end_checker"]
    with pytest.raises(UserError) as error:
        PROBE.score(row(ids, [{}, {}]), Generation("row-7", text="A dog barks."))
    assert "'keywords'" in str(error.value) and "'end_phrase'" in str(error.value)


def test_instructions_without_fields_need_no_kwargs() -> None:
    assert judged(row(["punctuation:no_comma"]), "A dog is a loyal animal.") == (1, 1)


# --- details -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("One", 1),
        ("One. Two! Three? Four", 4),
        ("Mr. Hall met Dr. Lee at 5 p.m. They left.", 2),
        ("It costs 3.50 at www.example.com. Buy it.", 2),
        ("Wait... what is that?", 1),
        ("He said \u201cStop.\u201d She left.", 2),
        ("1. Wash it.\n2. Dry it.", 2),
        ("\u4eca\u65e5\u306f\u6674\u308c\u3002\u660e\u65e5\u306f\u96e8\u3002", 2),
        ("A heading\n\nand its text.", 1),
        ("**Bold.** Plain.", 2),
    ],
)
def test_sentences_are_counted_as_a_reader_counts_them(text: str, n: int) -> None:
    assert count_sentences(text) == n


@pytest.mark.parametrize(
    ("code", "text", "followed"),
    [
        ("de", "Guten Morgen, wie geht es Ihnen heute?", True),
        ("de", "Gern.", True),
        ("de", "Good morning, how are you today?", False),
        ("pt-BR", "Bom dia, como o senhor est\u00e1 hoje?", True),
        ("zh-cn", "\u65e9\u4e0a\u597d\uff0c\u60a8\u4eca\u5929\u600e\u4e48\u6837\uff1f", True),
        ("ko", "\uc548\ub155\ud558\uc138\uc694", True),
        ("ko", "Annyeonghaseyo, my friend", False),
        ("mr", "\u092e\u0932\u093e \u092e\u0930\u093e\u0920\u0940 \u0906\u0935\u0921\u0924\u0947.", True),
        ("hi", "Hello and good morning to all of you", False),
        ("fr", "123 456", False),
    ],
)  # fmt: skip
def test_a_language_is_told_from_short_texts_and_by_codes_with_regions(code: str, text: str, followed: bool) -> None:
    one = Instruction("language:response_language", {"language": code})
    assert (one.broken(text) is None) == followed, one.broken(text)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_kind_can_be_kept_busy(name: str) -> None:
    kwargs = {
        "keywords": ["dog"], "keyword": "a", "frequency": 2, "relation": "less than", "forbidden_words": ["a+"],
        "letter": "a", "let_frequency": 1, "let_relation": "less than", "language": "fr", "num_sentences": 3,
        "num_paragraphs": 2, "num_words": 9, "nth_paragraph": 1, "first_word": "a", "num_placeholders": 2,
        "postscript_marker": "P.S.", "num_bullets": 3, "num_highlights": 3, "section_spliter": "Section",
        "num_sections": 2, "prompt_to_repeat": "x", "end_phrase": "x", "capital_frequency": 2,
        "capital_relation": "less than",
    }  # fmt: skip
    sample = row([name], [kwargs])
    judged(sample, "Le chien dort.")  # lexicons load once
    baits = ["<<", "[", "*", "**a", "p. ", "'", "\n\n", "- ", "1. a\n", '"', "\u00e9", "\u0430a", "Mr. ", "Section 1 "]
    for bait in baits:
        soon(functools.partial(judged, sample, bait * (100_000 // len(bait))), bait)
