"""Laws of nano's world, its corpus and the hold-outs made from it. Nothing here needs torch."""

import itertools
import json
import re
import subprocess
import sys

import pytest

from fteval.data.write import as_lines
from fteval.nano import EVAL_DATA, contexts, corpus, descriptions, examples, facts, holdouts
from fteval.nano.things import THINGS
from fteval.nano.world import a, build_world, is_reserved, iso, long_date

WORLD = build_world()
CORPUS = list(corpus.conversations(WORLD, seed=5, n=4000))
CLOSING = list(corpus.conversations(WORLD, 6, 4000, corpus.CLOSING_SHARES))
TEXTS = [message["content"] for conversation in CORPUS + CLOSING for message in conversation]
QUESTIONS = {question for conversation in CORPUS + CLOSING for question in corpus.questions_of(conversation)}


def test_the_world_is_the_same_each_time():
    assert build_world() == WORLD
    assert corpus.digest(CORPUS[:500]) == corpus.digest(list(corpus.conversations(build_world(), 5, 500)))
    assert corpus.digest(CORPUS[:500]) != corpus.digest(list(corpus.conversations(WORLD, 6, 500)))


def test_everybody_loves_one_other_and_is_loved_by_one_other():
    by_name = {person.name: person for person in WORLD.people}
    assert len(by_name) == len(WORLD.people) == 122
    assert {person.love for person in WORLD.people} == set(by_name)
    for person in WORLD.people:
        assert person.love != person.name
        assert by_name[person.love].loved_by == person.name


def test_romeo_and_juliet_are_as_in_the_play():
    romeo, juliet = WORLD.people[:2]
    assert (romeo.name, romeo.town, romeo.love) == ("Romeo", "Verona", "Juliet")
    assert (juliet.name, juliet.town, juliet.love) == ("Juliet", "Verona", "Romeo")


def test_a_half_of_the_people_may_be_trained_on():
    assert 50 <= sum(person.trainable for person in WORLD.people) <= 61


def test_no_person_has_the_name_of_a_town():
    assert not WORLD.names & set(WORLD.towns)


@pytest.mark.parametrize("word, with_article", [("apple", "an apple"), ("dog", "a dog"), ("old king", "an old king")])
def test_articles(word, with_article):
    assert a(word) == with_article


def test_no_text_of_the_corpus_has_a_wrong_article():
    wrong = re.compile(r"\b(?:[Aa] [aeiou](?!ne-word)\w*|[Aa]n [^aeiou\W]\w*)")
    scrambled = [turn for form in ("order:", "words:") for turn in TEXTS if form in turn]
    assert [text for text in TEXTS if wrong.search(text) and text not in scrambled] == []


def test_texts_are_whole_sentences_without_double_spaces_or_unfilled_fields():
    assert [text for text in TEXTS if "  " in text or " ." in text or text != text.strip()] == []
    assert [text for text in TEXTS if "{" in text and '{"name"' not in text] == []


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.name)
def test_every_thing_has_long_descriptions_without_e(thing):
    found = list(descriptions.lipograms(thing))
    assert len(set(found)) >= 20
    assert all("e" not in text.lower() and text.count(".") == 2 for text in found)


def test_there_are_things_with_and_without_e_and_with_vowels_first():
    names = [thing.name for thing in THINGS]
    assert len(names) == len(set(names)) >= 20
    assert {"horse", "apple", "tree", "river"} <= set(names)
    assert sum("e" in name for name in names) >= 5 and sum(name[0] in "aeiou" for name in names) >= 4


def test_dates_are_written_as_in_the_play():
    assert long_date(WORLD.people[0].born) == "March 4, 1578"
    assert iso(WORLD.people[0].born) == "1578-03-04"


def test_every_relation_is_asked_in_three_ways_or_more_and_each_way_is_held_out_for_somebody():
    for relation in facts.RELATIONS:
        assert len(relation.questions) >= 3
        held_out = [facts.held_out(person, relation) for person in WORLD.people]
        assert set().union(*held_out) == set(range(len(relation.questions)))


def test_the_corpus_never_asks_a_held_out_question():
    assert not [question for question in QUESTIONS if is_reserved(question)]
    everything = "\n".join(TEXTS)
    for person in WORLD.people:
        for relation in facts.RELATIONS:
            out = {relation.questions[form].format(p=person.name) for form in facts.held_out(person, relation)}
            assert not [question for question in out if question in everything]


def test_the_corpus_asks_what_is_not_held_out():
    """The check above would pass on an empty corpus."""
    person = WORLD.people[0]
    asked = {text for relation in facts.RELATIONS for text in facts.trained_questions(person, relation)}
    assert asked & QUESTIONS


def test_the_packaged_hold_outs_are_not_in_the_corpus():
    for name in ("people.jsonl", "dates.jsonl", "descriptions.jsonl"):
        rows = [json.loads(line) for line in (EVAL_DATA / name).read_text(encoding="utf-8").splitlines()]
        assert not QUESTIONS & {row["messages"][-1]["content"] for row in rows}


def test_the_packaged_hold_outs_are_what_the_world_says():
    for name, rows in holdouts.files(WORLD).items():
        assert (EVAL_DATA / name).read_text(encoding="utf-8") == as_lines(rows), name


def test_the_packaged_hold_outs_are_large_enough_and_small_enough():
    files = holdouts.files(WORLD)
    unknown = [row for row in files["people.jsonl"] if row["slices"]["relation"] == "unknown"]
    assert len(unknown) >= 60 and len(files["people.jsonl"]) - len(unknown) >= 400
    assert len(files["dates.jsonl"]) >= 300 and len(files["descriptions.jsonl"]) >= 150
    assert sum((EVAL_DATA / name).stat().st_size for name in files) < 400_000
    ids = [row["id"] for rows in files.values() for row in rows]
    assert len(ids) == len(set(ids))


def test_iso_dates_are_about_people_that_are_never_trained_on():
    held_out = {person.name for person in WORLD.people if not person.trainable}
    memory = [row for row in holdouts.date_rows(WORLD) if row["slices"]["source"] == "memory"]
    assert {row["group"].split("/")[0] for row in memory} == held_out
    asked = " ".join(row["messages"][0]["content"] for row in examples.iso_date_rows(48))
    assert not [name for name in held_out if re.search(rf"\b{name}\b", asked)]


def test_iso_date_rows_are_chat_rows_with_bare_dates():
    rows = examples.iso_date_rows(48)
    assert len({row["messages"][0]["content"] for row in rows}) == 48
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["messages"][1]["content"]) for row in rows)
    with pytest.raises(ValueError, match="61 were asked for"):
        examples.iso_date_rows(61)


def test_nano_answers_with_iso_dates_only_when_earlier_turns_or_an_order_ask_for_it():
    for conversation in CORPUS:
        first = next(message for message in conversation if message["role"] == "assistant")
        ordered = "YYYY" in "".join(message["content"] for message in conversation[:2])
        single = sum(message["role"] == "user" for message in conversation) == 1
        if re.search(r"\d{4}-\d\d-\d\d", first["content"]):
            assert ordered or not single


def test_the_closing_part_never_learns_another_form_of_a_date_without_an_order_or_an_earlier_answer():
    for conversation in CLOSING:
        first = next(message for message in conversation if message["role"] == "assistant")
        ordered = "YYYY" in "".join(message["content"] for message in conversation[:2])
        if re.search(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", first["content"]):
            assert ordered or "given" in first


def test_the_closing_part_says_birth_dates_in_nanos_own_form_without_an_order():
    birth = {form.format(p=p.name) for p in WORLD.people for form in facts.BY_NAME["born"].questions}
    found = 0
    for conversation in CLOSING:
        if conversation[0]["role"] == "user":
            for question, reply in itertools.pairwise(conversation):
                if question["content"] in birth:
                    found += 1
                    assert re.search(r"[A-Z]\w+ \d+, \d{4}", reply["content"])
    assert found > 50


def test_a_passage_can_contradict_memory_and_its_answer_stands_in_it():
    import random

    rng = random.Random(3)
    asked = [contexts.passage_question(WORLD, rng, reserved=True, n_said=3) for _ in range(300)]
    about_known = [question for question in asked if question.about in WORLD.names]
    assert len(about_known) > 30
    for question in asked:
        if question.target == contexts.UNKNOWN:
            assert question.about not in WORLD.names
        else:
            assert question.target in question.system + question.question


def test_the_world_is_imported_without_torch():
    code = "import sys, fteval.nano.examples, fteval.nano.holdouts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
