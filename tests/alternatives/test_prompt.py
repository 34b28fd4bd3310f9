"""A model that is told something first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tiny
from alternatives_helpers import changed_by

from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message

USER = Message("user", "What is a dog?")


def test_it_is_the_system_s_turn_before_the_question(pool: Pool) -> None:
    told = changed_by(pool.open("nano"), prompt="Be brief.")
    assert told.prompt([USER]).messages == (Message("system", "Be brief."), USER)
    assert told.prompt([USER]).token_ids == pool.open("nano").prompt([Message("system", "Be brief."), USER]).token_ids


def test_a_sample_s_own_system_text_comes_after_it(pool: Pool) -> None:
    own = Message("system", "You are a farmer.")
    told = changed_by(pool.open("nano"), prompt="Be brief.")
    assert told.prompt([own, USER]).messages == (Message("system", "Be brief.\n\nYou are a farmer."), USER)


REFUSES = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + tiny.CHATML
DROPS = tiny.CHATML.replace(
    "{%- for message in messages %}", "{%- for message in messages if message.role != 'system' %}"
)


@pytest.mark.parametrize("template", [REFUSES, DROPS], ids=["refused", "left out in silence"])
def test_without_a_system_role_it_begins_the_user_s_turn(
    tiny_model: Path, tmp_path: Path, pool: Pool, template: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(template)
    told = changed_by(pool.open(str(folder)), prompt="Be brief.")
    assert told.prompt([USER]).messages == (Message("user", "Be brief.\n\nWhat is a dog?"),)


def test_a_user_may_say_it_where_nobody_can_look(pool: Pool) -> None:
    """A server renders the turns, so that its template is not to be seen."""
    server = pool.open("http://localhost:1/v1#m")
    assert changed_by(server, prompt="Be brief.").prompt([USER]).messages[0].role == "system"
    folded = changed_by(server, prompt={"text": "Be brief.", "role": "user"})
    assert folded.prompt([USER]).messages == (Message("user", "Be brief.\n\nWhat is a dog?"),)


def test_plain_text_is_asked_as_it_stands(pool: Pool) -> None:
    text = [Message("text", "Romeo was born in")]
    assert changed_by(pool.open("nano"), prompt="Be brief.").prompt(text).messages == tuple(text)


def test_a_file_is_told_by_its_content(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("\ufeffBe brief.\n")
    told = changed_by(pool.open("nano"), prompt=tmp_path / "p.txt")
    assert told.prompt([USER]).messages[0].content == "Be brief."
    inline = changed_by(pool.open("nano"), prompt="Be brief.")
    assert told.identity() == inline.identity()  # the same words are the same candidate


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "empty"), (" \n", "empty"), ({"text": ""}, "empty"), ({}, "needs 'text'"), ({"txt": "a"}, "'text'"),
        ({"text": "a", "role": "assistant"}, "role"), (Path("nowhere.txt"), "cannot read"), ([1], "text"),
    ],
)  # fmt: skip
def test_what_is_no_prompt_is_refused(pool: Pool, value: object, says: str) -> None:
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), prompt=value)


def test_an_empty_system_text_leaves_one_system_turn(pool: Pool) -> None:
    told = changed_by(pool.open("nano"), prompt="Be brief.")
    turns = told.prompt([Message("system", ""), USER]).messages
    assert turns == (Message("system", "Be brief."), USER)


def test_a_file_that_is_not_there_is_no_text(pool: Pool) -> None:
    with pytest.raises(UserError, match=r"no file prompts/suport\.txt"):
        changed_by(pool.open("nano"), prompt="prompts/suport.txt")
