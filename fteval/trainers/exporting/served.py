"""A GGUF file behind llama.cpp's server, on this machine alone, while its answers are measured."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fteval.errors import Incomplete, UserError
from fteval.trainers.exporting.gguf import HOME

BINARY = "llama-server"
PACKAGE = "xllamacpp"
PATIENCE = 300.0
"""Seconds until the model must be loaded."""


def server() -> list[str]:
    """The words that start llama.cpp's server: its own program, else the one in the package xllamacpp.

    Raises UserError where neither is there.
    """
    home = os.environ.get(HOME)
    folders = [Path(home), Path(home) / "build" / "bin"] if home else []
    for path in (folder / BINARY for folder in folders):
        if path.is_file():
            return [str(path)]
    on_path = shutil.which(BINARY)
    if on_path:
        return [on_path]
    if importlib.util.find_spec(PACKAGE):
        return [sys.executable, str(Path(__file__).with_name("llama.py"))]
    raise UserError(
        f"a GGUF file is measured through llama.cpp's server, and there is neither {BINARY} nor {PACKAGE}",
        fix=f"pip install {PACKAGE}, or put {BINARY} on the PATH",
    )


@contextmanager
def served(words: list[str], file: Path, name: str) -> Iterator[str]:
    """The model's ref while its server runs. Raises Incomplete where it does not come up."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    asked = ["-m", str(file), "--alias", name, "--host", "127.0.0.1", "--port", str(port), "--jinja"]
    if (threads := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():
        asked += ["--threads", threads]  # its threads wait for each other by spinning: on a busy machine one is faster
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*words, *asked], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, f"{url}/health", log)
            yield f"{url}/v1#{name}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Incomplete(f"llama.cpp's server ended with {process.returncode}: {_last_words(log)}")
        try:
            with opener.open(url, timeout=5) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise Incomplete(f"llama.cpp's server did not load the model within {PATIENCE:g} s: {_last_words(log)}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _last_words(log: IO[bytes]) -> str:
    log.seek(0)
    lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "without a word"
