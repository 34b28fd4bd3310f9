"""A key-value cache that grows by blocks: transformers' own copies all of it at every step.

Same contents, same masks: only the layers of a `DynamicCache` are exchanged, so any model that uses the standard ones
can use these. Columns are right-aligned: a row's newest token is in the last one, padding is on the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

if TYPE_CHECKING:

    class _Layer:
        is_initialized: bool
        keys: Any
        values: Any
        cumulative_length: int
        sliding_window: int

        def __init__(self, *args: Any) -> None: ...
        def lazy_initialization(self, keys: Any, values: Any) -> None: ...

    class _FullLayer(_Layer): ...

    class _SlidingLayer(_Layer): ...

else:
    _Layer, _FullLayer, _SlidingLayer = object, DynamicLayer, DynamicSlidingWindowLayer

BLOCK = 64
"""Columns of room that are added when the buffer is full."""


class _Growing(_Layer):
    """Keys and values in buffers with room on the right; `keys` and `values` are views of the part in use."""

    window: int | None = None
    """How many earlier columns a sliding window still sees; None for all."""
    _buffers: tuple[Any, Any]
    _start = 0
    _end = 0

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        new = key_states.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._buffers, self._start, self._end = (key_states, value_states), 0, new
        else:
            if self._end + new > self._buffers[0].shape[-2]:
                self._make_room(new)
            self._buffers[0][:, :, self._end : self._end + new] = key_states
            self._buffers[1][:, :, self._end : self._end + new] = value_states
            self._end += new
        seen = self._view()
        if self.window is not None:
            self._start = max(self._start, self._end - self.window)
            self.cumulative_length += new
        self.keys, self.values = self._view()
        return seen

    def _view(self) -> tuple[Any, Any]:
        keys, values = self._buffers
        return keys[:, :, self._start : self._end], values[:, :, self._start : self._end]

    def _make_room(self, new: int) -> None:
        used = self._end - self._start
        grown = []
        for old in self._view():
            buffer = old.new_empty((*old.shape[:2], used + new + BLOCK, old.shape[3]))
            buffer[:, :, :used] = old
            grown.append(buffer)
        self._buffers, self._start, self._end = (grown[0], grown[1]), 0, used

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows, which are in rising order: moved up inside the buffer, nothing is allocated."""
        for buffer in self._buffers:
            for to, row in enumerate(rows):
                if to != row:
                    buffer[to, :, self._start : self._end].copy_(buffer[row, :, self._start : self._end])
        self._buffers = (self._buffers[0][: len(rows)], self._buffers[1][: len(rows)])
        self.keys, self.values = self._view()

    def pick(self, rows: Any) -> None:
        """These rows in this order, also one several times; `rows` is a tensor of their places."""
        keys, values = (buffer.index_select(0, rows) for buffer in self._buffers)
        self._buffers = (keys, values)
        self.keys, self.values = self._view()

    def join(self, parts: Sequence[Any]) -> None:
        """The rows of several caches under each other, right-aligned, zeros where a part is narrower."""
        views = [part._view() for part in parts]
        used = max(keys.shape[-2] for keys, _ in views)
        rows = sum(keys.shape[0] for keys, _ in views)
        self.lazy_initialization(*views[0])
        joined = []
        for which in (0, 1):
            first = views[0][which]
            buffer = first.new_empty((rows, first.shape[1], used + BLOCK, first.shape[3]))
            row = 0
            for view in views:
                part = view[which]
                # Zeros, because whatever an uninitialised column holds times a weight of 0 may still be NaN.
                buffer[row : row + part.shape[0], :, : used - part.shape[2]] = 0
                buffer[row : row + part.shape[0], :, used - part.shape[2] : used] = part
                row += part.shape[0]
            joined.append(buffer)
        self._buffers, self._start, self._end = (joined[0], joined[1]), 0, used
        if self.window is not None:
            self.cumulative_length = max(part.cumulative_length for part in parts)
        self.keys, self.values = self._view()

    def begin_with(self, source: Any, rows: int) -> None:
        """What one row of another layer holds, for many rows. Nothing is copied: the next update makes room anyway."""
        keys, values = source._view()
        self.lazy_initialization(keys, values)
        self._buffers = (keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1))
        self._start, self._end = 0, keys.shape[-2]
        self.keys, self.values = self._view()


class GrowingLayer(_Growing, _FullLayer):
    """For layers that attend to everything before."""


class GrowingSlidingLayer(_Growing, _SlidingLayer):
    """For layers that attend to a window."""

    def __init__(self, sliding_window: int) -> None:
        super().__init__(sliding_window)
        self.window = sliding_window - 1


def growing_cache(config: Any) -> Any | None:
    """An empty cache for a model of this config; None when one of its layers is of a kind that is not known here."""
    cache = DynamicCache(config=config)
    layers: list[Any] = []
    for layer in cache.layers:
        if type(layer) is DynamicLayer:
            layers.append(GrowingLayer())
        elif type(layer) is DynamicSlidingWindowLayer:
            layers.append(GrowingSlidingLayer(layer.sliding_window))
        else:
            return None
    if not layers:
        return None
    cache.layers = layers
    return cache


def keep_rows(cache: Any, rows: Sequence[int]) -> None:
    """Only these rows of every layer."""
    for layer in cache.layers:
        layer.keep(rows)


def pick_rows(cache: Any, rows: Any) -> None:
    """These rows of every layer, also one several times."""
    for layer in cache.layers:
        layer.pick(rows)


def join_caches(config: Any, caches: Sequence[Any]) -> Any:
    """One cache with the rows of all, in order; the parts are given up layer by layer, so no memory is held twice."""
    if len(caches) == 1:
        return caches[0]
    joined = growing_cache(config)
    assert joined is not None
    for index, layer in enumerate(joined.layers):
        layer.join([cache.layers[index] for cache in caches])
        for cache in caches:
            cache.layers[index] = None
    return joined


def slides(config: Any) -> bool:
    """Whether any layer sees only a window."""
    return any(isinstance(layer, DynamicSlidingWindowLayer) for layer in DynamicCache(config=config).layers)
