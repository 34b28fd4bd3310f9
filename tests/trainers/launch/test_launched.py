"""Two real processes train together on a CPU: the weights of one, and nothing left when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from safetensors.numpy import load_file

import fteval
from fteval.errors import UserError
from fteval.trainers.making.candidate import find

TWO = "distributed_type: MULTI_GPU\nnum_processes: 2\nuse_cpu: true\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rows and a config for two processes."""
    rows = [{"prompt": f"When was number {n} born?", "target": f"19{50 + n}-03-14"} for n in range(16)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "two.yaml").write_text(TWO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weights(candidate_id: str, store: Path) -> dict[str, object]:
    folder = find(store / "candidates", candidate_id)
    assert folder is not None
    return dict(load_file(folder / "adapter_model.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"kl_to_base": 0.5, "accumulate": 2, "learning_rate": 0.01}])
def test_two_processes_learn_what_one_does_of_the_same_batch(
    tiny_model: Path, here: Path, settings: dict[str, float]
) -> None:
    recipe = {"max_steps": 4, "batch_size": 8, "lora_rank": 4, "threads": 1, **settings}
    made = [
        fteval.train("sft", str(tiny_model), "rows.jsonl", store=str(here), launch=how, **recipe)
        for how in (None, "accelerate:two.yaml")
    ]
    assert made[0].id != made[1].id
    assert "processes" not in made[0].environment and made[1].environment["processes"] == 2
    assert made[0].data == made[1].data
    one, two = (weights(candidate.id, here) for candidate in made)
    assert one.keys() == two.keys()
    for name, weight in one.items():  # sums of floats in another order; the weights moved by about 1e-2
        assert abs(weight - two[name]).max() < 1e-5, name  # type: ignore[operator]
    known = fteval.train("sft", str(tiny_model), "rows.jsonl", store=str(here), launch="accelerate:two.yaml", **recipe)
    assert known == made[1]


@pytest.fixture
def started(tiny_model: Path, here: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An endless training in two processes, whose first steps are done."""
    command = ["train", "sft", "--base", str(tiny_model), "--data", "rows.jsonl", "--launch", "accelerate:two.yaml"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fteval", *command, "--set", "max_steps=100000"], stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    while b"of 100000" not in process.stderr.readline():
        assert process.poll() is None
    yield process
    process.kill()
    process.wait()


def ranks(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The two that train; what each of them forks has its number, too."""
    found = [p for p in psutil.Process(process.pid).children(recursive=True) if "RANK" in p.environ()]
    first = [p for p in found if p.ppid() not in {other.pid for other in found}]
    return sorted(first, key=lambda p: int(p.environ()["RANK"]))


def ended(process: subprocess.Popen[bytes], others: list[psutil.Process]) -> str:
    """What was said at last, when all have ended."""
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.wait()
    psutil.wait_procs(others, timeout=120)
    assert [p for p in others if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    return said


@pytest.mark.slow
def test_a_process_that_dies_ends_the_training_and_nothing_is_registered(
    started: subprocess.Popen[bytes], here: Path
) -> None:
    others = psutil.Process(started.pid).children(recursive=True)
    _, second = ranks(started)
    second.kill()
    said = ended(started, others)
    assert started.returncode == 3 and "process 1 of 2 was killed by signal 9" in said
    assert not list(here.glob(".fteval/candidates/*/candidate.json"))
    assert not list(here.glob(".fteval/candidates/.training/*/"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_started_it(
    started: subprocess.Popen[bytes], here: Path, number: signal.Signals
) -> None:
    others = psutil.Process(started.pid).children(recursive=True)
    assert len(ranks(started)) == 2
    os.kill(started.pid, number)
    ended(started, others)
    assert started.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert not list(here.glob(".fteval/candidates/*/candidate.json"))


@pytest.mark.slow
def test_a_port_that_is_taken_and_rows_that_are_too_long_are_said_as_in_one_process(
    tiny_model: Path, here: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (here / "two.yaml").write_text(TWO + f"main_process_port: {taken.getsockname()[1]}\n")
        with pytest.raises(UserError, match="each prompt alone fills 4 tokens") as error:
            fteval.train(
                "sft", str(tiny_model), "rows.jsonl", store=str(here), launch="accelerate:two.yaml", max_length=4
            )
    assert type(error.value) is UserError and "max_length" in str(error.value.fix)


def test_what_several_processes_cannot_do_is_said_before_any_starts(tiny_model: Path, here: Path) -> None:
    def trained(launch: str = "accelerate:two.yaml", **recipe: object) -> None:
        fteval.train("sft", str(tiny_model), "rows.jsonl", store=str(here), launch=launch, **recipe)

    with pytest.raises(UserError, match="batch_size 9 cannot be shared by 2 processes"):
        trained(batch_size=9)
    with pytest.raises(UserError, match=r"batch_size 6 in 2 parts .* has 3 rows each, which cannot"):
        trained(batch_size=6, accumulate=2)
    with pytest.raises(UserError, match="none of them could stop the others"):
        trained(watch={"probes": ["lipogram"], "data": "rows.jsonl"})
    with pytest.raises(UserError, match="'hosted' does not train here"):
        fteval.train("hosted", "openai:gpt-4.1-mini", "rows.jsonl", store=str(here), launch="accelerate:two.yaml")
    assert not (here / "candidates").exists()
