"""What a request says beside its prompt, and what a server that takes less of it, or more, is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from asking import Done, answered, answers, by_prompt, config, holdout, prompt, rows, runs
from servers import faults
from servers.fake import Seen, Server
from servers.model import REFUSED

import fteval
from fteval import cli
from fteval.errors import UserError
from fteval.records import Message, Sampling, digest, folded
from fteval.runs.asking.identity import Keys

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]


def questions(server: Server) -> list[Seen]:
    return [seen for seen in server.completions if seen.prompt.startswith("Question")]


def both(body: dict[str, Any]) -> str | None:
    """https://docs.claude.com/en/api/openai-sdk: models of 2025 take one of the two."""
    said = {"temperature", "top_p"} <= body.keys()
    return "`temperature` and `top_p` cannot both be specified for this model. Please use only one." if said else None


def only_one(body: dict[str, Any]) -> str | None:
    """As OpenAI's models that think say it."""
    text = (
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."
    )
    return text if body.get("temperature", 1) != 1 else None


# --- temperature and top_p -------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", ["0", "0.7", "1"])
def test_a_server_that_takes_temperature_or_top_p_is_told_one(run: Run, server: Server, temperature: str) -> None:
    server.every = faults.refuses(both)
    done = run("--temperature", temperature)
    assert done.code in (0, 4), done.said
    assert len(questions(server)) == N
    assert not any(both(dict(seen.body)) for seen in questions(server))
    assert {seen.body.get("temperature", 1) for seen in questions(server)} == {float(temperature)}


def test_top_p_that_is_null_is_not_said(run: Run, server: Server, here: Path, data: Path) -> None:
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling={"top_p": None})), holdout=None)
    assert done.code == 0, done.said
    assert questions(server)
    assert not any("top_p" in seen.body for seen in questions(server))


def test_a_top_p_of_one_s_own_beside_a_temperature_is_an_error_there(
    run: Run, server: Server, here: Path, data: Path
) -> None:
    server.every = faults.refuses(both)
    sampling = {"temperature": 0.5, "top_p": 0.9}
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=sampling)), holdout=None)
    assert done.code == 2, done.said
    assert "top_p" in done.err
    assert questions(server) == []


def test_a_server_that_refuses_a_temperature_gets_the_hint(run: Run, server: Server) -> None:
    server.every = faults.refuses(only_one)
    done = run()
    assert done.code == 2, done.said
    assert "--temperature 1" in done.err
    assert questions(server) == []
    again = run("--temperature", "1")
    assert again.code == 0, again.said
    assert len(questions(server)) == N


def test_a_server_that_knows_no_temperature_is_asked_without_it_at_1(run: Run, server: Server) -> None:
    server.model.features["temperature"] = REFUSED
    assert "--temperature 1" in run().err
    done = run("--temperature", "1", "-o", "report.md")
    assert done.code in (0, 4), done.said
    assert len(questions(server)) == N
    assert not any("temperature" in seen.body for seen in questions(server))
    (row,) = [row for row in rows(runs(STORE)[-1], "events") if row["event"] == "capabilities"]
    assert row["found"]["temperature"] == "refused"


# --- more fields -----------------------------------------------------------------------------------

MORE = {"chat_template_kwargs": {"enable_thinking": False}, "extra_body": {"cache_salt": "x", "min_tokens": 2}}


def test_template_variables_and_more_fields_are_said_with_every_request(
    run: Run, server: Server, here: Path, data: Path
) -> None:
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=MORE)), holdout=None)
    assert done.code == 0, done.said
    assert "enable_thinking" in done.out
    for seen in server.completions:
        assert seen.body["chat_template_kwargs"] == {"enable_thinking": False}
        assert (seen.body["cache_salt"], seen.body["min_tokens"]) == ("x", 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"extra_body": {"min_tokens": 3}},
        {"system": "fold"},
        {"top_p": None},
    ],
    ids=str,
)
def test_each_of_them_is_part_of_the_key(
    run: Run, server: Server, here: Path, data: Path, changed: dict[str, Any]
) -> None:
    def asked(sampling: dict[str, Any]) -> int:
        server.forget()
        done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=sampling)), holdout=None)
        assert done.code == 0, done.said
        return len(questions(server))

    assert [asked(MORE), asked(MORE), asked({**MORE, **changed}), asked(MORE)] == [N, 0, N, 0]


def test_what_is_off_leaves_the_keys_of_earlier_answers() -> None:
    """Digest of the fields that a sampling had before it could say more, by hand."""
    said = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "repetition_penalty": 1.0, "max_tokens": 256}
    shared = digest({"key_version": 1, "engine": {}, "sampling": {**said, "stop": [], "seed": 0}})
    assert Keys({}, Sampling())._shared == shared.encode()


@pytest.mark.parametrize(
    ("sampling", "names"),
    [
        ({"extra_body": {"temperature": 1}}, "temperature"),
        ({"extra_body": {"model": "other"}}, "model"),
        ({"extra_body": {"messages": []}}, "messages"),
        ({"extra_body": ["x"]}, "extra_body"),
        ({"chat_template_kwargs": "x"}, "chat_template_kwargs"),
        ({"system": "drop"}, "system"),
    ],
    ids=str,
)
def test_what_has_a_setting_of_its_own_and_what_is_no_json_is_refused(
    run: Run, server: Server, here: Path, data: Path, sampling: dict[str, Any], names: str
) -> None:
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=sampling)), holdout=None)
    assert done.code == 2, done.said
    assert names in done.err
    assert server.requests == []
    with pytest.raises(UserError, match=names):
        fteval.run(server.ref, holdout=data, score=["exact"], sampling=sampling)


@pytest.mark.parametrize("value", [float("nan"), object(), {"a", "b"}], ids=["nan", "object", "set"])
def test_what_python_can_say_and_json_cannot_is_refused(server: Server, data: Path, value: object) -> None:
    with pytest.raises(UserError, match="JSON has no word"):
        fteval.run(server.ref, holdout=data, score=["exact"], sampling={"extra_body": {"x": value}})
    assert server.requests == []


def test_a_field_that_the_server_does_not_know_is_named(run: Run, server: Server, here: Path, data: Path) -> None:
    server.model.unknown_fields = REFUSED
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=MORE)), holdout=None)
    assert done.code == 2, done.said
    assert "chat_template_kwargs" in done.err
    assert questions(server) == []


def test_a_local_model_s_template_gets_its_variables_and_refuses_a_body(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(copytree(tiny_model, tmp_path / "m"))
    template = "{% for m in messages %}{{ m.content }}{% endfor %}{{ mood | default('calm') }}"
    (folder / "chat_template.jinja").write_text(template)
    data = holdout(tmp_path / "words.jsonl", 3)

    def ids(sampling: dict[str, Any], code: int = 0) -> list[Any]:
        made = cli.call(["run", "-c", str(config(tmp_path / "c.yaml", str(folder), data, sampling=sampling))])
        assert made == code, capfd.readouterr()
        return [row["prompt_tokens"] for row in rows(runs(STORE)[-1])]

    few = {"max_tokens": 2}
    plain = ids(few)
    assert ids({**few, "chat_template_kwargs": {"mood": "calm and quiet and slow"}}) > plain
    ids({**few, "chat_template_kwargs": {"tokenize": True}}, 2)
    ids({**few, "extra_body": {"x": 1}}, 2)
    assert "for servers" in capfd.readouterr().err


# --- one sample's own trouble ----------------------------------------------------------------------


def with_system(path: Path, n: int, which: int) -> Path:
    """n questions, one of them with a system turn."""
    turns = [[{"role": "user", "content": prompt(i)}] for i in range(n)]
    turns[which].insert(0, {"role": "system", "content": "Be brief."})
    rows_ = [{"messages": t, "target": f"word{i}"} for i, t in enumerate(turns)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows_), encoding="utf-8")
    return path


def no_system(body: dict[str, Any]) -> str | None:
    """As Gemma's template says it, through llama.cpp or vLLM."""
    found = any(m["role"] == "system" for m in body["messages"])
    return "Jinja Exception: System role not supported at row 1, column 53" if found else None


@pytest.mark.parametrize("status", [400, 500])
def test_a_system_role_that_a_template_forbids_costs_its_own_sample(
    run: Run, server: Server, here: Path, status: int
) -> None:
    server.every = faults.refuses(no_system, status)
    done = run(holdout=with_system(here / "s.jsonl", 5, 2))
    assert done.code == 3, done.said
    assert answered(runs(STORE)[0]) == {prompt(i) for i in (0, 1, 3, 4)}
    failure = by_prompt(runs(STORE)[0])[prompt(2)]["failure"]
    assert failure["kind"] == "template"
    assert "system: fold" in failure["message"]
    assert server.asked(prompt(2)) == 1  # it will never do: not sent again


def test_a_system_text_is_folded_into_the_user_s_turn(run: Run, server: Server, here: Path) -> None:
    server.every = faults.refuses(no_system)
    data = with_system(here / "s.jsonl", 5, 2)
    server.model.answers = {**answers(N), f"Be brief.\n\n{prompt(2)}": "word2"}
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling={"system": "fold"})), holdout=None)
    assert done.code == 0, done.said
    assert server.asked(f"Be brief.\n\n{prompt(2)}") == 1
    assert "system fold" in done.out


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        ("s:a u:b", "u:a\n\nb"),
        ("u:b", "u:b"),
        ("s:a s:b u:c", "u:a\n\nb\n\nc"),
        ("u:a a:b s:c u:d", "u:a a:b u:c\n\nd"),
        ("s:a", "u:a"),
        ("s:x a:b u:c", "a:b u:x\n\nc"),
    ],
)
def test_what_folding_does(turns: str, wanted: str) -> None:
    roles = {"s": "system", "u": "user", "a": "assistant"}

    def read(text: str) -> tuple[Message, ...]:
        return tuple(Message(roles[turn[0]], turn[2:]) for turn in text.split(" "))

    assert folded(read(turns)) == read(wanted)


def test_a_prompt_that_a_local_template_refuses_costs_its_own_sample(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(copytree(tiny_model, tmp_path / "m"))
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}"
        "{% endif %}{{ m.content }}{% endfor %}"
    )
    (folder / "chat_template.jinja").write_text(template)
    data = with_system(tmp_path / "s.jsonl", 4, 1)

    def code(**sampling: Any) -> int:
        path = config(tmp_path / "c.yaml", str(folder), data, sampling={"max_tokens": 2, **sampling})
        return cli.call(["run", "-c", str(path)])

    assert code() == 3, capfd.readouterr()
    assert answered(runs(STORE)[0]) == {prompt(i) for i in (0, 2, 3)}
    failure = by_prompt(runs(STORE)[0])[prompt(1)]["failure"]
    assert "System role not supported" in failure["message"]
    assert "system: fold" in failure["message"]
    assert code(system="fold") == 0


def test_a_prompt_that_is_too_long_for_a_server_costs_its_own_sample(run: Run, server: Server, here: Path) -> None:
    """llama.cpp's words."""
    message = "the request exceeds the available context size. try increasing the context size or enable context shift"
    body = {"error": {"code": 400, "message": message, "type": "exceed_context_size_error", "n_prompt_tokens": 900}}
    server.script[prompt(1)] = faults.status(400, body=body)
    done = run()
    assert done.code == 3, done.said
    assert by_prompt(runs(STORE)[0])[prompt(1)]["failure"]["kind"] == "prompt_too_long"
    assert len(answered(runs(STORE)[0])) == N - 1
