"""What `fteval run` has imported when a server hears of it first: whatever is needed later can wait for the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asking import spawn
from servers.fake import Server

TELL = """
import json, sys
def told(event, _args, seen=[]):
    if event == "socket.connect" and not seen:
        seen.append(event)
        open("imported.json", "w").write(json.dumps(list(sys.modules)))
sys.addaudithook(told)
"""
"""Python itself says when the process connects."""
WAITS = {
    "pydantic": "reads configs, and there is none",
    "scipy": "nothing is compared",
    "torch": "models are elsewhere",
    "transformers": "models are elsewhere",
    "trl": "nothing is trained",
    "openai": "aiohttp asks",
    "pandas": "no table is read or written",
    "fteval.config": "reads configs, and there is none",
    "fteval.trainers.making.online": "nothing is trained",
    "fteval.reports.terminal.terminal": "nothing is shown yet",
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Modules of a run of a server's model at its first connection."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "h.jsonl").write_text('{"prompt": "Which word?", "target": "word"}\n', encoding="utf-8")
    with Server() as server:
        done = spawn("run", "--model", server.ref, "--holdout", "h.jsonl", "--score", "exact", folder=folder, code=TELL)
    assert done.code == 0, done.said
    return set(json.loads(Path(folder, "imported.json").read_text(encoding="utf-8")))


def test_the_first_request_waits_for_what_sends_it(imported: set[str]) -> None:
    assert {"aiohttp", "fteval.engines.remote.client"} <= imported


@pytest.mark.parametrize("module", WAITS)
def test_the_first_request_waits_for_nothing_else(imported: set[str], module: str) -> None:
    assert module not in imported, WAITS[module]
