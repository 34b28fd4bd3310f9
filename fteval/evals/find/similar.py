"""How near are two texts in meaning? By the cosine of wordllama's static embeddings (extra `similar`): English."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import regex

_READ = 20_000
"""Characters of a text that are looked at."""
_LETTER = regex.compile(r"\p{L}")
_LATIN = regex.compile(r"\p{Latin}")


def similarity(one: str, other: str) -> float | None:
    """0 to 1; None where a text is not in Latin letters, of which the embeddings know nothing."""
    one, other = one[:_READ], other[:_READ]
    if not _is_latin(one) or not _is_latin(other):
        return None
    clean = [text.encode("utf-8", "replace").decode() for text in (one, other)]
    return min(1.0, max(0.0, float(_embeddings().similarity(*clean))))


def _is_latin(text: str) -> bool:
    return 2 * len(_LATIN.findall(text)) > len(_LETTER.findall(text))


@cache
def _embeddings() -> Any:
    import wordllama

    # The package ships weights and tokenizer, but looks for the tokenizer in the folder of downloads.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
