"""That a judgement ends soon whatever it is given: a pattern or a parser that can be kept busy takes minutes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def soon(work: Callable[[], T], what: object = "") -> T:
    """What `work` gives. More than a second of this process's CPU is a warning under the tests, and no failure: a
    machine may be slow. What never ends is shown by pytest's `faulthandler_timeout`."""
    start = time.process_time()
    result = work()
    took = time.process_time() - start
    if took > 1:
        warnings.warn(f"{what or work}: {took:.1f} s", stacklevel=2)
    return result
