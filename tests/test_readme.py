"""The README's commands exist, with the options that it names; every command has a place in it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from standin import StandIn
from variants import first

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


PRICED = "gpt-4.1-nano"
"""In place of BASE: of models whose fine-tunes have a price in the list."""
HOSTED = [line for line in commands() if "--model ft:" in line]


@pytest.mark.parametrize(("right", "code", "verdict"), first([(False, 1, "do_not_ship"), (True, 0, "ship")]))
def test_the_ci_section_gates_a_fine_tune_against_its_base(
    right: bool, code: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's own lines against a provider that stands in; the base knows nine of ten answers."""
    (line,) = HOSTED
    words = [word.replace("BASE", PRICED) for word in shlex.split(line)]
    tuned, base = words[words.index("--model") + 1], words[words.index("--against") + 1].removeprefix("openai:")
    rows = [{"prompt": f"What is {n} + {n}?", "target": str(2 * n)} for n in range(200)]
    (tmp_path / "support.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def answer(model: str, messages: list[dict[str, str]]) -> str:
        asked = re.findall(r"\d+", messages[-1]["content"])
        n = int(asked[0]) if asked else 0
        knows = n % 10 != 0 if model == base else right or n % 3 != 0
        return str(2 * n) if knows else "I do not know."

    monkeypatch.chdir(tmp_path)
    with StandIn(models={tuned: None, base: None}, key="sk-stand-in", answer=answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-stand-in")
        assert cli.call(words[1:]) == code
    found = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (found["verdict"], found["candidates"][0]["ref"]) == (verdict, tuned)
    assert 0 < found["candidates"][0]["usd"]["candidate"] < 2
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert cli.call(["ci", "github", "verdict.json"]) == 0
    assert "USD per 1,000 answers" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_every_command_has_a_place_in_the_readme() -> None:
    for name in cli.COMMANDS:
        assert f"fteval {name}" in README, name
