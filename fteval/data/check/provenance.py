"""What a row says of where it comes from, where it was made of another one: `metadata: {from: …, how: …}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FROM, HOW = "from", "how"


def is_made(metadata: Any) -> bool:
    """Whether a row's metadata says that the row was made of another one."""
    return isinstance(metadata, Mapping) and isinstance(metadata.get(FROM), str) and isinstance(metadata.get(HOW), str)
