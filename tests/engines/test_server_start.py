"""What `fteval run` has imported when a server hears of it first: whatever is needed later can wait for the network."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Done, spawn
from servers import faults
from servers.fake import Server

from fteval.engines import Pool
from fteval.engines.remote.capabilities import FIXED
from fteval.engines.remote.engine import FRESH, ServerEngine
from fteval.errors import Incomplete
from fteval.records import Sampling

Run = Callable[..., Done]

TELL = """
import atexit, json, sys
atexit.register(lambda: open("ended.json", "w").write(json.dumps(list(sys.modules))))
def told(event, _args, seen=[]):
    if event == "socket.__new__" and not seen:
        seen.append(event)
        open("imported.json", "w").write(json.dumps(list(sys.modules)))
sys.addaudithook(told)
"""
"""Python itself says when the first socket is made, for the loop that connects: from then on the network takes time."""
WAITS = {
    "numpy": "nothing is reckoned yet",
    "pydantic": "reads configs, and there is none",
    "rich": "nothing is shown yet",
    "scipy": "nothing is compared",
    "torch": "models are elsewhere",
    "transformers": "models are elsewhere",
    "trl": "nothing is trained",
    "openai": "aiohttp asks",
    "pandas": "no table is read or written",
    "fteval.config": "reads configs, and there is none",
    "fteval.trainers": "nothing is trained",
    "fteval.experiment.making": "nothing is trained",
    "fteval.experiment.prompts": "no prompt is searched",
    "fteval.experiment.plan": "no gate is looked at",
    "fteval.experiment.judge": "nothing is judged",
    "fteval.stats.gates": "nothing is judged",
    "fteval.releases": "nothing is held against accepted scores",
    "fteval.reports.terminal.terminal": "nothing is shown yet",
}


NEVER = {"fteval.experiment.opinions": "nobody has said anything of its answers"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a run of a server's model had imported at its first connection, and at its end."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "h.jsonl").write_text('{"prompt": "Which word?", "target": "word"}\n', encoding="utf-8")
    with Server() as server:
        done = spawn("run", "--model", server.ref, "--holdout", "h.jsonl", "--score", "exact", folder=folder, code=TELL)
    assert done.code == 0, done.said
    return folder


@pytest.fixture(scope="module")
def imported(ran: Path) -> set[str]:
    return set(json.loads((ran / "imported.json").read_text(encoding="utf-8")))


def test_the_first_request_waits_for_what_sends_it(imported: set[str]) -> None:
    assert {"aiohttp", "fteval.engines.remote.client"} <= imported


@pytest.mark.parametrize("module", WAITS)
def test_the_first_request_waits_for_nothing_else(imported: set[str], module: str) -> None:
    assert module not in imported, WAITS[module]


@pytest.mark.parametrize("module", NEVER)
def test_a_run_of_one_model_does_without(ran: Path, module: str) -> None:
    assert module not in json.loads((ran / "ended.json").read_text(encoding="utf-8")), NEVER[module]


# --- contact ------------------------------------------------------------------------------------------

SAMPLING = Sampling(max_tokens=8)


@contextmanager
def opened(server: Server) -> Iterator[ServerEngine]:
    with Pool() as pool:
        engine = pool.open(server.ref)
        assert isinstance(engine, ServerEngine)
        yield engine


def test_a_contact_that_was_begun_is_the_one_that_is_waited_for(server: Server) -> None:
    with opened(server) as engine:
        plain = engine.start(SAMPLING)
    alone = [seen.raw for seen in server.requests]
    server.requests.clear()
    with opened(server) as engine:
        engine.greet(SAMPLING)
        engine.greet(SAMPLING)
        assert engine.start(SAMPLING) == plain
        assert Counter(seen.raw for seen in server.requests) == Counter(alone)
        engine.start(SAMPLING)
        assert len(server.requests) == 2 * len(alone), "a second start asks who is there now"


def test_a_contact_that_was_begun_for_another_sampling_is_not_taken_for_this_one(server: Server) -> None:
    with opened(server) as engine:
        engine.greet(SAMPLING)
        engine.start(replace(SAMPLING, temperature=0.7))
    assert any(seen.body.get("temperature") == 0.7 for seen in server.completions)


@pytest.mark.slow
def test_who_was_greeted_long_ago_is_asked_again_who_is_there(server: Server) -> None:
    """Between the greeting and the first sample of a long plan another model may have been put there."""
    with opened(server) as engine:
        engine.greet(SAMPLING)
        while len(server.completions) < len(FIXED):
            time.sleep(0.01)
        time.sleep(FRESH + 1)
        server.model.answers = dict.fromkeys(FIXED, "something else")
        found = engine.start(SAMPLING)
    with opened(server) as engine:
        assert engine.start(SAMPLING)["behaviour"] == found["behaviour"]


def test_what_is_wrong_with_a_contact_is_said_by_who_waits_for_it(server: Server) -> None:
    server.every = faults.status(401)
    with opened(server) as engine:
        engine.greet(SAMPLING)
        with pytest.raises(Incomplete, match="401"):
            engine.start(SAMPLING)


def test_a_contact_that_nobody_waits_for_ends_with_its_engine(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    server.latency = 30
    with opened(server) as engine:
        engine.greet(SAMPLING)
        while not server.requests:
            time.sleep(0.01)
    gc.collect()
    assert "Unclosed" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--probe", "nonsense"), "no probe named 'nonsense'"),
        (("--holdout", "broken.jsonl"), "broken.jsonl:2"),
        (("--sequential",), "needs a base"),
        (("--resume", "2026"), "2026"),
        (("--against", "nosuch"), "nosuch"),
    ],
)
def test_what_is_wrong_with_a_run_is_said_before_any_request(
    run: Run, server: Server, here: Path, words: tuple[str, ...], said: str
) -> None:
    (here / "broken.jsonl").write_text('{"prompt": "a", "target": "b"}\n{"prompt": \n', encoding="utf-8")
    done = run(*words)
    assert done.code == 2 and said in done.err, done.said
    assert server.requests == []
