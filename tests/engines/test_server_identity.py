"""A name is no content: whose answers are reused, and when two runs are of one model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Done, prompt, runs
from servers import faults
from servers.fake import Server

from fteval.engines.remote.capabilities import FIXED

Run = Callable[..., Done]
STORE = Path(".fteval")


def redeploy(server: Server) -> None:
    """Another model under the same name and address."""
    server.model.answers = dict.fromkeys([*server.model.answers, *FIXED], "something else")


def questions(server: Server) -> list[str]:
    return [seen.prompt for seen in server.completions if seen.prompt.startswith("Question")]


def test_a_model_that_was_put_behind_the_name_is_asked_everything(run: Run, server: Server) -> None:
    assert run("--json").code == 0
    server.forget()
    redeploy(server)
    done = run("--json")
    assert len(set(questions(server))) == 20
    assert json.loads(done.out)["metrics"][0]["value"] == 0


def test_two_models_of_one_name_are_not_the_same_model(run: Run, server: Server) -> None:
    assert run(store="one").code == 0
    redeploy(server)
    assert run(store="two").code == 0
    first, second = (runs(Path(store))[0] for store in ("one", "two"))
    digests = [json.loads(run_digest(path)) for path in (first, second)]
    assert digests[0] != digests[1]


def run_digest(path: Path) -> str:
    from fteval.runs.journal.store import Store
    from fteval.runs.reading.results import load

    return json.dumps(load(Store(path.parent.parent), path.name).digest)


def test_a_run_that_was_resumed_on_another_model_says_so_and_lends_no_answer(run: Run, server: Server) -> None:
    server.script[prompt(3)] = faults.status(400, "not now")
    assert run().code == 3
    server.script.clear()
    redeploy(server)
    done = run("--resume")
    assert "may be of two models" in done.said
    server.forget()
    run()
    assert len(set(questions(server))) == 20


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_an_answer_that_the_server_broke_off_is_no_answer(run: Run, server: Server, reason: str) -> None:
    server.script[prompt(3)] = faults.changed(lambda answer: answer["choices"][0].update(finish_reason=reason))
    assert run("--max-retries", "1").code == 3
    server.script.clear()
    assert run("--resume").code == 0


def test_a_placeholder_for_a_key_may_stand_in_an_answer(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "word3")
    done = run("--json")
    assert json.loads(done.out)["metrics"][0]["value"] == 1


@pytest.mark.parametrize(
    "ref", ["http:user:S3CRET-canary@host", "https:///user:S3CRET-canary@host", " https://user:S3CRET-canary@h/v1#m"]
)
def test_a_password_is_not_repeated(run: Run, ref: str) -> None:
    done = run(model=ref)
    assert done.code == 2
    assert "S3CRET-canary" not in done.said


def test_debug_keeps_the_exit_code(run: Run) -> None:
    done = run("--debug", "--max-retries", "0", model="http://127.0.0.1:9/v1#m")
    assert done.code == 3
    assert "Traceback" in done.err


def test_a_key_in_the_place_of_its_variable_is_refused_and_not_repeated(run: Run, here: Path, data: Path) -> None:
    (here / "c.yaml").write_text("version: 1\nbase: nano\nprobes: {laziness: {}}\nserver: {key: sk-canary-123456}\n")
    done = run("-c", "c.yaml", holdout=None)
    assert done.code == 2
    assert "sk-canary-123456" not in done.said
