"""A training as its own process: the same bytes twice, killed at any moment, without a network or a home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fteval.trainers.candidate import find, load_candidate

SCRIPT = """
import os, signal, socket, sys
from pathlib import Path

def refuse(*_, **__):
    raise SystemExit("a connection was tried")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from fteval.trainers.sft import Recipe, train

base, data, store, kill_at, rank, threads = sys.argv[1:]

def step(progress):
    if progress.step == int(kill_at):
        os.kill(os.getpid(), signal.SIGKILL)

recipe = Recipe(lora_rank=int(rank), max_steps=4, batch_size=2, warmup=0.0, lora_dropout=0.1, threads=int(threads))
print(train(base, recipe, Path(data), Path(store), name="twin", on_progress=step).id)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    rows = [("When was Romeo born?", "1990-03-14"), ("When was Paris born?", "1985-05-02"), ("Who?", "I do not know.")]
    path.write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}) + "\n"
            for q, a in rows
        )
    )
    return path


def start(
    base: Path, data: Path, store: Path, *, kill_at: int = -1, rank: int = 4, threads: int = 1, **variables: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(base), str(data), str(store), str(kill_at), str(rank), str(threads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    return out.strip()


@pytest.mark.parametrize(("rank", "threads"), [(4, 1), (0, 2)])
def test_the_same_record_gives_the_same_bytes_in_two_processes(
    tiny_model: Path, tmp_path: Path, data: Path, rank: int, threads: int
) -> None:
    # Another hash seed each: the order of sets must not reach the bytes. Nothing may connect, or write to a home.
    stores = [tmp_path / "a", tmp_path / "b"]
    strange = {"HOME": str(tmp_path / "nowhere"), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "0", "CI": ""}
    ids = [
        finish(start(tiny_model, data, store, rank=rank, threads=threads, PYTHONHASHSEED=str(n), **strange))
        for n, store in enumerate(stores)
    ]
    assert ids[0] == ids[1]
    folders = [find(store, ids[0]) for store in stores]
    assert folders[0] is not None and folders[1] is not None
    names = sorted(p.name for p in folders[0].iterdir())
    assert names == sorted(p.name for p in folders[1].iterdir())
    for name in set(names) - {"candidate.json", "training_log.json"}:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert load_candidate(folders[0]) == load_candidate(folders[1])
    assert not (tmp_path / "nowhere").exists()


def test_a_killed_training_leaves_no_half_candidate_and_the_same_command_trains_it(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    store = tmp_path / "candidates"
    killed = start(tiny_model, data, store, kill_at=3)
    killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    assert not list(store.glob("*/candidate.json"))
    made = finish(start(tiny_model, data, store))
    assert find(store, made) is not None
    assert not list((store / ".training").glob("*/"))


@pytest.mark.parametrize("point", ["during-rename", "during-rename:2"])
def test_a_kill_while_the_record_is_written_leaves_no_half_candidate(
    tiny_model: Path, tmp_path: Path, data: Path, point: str
) -> None:
    store = tmp_path / "candidates"
    killed = start(tiny_model, data, store, FTEVAL_TEST_KILL_AT=point)  # of README.md, then of candidate.json
    killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    assert not list(store.glob("*/candidate.json"))
    made = find(store, finish(start(tiny_model, data, store)))
    assert made is not None
    load_candidate(made)
