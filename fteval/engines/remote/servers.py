"""How all servers of a command are treated, and what they may cost together."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from fteval.engines.remote.budget import Budget
from fteval.engines.remote.endpoint import KEY_VARIABLE
from fteval.engines.remote.prices import Price
from fteval.records import Limits


@dataclass(frozen=True, slots=True)
class Servers:
    """What fteval.yaml and the command line say of servers."""

    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    prices: Mapping[str, Price] = field(default_factory=dict)
    key: str | Mapping[str, str] | None = KEY_VARIABLE
    """Environment variable that holds the key: one for all servers, or one per HOST or HOST:PORT."""
    asked: bool = True
    """Whether requests will be sent; where not, nobody needs a key."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Base URLs of servers that serve the same models and share the work."""

    def replicas(self, url: str) -> tuple[str, ...]:
        """Base URLs of all servers that answer for the one at `url`, itself first."""
        group = next((group for group in self.groups if url in group), ())
        return (url, *(other for other in group if other != url))

    def key_variable(self, url: str | None) -> str | None:
        """The variable with the key for the server at `url`; None where it gets none."""
        if self.key is None or isinstance(self.key, str):
            return self.key
        parts = urllib.parse.urlsplit(url or "")
        hosts = {name.lower(): variable for name, variable in self.key.items()}
        return hosts.get(parts.netloc.lower()) or hosts.get(parts.hostname or "")
