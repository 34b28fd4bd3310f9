"""Words and grammars that a model cannot leave, or cannot write: tried with a model that draws at random."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from engine_helpers import answers, conversations, requests
from jsonschema import Draft202012Validator

from fteval.engines import Pool
from fteval.engines.local.constraint.folding import plain
from fteval.engines.local.constraint.words import Words
from fteval.errors import UserError
from fteval.records import Constraint, Sampling

HOT = Sampling(temperature=1.5, max_tokens=60)
TOKENS = [
    b"do",
    b"g",
    b"dog",
    b" dog",
    b"dogma",
    b"gma",
    b" ",
    b"a",
    b"<end>",
    b"d",
    b"o\xcc\x88",
    b"\xc3",
    b"\xb6",
    b"new",
    b" york",
    b"\nyork",
    b"york",
    b"\n\n",
    b"_",
]


def write(automaton: Words, *texts: bytes) -> bool:
    """Whether these tokens can be written one after the other."""
    state = automaton.start
    for data in texts:
        token = TOKENS.index(data)
        if not automaton.allowed(state)[token]:
            return False
        state = automaton.next(state, token)
    return True


@pytest.mark.parametrize(
    ("texts", "can"),
    [
        ([b"dog"], False), ([b" dog"], False), ([b"do", b"g"], False), ([b"a", b"dog"], True),  # "adog" is no dog
        ([b"dogma"], True), ([b"do", b"gma"], True), ([b"a", b" dog"], False), ([b"a", b" ", b"do", b"g"], False),
        ([b"d", b"o\xcc\x88", b"g"], False), ([b"d", b"\xc3", b"\xb6", b"g"], False),  # dög, whichever way
        ([b"a", b"d", b"\xc3", b"\xb6", b"g"], True), ([b"d", b"\xc3", b"a"], True),
        ([b"new", b" york"], False), ([b"new", b" ", b"new", b" york"], False), ([b"new", b"a", b" york"], True),
        ([b"do", b"<end>"], True),
        ([b"new", b"\nyork"], False), ([b"new", b" ", b" york"], False), ([b"new", b" ", b"\nyork"], False),
        ([b"new", b" ", b"\n\n", b"york"], False), ([b"new", b" ", b" ", b"a", b" york"], True),
        ([b"_", b"dog"], False), ([b"_", b"do", b"g", b"_"], False), ([b"new", b"york"], True),
    ],
)  # fmt: skip
def test_a_word_cannot_be_written_in_any_pieces(texts: list[bytes], can: bool) -> None:
    assert write(Words(["dog", "new york"], TOKENS, always={8}), *texts) == can


def test_no_answer_holds_a_forbidden_word(tiny_model: Path, tiny_adapter: Path, pool: Pool) -> None:
    engine = pool.open(f"{tiny_model}+{tiny_adapter}")
    asked = requests(engine, conversations(60, longest=6))
    free = [plain(str(g.text)) for g in answers(engine, asked, HOT).values()]
    said = sorted({w for text in free for w in re.findall(r"[a-z]+", text) if len(w) < 4})
    words = max(said, key=lambda w: sum(bool(re.search(rf"\b{w}\b", text)) for text in free))
    assert any(re.search(rf"\b{words}\b", text) for text in free)
    made = answers(engine.constrained(Constraint(words=(words,))), asked, HOT)
    assert [g.text for g in made.values() if re.search(rf"(?<!\w){words}(?!\w)", plain(str(g.text)))] == []


SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["name", "age"],
    "properties": {"name": {"enum": ["Romeo", "Juliet"]}, "age": {"type": "integer", "minimum": 10, "maximum": 99}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "grammar", "fits"),
    [
        ("json_schema", json.dumps(SCHEMA), lambda t: Draft202012Validator(SCHEMA).is_valid(json.loads(t))),
        ("regex", "[0-9]{4}-[01][0-9]", lambda t: re.fullmatch("[0-9]{4}-[01][0-9]", t)),
        ("choices", '["yes", "no", "I do not \\"know\\""]', lambda t: t in ("yes", "no", 'I do not "know"')),
        ("grammar", 'start: "a" start | "b"', lambda t: re.fullmatch("a*b", t)),
    ],
)
def test_every_answer_that_ends_follows_the_grammar(
    tiny_model: Path, pool: Pool, kind: str, grammar: str, fits: object
) -> None:
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(12, longest=6))
    made = answers(engine.constrained(Constraint(grammar_kind=kind, grammar=grammar)), asked, HOT)
    ended = [str(g.text) for g in made.values() if g.finish_reason == "stop"]
    assert len(ended) > 8 and all(g.failure is None for g in made.values())
    assert [text for text in ended if not fits(text)] == []  # type: ignore[operator]


def test_grammar_and_letters_hold_together_and_a_dead_end_is_a_failure(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(6, longest=6))
    both = Constraint("e", grammar_kind="choices", grammar='["yes", "no"]')
    made = answers(engine.constrained(both), asked, HOT).values()
    assert {g.text for g in made if g.failure is None} == {"no"}  # who begins a "yes" comes to no end
    stuck = Constraint("e", grammar_kind="choices", grammar='["yes", "ye"]')
    kinds = {g.failure and g.failure.kind for g in answers(engine.constrained(stuck), asked, HOT).values()}
    assert kinds == {"stuck"}


@pytest.mark.parametrize(
    ("kind", "grammar", "says"),
    [
        ("regex", "(", "regex: "), ("grammar", "begin: x", "grammar: "), ("regex", "", "admits no answer"),
        ("json_schema", "false", "json_schema: "), ("grammar", 'start: "a" & "b"', "grammar: "),
    ],
)  # fmt: skip
def test_a_grammar_that_admits_nothing_is_refused(
    tiny_model: Path, pool: Pool, kind: str, grammar: str, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        pool.open(str(tiny_model)).constrained(Constraint(grammar_kind=kind, grammar=grammar))
