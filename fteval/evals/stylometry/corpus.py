"""A corpus as a style: how often its frequent words come, how they follow each other, and what would be recited.

A text file and a shipped profile go the same way: `measure` makes the profile, and a shipped one is a profile that was
written down. `python -m fteval.evals.stylometry.corpus NAME FILE` writes `fteval/evals/data/style/NAME.json`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.evals.language.detect import language
from fteval.evals.language.text import fold, words

CHUNK = 250
"""Words per piece of a corpus; how far the pieces lie apart is the spread of a word."""
FEWEST = 500
"""Words that a corpus has at least: two pieces."""
KEPT = 600
"""Words in a profile. What is rarer than these in a corpus is taken to be absent from it."""
FREQUENT = 150
"""Words whose pairs are kept, to tell sentences from the same words shuffled."""
LESS = 0.5
"""Share of what chance would give from which on a pair counts as usual."""
GRAM = 5
"""Words of a passage whose fingerprint is kept, to tell a recital."""
SAMPLED = 8
"""One fingerprint in so many is kept: those divisible by it (Manber 1994), so corpus and answer keep the same."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The profile of a corpus."""

    n_words: int
    rates: dict[str, tuple[float, float, float]]
    """word -> mean and variance of its frequency over the pieces, and the share of pieces that have it."""
    frequent: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Frequent words that usually follow one another."""
    grams: frozenset[int]
    language: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """Which frequent words follow one another in some corpora."""

    n_words: int
    pairs: frozenset[tuple[str, str]]
    frequent: tuple[frozenset[str], ...]
    """Per corpus."""
    anywhere: frozenset[str]
    """Frequent in one of them."""

    def judges(self, first: str, second: str) -> bool:
        """Whether one corpus has both words often, so that it would show them in this order."""
        return any(first in frequent and second in frequent for frequent in self.frequent)


def measure(text: str) -> Corpus:
    """The profile of a text. Names are left out: words that are mostly written with a capital."""
    spoken = unnamed(text)
    every = words(fold(spoken))
    pieces = [every[i : i + CHUNK] for i in range(0, len(every), CHUNK)]
    if len(pieces) > 1 and len(pieces[-1]) < CHUNK // 2:
        pieces.pop()
    counts = [Counter(piece) for piece in pieces]
    total = Counter(every)
    capital = Counter(
        fold(w) for w in words(spoken) if w[0].isupper() and not w.isupper() and w[:2] not in ("I'", "I’")
    )
    names = {w for w, n in capital.items() if 2 * n > total[w]}
    kept = [w for w, _ in total.most_common(KEPT + len(names)) if w not in names and w[0].isalpha()][:KEPT]
    frequent = frozenset(kept[:FREQUENT])
    return Corpus(
        n_words=len(every),
        rates={w: _rate([count[w] / len(piece) for count, piece in zip(counts, pieces, strict=True)]) for w in kept},
        frequent=frequent,
        pairs=_joined(spoken, frequent),
        grams=frozenset(grams(every)),
        language=language(spoken),
    )


def _rate(shares: Sequence[float]) -> tuple[float, float, float]:
    mean = math.fsum(shares) / len(shares)
    variance = math.fsum((s - mean) ** 2 for s in shares) / max(1, len(shares) - 1)
    return mean, variance, sum(map(bool, shares)) / len(shares)


def _joined(text: str, frequent: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs that occur, and not much less often than they would if words came in any order.

    In a large corpus almost any pair occurs somewhere: "the and" 5 times in the plays, where 170 times were chance.
    """
    pairs = Counter(neighbours(text))
    first, second = Counter[str](), Counter[str]()
    for (a, b), n in pairs.items():
        first[a] += n
        second[b] += n
    everything = pairs.total()
    return frozenset(
        (a, b)
        for (a, b), n in pairs.items()
        if a in frequent and b in frequent and n >= LESS * first[a] * second[b] / everything
    )


_SPEAKER = re.compile(r"^[ \t]*(?:[A-Z][A-Za-z'’ .-]{0,40}:[ \t]*$|[A-Z]{2}[A-Z'’ .-]{0,30}[:.][ \t])", re.MULTILINE)


def unnamed(text: str) -> str:
    """The text of a play without the names of who speaks: "ROMEO:" before a speech is no word of it."""
    return _SPEAKER.sub(" ", text) if ":" in text or "." in text else text


_PAUSE = re.compile(r"[^\w\s'’-]|(?:^|\s)-+(?:\s|$)|--+|\n\s*\n")


def neighbours(text: str) -> Iterator[tuple[str, str]]:
    """Words that follow one another without a mark between them."""
    for clause in _PAUSE.split(fold(text)):
        yield from pairwise(words(clause))


def grams(every: Sequence[str]) -> Iterator[int]:
    """Fingerprints of passages of five words, the sampled ones."""
    for i in range(len(every) - GRAM + 1):
        code = zlib.crc32(" ".join(every[i : i + GRAM]).encode("utf-8", "replace"))
        if code % SAMPLED == 0:
            yield code


# --- where corpora come from ---------------------------------------------------------------------


class Source(str):
    """A corpus by its content: as text it is the content's digest, so that a probe's digest follows the content and
    not the name of a file. `name` is what the user wrote."""

    __slots__ = ("name", "raw")
    name: str
    raw: bytes

    def corpus(self) -> Corpus:
        return _corpus(self.raw)


def shipped() -> list[str]:
    """Names of the corpora that come with fteval."""
    folder = resources.files("fteval.evals").joinpath("data", "style")
    return sorted(file.name.rpartition(".")[0] for file in folder.iterdir() if file.name.endswith((".txt", ".json")))


def source(given: str, field: str) -> Source:
    """The shipped corpus of this name, or the text in this file. Raises UserError with what is wrong with it."""
    if isinstance(given, Source):
        return given
    if not isinstance(given, str) or not given.strip():
        raise UserError(f"style: {field} must be the name of a corpus or of a text file, found {given!r}", fix=_FIX)
    raw = _shipped(given) or _file(given, field)
    found = Source(f"sha256:{hashlib.sha256(raw).hexdigest()}")
    found.name, found.raw = given, raw
    return found


_FIX = "give academic, plain, shakespeare, or a text file: --set reference=our-letters.txt"


def _shipped(name: str) -> bytes | None:
    if name not in shipped():
        return None
    folder = resources.files("fteval.evals").joinpath("data", "style")
    file = folder.joinpath(f"{name}.txt")
    return (file if file.is_file() else folder.joinpath(f"{name}.json")).read_bytes().replace(b"\r\n", b"\n")


def _file(given: str, field: str) -> bytes:
    path = Path(given).expanduser()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is neither a shipped corpus nor a file"
        raise UserError(f"style: {field} {given!r} {what}", fix=_FIX)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{given}: byte {error.start} is not UTF-8", fix="save the text as UTF-8") from None
    except OSError as error:
        raise UserError(f"{given}: {error.strerror}", fix="give a file that can be read") from None
    if (n := len(words(unnamed(text)))) < FEWEST:
        raise UserError(
            f"{given}: {n} words are too few to know a style by", fix=f"at least {FEWEST}, better 5,000 or more"
        )
    return text.replace("\r\n", "\n").encode("utf-8")


@lru_cache(maxsize=8)
def order(spoken: str | None, reference: Source) -> Order:
    """What is known of the order of words: from the reference, and for English from all corpora that ship."""
    known = [reference.corpus()]
    if spoken == "en":
        known += [source(name, "reference").corpus() for name in shipped()]
    return Order(
        n_words=sum(c.n_words for c in known),
        pairs=frozenset[tuple[str, str]]().union(*(c.pairs for c in known)),
        frequent=tuple(c.frequent for c in known),
        anywhere=frozenset[str]().union(*(c.frequent for c in known)),
    )


@lru_cache(maxsize=8)
def _corpus(raw: bytes) -> Corpus:
    return _read(json.loads(raw)) if raw.startswith(b'{"fteval style"') else measure(raw.decode("utf-8"))


def _read(written: dict[str, Any]) -> Corpus:
    frequent = list(written["rates"])[:FREQUENT]
    codes = array("I", base64.b64decode(written["grams"]))
    if sys.byteorder == "big":
        codes.byteswap()
    return Corpus(
        n_words=written["n_words"],
        rates={w: (mean / 1e6, variance / 1e12, share) for w, (mean, variance, share) in written["rates"].items()},
        frequent=frozenset(frequent),
        pairs=frozenset((frequent[a], frequent[b]) for a, row in enumerate(written["pairs"]) for b in row),
        grams=frozenset(codes),
        language=written["language"],
    )


def written(corpus: Corpus) -> str:
    """The profile as it ships: no passage can be read out of it."""
    frequent = list(corpus.rates)[:FREQUENT]
    codes = array("I", sorted(corpus.grams))
    if sys.byteorder == "big":
        codes.byteswap()
    profile = {
        "fteval style": 1,
        "language": corpus.language,
        "n_words": corpus.n_words,
        "rates": {w: [round(m * 1e6), round(v * 1e12), round(s, 3)] for w, (m, v, s) in corpus.rates.items()},
        "pairs": [[b for b, second in enumerate(frequent) if (first, second) in corpus.pairs] for first in frequent],
        "grams": base64.b64encode(codes.tobytes()).decode("ascii"),
    }
    return json.dumps(profile, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    name, file = sys.argv[1:]
    target = Path(__file__).parent / "data" / "style" / f"{name}.json"
    target.write_text(written(measure(Path(file).read_text("utf-8"))), "ascii")
