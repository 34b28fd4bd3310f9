"""What a run can be told exists once: the command line, Python and the checks say the same."""

from __future__ import annotations

import dataclasses
import inspect
import os
import typing
from pathlib import Path
from typing import Any

import click
import pytest

import fteval
from fteval.cli import call
from fteval.commands import noise, run
from fteval.engines.remote.budget import Budget
from fteval.errors import UserError
from fteval.experiment.asked import Asked, with_parts
from fteval.experiment.describe import describe, find_config
from fteval.records import Limits, Sampling

FIELDS = {field.name: field for field in dataclasses.fields(Asked)}
IN_PYTHON = {"holdouts": "holdout", "scorers": "score"}
"""Fields that Python knows under a shorter name."""
ONLY_TYPED = {"batch_tokens", "resume"}
"""What is for somebody who sits before a terminal."""


def options_of(command: click.Command) -> dict[str, click.Parameter]:
    return {p.name: p for p in command.params if p.name}


def test_every_setting_that_has_a_help_is_an_option_of_run() -> None:
    options = options_of(run.command)
    for name, field in FIELDS.items():
        assert (name in options) == (field.metadata["help"] is not None), name


def test_python_can_say_everything_that_the_command_line_can() -> None:
    arguments = dict(inspect.signature(fteval.run).parameters)
    parts = {name for name, field in FIELDS.items() if field.metadata["of"] is not None}
    for name in FIELDS.keys() - parts - ONLY_TYPED:
        default = arguments.pop(IN_PYTHON.get(name, name)).default
        assert default == FIELDS[name].default, name
    assert arguments.keys() == {"sampling", "server", "listener"}


@pytest.mark.parametrize("record", [Sampling, Limits, Budget])
def test_a_setting_of_a_record_has_its_name_and_type(record: type) -> None:
    hints, theirs = typing.get_type_hints(Asked), typing.get_type_hints(record)
    names = {name for name, field in FIELDS.items() if field.metadata["of"] is record}
    assert names == {f.name for f in dataclasses.fields(record) if f.init}
    for name in names:
        assert set(typing.get_args(hints[name])) >= {theirs[name]} - {None} or hints[name] == theirs[name], name


def test_noise_offers_only_settings_of_a_run() -> None:
    own = {"as_json", "answer_tokens", "quiet", "verbose", "debug", "no_color", "other_seeds", "other_batch_tokens"}
    assert options_of(noise.command).keys() - own <= FIELDS.keys()


def test_a_default_in_a_help_is_the_record_s() -> None:
    text = " ".join(run.command.get_help(click.Context(run.command)).split())
    assert "[default: 256]" in text and "[default: 512]" in text and "[default: 120]" in text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(temperature=-1.0, repeats=0), ["temperature is -1.0", "repeats is 0, wanted 1 or more"]),
        (Asked(concurrency=0, max_usd=0.0), ["concurrency is 0", "max_usd is 0.0, wanted more than 0"]),
        (Asked(of=10**12), ["of is 1000000000000, wanted 1 or more and at most 10000"]),
        (Asked(limit=-1), ["limit is -1, wanted 0 or more"]),
        (Asked(timeout=float("nan")), ["timeout is nan"]),
    ],
)
def test_all_numbers_that_mean_nothing_are_named_at_once(asked: Asked, words: list[str]) -> None:
    with pytest.raises(UserError) as raised:
        describe(dataclasses.replace(asked, model="nano", probes=("laziness",)))
    assert all(word in raised.value.what for word in words)


def test_a_renamed_server_setting_says_its_new_name() -> None:
    with pytest.raises(UserError, match="it is called max_total_tokens now"):
        with_parts(Asked(), None, {"max_tokens": 5})
    with pytest.raises(UserError, match="Did you mean 'top_p'"):
        with_parts(Asked(), {"topp": 5}, None)


@pytest.mark.parametrize("kind", ["folder", "link", "yml", "pipe"])
def test_a_config_that_is_there_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if kind == "folder":
        Path("fteval.yaml").mkdir()
    elif kind == "link":
        Path("fteval.yaml").symlink_to("gone.yaml")
    elif kind == "pipe":
        os.mkfifo("fteval.yaml")  # nobody writes into it: opening it would wait for ever
    else:
        Path("fteval.yml").write_text("version: 1\n")
    words = {"folder": "a folder", "link": "a link to nothing", "yml": "is not read", "pipe": "no file"}
    with pytest.raises(UserError, match=words[kind]):
        find_config(None, wanted=True)
    with pytest.raises(UserError, match=words[kind]):
        find_config(Path("fteval.yaml"), wanted=True)
    assert find_config(None, wanted=False) is None


def test_what_python_says_in_mappings_arrives() -> None:
    asked = with_parts(Asked(), {"top_k": 5, "stop": "END", "seed": None}, {"max_usd": 2, "timeout": 3.0})
    experiment = describe(dataclasses.replace(asked, model="nano", probes=("laziness",), store=Path("x")))
    assert experiment.sampling == Sampling(top_k=5, stop=("END",))
    assert experiment.servers.limits == Limits(timeout=3.0) and experiment.servers.budget.max_usd == 2


def test_config_check_takes_the_option_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def right(output, target):\n    return output == target\n")
    (tmp_path / "h.jsonl").write_text('{"prompt": "How much is 1 + 1?", "target": "2"}\n')
    config = tmp_path / "c.yaml"
    config.write_text("version: 1\nbase: nano\nprobes: {h: {use: holdout, data: h.jsonl, score: 'mine.py:right'}}\n")
    assert call(["config", "check", str(config)]) == 2
    assert "add --allow-code" in capsys.readouterr().err
    assert call(["config", "check", str(config), "--allow-code"]) == 0


def test_python_names_candidates_in_the_words_of_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text('{"prompt": "a", "target": "b"}\n')
    given = {
        "told": {"prompt": "Be brief."},
        "sft": {"train": "sft", "data": "t.jsonl", "max_steps": 3},
        "both": {"from": "sft", "constrain": {"forbid_letters": "e"}},
    }
    found = describe(Asked(candidates=given, against="nano", probes=("laziness",))).candidates
    assert [(name, use.ref, use.trainer) for name, use in found.items()] == [
        ("told", "nano", None), ("sft", None, "sft"), ("both", None, "sft"),
    ]  # fmt: skip
    assert found["sft"].data == Path("t.jsonl") and found["sft"].recipe == {"max_steps": 3}
    assert [change.name for change in found["both"].changes] == ["constrain"] and found["both"].trained_as == "sft"
    Path("fteval.yaml").write_text("version: 1\nbase: nano\nprobes: {laziness: {}}\ncandidates: {c: {prompt: x}}\n")
    config = find_config(Path("fteval.yaml"), wanted=True)
    assert list(describe(Asked(candidates={"on": {"from": "c", "prompt": "y"}}), config).candidates) == ["c", "on"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a b": {"prompt": "x"}}, "'a b' is not a name"),
        ({"a": {"promt": "x"}}, "a change without training"),
        ({"a": {"from": "b", "prompt": "x"}}, "'from' names no candidate: 'b'"),
        ({"a": {"from": "b", "prompt": "x"}, "b": {"from": "a", "prompt": "x"}}, "leads back"),
        ({"a": "prompt"}, r"candidates\.a"),
    ],
)
def test_a_candidate_that_means_nothing_is_refused_in_python_too(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        describe(Asked(candidates=given, against="nano", probes=("laziness",)))
