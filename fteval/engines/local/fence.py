"""Runs what strangers wrote where it can do no harm: in a process of its own, with little time and memory.

A chat template is a program. jinja's sandbox keeps it from files, but not from what takes for ever or fills the memory
(a power of a power, a text that doubles itself). On Linux, where limits hold and a fork is cheap; elsewhere it runs in
the process itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import weakref
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

SECONDS = 5
"""Of computing, for one call."""
MEMORY = 512 * 2**20
"""Bytes beyond those that the process had before."""
LONGEST = 16 * 2**20
"""Bytes of a result."""


class Refused(Exception):
    """What went wrong inside, in words."""


class Exceeded(Refused):
    """It took more time, memory or text than it may."""


class Fenced:
    """A function of JSON values that returns one, in a process that is made at the first call."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._pipe: Connection | None = None

    def __call__(self, *args: Any) -> Any:
        """What the function returns. Raises Refused for what it raises, and where it takes too much."""
        if not sys.platform.startswith("linux"):
            reply = _reply(self._call, args)
        else:
            reply = json.loads(self._asked(json.dumps(args).encode()))
        if "error" in reply:
            raise (Exceeded if reply.get("exceeded") else Refused)(reply["error"])
        return reply["value"]

    def _asked(self, data: bytes) -> bytes:
        pipe = self._pipe = self._pipe or self._started()
        try:
            pipe.send_bytes(data)
            return pipe.recv_bytes()
        except BaseException as error:  # also when interrupted: a late reply must not answer the next call
            self._pipe = None
            self._end()
            if isinstance(error, EOFError | OSError):
                raise Exceeded(f"it takes more than {SECONDS} seconds") from None
            raise

    def _started(self) -> Connection:
        ours, theirs = Pipe()
        pid = os.fork()
        if pid == 0:
            _serve(self._call, theirs)
        theirs.close()
        self._end = weakref.finalize(self, _ended, pid, os.getpid(), ours)
        return ours


def _ended(pid: int, parent: int, pipe: Connection) -> None:
    if os.getpid() == parent:  # another fork of this process has no business here
        pipe.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _serve(call: Callable[..., Any], pipe: Connection) -> None:
    """Answers until the other end is closed; never returns."""
    with contextlib.suppress(BaseException):
        import resource

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent's to handle
            signal.signal(number, signal.SIG_IGN)
        # Nothing of the parent's may stay open here: locks, journals, the pipes of others.
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, 65_536)
        with open("/proc/self/statm") as file:
            had = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (had + MEMORY, had + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        while True:
            args = json.loads(pipe.recv_bytes())
            _, most = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS + 1, most))
            data = json.dumps(_reply(call, args)).encode()
            if len(data) > LONGEST:
                data = json.dumps({"error": f"it makes more than {LONGEST:,} bytes of text", "exceeded": True}).encode()
            pipe.send_bytes(data)
    os._exit(0)


def _reply(call: Callable[..., Any], args: Any) -> dict[str, Any]:
    try:
        return {"value": call(*args)}
    except MemoryError:
        return {"error": f"it takes more than {MEMORY >> 20} MB", "exceeded": True}
    except Exception as error:  # whatever a stranger's program raises
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}
