"""A training as its own process: the same bytes twice, killed at any moment, without a network or a home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fteval.records import Site
from fteval.trainers.making.candidate import find, load_candidate

SCRIPT = """
import os, signal, socket, sys
from pathlib import Path

def refuse(*_, **__):
    raise SystemExit("a connection was tried")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from fteval.records import Site
from fteval.trainers.sft import Recipe, train

base, data, store, kill_at, rank, threads = sys.argv[1:]

def step(progress):
    if progress.step == int(kill_at):
        os.kill(os.getpid(), signal.SIGKILL)

recipe = Recipe(lora_rank=int(rank), max_steps=4, batch_size=2, warmup=0.0, lora_dropout=0.1, threads=int(threads))
site = Site(Path(store), on_progress=step, keep_every=0 if int(kill_at) > 0 else 30)
print(train(base, recipe, Path(data), site, name="twin").id)
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
    base: Path | str, data: Path, store: Path, *, kill_at: int = -1, rank: int = 4, threads: int = 1, **variables: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(base), str(data), str(store), str(kill_at), str(rank), str(threads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=900)
    assert (process.returncode, err) == (0, "")
    return out.strip()


def same_files(a: Path, b: Path) -> None:
    """Asserts that two candidates hold the same bytes, but for how long it took."""
    names = sorted(p.name for p in a.iterdir())
    assert names == sorted(p.name for p in b.iterdir())
    for name in set(names) - {"candidate.json", "training_log.json"}:
        assert (a / name).read_bytes() == (b / name).read_bytes(), name
    assert load_candidate(a) == load_candidate(b)


def folder_of(store: Path, candidate_id: str) -> Path:
    folder = find(store, candidate_id)
    assert folder is not None
    return folder


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_same_command_to_the_same_bytes_as_any_other(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    store, other = tmp_path / "candidates", tmp_path / "other"
    killed = start(tiny_model, data, store, kill_at=3)
    killed.communicate(timeout=900)
    assert killed.returncode == -signal.SIGKILL
    assert not list(store.glob("*/candidate.json"))
    assert list((store / ".training").glob("*.kept/step-2"))  # the kill was in the midst of the third
    # Another hash seed: the order of sets must not reach the bytes. Nothing may connect, or write to a home.
    strange = {"HOME": str(tmp_path / "nowhere"), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "0", "CI": ""}
    again = finish(start(tiny_model, data, store, PYTHONHASHSEED="1", **strange))
    assert not list((store / ".training").glob("*/"))
    twin = finish(start(tiny_model, data, other, PYTHONHASHSEED="2"))
    assert again == twin
    same_files(folder_of(store, again), folder_of(other, twin))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.slow
@pytest.mark.parametrize("base", ["tiny", "nano"])
@pytest.mark.parametrize("rank", [4, 0])
def test_the_same_record_gives_the_same_bytes_in_two_processes_of_two_threads(
    tiny_model: Path, tmp_path: Path, data: Path, base: str, rank: int
) -> None:
    ref = str(tiny_model) if base == "tiny" else "nano"
    stores = [tmp_path / "a", tmp_path / "b"]
    ids = [
        finish(start(ref, data, store, rank=rank, threads=2, PYTHONHASHSEED=str(n))) for n, store in enumerate(stores)
    ]
    assert ids[0] == ids[1]
    same_files(folder_of(stores[0], ids[0]), folder_of(stores[1], ids[1]))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.2, 1.0, 2.0, 4.0, 7.0])
def test_a_signal_at_any_moment_is_one_line_and_leaves_nothing(
    tiny_model: Path, tmp_path: Path, data: Path, seconds: float
) -> None:
    store = tmp_path / "candidates"
    script = SCRIPT.replace("max_steps=4", "max_steps=4000").replace("print(train(", "try: print(train(")
    script += "except Exception as error: sys.exit(f'{type(error).__name__} {error.exit_code}')\n"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tiny_model), str(data), str(store), "-1", "4", "1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (store / ".training").exists():  # before that, it is Python that is interrupted
        time.sleep(0.05)
    time.sleep(seconds)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=900)
    assert err.splitlines()[-1] == "Interrupted 143", err
    assert not list(store.glob("*/candidate.json"))
    assert not [path for path in (store / ".training").glob("*/") if path.suffix != ".kept"]


@pytest.mark.slow
@pytest.mark.parametrize("point", ["during-rename", "during-rename:2"])
def test_a_kill_while_the_record_is_written_leaves_no_half_candidate(
    tiny_model: Path, tmp_path: Path, data: Path, point: str
) -> None:
    store = tmp_path / "candidates"
    killed = start(tiny_model, data, store, FTEVAL_TEST_KILL_AT=point)  # of README.md, then of candidate.json
    killed.communicate(timeout=900)
    assert killed.returncode == -signal.SIGKILL
    assert not list(store.glob("*/candidate.json"))
    load_candidate(folder_of(store, finish(start(tiny_model, data, store))))


@pytest.mark.slow
def test_the_defaults_teach_nano_a_form_from_48_rows(tmp_path: Path) -> None:
    import re

    from fteval.engines.pool import Pool
    from fteval.nano.examples import iso_date_rows
    from fteval.nano.world import build_world
    from fteval.records import Message, Request, Sampling
    from fteval.trainers.sft import Recipe, train

    rows = tmp_path / "train.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in iso_date_rows(48)))
    candidate = train("nano", Recipe(threads=1), rows, Site(tmp_path / "candidates"), name="iso-dates")
    names = [person.name for person in build_world().people if not person.trainable][:40]
    assert len(names) == 40
    with Pool(tmp_path / "candidates") as pool:
        for ref, least, most in (("nano", 0, 2), (candidate.id, 38, 40)):
            engine = pool.open(ref)
            asked = [Request(name, name, engine.prompt([Message("user", f"When was {name} born?")])) for name in names]
            said = [g.text or "" for group in engine.generate(asked, Sampling(max_tokens=40)) for g in group]
            n_iso = sum(bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) for text in said)
            assert least <= n_iso <= most, (ref, said)
