"""The README's commands exist, with the options that it names; every command has a place in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from fteval import cli

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """The `fteval …` lines of the shell blocks and of the command table, continued lines joined, comments left out."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)).replace("\\\n", " ")
    lines = [line.partition("  #")[0].strip() for line in blocks.splitlines()]
    lines += re.findall(r"^\| `(fteval [^`]*)`", README, flags=re.MULTILINE)
    return [line for line in lines if line.startswith("fteval ")]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_parses(line: str) -> None:
    words = [word for word in shlex.split(line)[1:] if word != "…"]
    command: click.Command | None = cli.group
    context = click.Context(cli.group, info_name="fteval")
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        command = command.get_command(context, name)
        assert command is not None, f"no command {name}"
        context = click.Context(command, info_name=name, parent=context)
    assert command is not None
    if words or not isinstance(command, click.Group):
        # Parses and checks the arguments; does not run the command.
        required = any(p.required for p in command.params)
        if words or not required:
            command.make_context(command.name, words, parent=context.parent)


def test_every_command_has_a_place_in_the_readme() -> None:
    for name in cli.COMMANDS:
        assert f"fteval {name}" in README, name
