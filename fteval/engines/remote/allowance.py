"""What a server's headers say may still be asked of it: `x-ratelimit-limit-requests`, `-remaining-`, `-reset-`, and the
same of tokens, as OpenAI and many gateways write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from fteval.engines.remote.patience import LONGEST_WAIT

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def seconds(text: str | None) -> float | None:
    """Of a duration: `20ms`, `1.5s`, `6m0s`, or a plain number of seconds. None for anything else."""
    text = (text or "").strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not text or _PART.sub("", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


class _Meter:
    """One allowance that fills again at a rate: where it stands, reckoned from what was last heard of it."""

    def __init__(self) -> None:
        self.level, self.limit, self.rate, self.at = math.inf, math.inf, 0.0, 0.0

    def now(self, now: float) -> float:
        self.level = min(self.limit, self.level + self.rate * (now - self.at))
        self.at = now
        return self.level

    def heard(self, limit: float, left: float, reset: float, sent: float, since: float, now: float) -> None:
        """`sent`: when the request was that this was said to; `since`: what was taken after it."""
        if not 0 <= left < limit or reset <= 0:
            return  # full, or nonsense: it says no rate
        self.limit, self.rate = limit, (limit - left) / reset
        self.level, self.at = min(limit, left - since + self.rate * (now - sent)), now


class Allowance:
    """Holds requests back while the server says that it would refuse them. Holds none where it says nothing."""

    def __init__(self) -> None:
        self._meters = {"requests": _Meter(), "tokens": _Meter()}
        self._cost = {"requests": 1.0, "tokens": 0.0}  # of a request, on average
        self._sent = 0

    def wait(self, now: float) -> float:
        """Seconds until the next request is allowed; none where that is too long: a refusal then says what to do."""
        most = 0.0
        for name, meter in self._meters.items():
            if meter.rate and (lacking := self._cost[name] - meter.now(now)) > 0:
                most = max(most, lacking / meter.rate)
        return most if most <= LONGEST_WAIT else 0.0

    def sent(self, now: float) -> int:
        """Takes a request; its number."""
        for name, meter in self._meters.items():
            if meter.rate:
                meter.now(now)
                meter.level -= self._cost[name]
        self._sent += 1
        return self._sent

    def heard(self, number: int, sent: float, now: float, headers: Mapping[str, str], tokens: int | None) -> None:
        """Takes what came with the answer to request `number`, which cost so many tokens."""
        if tokens:
            cost = self._cost["tokens"]
            self._cost["tokens"] = cost + (tokens - cost) / 16 if cost else float(tokens)
        for name, meter in self._meters.items():
            limit = _number(headers.get(f"x-ratelimit-limit-{name}"))
            if limit is None:
                continue  # as most servers
            left = _number(headers.get(f"x-ratelimit-remaining-{name}"))
            reset = seconds(headers.get(f"x-ratelimit-reset-{name}"))
            if left is not None and reset is not None:
                meter.heard(limit, left, reset, sent, (self._sent - number) * self._cost[name], now)


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,15}", text.strip()) else None
