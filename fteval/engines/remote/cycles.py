"""Python's search for reference cycles, made rarer while servers are asked.

Hundreds of requests in flight leave no cycles, and every search looks at all that they hold.
"""

from __future__ import annotations

import gc
import threading

SELDOM = (50_000, 20, 20)
"""Thresholds from the first `begin` to the last `end`."""
_lock = threading.Lock()
_begun = 0
_usual = gc.get_threshold()


def begin() -> None:
    global _begun, _usual
    with _lock:
        if not _begun:
            _usual = gc.get_threshold()
            gc.set_threshold(*SELDOM)
        _begun += 1


def end() -> None:
    """Gives the thresholds back that were found."""
    global _begun
    with _lock:
        _begun -= 1
        if not _begun:
            gc.set_threshold(*_usual)
