"""How many requests a second are sent: as many as find a place, until refusals are seen to follow from the rate.

Some servers refuse by chance (a busy gateway), some what exceeds a rate (a hosted tier), and a refusal looks the same.
The law that tells them apart, over cohorts of requests by when they were SENT, each judged once its last one has had
the time that refusals take; what is not refused then is accepted, however long its answer takes:

1. More refused than chance explains: the rate falls below what was accepted, and once more if many still are.
2. What is refused at the lower rate is chance. If that explains what was refused before, the rate is soon free again.
3. Else it was the rate. It grows, slowly near the last measured limit and faster far from it.
4. Nothing accepted: one request for each wait that the server asks for, and ever rarer; each answer then raises the
   rate at once.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

EASE, SURE, NEAR, FALL = 0.8, 0.9, 0.99, 0.15
"""Of what was accepted is sent to find out why, to be sure, and at a measured limit; of what was sent, at least."""
ROW, STREAK, OF = 8, 12, 16
"""So many refused in succession, or so many of so many, are acted on at once."""
TOLERATED, MOST, FEW = 0.02, 0.9, 3
"""Shares of refusals: one that costs less than finding out why, and the most that chance does; fewer are no measure."""
CLEAR = 8
"""So many refusals end the first test early."""
MANY, SECONDS, LONG, INSTANT = 60, 0.25, 10.0, 0.05
"""Requests in a cohort, and the seconds that it takes at least; fewer after `LONG`; an `INSTANT` has no rate."""
FAST, GROWTH, FASTEST, SLOWEST = 3.0, 0.4, 0.2, 0.003
"""What is added to the rate: after chance, where no limit is known, far from one and near it."""
REMEMBERED = 2000
"""Requests by which the share of chance is known; older ones count for less."""
STEADY = 1.3
"""A free rate that still grows by more is judged later: what is refused is sooner understood at the full rate."""
LULL = 0.02
"""Seconds of unused rate that may be caught up."""
ASKED, RARER, OPENING = 1.0, 0.1, 4.0
"""Between requests to a server that refuses all: seconds where it names none, and the share of the time since when it
does. Its answers raise the rate so many times each."""


@dataclass(slots=True)
class _Cohort:
    number: int
    began: float = 0.0
    last: float = 0.0
    sent: int = 0
    refused: int = 0
    held: bool = False  # the pace held some of them back

    @property
    def share(self) -> float:
        return self.refused / self.sent if self.sent else 0.0

    @property
    def rate(self) -> float:
        return (self.sent - 1) / max(self.last - self.began, INSTANT)


class Pace:
    """The rate at which requests may be sent. Knows no clock: every call is told the time."""

    def __init__(self) -> None:
        self.rate = math.inf
        self._by_chance, self._known = 0.0, 0.0  # refused of so many, at any rate
        self._limit: float | None = None  # as measured; None where it is not known
        self._free = 0.0  # the rate of the last cohort that was free
        self._tests = 0  # how often the rate was lowered to test for chance
        self._tested = _Cohort(0)  # what led to it
        self._explained = False  # whether chance explains what was refused before the tests
        self._shut: float | None = None  # since when all is refused
        self._opening = False  # it was shut, and answers again
        self._next = 0.0  # when the next request may be sent
        self._delay = 0.0  # the longest that one of the last refusals took
        self._sent = 0
        self._cohort, self._before = _Cohort(0), 0.0  # and the share of refusals in the one before it
        self._refused: deque[int] = deque(maxlen=OF)  # of the cohort, by the order of sending

    @property
    def chance(self) -> float:
        """Share of requests that is refused at any rate."""
        return min(MOST, self._by_chance / self._known) if self._known else 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        held = max(0.0, self._next - now) if self.rate < math.inf else 0.0
        self._cohort.held |= held > 0
        return held

    def sent(self, now: float) -> tuple[int, int]:
        """Takes a request; what to say when it is refused or accepted."""
        if (full := self._shut is None and self._full(now)) and now >= self._cohort.last + self._delay:
            self._judge(self._cohort)
            full = False
        self._next = max(self._next, now - LULL) + 1 / self.rate
        self._sent += 1
        cohort = self._cohort
        if full:
            return -1, self._sent
        cohort.began, cohort.last = cohort.began if cohort.sent else now, now
        cohort.sent += 1
        return cohort.number, self._sent

    def refused(self, mark: tuple[int, int], sent: float, now: float, asked: float | None = None) -> None:
        """Takes the refusal of a request that was sent at `sent`; `asked` are the seconds that the server named."""
        cohort, (number, place) = self._cohort, mark
        self._delay = max(0.9 * self._delay, now - sent)
        if number != cohort.number:
            return
        if self._shut is not None:
            self._next = max(self._next, now + max(asked or ASKED, RARER * (now - self._shut)))
            return
        cohort.refused += 1
        self._refused.append(place)
        share = self._streak()
        if not share:
            return
        if self._limit is not None and cohort.rate > 1.1 * self._limit:
            self._lower(0.9 * self._limit, cohort, now)
            return
        self._limit = None
        nothing = self._tests and cohort.refused == cohort.sent
        self._lower(0.0 if nothing else cohort.rate * max(EASE * (1 - share), FALL), cohort, now, asked)

    def accepted(self, mark: tuple[int, int]) -> None:
        """Takes the answer to a request."""
        if (self._shut is not None or self._opening) and mark[0] == self._cohort.number:
            self._shut, self._opening = None, True
            self.rate *= OPENING
            self._begin()

    def _streak(self) -> float:
        """The share of the last ones that was refused, where it is more than chance does; else 0."""
        more = round(20 * max(self.chance, self._before))
        for refused, of in ((ROW + round(20 * self.chance), 0), (STREAK + more, OF)):
            refused = min(refused, OF)
            latest = sorted(self._refused)[-refused:]
            if len(latest) == refused and (span := latest[-1] - latest[0] + 1) <= max(of, refused):
                return refused / span
        return 0.0

    def _full(self, now: float) -> bool:
        cohort, seconds = self._cohort, now - self._cohort.began
        if self._tests:
            clear = self._tests == 1 and cohort.sent >= MANY / 2 and cohort.refused >= CLEAR
            return seconds >= SECONDS / 2 and (clear or cohort.sent >= MANY)
        return (cohort.sent >= MANY and seconds >= SECONDS) or (cohort.sent >= OF and seconds >= LONG)

    def _judge(self, cohort: _Cohort) -> None:
        tests, self._tests, self._opening = self._tests, 0, False
        many = cohort.refused >= FEW
        if tests == 1 and many:
            self._limit = cohort.rate * (1 - cohort.share) or None
            self._lower((self._limit or 0.0) * SURE, cohort, cohort.last, tests=2)
            return
        if tests == 2:
            self._by_chance = self._known = 0.0
            if many:
                self._learn(cohort)
                self._explained = self._excess(self._tested) <= 0
                if self._explained:
                    self._limit = None
                    self._learn(self._tested)
                elif self._limit is not None:
                    self._limit /= 1 - self.chance
        excess = self._excess(cohort)
        accepted = cohort.rate * (1 - cohort.share) / (1 - self.chance)
        if self.rate == math.inf:
            steady, self._free = cohort.rate < STEADY * self._free, cohort.rate
            if excess > FEW and steady and cohort.share > 1.5 * self.chance:
                self._lower(accepted * EASE, cohort, cohort.last)
                return
            if self.chance:
                self._learn(cohort)
        elif excess > 0 and not tests:
            self._limit = accepted or None
            self._lower(accepted * NEAR, cohort, cohort.last)
            return
        elif not cohort.held:
            self.rate, self._limit = math.inf, None
        elif self._limit is None:
            self.rate *= 1 + (FAST if self._explained else GROWTH)
        else:
            self.rate *= 1 + min(FASTEST, max(SLOWEST, abs(self.rate / self._limit - 1) / 2))
        self._begin()

    def _excess(self, cohort: _Cohort) -> float:
        """So many more are refused of a cohort than chance explains."""
        expected = self.chance * cohort.sent
        spread = 1 + cohort.sent / self._known if self._known else 1.0
        luck = 3 * math.sqrt(expected * (1 - self.chance) * spread)
        return cohort.refused - expected - luck - TOLERATED * cohort.sent

    def _learn(self, cohort: _Cohort) -> None:
        """Takes what is refused of it for chance."""
        kept = min(1.0, max(0.0, REMEMBERED - cohort.sent) / self._known) if self._known else 1.0
        self._by_chance = kept * self._by_chance + cohort.refused
        self._known = kept * self._known + cohort.sent

    def _lower(self, rate: float, cohort: _Cohort, now: float, asked: float | None = None, tests: int = 1) -> None:
        least = 1 / (asked or ASKED)
        self._shut, self._opening = now if rate < least else None, False
        self._tests, self._explained = tests, False
        if tests == 1 or cohort.share > self._tested.share:
            self._tested = cohort
        self.rate = min(self.rate, max(rate, least))
        self._next = max(self._next, now + 1 / self.rate)
        self._begin()

    def _begin(self) -> None:
        self._refused.clear()
        self._before = self._cohort.share
        self._cohort = _Cohort(self._cohort.number + 1)
