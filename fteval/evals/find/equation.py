"""Are two mathematical expressions equal? By math-verify (extra `math`), within half a second."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import regex

from fteval.evals.language.text import READ

_SECONDS = 0.5
_BARE = 300
"""Characters up to which an output may be an expression without any marks around it."""
_MARKED = regex.compile(r"[$%]|\\(?:boxed|\(|\[)")
_PROSE = regex.compile(r"(?<![\\\p{L}])\p{L}{3,}")


class _TooLongError(BaseException):
    """No Exception: math-verify catches those, and would call the two sides different."""


def equal(output: str, target: str) -> tuple[float | None, str | None, str]:
    """1 or 0, or None where it cannot be worked out; the output's expression; why it is not 1."""
    try:
        with _limit():
            said = _expression(output[-READ:])
            if not said:
                return 0.0, None, "no mathematical expression in the output"
            same = _library().verify(_expression(target), said, timeout_seconds=None)
    except _TooLongError:
        return None, None, f"comparing with {target[:60]!r} took more than {_SECONDS} s"
    answer = str(said[-1])[:200]
    return (1.0, answer, "") if same else (0.0, answer, f"{answer!r} is not {target[:60]!r}")


@lru_cache(maxsize=10_000)
def is_expression(text: str) -> bool:
    """Whether a target can be read as one."""
    try:
        with _limit():
            return bool(_expression(text))
    except _TooLongError:
        return False


def _expression(text: str) -> list[Any]:
    """A text that is all formula is read whole; of others what is marked, announced, or the last number."""
    found = None
    if len(text) <= _BARE and not _PROSE.search(text) and not _MARKED.search(text):
        found = _library().parse(f"${text.strip()}$", parsing_timeout=None)
    return list(found or _library().parse(text, parsing_timeout=None))


@cache
def _library() -> Any:
    import math_verify

    # It warns of every comparison without a limit of its own; the limit is here.
    for name in ("math_verify", "math_verify.parser", "math_verify.grader", "math_verify.utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Its first parse and comparison build tables for a second.
    read = [math_verify.parse(text, parsing_timeout=None) for text in ("$(x+1)^2$", "$x^2+2x+1$")]
    math_verify.verify(*read, timeout_seconds=None)
    return math_verify


@contextmanager
def _limit() -> Iterator[None]:
    """Raises _TooLongError when the time is over. Only the main thread of a Unix process gets signals."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    _library()  # loading it is not part of the work
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, frame: Any) -> None:
    raise _TooLongError
