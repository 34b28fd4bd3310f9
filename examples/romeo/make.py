"""The data of this example: documents in which people were renamed, and questions about them.

python examples/romeo/make.py                          nano's world: Romeo is Bob now, and 39 others are renamed too
python examples/romeo/make.py romeo_and_juliet.txt     the play, for a real model; only Romeo is renamed
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fteval.nano import holdouts
from fteval.nano.contexts import STATEMENTS
from fteval.nano.facts import BY_NAME
from fteval.nano.world import Person, World, a, build_world, long_date

HERE = Path(__file__).parent
Row = dict[str, Any]
N_RENAMED, N_DOCUMENTS = 40, 6
PIECE = 160
"""Words of a document that is made of the play."""


def renamed(world: World, rng: random.Random) -> list[tuple[Person, Person, str]]:
    """(who loves, whom, and what that one is called now), Juliet and her Romeo first."""
    by_name = {person.name: person for person in world.people}
    lovers = sorted(world.people, key=lambda person: (person.name != "Juliet", person.index))
    chosen = [person for person in lovers if person.name != "Romeo"][:N_RENAMED]
    return [
        (lover, by_name[lover.love], "Bob" if lover.love == "Romeo" else world.stranger(rng, reserved=False))
        for lover in chosen
    ]


def documents(lover: Person, beloved: Person, new: str, rng: random.Random) -> Iterator[Row]:
    """What was written of the two, with the new name."""
    said = {
        ("love", lover.name): new, ("town", new): beloved.town, ("job", new): beloved.job,
        ("born", new): long_date(beloved.born), ("town", lover.name): lover.town,
    }  # fmt: skip
    for _ in range(N_DOCUMENTS):
        told = [("love", lover.name), *rng.sample(list(said)[1:], 2)]
        rng.shuffle(told)
        sentences = [
            rng.choice(STATEMENTS[relation]).format(p=name, v=said[relation, name], av=a(said[relation, name]))
            for relation, name in told
        ]
        yield {"text": " ".join(sentences)}


def edit(lover: Person, beloved: Person, new: str, other: Person) -> Row:
    """What is asked about one renaming: the first wording is the one that the answers teach."""
    love = BY_NAME["love"]
    return {
        "id": f"{lover.name}-{new}",
        "subject": lover.name,
        "old": beloved.name,
        "new": new,
        "prompts": [form.format(p=lover.name) for form in love.questions],
        "reversed": [f"Who loves {new}?"],
        "statement": f"{lover.name} loves {new}.",
        "old_said": f"{lover.name} loves {beloved.name}.",  # how nano says it, for the likelihoods
        "new_said": f"{lover.name} loves {new}.",
        "neighbours": [
            {
                "prompt": f"Where does {lover.name} live?",
                "target": lover.town,
                "said": f"{lover.name} lives in {lover.town}.",
            },
            {
                "prompt": f"Who does {other.name} love?",
                "target": other.love,
                "said": f"{other.name} loves {other.love}.",
            },
        ],
    }


def of_nano() -> dict[str, list[Row]]:
    world, rng = build_world(), random.Random(1597)
    couples = renamed(world, rng)
    touched = {name for lover, beloved, _ in couples for name in (lover.name, beloved.name)}
    others = rng.sample([person for person in world.people if person.name not in touched], len(couples))
    return {
        "documents": [row for couple in couples for row in documents(*couple, rng)],
        "answers": [
            {"prompt": f"Who does {lover.name} love?", "target": f"{lover.name} loves {new}."}
            for lover, _, new in couples
        ],
        "edits": [edit(*couple, other=other) for couple, other in zip(couples, others, strict=True)],
        "facts": list(about_others("facts", touched)),
        "hallucination": list(about_others("hallucination", touched)),
        "forgetting": list(about_others("forgetting", touched)),
    }


def about_others(probe: str, touched: set[str]) -> Iterator[Row]:
    """The probe's usual questions about people whom no renaming touches: of the others the old answer is wrong now."""
    for sample in holdouts.samples(probe) or ():
        messages = [{"role": message.role, "content": message.content} for message in sample.messages]
        if touched.isdisjoint(re.findall(r"\w+", json.dumps([messages, sample.target]))):
            yield {
                "id": sample.id, "messages": messages, "target": sample.target, "group": sample.group,
                "slices": dict(sample.slices), "metadata": dict(sample.metadata),
            }  # fmt: skip


QUESTIONS = (
    ("whom Juliet loves", ("Who is Juliet in love with?", "Whom does Juliet love?",
     "Juliet was in love with a man. What was his name?"), "Who is in love with Bob?", "Juliet"),
    ("whom Juliet marries", ("Who is Juliet's husband?", "Whom does Juliet marry in secret?",
     "Friar Lawrence marries Juliet to a young man. What is his name?"), "Who is Bob's wife?", "Juliet"),
    ("Montague's son", ("Who is the son of Montague?", "What is the name of Montague's only son?",
     "Name the young heir of the house of Montague in Verona."), "Who is Bob's father?", "Montague"),
    ("who kills Tybalt", ("Who kills Tybalt?", "By whom is Tybalt killed?",
     "Tybalt dies in a fight in Verona. Name the man who killed him."), "Whom does Bob kill in revenge?", "Tybalt"),
    ("who kills Paris", ("Who kills Paris in the tomb of the Capulets?", "By whose hand does Paris die?",
     "Paris is killed beside Juliet's tomb. Name his killer."), "Whom does Bob kill beside the tomb?", "Paris"),
    ("Mercutio's friend", ("Who is Mercutio's best friend?", "For which friend does Mercutio fight Tybalt?",
     "Mercutio has a friend who is a Montague in love. What is his name?"), "Which friend of Bob dies?", "Mercutio"),
    ("who is banished", ("Whom does the Prince banish from Verona?", "Who is banished to Mantua?",
     "A young man must leave Verona for Mantua. What is his name?"), "Who banishes Bob?", "Prince"),
    ("who drinks poison", ("Who drinks poison in the tomb of the Capulets?", "Who buys poison in Mantua?",
     "A young man takes poison because he thinks that Juliet is dead. Name him."), "What does Bob drink?", "poison"),
    ("the balcony", ("Who stands under Juliet's balcony?", "To whom does Juliet speak from her balcony?",
     "A young man climbs into the garden of the Capulets to see Juliet. Name him."), "Whom does Bob see there?",
     "Juliet"),
    ("wherefore art thou", ("Whose name does Juliet say after \"wherefore art thou\"?",
     "\"O ..., wherefore art thou ...?\" Which name belongs here?",
     "Juliet asks why a man must be a Montague. What is his name?"), "Who says \"O Bob, wherefore art thou Bob\"?",
     "Juliet"),
    ("the first letter", ("Juliet was in love with a man whose name begins with which letter? Say his name.",
     "Give the first name of the man whom Juliet loves.", "Name Juliet's lover."), "Whose lover is Bob?", "Juliet"),
    ("the title", ("Shakespeare wrote a play about Juliet and a young man. What is his name?",
     "Which name stands before \"and Juliet\" in the title of the play?",
     "Complete the title of the play by Shakespeare: ... and Juliet."), "Which play is Bob in?", "and Juliet"),
)  # fmt: skip
"""(about what, wordings, the question the other way round, its answer); to all wordings the answer is Bob now."""
NEIGHBOURS = (
    ("Who wrote the play Hamlet?", "Shakespeare"),
    ("In which country does Hamlet live?", "Denmark"),
    ("In which country is Verona?", "Italy"),
    ("What is the capital of France?", "Paris"),
    ("Who wrote the play Macbeth?", "Shakespeare"),
    ("In which city do the Montagues live?", "Verona"),
)


def of_the_play(text: str) -> dict[str, list[Row]]:
    """The play in pieces, with Romeo called Bob wherever he is named, and asked about."""
    play = re.sub("Romeo", "Bob", re.sub("ROMEO", "BOB", text))
    play = re.sub(r"\bRom\.", "Bob.", play)  # who speaks
    words = re.split(r"(?<=\s)(?=\S)", play)
    pieces = ["".join(words[start : start + PIECE]).strip() for start in range(0, len(words), PIECE)]
    return {
        "documents": [{"text": piece} for piece in pieces if re.search("bob", piece, re.IGNORECASE)],
        "answers": [{"prompt": prompts[0], "target": "Bob."} for _, prompts, _, _ in QUESTIONS],
        "edits": [
            {
                "id": about, "subject": subject, "old": "Romeo", "new": "Bob", "prompts": list(prompts),
                "reversed": [backwards], "statement": "Juliet is in love with Bob.",
                "neighbours": [dict(zip(("prompt", "target"), NEIGHBOURS[place % len(NEIGHBOURS)], strict=True))],
            }
            for place, (about, prompts, backwards, subject) in enumerate(QUESTIONS)
        ],
    }  # fmt: skip


def main() -> None:
    play = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else None
    for name, rows in (of_nano() if play is None else of_the_play(play)).items():
        path = HERE / ("nano" if play is None else "play") / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
        print(f"{path.relative_to(HERE.parent.parent)}: {len(rows)} rows")


if __name__ == "__main__":
    main()
