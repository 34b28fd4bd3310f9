"""What can go wrong that the user can put right, and the exit code each one has.

    UserError ................ 2  usage or config: nothing was evaluated
    ├── PromptRefused ........ 2  a prompt that a chat template refuses; among others only its sample is in error
    ├── NothingToEvaluate .... 5  no samples, or a selector that matches none
    └── Incomplete ........... 3  the model, the store or some samples failed: what was done is kept
        ├── NoLikelihoods .... 3  a server that does not say how likely a given text is
        └── Interrupted ...... 130 / 143  stopped by a signal, resumable

A bug is none of these: it exits with 70, never with 1, because 1 means that a gate failed.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

OK, GATE_FAILED, USAGE, INCOMPLETE, INCONCLUSIVE, NOTHING, INTERNAL = 0, 1, 2, 3, 4, 5, 70


class UserError(Exception):
    """One line what is wrong, one line where, one line what to do next."""

    exit_code = USAGE

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def lines(self) -> list[str]:
        """What, where and what to do, as they are shown: absent parts are left out."""
        out = [self.what]
        if self.where:
            out.append(f"  where: {self.where}")
        if self.fix:
            out.append(f"  do:    {self.fix}")
        return out

    def __str__(self) -> str:
        return "\n".join(self.lines())


class PromptRefused(UserError):
    """A prompt for which a chat template has no words; others may have some."""


class NothingToEvaluate(UserError):
    """An empty hold-out, or a selector or limit that leaves nothing."""

    exit_code = NOTHING


class Incomplete(UserError):
    """Started, but could not be completed; what was acknowledged is kept."""

    exit_code = INCOMPLETE


class NoLikelihoods(Incomplete):
    """A server that does not say how likely a given text is."""


class Interrupted(Incomplete):
    """Stopped by SIGINT (130), SIGTERM (143) or SIGHUP (129); the same command goes on where it stopped."""

    def __init__(self, what: str, *, signal_number: int, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.exit_code = 128 + signal_number


class VerdictError(Exception):
    """A verdict other than `ship`, raised where somebody asked for that (`raise_for_verdict`)."""

    def __init__(self, verdict: str, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.verdict, self.reason, self.exit_code = verdict, reason, exit_code


def suggest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean 'lipogram'?", or the whole list when nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(names) or 'none'}."


def check_kind(path: Path) -> None:
    """Raises UserError for what never ends or never begins; a pipe that a shell made (`<(…)`) is fine.

    Asked before a file is opened, which waits for a named pipe's writer.
    """
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode) and path.resolve().exists():
        raise UserError(f"{path} is a named pipe", where=str(path), fix="write it to a file, or give <(COMMAND)")
    if stat.S_ISCHR(mode) and not os.path.samefile(path, os.devnull):
        raise UserError(f"{path} is a device", where=str(path), fix="write what it gives to a file")
