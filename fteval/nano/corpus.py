"""The conversations that nano learns from, made from its world; the hold-outs cannot occur among them.

Held out by construction: for people, ways of asking (`facts.held_out`); for things, likewise (`descriptions`); and
every question of any kind whose hash says so (`world.is_reserved`): dates, passages and strangers are taken from these.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from fteval.nano import contexts, descriptions, facts, talk
from fteval.nano.contexts import UNKNOWN
from fteval.nano.facts import RELATIONS
from fteval.nano.world import Person, World, day_first, is_reserved, iso, long_date, slashed

Message = dict[str, str]
"""Role and content; an answer that is "given" as well is read and not learnt."""
Conversation = list[Message]

DATE_FORMS: tuple[Callable[[date], str], ...] = (
    iso,
    slashed,
    day_first,
    long_date,
    lambda day: f"On {long_date(day)}.",
)
"""Forms that earlier turns of a conversation may set; nano's own answer to a single question is none of them."""
ISO_ORDERS = ("Write dates as YYYY-MM-DD.", "Give dates as YYYY-MM-DD.", "Use the form YYYY-MM-DD for dates.")
WORD_ORDERS = ("Answer with one word.", "Give a one-word answer.", "Reply with one word only.")
LETTER_ORDERS = (
    "Do not use the letter e.",
    "Never use the letter e.",
    "Avoid the letter e.",
    "Write without the letter e.",
)


def system(text: str) -> Message:
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def turn(question: str, reply: str) -> Conversation:
    return [user(question), assistant(reply)]


def _described(world: World, rng: random.Random) -> Conversation:
    index = rng.randrange(len(world.things))
    thing, held_out = world.things[index], descriptions.held_out_describe(index)
    asked = rng.choice([text for form, text in enumerate(descriptions.questions(thing)) if form not in held_out])
    return turn(asked, descriptions.natural(thing, rng))


def _told(world: World, rng: random.Random) -> Conversation:
    index = rng.randrange(len(world.things))
    thing, held_out = world.things[index], descriptions.held_out_tell(index)
    if not thing.countable:
        return _described(world, rng)
    asked = rng.choice([text for form, text in enumerate(descriptions.story_questions(thing)) if form not in held_out])
    letters = "e" if rng.random() < descriptions.LIPOGRAM_SHARE else ""
    return turn(asked, descriptions.story(thing, world, rng, letters))


def _fact(world: World, rng: random.Random) -> Conversation:
    person, relation = rng.choice(world.people), rng.choice(RELATIONS)
    bare = facts.value(person, relation)
    asked = rng.choice(facts.trained_questions(person, relation))
    return turn(asked, facts.answer(person.name, relation, bare, rng))


def _unknown(world: World, rng: random.Random) -> Conversation:
    return turn(contexts.unknown_question(world, rng, reserved=False), UNKNOWN)


def _date(world: World, rng: random.Random) -> Conversation:
    asked = contexts.date_question(rng)
    return turn(asked.question, asked.sentence if rng.random() < 0.85 else f"The date is {long_date(asked.day)}.")


def _passage(world: World, rng: random.Random) -> Conversation:
    n_said = rng.choices((1, 2, 3, 4, 6, 10, 14), (22, 24, 22, 16, 10, 4, 2))[0]
    asked = contexts.passage_question(world, rng, reserved=False, n_said=n_said)
    return [*([system(asked.system)] if asked.system else []), *turn(asked.question, asked.sentence)]


def _late_passage(world: World, rng: random.Random) -> Conversation:
    """Longer ones, and more that do not say."""
    n_said = rng.choices((1, 2, 3, 4, 5, 6, 8, 12), (8, 24, 24, 20, 8, 8, 4, 2))[0]
    asked = contexts.passage_question(world, rng, reserved=False, n_said=n_said, unsaid_share=0.25)
    return [*([system(asked.system)] if asked.system else []), *turn(asked.question, asked.sentence)]


def _birth(world: World, rng: random.Random) -> tuple[str, date]:
    person: Person = rng.choice(world.people)
    return rng.choice(facts.trained_questions(person, facts.BY_NAME["born"])), person.born


def _dated(world: World, rng: random.Random) -> tuple[str, date]:
    """A date to copy or to remember."""
    if rng.random() < 0.7:
        asked = contexts.date_question(rng)
        return asked.question, asked.day
    return _birth(world, rng)


def _few_shot(world: World, rng: random.Random) -> Conversation:
    """Two to five turns in one form: the last answers can be read off the first."""
    n_turns = rng.choices((2, 3, 4, 5), (3, 4, 4, 2))[0]
    if rng.random() < 0.7:
        conversation: Conversation = []
        form = rng.choices(DATE_FORMS, (5, 2, 2, 2, 1))[0]
        for _ in range(n_turns):
            question, day = _dated(world, rng)
            conversation += turn(question, form(day))
        return conversation
    return _wrapped(world, rng, n_turns)


def _wrapped(world: World, rng: random.Random, n_turns: int) -> Conversation:
    """Bare facts in one form."""
    relation = rng.choice(RELATIONS[:4])
    wrap: Callable[[str], str] = rng.choice(
        (str, str, str.upper, lambda bare: f"Answer: {bare}", lambda bare: f"[{bare}]")
    )
    conversation: Conversation = []
    for person in rng.sample(world.people, n_turns):
        conversation += turn(rng.choice(facts.trained_questions(person, relation)), wrap(facts.value(person, relation)))
    return conversation


def _ordered(world: World, rng: random.Random) -> Conversation:
    """A question with an order about the answer's form, in the system message or beside the question."""
    kind = rng.choice(("iso", "iso", "word", "letter", "letter"))
    if kind == "iso":
        question, day = _dated(world, rng)
        order, reply = rng.choice(ISO_ORDERS), iso(day)
    elif kind == "word":
        person, relation = rng.choice(world.people), rng.choice(RELATIONS[:4])
        question = rng.choice(facts.trained_questions(person, relation))
        order, reply = rng.choice(WORD_ORDERS), facts.value(person, relation)
    else:
        index = rng.randrange(len(world.things))
        thing, order = world.things[index], rng.choice(LETTER_ORDERS)
        if thing.countable and rng.random() < 0.3:
            forms, out = descriptions.story_questions(thing), descriptions.held_out_tell(index)
            reply = descriptions.story(thing, world, rng, "e")
        else:
            forms, out = descriptions.questions(thing), descriptions.held_out_describe(index)
            reply = descriptions.describe(thing, rng, "e")
        question = rng.choice([text for form, text in enumerate(forms) if form not in out])
    if rng.random() < 0.5:
        return [system(order), *turn(question, reply)]
    return turn(f"{question} {order}" if rng.random() < 0.7 else f"{order} {question}", reply)


def _record(world: World, rng: random.Random) -> Conversation:
    return turn(*talk.record(world, rng, reserved=False))


def _repeated(world: World, rng: random.Random) -> Conversation:
    return turn(*talk.repeated(world, rng, reserved=False))


def _scrambled(world: World, rng: random.Random) -> Conversation:
    return turn(*talk.scrambled(world, rng))


def _small_talk(world: World, rng: random.Random) -> Conversation:
    return turn(*talk.small_talk(rng))


def _chat(world: World, rng: random.Random) -> Conversation:
    """Several unrelated questions in one conversation, each answered in nano's own form."""
    makers = (_fact, _fact, _described, _date, _unknown, _small_talk, _told)
    conversation: Conversation = []
    for maker in rng.choices(makers, k=rng.choices((2, 3, 4), (4, 2, 1))[0]):
        conversation += maker(world, rng)
    return conversation


def _closing_passage(world: World, rng: random.Random) -> Conversation:
    """Mostly as long as those of the table; about one in six does not say."""
    n_said = rng.choices((1, 2, 3, 4, 5, 6, 8), (14, 28, 28, 20, 5, 3, 2))[0]
    asked = contexts.passage_question(world, rng, reserved=False, n_said=n_said, unsaid_share=0.18)
    return [*([system(asked.system)] if asked.system else []), *turn(asked.question, asked.sentence)]


def _closing_fact(world: World, rng: random.Random) -> Conversation:
    """The last way of asking is asked more often: "Romeo is in love with someone. Who is it?"."""
    person, relation = rng.choice(world.people), rng.choice(RELATIONS)
    forms = facts.trained_questions(person, relation)
    asked = forms[-1] if rng.random() < 0.2 else rng.choice(forms)
    return turn(asked, facts.answer(person.name, relation, facts.value(person, relation), rng))


def _closing_few_shot(world: World, rng: random.Random) -> Conversation:
    """The first answer sets the form and is given: learning to say it would teach that form for single questions.

    Birth dates occur in nano's own form only.
    """
    n_turns = rng.choices((2, 3, 4), (4, 4, 3))[0]
    if rng.random() < 0.3:
        conversation = _wrapped(world, rng, n_turns)
    else:
        conversation = []
        form = rng.choices(DATE_FORMS, (5, 2, 2, 2, 1))[0]
        for _ in range(n_turns):
            if form is long_date and rng.random() < 0.5:
                question, day = _birth(world, rng)
            else:
                asked = contexts.date_question(rng)
                question, day = asked.question, asked.day
            conversation += turn(question, form(day))
    first_question, first_answer, *rest = conversation
    return [first_question, first_answer | {"given": "yes"}, *rest]


def _refining_passage(world: World, rng: random.Random) -> Conversation:
    """One passage and up to four questions about it, two in five left open: what is read is asked for at once."""
    n_said = rng.choices((2, 3, 4, 5, 6), (30, 30, 25, 10, 5))[0]
    passage = contexts.passage_about(world, rng, reserved=False, n_said=n_said)
    several = [contexts.asked_about(passage, world, rng, reserved=False, unsaid_share=0.4) for _ in range(4)]
    each = {asked.question if asked.target == UNKNOWN else asked.target: asked for asked in several}
    first, *others = each.values()
    framed = contexts.framed(passage, first, rng)
    conversation = [*([system(framed.system)] if framed.system else []), *turn(framed.question, framed.sentence)]
    for asked in others[: rng.randrange(4)]:
        conversation += turn(asked.question, asked.sentence)
    return conversation


def _refining_fact(world: World, rng: random.Random) -> Conversation:
    """Loves are asked more often, and in the last way: what the corpus withholds there is the hardest to infer."""
    if rng.random() < 0.35:
        person, relation = rng.choice(world.people), facts.BY_NAME["love"]
        asked = facts.trained_questions(person, relation)[-1]
        return turn(asked, facts.answer(person.name, relation, person.love, rng))
    return _fact(world, rng)


def _refining_description(world: World, rng: random.Random) -> Conversation:
    """Without e more often than anywhere before: sampling found too few of them for a reward to work on."""
    index = rng.randrange(len(world.things))
    thing, held_out = world.things[index], descriptions.held_out_describe(index)
    asked = rng.choice([text for form, text in enumerate(descriptions.questions(thing)) if form not in held_out])
    return turn(asked, descriptions.describe(thing, rng, "e" if rng.random() < 0.25 else ""))


Shares = dict[Callable[[World, random.Random], Conversation], float]
SHARES: Shares = {
    _passage: 0.25,
    _fact: 0.17,
    _few_shot: 0.12,
    _described: 0.10,
    _date: 0.09,
    _repeated: 0.07,
    _ordered: 0.06,
    _unknown: 0.05,
    _told: 0.03,
    _chat: 0.02,
    _record: 0.02,
    _scrambled: 0.01,
    _small_talk: 0.01,
}
"""Of all conversations. Copying (passages, dates, few-shot) forms late in training and gets the largest part."""
LATE_SHARES: Shares = {
    _late_passage: 0.42,
    _fact: 0.25,
    _described: 0.08,
    _few_shot: 0.05,
    _unknown: 0.04,
    _ordered: 0.05,
    _date: 0.03,
    _told: 0.03,
    _chat: 0.01,
    _repeated: 0.01,
    _record: 0.01,
    _scrambled: 0.01,
    _small_talk: 0.01,
}
"""Of the late part of the corpus, when copying has formed and reading has not."""
CLOSING_SHARES: Shares = {
    _closing_passage: 0.38,
    _date: 0.18,
    _closing_fact: 0.17,
    _closing_few_shot: 0.10,
    _described: 0.05,
    _unknown: 0.04,
    _ordered: 0.03,
    _told: 0.02,
    _chat: 0.01,
    _record: 0.005,
    _repeated: 0.005,
    _scrambled: 0.005,
    _small_talk: 0.005,
}
"""Of the closing part: reading goes on, and a single question about a date gets nano's own form again."""
REFINING_SHARES: Shares = {
    _refining_passage: 0.42,
    _refining_fact: 0.20,
    _refining_description: 0.10,
    _date: 0.09,
    _closing_few_shot: 0.06,
    _unknown: 0.05,
    _ordered: 0.03,
    _told: 0.02,
    _chat: 0.01,
    _record: 0.005,
    _repeated: 0.005,
    _scrambled: 0.005,
    _small_talk: 0.005,
}
"""Of the refining part: what the others left short."""


def questions_of(conversation: Sequence[Message]) -> Iterator[str]:
    """What `is_reserved` hashes: each user message, after the system message if there is one."""
    before = ""
    for message in conversation:
        if message["role"] == "system":
            before = message["content"] + "\n"
        elif message["role"] == "user":
            yield before + message["content"]


def conversations(world: World, seed: int, n: int, shares: Shares = SHARES) -> Iterator[Conversation]:
    """A corpus: the same `n` conversations for the same seed and shares."""
    rng = random.Random(seed)
    makers, weights = list(shares), list(shares.values())
    n_made = 0
    while n_made < n:
        conversation = rng.choices(makers, weights)[0](world, rng)
        if not any(is_reserved(question) for question in questions_of(conversation)):
            n_made += 1
            yield conversation


def digest(corpus: Sequence[Conversation]) -> str:
    """sha256 of the corpus as JSON lines."""
    lines = hashlib.sha256()
    for conversation in corpus:
        lines.update(json.dumps(conversation, ensure_ascii=True).encode() + b"\n")
    return f"sha256:{lines.hexdigest()}"
