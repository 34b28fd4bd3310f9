"""Columns of scores as arrays: what is missing, and which samples belong together."""

from __future__ import annotations

import math
from collections.abc import Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fteval.records.columns import Kinds, Numbers

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """What one way to fill in missing scores gives."""

    low: float
    high: float
    p_pass: float
    p_fail: float
    groups: int
    effective: float


def as_column(values: Any) -> Column:
    """Scores as an array; None and everything that is no finite number become NaN, for the caller to count.

    Of several answers per sample (n × k) the mean, NaN where one of them has no score.
    """
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    if isinstance(values, Numbers):
        values = np.frombuffer(values.values, dtype=np.float64)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        column = values.astype(np.float64)
    else:
        column = np.array([_number(v) for v in values], dtype=np.float64)
    if column.ndim > 2 or (column.ndim == 2 and not column.shape[1]):
        raise ValueError(f"scores are a column of numbers, or n × k of them, found {column.shape}")
    column[~np.isfinite(column)] = np.nan
    return column if column.ndim == 1 else column.mean(axis=1)


def _number(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        return [_number(v) for v in value]
    return np.nan if value is None else value


def share(level: float) -> float:
    """A level of confidence. Raises ValueError for one that is no share between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a level is a share between 0 and 1, as in 0.95, found {level}")
    return level


def bound(scale: float, farthest: float) -> float:
    """The most that a score can be off: the scale, or what was seen where that is more; infinite without a scale."""
    return max(float(scale), farthest) if 0 < scale < math.inf else math.inf


def group_codes(groups: Any, n: int) -> NDArray[np.int64]:
    """A number per sample, the same for samples of one group; a group of None or NaN is a sample on its own.

    Raises ValueError where there are not as many groups as samples.
    """
    if groups is None:
        return np.arange(n)
    if len(groups) != n:
        raise ValueError(f"{len(groups)} groups for {n} samples")
    if isinstance(groups, np.ndarray) and groups.dtype.kind in "iu":
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    if isinstance(groups, Kinds):
        return _codes_of(groups)
    if all(g is None for g in groups):
        return np.arange(n)
    known: dict[Any, int] = {}
    # A sample without a group gets a key that equals no other. NaN is what tables have for "none": it is not itself.
    keys = (object() if g is None or g != g else g for g in groups)
    return np.array([known.setdefault(key, len(known)) for key in keys])


def _codes_of(groups: Kinds) -> NDArray[np.int64]:
    codes = np.frombuffer(groups.codes, dtype=np.int32).astype(np.int64)
    alone = np.isin(codes, [code for code, group in enumerate(groups.values) if group is None])
    if alone.all():
        return np.arange(len(codes))
    codes = np.where(alone, len(groups.values) + np.arange(len(codes)), codes)
    # Numbered as they appear, so that sums over groups are added in the order in which lists of groups have them.
    _, first, again = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[again]


def by_group(values: Column, codes: NDArray[np.int64]) -> tuple[Column, Column]:
    """Sum and size of every group, in the order of the codes that are in use."""
    sizes = np.bincount(codes)
    used = sizes > 0
    sums = np.bincount(codes, weights=values).astype(np.float64)
    return sums[used], sizes[used].astype(np.float64)


def lengths(*columns: Sized) -> None:
    """Raises ValueError where columns that belong together differ in length."""
    found = [len(c) for c in columns]
    if len(set(found)) > 1:
        raise ValueError(f"columns of different lengths: {' and '.join(map(str, found))}")
