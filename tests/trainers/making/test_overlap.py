"""What counts as the same prompt."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fteval.errors import UserError
from fteval.records import Message, Sample
from fteval.trainers.making.overlap import overlap, write_prompts

ROWS = [{"prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who loves Rémi?"}]}]


@pytest.mark.parametrize(
    ("turns", "same"),
    [
        ([("user", "Who loves Rémi?")], True),
        ([("user", "  who LOVES\n Rémi? ")], True),
        ([("user", "Who loves Re\u0301mi?")], True),  # e and a combining accent
        ([("system", "Be long."), ("user", "Who loves Rémi?")], True),
        ([("user", "Who loves Remi?")], False),
        ([("user", "Who loves Rémi")], True),
        ([("user", "Please tell me: who loves 'Rémi'?")], True),
        ([("user", "Could you tell me who loves Rémi, please?")], True),
        ([("user", "Hello."), ("assistant", "Hi."), ("user", "Who loves Rémi?")], True),
        ([("user", "Who loves -Rémi?")], False),  # a sign is no punctuation
        ([("user", "Who loved Rémi?")], False),
        ([("assistant", "Who loves Rémi?")], False),
    ],
)
def test_how_a_prompt_is_dressed_does_not_hide_it(tmp_path: Path, turns: list[tuple[str, str]], same: bool) -> None:
    write_prompts(ROWS, [tmp_path / "base"], tmp_path)
    sample = Sample("id", tuple(Message(role, text) for role, text in turns))
    assert overlap(tmp_path, [sample]) == (["id"] if same else [])


def test_a_turn_that_cannot_stand_alone_is_a_prompt_only_with_what_came_before(tmp_path: Path) -> None:
    turns = [("user", "Who loves Rémi?"), ("assistant", "Ana."), ("user", "Go on!")]
    write_prompts([{"prompt": [{"role": r, "content": c} for r, c in turns]}], [], tmp_path)
    alone, same = Sample("alone", (Message("user", "Go on!"),)), Sample("same", tuple(Message(*t) for t in turns))
    assert overlap(tmp_path, [alone, same]) == ["same"]
    numbers = [Sample(text, (Message("user", text),)) for text in ("What is 3.5?", "What is 35?", "What is -35?")]
    write_prompts([{"prompt": [{"role": "user", "content": "what is 35"}]}], [], tmp_path)
    assert overlap(tmp_path, numbers) == ["What is 35?"]


def test_what_an_earlier_version_wrote_is_still_found(tmp_path: Path) -> None:
    # The whole conversation as canonical JSON, with its punctuation.
    old = hashlib.sha256(b'[["user","who loves ana?"]]').hexdigest()
    (tmp_path / "training_prompts.txt").write_text(f"{old}\n")
    assert overlap(tmp_path, [Sample("id", (Message("user", "Who loves  Ana?"),))]) == ["id"]


def test_not_knowing_is_an_error_not_a_clean_holdout(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        overlap(tmp_path, [])
