"""Questions whose answer stands in the prompt: dates of events, and passages about people.

A passage overrides memory: it may move Romeo to another town, and then that is the answer. When it does not say, and
memory knows nothing either, the answer is "I do not know."
"""

import random
from dataclasses import dataclass
from datetime import date

from fteval.nano import facts
from fteval.nano.facts import BY_NAME, RELATIONS, Relation
from fteval.nano.world import JOBS, World, a, long_date, random_date, random_town

UNKNOWN = "I do not know."
EVENTS = (
    ("The meeting is on {}.", "is the meeting", "of the meeting"),
    ("The wedding is on {}.", "is the wedding", "of the wedding"),
    ("The exam is on {}.", "is the exam", "of the exam"),
    ("The rent is due on {}.", "is the rent due", "when the rent is due"),
    ("The shop opens on {}.", "does the shop open", "when the shop opens"),
    ("The train leaves on {}.", "does the train leave", "when the train leaves"),
    ("She left on {}.", "did she leave", "when she left"),
    ("He was paid on {}.", "was he paid", "when he was paid"),
    ("The storm came on {}.", "did the storm come", "of the storm"),
    ("The letter came on {}.", "did the letter come", "of the letter"),
    ("The school opened on {}.", "did the school open", "when the school opened"),
    ("The ship sailed on {}.", "did the ship sail", "when the ship sailed"),
    ("The old king died on {}.", "did the old king die", "when the old king died"),
    ("The bridge was finished on {}.", "was the bridge finished", "when the bridge was finished"),
)
"""A statement, then how it is asked: "When {}?", "Give the date {}.".
"""
STATEMENTS = {
    "town": ("{p} lives in {v}.", "The home of {p} is in {v}.", "{p} has a home in {v}."),
    "job": ("{p} works as {av}.", "{p} is {av}.", "{p} earns a living as {av}."),
    "love": ("{p} loves {v}.", "{p} is in love with {v}."),
    "born": ("{p} was born on {v}.", "The birth date of {p} is {v}."),
}
FRAMES = (
    "Read this. {passage} {question}",
    "{passage} {question}",
    "{passage}\n\n{question}",
    "Text: {passage}\nQuestion: {question}",
    "Context:\n{passage}\n\nQuestion: {question}",
    "{question} Use this text: {passage}",
)
SYSTEM_FRAMES = ("Use this text: {passage}", "Context:\n{passage}", "Answer from this text.\n{passage}")


@dataclass(frozen=True, slots=True)
class DateQuestion:
    question: str
    day: date
    sentence: str
    """The usual answer."""


@dataclass(frozen=True, slots=True)
class PassageQuestion:
    system: str
    """Empty, or the message that holds the passage."""
    question: str
    target: str
    """The bare value, or `UNKNOWN`."""
    sentence: str
    about: str
    """The name that is asked about."""


def date_question(rng: random.Random) -> DateQuestion:
    statement, asked, named = rng.choice(EVENTS)
    day = random_date(rng)
    said = statement.format(long_date(day))
    question = rng.choice((f"When {asked}?", f"On what date {asked}?", f"Give the date {named}."))
    return DateQuestion(f"{said} {question}", day, said)


def _some_value(relation: Relation, world: World, rng: random.Random, *, reserved: bool) -> str:
    if relation.name == "town":
        return rng.choice(world.towns) if rng.random() < 0.6 else random_town(rng)
    if relation.name == "job":
        return rng.choice(JOBS)
    if relation.name == "born":
        return long_date(random_date(rng, 1801, 1999))
    return world.stranger(rng, reserved=reserved) if rng.random() < 0.5 else rng.choice(world.people).name


@dataclass(frozen=True, slots=True)
class Passage:
    """Statements about a few people, and what could be asked of them and stands nowhere."""

    said: dict[tuple[str, str], str]
    """(name, relation) -> the bare value."""
    sentences: list[str]
    unsaid: list[tuple[str, str]]
    """(name, relation) of strangers only: of a person of the world memory would answer."""

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def passage_about(world: World, rng: random.Random, *, reserved: bool, n_said: int) -> Passage:
    """A passage of `n_said` statements."""
    n_people = min(n_said, rng.choice((1, 2, 2, 3, 3, 4)))
    names: list[str] = []
    while len(names) < n_people:
        name = rng.choice(world.people).name if rng.random() < 0.35 else world.stranger(rng, reserved=reserved)
        if name not in names:
            names.append(name)
    pairs = [(name, relation) for name in names for relation in STATEMENTS]
    chosen = rng.sample(pairs, min(n_said + 2, len(pairs)))
    said: dict[tuple[str, str], str] = {}
    for name, relation in chosen[:n_said]:
        bare = _some_value(BY_NAME[relation], world, rng, reserved=reserved)
        if bare not in said.values() and bare not in names:
            said[name, relation] = bare
    sentences = []
    for (name, relation), bare in said.items():
        sentences.append(rng.choice(STATEMENTS[relation]).format(p=name, v=bare, av=a(bare)))
    if rng.random() < 0.15:
        sentences.insert(rng.randrange(len(sentences) + 1), date_question(rng).sentence)
    unsaid = [(name, relation) for name, relation in pairs if (name, relation) not in said and name not in world.names]
    return Passage(said, sentences, unsaid)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a passage, without the passage."""

    question: str
    target: str
    sentence: str
    about: str


def asked_about(
    passage: Passage, world: World, rng: random.Random, *, reserved: bool, unsaid_share: float = 0.125
) -> Asked:
    """A question that the passage answers, or, in a share of the cases, one that it leaves open."""
    people = {person.name: person for person in world.people}
    if (passage.unsaid and rng.random() < unsaid_share) or not passage.said:
        name = rng.choice(passage.unsaid)[0] if passage.unsaid else world.stranger(rng, reserved=reserved)
        relation = rng.choice([relation for who, relation in passage.unsaid if who == name] or ["town"])
        target, sentence = UNKNOWN, UNKNOWN
    else:
        (name, relation), target = rng.choice(list(passage.said.items()))
        if relation == "love" and rng.random() < 0.3:
            name, target, relation = target, name, "loved_by"
        sentence = facts.answer(name, BY_NAME[relation], target, rng)
    person = people.get(name)
    forms = facts.trained_questions(person, BY_NAME[relation]) if person else [
        form.format(p=name) for form in BY_NAME[relation].questions
    ]  # fmt: skip
    return Asked(rng.choice(forms), target, sentence, name)


def framed(passage: Passage, asked: Asked, rng: random.Random) -> PassageQuestion:
    """The question with its passage, in the system message or beside it."""
    if rng.random() < 0.15:
        system = rng.choice(SYSTEM_FRAMES).format(passage=passage.text)
        return PassageQuestion(system, asked.question, asked.target, asked.sentence, asked.about)
    question = rng.choice(FRAMES).format(passage=passage.text, question=asked.question)
    return PassageQuestion("", question, asked.target, asked.sentence, asked.about)


def passage_question(
    world: World, rng: random.Random, *, reserved: bool, n_said: int, unsaid_share: float = 0.125
) -> PassageQuestion:
    """A passage of `n_said` statements and a question about one of them; some ask for what it does not say."""
    passage = passage_about(world, rng, reserved=reserved, n_said=n_said)
    return framed(passage, asked_about(passage, world, rng, reserved=reserved, unsaid_share=unsaid_share), rng)


def unknown_question(world: World, rng: random.Random, *, reserved: bool) -> str:
    """A question about somebody who does not exist."""
    relation = rng.choice(RELATIONS)
    return rng.choice(relation.questions).format(p=world.stranger(rng, reserved=reserved))
