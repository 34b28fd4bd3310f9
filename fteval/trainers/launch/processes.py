"""Several processes that train together, started by `accelerate launch`, and never outliving who started them.

Each ends with its stdin, which the starter holds open: also where the starter is killed and can say nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fteval.errors import Incomplete, Interrupted, UserError
from fteval.trainers.launch import channel
from fteval.trainers.launch.config import Launch

PATIENCE = 15.0
"""Seconds in which processes may end by themselves."""
_LINES = 200
_DIED = re.compile(r"rank\s*:\s*(?P<rank>\d+).*?\n\s*exitcode\s*:\s*(?P<code>-?\d+)")
"""In what torchrun says at the end of each process that failed."""


def run(launch: Launch, module: str, arguments: Sequence[str], precision: str, hear: Callable[[Any], None]) -> None:
    """Runs `python -m MODULE ARGUMENTS` in each process until all have ended; `hear` gets what they tell.

    Raises the UserError that one of them met, else Incomplete that says which one died.
    """
    variables = {**os.environ, "HF_HUB_DISABLE_TELEMETRY": "1"}
    process = subprocess.Popen(
        [*_command(launch, precision), module, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="replace", env=variables, start_new_session=True,
    )  # fmt: skip
    said: deque[str] = deque(maxlen=_LINES)
    failed: list[Mapping[str, Any]] = []
    assert process.stdout is not None and process.stderr is not None
    listener = threading.Thread(target=said.extend, args=[process.stderr], daemon=True)
    listener.start()
    try:
        for line in process.stdout:
            found = channel.told(line)
            if found is None:
                said.append(line)
            elif "failed" in found:
                failed.append(found["failed"])
            else:
                hear(found)
        code = process.wait()
    finally:
        _end(process)
    if code or failed:
        listener.join(PATIENCE)
        raise why(failed, "".join(said), launch)


def _command(launch: Launch, precision: str) -> list[str]:
    port = launch.settings.get("main_process_port")
    return [
        sys.executable, "-m", "accelerate.commands.launch",
        "--config_file", str(launch.file),
        "--mixed_precision", "bf16" if precision == "bfloat16" else "no",
        "--main_process_port", str(0 if port is None else port),  # 0: a free one
        "--module",
    ]  # fmt: skip


def _end(process: subprocess.Popen[str]) -> None:
    """Ends what still runs, and waits for it."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()  # each of the processes ends with it
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def why(failed: Sequence[Mapping[str, Any]], said: str, launch: Launch) -> UserError:
    """The error to raise: one that somebody can act on before a death, and a death before what it led to."""
    acted = [one for one in failed if one["kind"] not in ("bug", Interrupted.__name__)]
    if acted:
        return channel.as_raised(acted[0], launch.processes)
    died = [(int(m["rank"]), int(m["code"])) for m in _DIED.finditer(said)]
    for rank, code in died:
        if code in (-9, -11, -6, -7):
            memory = " (the memory was probably full)" if code == -9 else ""
            return Incomplete(
                f"process {rank} of {launch.processes} was killed by signal {-code}{memory};"
                " no candidate was registered",
                fix="a higher accumulate, a lower max_length, or fewer processes" if code == -9 else None,
            )
    if failed:
        return channel.as_raised(failed[0], launch.processes)
    last = [line for line in said.splitlines() if line.strip()][-1:]
    return Incomplete(
        f"accelerate launch could not start the training: {last[0].strip() if last else 'it said nothing'}",
        where=str(launch.file),
        fix=f"`accelerate launch --config_file {launch.file} SCRIPT` must work for any script",
    )
