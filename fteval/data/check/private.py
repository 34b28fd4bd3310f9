"""What should not be taught: addresses, numbers of people and cards, keys. What was learnt may be said again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_PATTERNS = {
    "e-mail address": r"\b[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}\b",
    "phone number": r"(?<![\w.+-])(?<!\d[ -])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,5}\)?[ .-]?){1,4}\d{2,5}|"
    r"\(\d{2,5}\)[ .-]?\d{3,4}[ .-]\d{3,5}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])(?! \d)",
    "card number": r"(?<![\w-])(?<!\d )\d(?:[ -]?\d){12,18}(?![\w-])(?! \d)",
    "IBAN": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "US social security number": r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])",
    "IP address": r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])",
    "key": r"\b(?:sk-[\w-]{16,}|sk_(?:live|test)_\w{16,}|AIza[\w-]{30,}|AKIA[A-Z0-9]{16}|gh[opsru]_\w{30,}|"
    r"github_pat_\w{20,}|hf_[A-Za-z]{30,}|glpat-[\w-]{16,}|xox[abpr]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
}
_COMPILED = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
SECRET = ("key", "private key")
_HINT = re.compile(r"[@\d]|PRIVATE KEY|sk[-_]|hf_|xox|gh[opsru]_|github_pat_|glpat-|AKIA|AIza|eyJ")
"""A text without any of these has nothing private of these kinds."""
_EXAMPLES = ("example.com", "example.org", "example.net", "127.0.0.1", "0.0.0.0")


def private(texts: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """(place, kind, what was found) of each text, the first of a kind."""
    for at, text in enumerate(texts):
        if not _HINT.search(text):
            continue
        for kind, pattern in _COMPILED.items():
            found = next((m[0] for m in pattern.finditer(text) if _is_one(kind, m[0])), None)
            if found is not None:
                yield at, kind, found


def _is_one(kind: str, text: str) -> bool:
    if any(text.endswith(known) for known in _EXAMPLES):
        return False
    check = _CHECKS.get(kind)
    return check is None or check(text)


def _luhn(text: str) -> bool:
    """The last digit of a card's number is a check of the others (ISO/IEC 7812)."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """ISO 13616: read as a number, with the first four signs last, it leaves 1 when divided by 97."""
    bare = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _ip(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


_CHECKS: dict[str, Callable[[str], bool]] = {"card number": _luhn, "IBAN": _iban, "IP address": _ip}
