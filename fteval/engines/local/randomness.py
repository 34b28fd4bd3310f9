"""Everything that random numbers are drawn from in this process, to be put back as it was."""

from __future__ import annotations

import random
from typing import Any

import numpy
import torch


def random_states() -> tuple[Any, ...]:
    """The states of Python's, numpy's and torch's generators, those of GPUs too."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return random.getstate(), numpy.random.get_state(), torch.random.get_rng_state(), gpus


def put_back(states: tuple[Any, ...]) -> None:
    """Has random numbers drawn on from where `random_states` was called."""
    random.setstate(states[0])
    numpy.random.set_state(states[1])
    torch.random.set_rng_state(states[2])
    if states[3]:
        torch.cuda.set_rng_state_all(states[3])
