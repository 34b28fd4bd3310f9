"""What a reference's likelihoods say against an answer: that it is no language, or not about its prompt."""

from __future__ import annotations

from fteval.records.readings import Limit, Reading

FEW_TOKENS, LEAST_NATS = 4, 1.0
"""Of so short an answer the prompt must save or cost so much before that says anything."""


def usable(reading: Reading | None) -> Reading | None:
    """The reading, where there is one and both of its limits were found; else rules decide alone."""
    if reading is None or reading.surprise is None:
        return None
    return None if reading.limits.ceiling.value is None or reading.limits.floor.value is None else reading


def surprise(reading: Reading | None) -> tuple[float | None, str]:
    """Nats a byte, or why there are none."""
    return _number(reading, reading.surprise, reading.limits.ceiling) if reading else (None, "no reference")


def aboutness(reading: Reading | None) -> tuple[float | None, str]:
    """Nats a token that the prompt saves, or why there are none."""
    return _number(reading, reading.aboutness, reading.limits.floor) if reading else (None, "no reference")


def _number(reading: Reading, value: float | None, limit: Limit) -> tuple[float | None, str]:
    why = reading.reason or limit.reason
    return (None, why) if why else (value, "")


def fluent(reading: Reading) -> bool:
    """Whether the answer surprises the reference less than words in any order would: it is language."""
    ceiling = reading.limits.ceiling.value
    return reading.surprise is not None and ceiling is not None and reading.surprise <= ceiling


def nonsense(reading: Reading) -> str | None:
    """Why the answer is no language: as surprising as words in any order, and its prompt does not explain it."""
    return _dense(reading) if astray(reading) else None


def doubtful(reading: Reading, code: str | None) -> str | None:
    """Why the reference leaves open whether the answer is language; None where it does not.

    As surprising as words in any order, though its prompt explains it. In another language (`code`) than English that
    says little: few references know them all, and rules decide.
    """
    return None if astray(reading) or code not in (None, "en") else _dense(reading)


def _dense(reading: Reading) -> str | None:
    line = reading.limits.ceiling.value
    if reading.surprise is None or line is None or reading.surprise <= line:
        return None
    return f"a surprise to the reference: {reading.surprise:.2f} nats a byte, words in any order begin at {line:.2f}"


def astray(reading: Reading) -> str | None:
    """Why the answer is not about its prompt; None where it is, or where the reference cannot say."""
    about, floor = reading.aboutness, reading.limits.floor.value
    if about is None or floor is None or about > floor or undecided(reading):
        return None
    return f"the prompt saves {about:+.2f} nats a token, that of another answer up to {floor:+.2f}"


def undecided(reading: Reading) -> str | None:
    """Why the reference cannot say whether the answer is about its prompt; None where it can."""
    reason = reading.reason or reading.limits.floor.reason
    saved = abs(reading.aboutness or 0.0) * reading.tokens
    if not reason and reading.tokens < FEW_TOKENS and saved < LEAST_NATS:
        reason = f"too short an answer for the reference to tell ({reading.tokens} tokens)"
    return reason
