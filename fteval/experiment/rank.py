"""One of several processes that train together, as `experiment/launched.py` starts them.

It trains as one process would, on its share of each batch; rank 0 leaves the weights and tells. The starter registers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.experiment import train
from fteval.experiment.experiment import ModelUse
from fteval.records import Rank, Site
from fteval.trainers.launch import channel

GRACE = 5.0
"""Seconds after its starter's end in which a process may end by itself."""


def main(file: str) -> int:
    """One of the processes. What goes wrong is told, so that it is shown once and by one of them."""
    number, to = int(os.environ["RANK"]), channel.open_channel()
    threading.Thread(target=_end_with_starter, daemon=True).start()
    try:
        _train(json.loads(Path(file).read_text()), number, to)
    except Exception as error:
        channel.tell(to, failed=channel.as_told(error, number))
        if isinstance(error, UserError):
            return 1
        raise
    return 0


def _train(told: Mapping[str, Any], number: int, to: int) -> None:
    environment = told["environment"]
    if environment["device"] == "cuda":
        import torch

        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    rank = Rank(number, Path(told["place"]), environment, lambda learnt: channel.tell(to, learnt=learnt))
    site = Site(Path(told["candidates"]), told["device"], told["offline"], vllm=told["vllm"], rank=rank)
    if number == 0:
        site = replace(
            site,
            on_preflight=lambda seen: channel.tell(to, preflight=str(seen)),
            on_progress=lambda p: channel.tell(to, progress=[p.step, p.total, p.loss, p.seconds_left, p.reward]),
        )
    use = ModelUse(trainer=told["trainer"], recipe=told["recipe"], data=Path(told["data"]), where=told["where"])
    train.trained_at(told["name"], train.coded(use, True), told["base"], site)


def _end_with_starter() -> None:
    """Ends this process when its stdin does: who started it is gone."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
