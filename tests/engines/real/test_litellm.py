"""LiteLLM's proxy, a gateway that hides what is behind it: its own errors, its own names.

Behind it: a reply of its own (`mock`), and a server that is not there (`dead`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import KEY, rows, runs, spawn
from servers.real import free_port, named, started
from side_by_side import QUESTIONS, asked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The proxy's address; it wants a key."""
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    behind = {
        "mock": {"model": "openai/gpt-secret", "api_key": "x", "mock_response": "It is Paris."},
        "dead": {"model": "openai/m", "api_key": "x", "api_base": f"http://127.0.0.1:{free_port()}/v1"},
    }
    config = {
        "model_list": [{"model_name": name, "litellm_params": how} for name, how in behind.items()],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    words = [named("FTEVAL_TEST_LITELLM", "litellm", "pip install 'litellm[proxy]'")]
    words += ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with started(words, folder, f"http://127.0.0.1:{port}/health/liveliness", LITELLM_LOCAL_MODEL_COST_MAP="True"):
        yield f"http://127.0.0.1:{port}/v1"


def test_what_is_behind_an_alias_stays_unknown(served: str, here: Path) -> None:
    """The proxy says its own name for the model, so that neither record nor identity may claim to know another."""
    data = asked(here, QUESTIONS[:3])
    done = spawn("run", "--model", f"{served}#mock", "--holdout", str(data), "--score", "exact", folder=here)
    assert done.code == 0, done.said
    (run,) = runs(here / ".fteval")
    assert {row["text"] for row in rows(run)} == {"It is Paris."}
    assert {row["served"] for row in rows(run)} == {"mock"}
    engine = json.loads((run / "manifest.json").read_text())["plan"]["engine"]
    assert engine["model"] == "mock" and "weights" not in engine


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("mock", "sk-wrong", "does not accept the key in OPENAI_API_KEY"),  # a 400 "No connected db."
        ("other", KEY, "no model 'other' there"),  # a 400 "Invalid model name passed in"
        ("dead", KEY, "the server does not answer: HTTP 500: litellm.InternalServerError"),
    ],
)
def test_its_errors_are_read_as_what_they_mean(served: str, here: Path, name: str, key: str, words: str) -> None:
    data = asked(here, QUESTIONS[:3])
    args = ("run", "--model", f"{served}#{name}", "--holdout", str(data), "--score", "exact", "--max-retries", "1")
    done = spawn(*args, folder=here, OPENAI_API_KEY=key)
    assert done.code == 3 and words in done.err, done.said
    assert "Traceback" not in done.err and not runs(here / ".fteval")
