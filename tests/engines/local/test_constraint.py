"""What a constrained model writes: held against every character of Unicode, every token, and what really comes out."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from engine_helpers import answers, conversations, requests

from fteval.engines import Pool
from fteval.engines.local.constraint.folding import letters_in
from fteval.engines.local.constraint.letters import Letters
from fteval.engines.local.constraint.vocabulary import token_bytes
from fteval.engines.local.sampling import STUCK, Picker
from fteval.errors import UserError
from fteval.evals.language.text import fold_letters
from fteval.records import Constraint, Sampling

NO_E = Constraint(forbid_letters="e")
HOT = Sampling(temperature=2.0, max_tokens=40)


def test_a_mask_sees_every_letter_that_the_lipogram_probe_sees() -> None:
    """The probe folds by code of its own: what it would count, no mask may let through."""
    characters = map(chr, [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0080)])
    missed = {c for c in characters if not {x for x in fold_letters(c) if x.isascii() and x.isalpha()} <= letters_in(c)}
    assert {f"{c} {unicodedata.name(c, '')}" for c in missed} == set()


@pytest.mark.parametrize("form", ["e", "E", "é", "È", "ẹ", "ｅ", "ⓔ", "𝔢", "ͤ", "е", "ε", "ə", "œ", "Æ", "€", "🇪"])
def test_forms_of_a_letter_are_that_letter(form: str) -> None:
    assert "e" in letters_in(form)


@pytest.mark.parametrize("other", ["a", "o", "c", "ñ", "日", "😀", "3", " ", "\ufffd"])
def test_other_characters_are_not(other: str) -> None:
    assert "e" not in letters_in(other)


def test_bytes_of_all_tokens_are_what_the_decoder_writes(tiny_model: Path, pool: Pool) -> None:
    chat = pool.open(str(tiny_model)).chat
    for i, data in enumerate(token_bytes(chat)):
        assert data.decode("utf-8", "replace") == chat.decode([i])


def test_a_letter_cannot_be_put_together_from_bytes() -> None:
    """é is C3 A9 and ñ is C3 B1: after C3 only one of them may go on. An end of answer stays allowed."""
    tokens = [b"\xc3", b"\xa9", b"\xb1", b"a", b"", b"\xa9e", b"\xc3\xa9", b"<end>"]
    automaton = Letters("e", tokens, always={7})
    first, within = automaton.allowed(b"").tolist(), automaton.allowed(b"\xc3").tolist()
    assert first == [True, True, True, True, True, False, False, True]
    assert within == [True, False, True, True, True, False, False, True]
    assert automaton.next(b"", 0) == b"\xc3"
    assert automaton.next(b"\xc3", 4) == b"\xc3"  # a special token writes nothing
    assert automaton.next(b"\xc3", 2) == automaton.next(b"\xc3", 3) == b""


def test_no_answer_holds_the_letter_however_it_is_drawn(tiny_model: Path, tiny_adapter: Path, pool: Pool) -> None:
    """A vocabulary of all bytes and a model that draws at random: it tries every way round."""
    engine = pool.open(f"{tiny_model}+{tiny_adapter}")
    asked = requests(engine, conversations(100, longest=8), repeats=2)
    free = [str(g.text) for g in answers(engine, asked, HOT).values()]
    made = answers(engine.constrained(NO_E), asked, HOT)
    assert sum("e" in fold_letters(text) for text in free) > 150
    assert any("\ufffd" in str(g.text) for g in made.values())  # pieces of characters are still drawn
    assert [g.text for g in made.values() if "e" in fold_letters(str(g.text))] == []
    assert {g.finish_reason for g in made.values()} == {"stop", "length"}
    assert pool.loads is not None and len(pool.loads) == 1  # the weights are shared


def test_what_forbids_nothing_that_is_said_changes_no_answer(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(24, longest=8))
    one = {k: g.text for k, g in answers(engine, asked, HOT).items()}
    assert {k: g.text for k, g in answers(engine.constrained(Constraint("ж")), asked, HOT).items()} == one


def test_answers_do_not_depend_on_the_batch(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model)).constrained(NO_E)
    asked = requests(engine, conversations(24, longest=8))
    together = answers(engine, asked, HOT)
    for request in asked[:4]:
        assert answers(engine, [request], HOT)[request.sample_id, 0].text == together[request.sample_id, 0].text


def test_a_constraint_is_part_of_the_identity(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    constrained = engine.constrained(NO_E)
    assert constrained.identity() == {**engine.identity(), "constraint": {"forbid_letters": "e"}}
    both = constrained.constrained(Constraint("a"))
    assert both.identity()["constraint"] == {"forbid_letters": "ae"}
    assert "constraint" not in engine.identity()


def test_a_constraint_that_leaves_no_letter_is_refused_before_a_model_is_loaded(tiny_model: Path, pool: Pool) -> None:
    engine = pool.open(str(tiny_model))
    with pytest.raises(UserError, match="no letter to write with"):
        engine.constrained(Constraint("abcdefghijklmnopqrstuvwxyz"))
    assert len(pool.loads) == 0


def test_a_row_without_an_allowed_token_is_told_from_broken_logits() -> None:
    import torch

    class Nothing:
        def __call__(self, scores: object) -> object:
            return torch.full_like(scores, -torch.inf)

        def add(self, tokens: object) -> None: ...
        def keep(self, rows: object) -> None: ...

    for sampling in (Sampling(), HOT):
        picker = Picker(sampling, [(1,)], [0], 1, Nothing())
        assert picker(torch.tensor([[0.5, 0.25]])).tolist() == [STUCK]
