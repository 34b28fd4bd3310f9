"""A run in a process of its own, to be killed, interrupted, raced. Says what it acknowledges, exits as the CLI does.

python child.py STORE N LOG [--pause SECONDS] [--hang GROUPS] [--resume RUN]
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import echo

from fteval.errors import Interrupted, UserError
from fteval.records import Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.execute import execute
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store


def show(progress: Progress) -> None:
    print("acknowledged", progress.done, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("n", type=int)
    parser.add_argument("log", type=Path)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--hang", type=int)
    parser.add_argument("--resume")
    a = parser.parse_args()
    built = suite.build([("words", echo.Words(), echo.samples(a.n))])
    engine = echo.Echo(group=3, pause=a.pause, hang=a.hang, log=a.log)
    print("begins", flush=True)
    try:
        run = execute(
            built, engine, Sampling(), Store(a.store), Terms(resume=a.resume, on_progress=show, command="fteval run")
        )
    except UserError as error:
        if isinstance(error, Interrupted):
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # Python gives handlers back while it shuts down
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print("run", run.id, run.planned, run.generated, run.reused, run.complete)
    return 0


if __name__ == "__main__":
    sys.exit(main())
