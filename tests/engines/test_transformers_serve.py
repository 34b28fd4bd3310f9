"""A real server that nobody here wrote, `transformers serve` with nano behind it: the same answers as the local engine.

It ignores or refuses much of what it is sent (n, logprobs, response_format; top_k is a 422), lists no models, leaves
stop texts in the answer, and takes temperature and seed without sampling, because nano's own generation config does not
say `do_sample`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Done, rows, runs, spawn
from servers.real import free_port, started

import fteval
from fteval.nano import holdouts

pytestmark = pytest.mark.slow

N = 200
WEIGHTS = Path(fteval.__file__).parent / "nano" / "weights"
STORE = Path(".fteval")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of nano; its model name is what it was started with, here that of a link."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "nano").symlink_to(WEIGHTS)
    (folder / "hf" / "hub").mkdir(parents=True)  # without it /v1/models is a 500
    port = free_port()
    words = [Path(sys.executable).parent / "transformers", "serve", "nano", "--device", "cpu"]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    with started(words, folder, f"http://127.0.0.1:{port}/health", HF_HOME=str(folder / "hf"), OMP_NUM_THREADS="1"):
        yield f"http://127.0.0.1:{port}/v1"


def asked(folder: Path, n: int) -> Path:
    """n questions of nano's world: facts, dates and unknown people by turns."""
    found = [s for name in ("facts", "iso_date", "abstention") for s in holdouts.samples(name, n) or []]
    distinct = list({s.prompt_text: s for s in found if len(s.messages) == 1}.values())
    source = distinct[:: max(1, len(distinct) // n)][:n]
    assert len(source) == n
    path = folder / "asked.jsonl"
    path.write_text("".join(json.dumps({"prompt": s.prompt_text, "target": "x"}) + "\n" for s in source))
    return path


def texts(run: Path) -> dict[str, tuple[str, str, int]]:
    """prompt -> text, ending, tokens."""
    said = {row["id"]: row["messages"][-1]["content"] for row in rows(run, "samples")}
    return {said[r["sample"]]: (r["text"], r["finish_reason"], r["completion_tokens"]) for r in rows(run)}


def measured(folder: Path, *args: str) -> Done:
    return spawn("run", "--score", "exact", *args, folder=folder, OMP_NUM_THREADS="1")


def test_the_same_greedy_answers_as_the_local_engine(served: str, tmp_path: Path) -> None:
    data = asked(tmp_path, N)
    done = measured(tmp_path, "--model", f"{served}#nano", "--against", "nano", "--holdout", str(data))
    assert done.code == 3, done.said  # no answer is the target, so that no gate could fail
    by_engine = {("server" if "server" in str(manifest(run)["plan"]["engine"]) else "local"): texts(run)
                 for run in runs(tmp_path / STORE)}  # fmt: skip
    assert set(by_engine) == {"server", "local"}
    server, local = by_engine["server"], by_engine["local"]
    assert set(server) == set(local)
    assert len(server) >= N
    differ = {text: (local[text], server[text]) for text in local if local[text][:2] != server[text][:2]}
    assert not differ, f"{len(differ)} of {len(local)} answers differ (local, server): {json.dumps(differ, indent=1)}"


def manifest(run: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((run / "manifest.json").read_text())
    return found


def test_a_stop_text_and_the_longest_answer_mean_the_same(served: str, tmp_path: Path) -> None:
    data = asked(tmp_path, 12)
    config = {
        "version": 1,
        "base": "nano",
        "candidates": {"served": {"model": f"{served}#nano"}},
        "probes": {"said": {"use": "holdout", "data": str(data), "score": ["exact"]}},
        "sampling": {"max_tokens": 9, "stop": [" is"]},
    }
    (tmp_path / "fteval.yaml").write_text(json.dumps(config))
    done = spawn("run", folder=tmp_path, OMP_NUM_THREADS="1")
    assert done.code == 3, done.said
    one, other = (texts(run) for run in runs(tmp_path / STORE))
    # An answer that is cut behind a space: the server does not send the space.
    short = [{text: (said[0].rstrip(), said[1]) for text, said in run.items()} for run in (one, other)]
    assert short[0] == short[1]
    assert {said[1] for said in one.values()} == {"stop", "length"}


def test_what_it_does_not_do_is_said(served: str, tmp_path: Path) -> None:
    data = asked(tmp_path, 2)
    done = measured(tmp_path, "--model", f"{served}#nano", "--holdout", str(data), "-v", "-o", "report.md")
    assert done.code == 0, done.said
    events = (runs(tmp_path / STORE)[0] / "events.jsonl").read_text()
    said = done.out + done.err + (tmp_path / "report.md").read_text() + events
    for name in ("seed", "logprobs", "response_format"):
        assert name in said or name.replace("_", " ") in said, f"{name}: {said}"


def test_a_name_that_it_does_not_serve_is_said(served: str, tmp_path: Path) -> None:
    done = measured(tmp_path, "--model", f"{served}#other", "--holdout", str(asked(tmp_path, 2)))
    assert done.code in (2, 3), done.said
    assert "pinned to 'nano'" in done.err
