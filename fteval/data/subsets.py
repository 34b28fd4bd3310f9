"""Smaller sets out of a training file, each within the next larger one: the first so many rows of one order.

random     as a seed shuffles them
spread     in turn from every kind of row, so that each kind comes as often as it can
clustered  one kind after the other: as lopsided as the rows allow

A kind is what rows say under a key of theirs, or a cluster of prompts that share words (k-means on TF-IDF).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from fteval.data.prompts import training_sample
from fteval.data.read import iter_rows
from fteval.errors import UserError, suggest

PICKS = ("random", "spread", "clustered")
MOST_FEATURES = 4096
"""Words that clusters are made of: the commonest."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some files, each with its place."""

    rows: Sequence[Mapping[str, Any]]
    places: Sequence[str]
    """`FILE:LINE`"""


def read_rows(files: Sequence[Path]) -> Rows:
    """The rows of JSON lines, one file after the other. Raises UserError for what is none, and for no rows at all."""
    found = [(f"{file.name}:{number}", row) for file in files for number, row in iter_rows(file)]
    if not found:
        raise UserError("no rows to learn from", where=", ".join(map(str, files)))
    return Rows([row for _, row in found], [place for place, _ in found])


def order(rows: Rows, seed: int, pick: str = "random", by: str | None = None) -> list[int]:
    """Places of all rows, the first n of which are the subset of n rows.

    `by` is a key of the rows, of their `slices` or their `metadata`, and nothing to a random order. Raises UserError
    for rows without it, or for one that tells no row from another.
    """
    rng = random.Random(f"subset {seed}")
    if pick == "random":  # of whatever kind
        return rng.sample(range(len(rows.rows)), len(rows.rows))
    labels = _clusters(rows, seed) if by is None else _kinds(rows, by)
    kinds = [[i for i, label in enumerate(labels) if label == kind] for kind in dict.fromkeys(labels)]
    rng.shuffle(kinds)
    for kind in kinds:
        rng.shuffle(kind)
    return list(chain.from_iterable(kinds) if pick == "clustered" else _in_turn(kinds))


def _in_turn(kinds: Sequence[Sequence[int]]) -> Iterator[int]:
    for turn in zip_longest(*kinds):
        yield from (i for i in turn if i is not None)


def _kinds(rows: Rows, by: str) -> list[str]:
    found = [_value(row, by) for row in rows.rows]
    without = [place for place, kind in zip(rows.places, found, strict=True) if kind is None]
    if without:
        known = {key for row in rows.rows for key in (*row, *_inner(row)) if _value(row, key) is not None}
        raise UserError(
            f"{len(without)} of {len(found)} rows have no '{by}', by which they are to be chosen. "
            f"{suggest(by, sorted(known))}",
            where=without[0],
        )
    if len(set(found)) < 2:
        raise UserError(f"all rows have the same '{by}', which tells none from another", where=rows.places[0])
    return [str(kind) for kind in found]


def _value(row: Mapping[str, Any], key: str) -> str | None:
    value = _inner(row).get(key, row.get(key))
    return str(value) if isinstance(value, str | int | float) else None


def _inner(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: v for inner in ("metadata", "slices") if isinstance(row.get(inner), Mapping) for k, v in row[inner].items()
    }


def _clusters(rows: Rows, seed: int) -> list[str]:
    """Which cluster each prompt is in; there are about the root of half as many as rows (Mardia et al., 1979)."""
    try:
        from sklearn.cluster import KMeans
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        fix = "pip install 'fteval[data]', or choose by a key of the rows: by: KEY"
        raise UserError("clusters of prompts need scikit-learn", fix=fix) from None
    texts = [_text(row, place) for row, place in zip(rows.rows, rows.places, strict=True)]
    try:
        features = TfidfVectorizer(max_features=MOST_FEATURES).fit_transform(texts)
    except ValueError:  # an empty vocabulary
        raise UserError("the prompts have no words to tell them apart", where=rows.places[0], fix="by: KEY") from None
    wanted = min(max(2, round(math.sqrt(len(texts) / 2))), len(set(texts)))
    if wanted < 2:
        raise UserError("all rows have the same prompt: there is nothing to choose by", where=rows.places[0])
    found = KMeans(wanted, n_init=4, random_state=seed).fit_predict(features)
    return [str(label) for label in found]


def _text(row: Mapping[str, Any], place: str) -> str:
    if isinstance(text := row.get("text"), str):
        return text
    try:
        return training_sample(row).prompt_text
    except ValueError as error:
        raise UserError(str(error), where=place) from None
