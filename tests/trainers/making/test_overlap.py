"""What counts as the same prompt."""

from __future__ import annotations

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
        ([("user", "Who loves Rémi")], False),
        ([("user", "Hello."), ("assistant", "Hi."), ("user", "Who loves Rémi?")], False),
        ([("assistant", "Who loves Rémi?")], False),
    ],
)
def test_case_spacing_and_unicode_form_do_not_hide_a_prompt(
    tmp_path: Path, turns: list[tuple[str, str]], same: bool
) -> None:
    write_prompts(ROWS, tmp_path / "base", tmp_path)
    sample = Sample("id", tuple(Message(role, text) for role, text in turns))
    assert overlap(tmp_path, [sample]) == (["id"] if same else [])


def test_not_knowing_is_an_error_not_a_clean_holdout(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        overlap(tmp_path, [])
