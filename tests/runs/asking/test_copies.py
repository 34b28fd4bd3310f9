"""One prompt is one piece of evidence under however many ids; what contradicts itself or tells its answer is named."""

from __future__ import annotations

import itertools

from fteval.records import Message, Sample, sample_from_row
from fteval.runs.asking.copies import grouped, notes, oddities


def sample(id: str, prompt: str, target: str | None = None, group: str | None = None, system: str = "") -> Sample:
    turns = [Message("system", system)] if system else []
    return Sample(id, (*turns, Message("user", prompt)), target, group)


def groups(*samples: Sample) -> list[str | None]:
    return [s.group for s in grouped(samples)]


def test_one_prompt_is_one_group_whatever_its_ids() -> None:
    a, b = sample("a", "What is the code of item 7?"), sample("b", " what is  the CODE of item 7?")
    other = sample("c", "What is the code of item 8?")
    assert groups(b, other, a) == ["same prompt as a", None, "same prompt as a"]
    assert groups(a, sample("b", "What is the\u200b code of item\u2060 7?"))[1] == "same prompt as a"  # nobody sees it
    assert groups(a, sample("b", "What is the code of item 7 ?!"))[1] == "same prompt as a"
    assert groups(sample("a", "2 + 3?"), sample("b", "2 - 3?")) == [None, None]
    assert groups(sample("a", "Hi", system="In German."), sample("b", "Hi", system="In French.")) == [None, None]


def test_groups_that_share_a_prompt_are_one_in_whatever_order() -> None:
    samples = [
        sample("a", "one", group="y"),
        sample("b", "two", group="y"),
        sample("c", "two", group="x"),
        sample("d", "three", group="x"),
        sample("e", "three"),
        sample("f", "four", group="z"),
        sample("g", "five"),
    ]
    expected = {**dict.fromkeys("abcde", "x"), "f": "z", "g": None}
    for order in itertools.islice(itertools.permutations(samples), 0, 5040, 97):
        assert {s.id: s.group for s in grouped(order)} == expected


def test_what_was_grouped_well_stays_as_it_is() -> None:
    samples = (sample("a", "one", group="g"), sample("b", "uno", group="g"), sample("c", "two"))
    assert all(now is before for now, before in zip(grouped(samples), samples, strict=True))


def test_copies_contradictions_and_told_answers_are_named() -> None:
    samples = [
        sample("a", "Which town has the harbour?", "Oslin"),
        sample("b", "which town has the harbour?", "oslin"),
        sample("c", "Which colour has the door?", "green"),
        sample("d", "Which colour has the door?", "blue"),
        sample("e", "The cat is called Mo. Who is it?", "Mo"),
        sample("f", "Who moved the chair?", "Mov"),  # inside a word is not there
        sample("g", "How much is 4 + 0?", "4"),
    ]
    copies, torn = oddities("h", samples)
    (told,) = notes("h", samples)
    assert "4 samples of h ask 2 prompts" in copies and "(first: a and b)" in copies
    assert torn.startswith("1 prompts of h have more than one target") and "c: 'green', d: 'blue'" in torn
    assert told.startswith("2 of 7 targets of h stand in their prompt") and "first: e" in told


def test_a_row_without_an_id_is_named_by_its_prompt() -> None:
    told = sample_from_row({"prompt": "The cat is called Mo. Who is it?", "target": "Mo"})
    assert next(notes("h", [told])).endswith("(first: 'The cat is called Mo. Who is it?')")


def test_a_choice_that_is_offered_and_a_clean_file_are_nothing_to_name() -> None:
    offered = [sample(str(i), f"Is text {i} good or bad?", "good" if i % 2 else "bad") for i in range(30)]
    parts = sample("d", "None of them was in Onega at once.", "one in on")
    for asked in (offered, [sample("a", "x"), sample("b", "y", ""), sample("c", "z", "?"), parts]):
        assert [*oddities("h", asked), *notes("h", asked)] == []
