"""How all servers of a command are treated, and what they may cost together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fteval.engines.remote.budget import Budget
from fteval.engines.remote.endpoint import KEY_VARIABLE
from fteval.engines.remote.limits import Limits
from fteval.engines.remote.prices import Price


@dataclass(frozen=True, slots=True)
class Servers:
    """What fteval.yaml and the command line say of servers."""

    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    prices: Mapping[str, Price] = field(default_factory=dict)
    key_variable: str | None = KEY_VARIABLE
