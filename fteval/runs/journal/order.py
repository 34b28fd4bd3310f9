"""A million values in their order, without an object for each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from fteval.records.columns import Texts

_LONGEST = 64
"""Bytes of a text up to which all are laid out in one width."""


def in_order(block: bytes | bytearray, width: int) -> Iterator[bytes]:
    """Values of one width that lie one behind the other, sorted."""
    import numpy as np  # a run asks its first questions without

    values = np.sort(np.frombuffer(block, dtype=f"S{width}")).tobytes()
    return (values[at : at + width] for at in range(0, len(values), width))


def places_in_order(texts: Texts) -> Sequence[int]:
    """Places of texts, as `sorted` would put these."""
    import numpy as np

    sizes = np.diff(np.asarray(texts.ends), prepend=np.uint64(0))
    width = int(sizes.max(initial=1))
    if width > _LONGEST or b"\0" in texts.block:  # numpy sees no zeros at an end
        return sorted(range(len(texts)), key=texts.__getitem__)
    laid_out = np.zeros((len(texts), width), dtype=np.uint8)
    laid_out[np.arange(width) < sizes[:, None]] = np.frombuffer(texts.block, dtype=np.uint8)
    # UTF-8 sorts as its code points do.
    order = np.argsort(laid_out.view(f"S{width}").ravel(), kind="stable")
    return array("I", order.astype(np.uint32).tobytes())
