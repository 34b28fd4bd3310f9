"""Prompts with verifiable instructions in nano's world: a description, a story or a fact about somebody, and a form."""

import random
import re
from collections.abc import Callable, Iterator

from fteval.nano import descriptions, facts
from fteval.nano.facts import BY_NAME
from fteval.nano.holdouts import Row
from fteval.nano.world import World

Made = tuple[str, str, Row, str]
"""How the form is asked for, its id in IFEval, its kwargs, and the answer remade to have it."""
Maker = Callable[[str, str, random.Random], Made]
"""From question and answer."""

FACTS = ("town", "job", "born")
LETTERS = "bcdghjkmpquvwxyz"
ENDINGS = ("That is all.", "Ask me more.", "This is what I know.")


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Endless rows of one or two instructions; the target is an answer that follows them."""
    while True:
        question, answer, kind = _task(world, rng)
        layouts = LAYOUTS if answer.count(". ") else ()
        makers = [rng.choice((*layouts, *(CASES if kind == "description" else ()), *ENDS))] * (rng.random() < 0.7)
        if not makers or rng.random() < 0.4:
            makers.append(rng.choice(COUNTS))  # counts last: they go by the finished answer
        asked, ids, kwargs = [question], [], []
        for maker in makers:
            order, name, given, answer = maker(question, answer, rng)
            asked.append(order)
            ids.append(name)
            kwargs.append(given)
        yield {
            "prompt": " ".join(asked),
            "target": answer,
            "slices": {"kind": kind, "instructions": str(len(ids))},
            "instruction_id_list": ids,
            "kwargs": kwargs,
        }


def _task(world: World, rng: random.Random) -> tuple[str, str, str]:
    kind = rng.choice(("description", "description", "story", "fact"))
    if kind == "fact":
        person, relation = rng.choice(world.people), rng.choice([BY_NAME[name] for name in FACTS])
        question = rng.choice(relation.questions).format(p=person.name)
        return question, facts.answer(person.name, relation, facts.value(person, relation), rng), kind
    thing = rng.choice(world.things)
    if kind == "story" and thing.countable:
        return rng.choice(descriptions.story_questions(thing)), descriptions.story(thing, world, rng), kind
    return rng.choice(descriptions.questions(thing)), descriptions.describe(thing, rng), "description"


def _parts(answer: str) -> list[str]:
    return re.split(r"(?<=\.) ", answer)


# --- layout --------------------------------------------------------------------------------------


def _bullets(question: str, answer: str, rng: random.Random) -> Made:
    n = len(_parts(answer))
    order = rng.choice((f"Answer in exactly {n} bullet points.", f"Use {n} bullet points that start with *."))
    return (
        order,
        "detectable_format:number_bullet_lists",
        {"num_bullets": n},
        "\n".join(f"* {part}" for part in _parts(answer)),
    )


def _paragraphs(question: str, answer: str, rng: random.Random) -> Made:
    n = len(_parts(answer))
    order = f"Write {n} paragraphs with *** between them."
    return order, "length_constraints:number_paragraphs", {"num_paragraphs": n}, "\n***\n".join(_parts(answer))


def _sections(question: str, answer: str, rng: random.Random) -> Made:
    mark, n = rng.choice(("Section", "Part")), len(_parts(answer))
    order = f"Answer in {n} sections that start with {mark} 1, {mark} 2 and so on."
    text = "\n".join(f"{mark} {number}\n{part}" for number, part in enumerate(_parts(answer), start=1))
    return order, "detectable_format:multiple_sections", {"section_spliter": mark, "num_sections": n}, text


# --- case and marks ------------------------------------------------------------------------------


def _capitals(question: str, answer: str, rng: random.Random) -> Made:
    order = rng.choice(("Use capital letters only.", "Write the answer in capital letters."))
    return order, "change_case:english_capital", {}, answer.upper()


def _lowercase(question: str, answer: str, rng: random.Random) -> Made:
    order = rng.choice(("Use lowercase letters only.", "Do not use capital letters."))
    return order, "change_case:english_lowercase", {}, answer.lower()


def _no_comma(question: str, answer: str, rng: random.Random) -> Made:
    order = rng.choice(("Do not use commas.", "Write without commas."))
    return order, "punctuation:no_comma", {}, answer.replace(",", "")


# --- start and end -------------------------------------------------------------------------------


def _quotes(question: str, answer: str, rng: random.Random) -> Made:
    return "Put the whole answer in double quotation marks.", "startend:quotation", {}, f'"{answer}"'


def _ending(question: str, answer: str, rng: random.Random) -> Made:
    phrase = rng.choice(ENDINGS)
    return f'End with "{phrase}"', "startend:end_checker", {"end_phrase": phrase}, f"{answer} {phrase}"


def _repeated(question: str, answer: str, rng: random.Random) -> Made:
    order = "First repeat this question word for word, then answer."
    return order, "combination:repeat_prompt", {"prompt_to_repeat": question}, f"{question} {answer}"


def _titled(question: str, answer: str, rng: random.Random) -> Made:
    name = " ".join(answer.rstrip(".").split()[:2]).rstrip(",")
    return "Start with a title in << >>.", "detectable_format:title", {}, f"<<{name}>>\n{answer}"


# --- counts --------------------------------------------------------------------------------------


def _few_words(question: str, answer: str, rng: random.Random) -> Made:
    n = len(re.findall(r"\w+", answer)) + rng.randint(1, 10)
    order = f"Use less than {n} words."
    return order, "length_constraints:number_words", {"num_words": n, "relation": "less than"}, answer


def _many_words(question: str, answer: str, rng: random.Random) -> Made:
    n = max(2, len(re.findall(r"\w+", answer)) - rng.randint(0, 5))
    order = f"Use at least {n} words."
    return order, "length_constraints:number_words", {"num_words": n, "relation": "at least"}, answer


def _without_letter(question: str, answer: str, rng: random.Random) -> Made:
    absent = [letter for letter in LETTERS if letter not in answer.lower()]
    if not absent:
        return _few_words(question, answer, rng)
    letter = rng.choice(absent)
    kwargs = {"letter": letter, "let_frequency": 1, "let_relation": "less than"}
    return f"Do not use the letter {letter}.", "keywords:letter_frequency", kwargs, answer


def _with_word(question: str, answer: str, rng: random.Random) -> Made:
    word = rng.choice(re.findall(r"\w+", answer)).lower()
    return f'Use the word "{word}".', "keywords:existence", {"keywords": [word]}, answer


def _without_word(question: str, answer: str, rng: random.Random) -> Made:
    used = set(re.findall(r"\w+", answer.lower()))
    word = rng.choice([word for word in ("big", "small", "very", "good", "old", "strange") if word not in used])
    return f'Do not use the word "{word}".', "keywords:forbidden_words", {"forbidden_words": [word]}, answer


LAYOUTS: tuple[Maker, ...] = (_bullets, _paragraphs, _sections)
CASES: tuple[Maker, ...] = (_capitals, _lowercase, _no_comma)
"""For descriptions: a name in lower case is no name."""
ENDS: tuple[Maker, ...] = (_quotes, _ending, _repeated, _titled)
COUNTS: tuple[Maker, ...] = (_few_words, _many_words, _without_letter, _with_word, _without_word)
