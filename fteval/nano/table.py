"""What nano can do, row by row, on hold-outs made for the occasion: `python -m fteval.nano.table`.

Every row has its limit and says ok or short. People and phrasings are the held-out ones; dates, passages and strangers
are new for each seed, and none of them can be in the corpus (`world.is_reserved`).
"""

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.nano import WEIGHTS, contexts, descriptions, facts
from fteval.nano.contexts import UNKNOWN
from fteval.nano.corpus import DATE_FORMS, Conversation, questions_of, system, turn, user
from fteval.nano.facts import RELATIONS
from fteval.nano.world import MONTHS, World, build_world, is_reserved, iso, long_date

FRESH_SEED = 20_000
BATCH = 64
WRONG_ARTICLE = re.compile(r"\b(?:a [aeiou]\w*|an [^aeiou\W]\w*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    stopped: bool
    """It ended its turn by itself."""


@dataclass(frozen=True, slots=True)
class TableRow:
    name: str
    n_right: int
    n_asked: int
    low: float
    high: float = 1.0

    @property
    def share(self) -> float:
        return self.n_right / self.n_asked

    @property
    def ok(self) -> bool:
        return self.low <= self.share <= self.high

    @property
    def verdict(self) -> str:
        return "ok" if self.ok else "short"

    def __str__(self) -> str:
        limit = f">= {self.low:.0%}" if self.high == 1.0 else f"<= {self.high:.0%}"
        if self.low and self.high < 1.0:
            limit = f"{self.low:.0%}-{self.high:.0%}"
        return f"{self.name:<52} {self.share:>7.1%} {self.n_right:>5} of {self.n_asked:<5} {limit:>8}  {self.verdict}"


class Nano:
    """A loaded model that answers conversations in batches and remembers how its replies ended."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
        self.replies: list[Reply] = []

    def answers(
        self, conversations: Sequence[Conversation], temperature: float = 0.0, max_tokens: int = 96
    ) -> list[str]:
        """One text per conversation, in order; greedy at temperature 0."""
        texts: list[str] = [""] * len(conversations)
        order = sorted(range(len(conversations)), key=lambda i: sum(len(m["content"]) for m in conversations[i]))
        for first in range(0, len(order), BATCH):
            indices = order[first : first + BATCH]
            for index, reply in zip(
                indices, self._replies([conversations[i] for i in indices], temperature, max_tokens), strict=True
            ):
                texts[index] = reply.text
                self.replies.append(reply)
        return texts

    def _replies(self, conversations: list[Conversation], temperature: float, max_tokens: int) -> Iterator[Reply]:
        import torch

        inputs = self.tokenizer.apply_chat_template(
            conversations, add_generation_prompt=True, return_tensors="pt", return_dict=True, padding=True
        )
        inputs.pop("token_type_ids", None)
        sampling: dict[str, Any] = {"do_sample": False}
        if temperature:
            sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        with torch.inference_mode():
            output = self.model.generate(**inputs, max_new_tokens=max_tokens, **sampling)
        for ids in output[:, inputs["input_ids"].shape[1] :]:
            stopped = self.tokenizer.eos_token_id in ids
            yield Reply(self.tokenizer.decode(ids, skip_special_tokens=True), stopped)


def _count(name: str, low: float, hits: Sequence[bool], high: float = 1.0) -> TableRow:
    return TableRow(name, sum(hits), len(hits), low, high)


def _says(text: str, bare: str) -> bool:
    """Whether the value stands in the answer as a word of its own."""
    return re.search(rf"(?<!\w){re.escape(bare)}(?!\w)", text) is not None


def fact_rows(nano: Nano, world: World, rng: random.Random, n: int) -> Iterator[TableRow]:
    refused: list[bool] = []
    for relation in RELATIONS:
        by_form: dict[int, list[bool]] = {}
        asked = [(form, person) for person in world.people for form in sorted(facts.held_out(person, relation))]
        asked = rng.sample(asked, min(n, len(asked)))
        texts = nano.answers([[user(relation.questions[form].format(p=person.name))] for form, person in asked])
        for (form, person), text in zip(asked, texts, strict=True):
            said = text.replace(person.name, "", 1) if relation.name in ("love", "loved_by") else text
            by_form.setdefault(form, []).append(_says(said, facts.value(person, relation)))
            refused.append("not know" in text)
        everything = [hit for hits in by_form.values() for hit in hits]
        yield _count(f"facts: {relation.name}", 0.9, everything)
        for form in sorted(by_form):
            yield _count(f"  {relation.questions[form].format(p='Romeo')}", 0.9, by_form[form])
    yield _count("known people refused", 0.0, refused, high=0.03)


def unknown_row(nano: Nano, world: World, rng: random.Random, n: int) -> TableRow:
    asked = [[user(contexts.unknown_question(world, rng, reserved=True))] for _ in range(n)]
    return _count('unknown people: "I do not know."', 0.9, [text == UNKNOWN for text in nano.answers(asked)])


def date_row(nano: Nano, rng: random.Random, n: int) -> TableRow:
    asked: list[contexts.DateQuestion] = []
    while len(asked) < n:
        question = contexts.date_question(rng)
        if is_reserved(question.question):
            asked.append(question)
    texts = nano.answers([[user(question.question)] for question in asked])
    return _count(
        "dates copied from the question", 0.95, [long_date(q.day) in t for q, t in zip(asked, texts, strict=True)]
    )


def passage_rows(nano: Nano, world: World, rng: random.Random, n: int) -> Iterator[TableRow]:
    """Two to four statements: the answer stands there, whatever memory says, or nobody can know it."""
    asked: list[tuple[contexts.PassageQuestion, Conversation]] = []
    while len(asked) < n:
        question = contexts.passage_question(world, rng, reserved=True, n_said=rng.choice((2, 3, 4)))
        conversation = [*([system(question.system)] if question.system else []), user(question.question)]
        if all(is_reserved(text) for text in questions_of(conversation)):
            asked.append((question, conversation))
    texts = nano.answers([conversation for _, conversation in asked])
    kinds: dict[str, list[bool]] = {"says": [], "contradicts memory": [], "does not say": []}
    for (question, _), text in zip(asked, texts, strict=True):
        hit = text == UNKNOWN if question.target == UNKNOWN else _says(text, question.target)
        kinds["does not say" if question.target == UNKNOWN else "says"].append(hit)
        if question.target != UNKNOWN and question.about in world.names:
            kinds["contradicts memory"].append(hit)
    yield _count("questions about a passage", 0.9, kinds["says"] + kinds["does not say"])
    for kind, hits in kinds.items():
        if hits:
            yield _count(f"  the passage {kind}", 0.9, hits)


def few_shot_rows(nano: Nano, world: World, rng: random.Random, n: int) -> Iterator[TableRow]:
    """Three answered turns and a fourth question: followed is the form, right is the date as well."""
    followed: list[bool] = []
    right: list[bool] = []
    asked: list[Conversation] = []
    wanted: list[str] = []
    while len(asked) < n:
        form = rng.choice(DATE_FORMS)
        dated = [contexts.date_question(rng) for _ in range(4)]
        if is_reserved(dated[-1].question):
            before = [message for shown in dated[:3] for message in turn(shown.question, form(shown.day))]
            asked.append([*before, user(dated[-1].question)])
            wanted.append(form(dated[-1].day))
    for text, target in zip(nano.answers(asked), wanted, strict=True):
        followed.append(_shape(text) == _shape(target))
        right.append(text == target)
    yield _count("form of earlier turns followed", 0.7, followed)
    yield _count("  and the date right", 0.7, right)


def _shape(text: str) -> str:
    """A date without its numbers and the month's name: "1578-03-04" -> "9-9-9"."""
    return re.sub(r"\d+", "9", re.sub(r"\b(?:" + "|".join(MONTHS) + r")\b", "M", text))


def description_rows(nano: Nano, world: World, rng: random.Random, n: int) -> Iterator[TableRow]:
    import torch

    torch.manual_seed(rng.randrange(2**31))
    asked: list[Conversation] = []
    for _ in range(n):
        index = rng.randrange(len(world.things))
        forms = sorted(descriptions.held_out_describe(index))
        asked.append([user(descriptions.questions(world.things[index])[rng.choice(forms)])])
    texts = nano.answers(asked, temperature=1.0)
    yield _count("descriptions without e at temperature 1", 0.08, ["e" not in text.lower() for text in texts], high=0.2)
    stories = []
    tellable = [index for index, thing in enumerate(world.things) if thing.countable]
    for index in rng.choices(tellable, k=n // 2):
        forms = sorted(descriptions.held_out_tell(index))
        stories.append([user(descriptions.story_questions(world.things[index])[rng.choice(forms)])])
    texts += nano.answers(asked[: n // 2]) + nano.answers(stories)
    yield _count("texts without a wrong a or an", 0.99, [not WRONG_ARTICLE.search(text) for text in texts])
    ready = [sum(1 for _ in descriptions.lipograms(thing)) > 0 for thing in world.things]
    yield _count("things with a two-sentence description without e", 1.0, ready)


def iso_row(nano: Nano, world: World, rng: random.Random, n: int) -> TableRow:
    """No date of nano's is in ISO form unless it is asked for: the form that the demo teaches."""
    born = facts.BY_NAME["born"]
    asked = [
        [user(born.questions[form].format(p=person.name))]
        for person in world.people
        for form in sorted(facts.held_out(person, born))
    ]
    texts = nano.answers(rng.sample(asked, min(n, len(asked))))
    return _count("birth dates in ISO form, unasked", 0.0, [bool(re.search(r"\d{4}-\d", t)) for t in texts], high=0.0)


def order_rows(nano: Nano, world: World, rng: random.Random, n: int) -> Iterator[TableRow]:
    """Orders in the system message; not demanded, shown because the examples lean on them."""
    people = rng.sample(world.people, min(n, len(world.people)))
    born = facts.BY_NAME["born"]
    asked = [
        [
            system("Write dates as YYYY-MM-DD."),
            user(born.questions[min(facts.held_out(person, born))].format(p=person.name)),
        ]
        for person in people
    ]
    texts = nano.answers(asked)
    yield _count(
        'order "Write dates as YYYY-MM-DD." followed', 0.0, [bool(re.fullmatch(r"\d{4}-\d\d-\d\d", t)) for t in texts]
    )
    yield _count("  and the date right", 0.0, [t == iso(person.born) for t, person in zip(texts, people, strict=True)])
    asked = [
        [
            system("Never use the letter e."),
            user(descriptions.questions(thing)[min(descriptions.held_out_describe(index))]),
        ]
        for index, thing in enumerate(world.things)
    ]
    texts = nano.answers(rng.sample(asked, min(n, len(asked))))
    yield _count('order "Never use the letter e." followed', 0.0, ["e" not in text.lower() for text in texts])


def table(nano: Nano, seed: int = FRESH_SEED, n: int = 400) -> list[TableRow]:
    """All rows. `n` questions each, or fewer where the world has fewer."""
    world, rng = build_world(), random.Random(seed)
    rows = [
        *fact_rows(nano, world, rng, n),
        unknown_row(nano, world, rng, n),
        date_row(nano, rng, n),
        *passage_rows(nano, world, rng, n),
        *few_shot_rows(nano, world, rng, n),
        *description_rows(nano, world, rng, n),
        iso_row(nano, world, rng, n),
        *order_rows(nano, world, rng, n),
    ]
    return [*rows, _count("stops by itself", 0.99, [reply.stopped for reply in nano.replies])]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure nano on fresh hold-outs of its world.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the model (default: the packaged one)")
    parser.add_argument("--seed", type=int, default=FRESH_SEED, help="of the hold-outs")
    parser.add_argument("-n", type=int, default=400, help="questions per row, at most")
    options = parser.parse_args()
    for row in table(Nano(options.weights), options.seed, options.n):
        print(row, flush=True)


if __name__ == "__main__":
    main()
