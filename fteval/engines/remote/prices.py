"""What a hosted model costs: a small dated table beside this file, overridden by `prices:` of fteval.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    source: str
    """Where it is from: `fteval.yaml`, or the table's date."""

    def usd(self, prompt_tokens: float, completion_tokens: float) -> float:
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


def price_of(model: str, own: Mapping[str, Price] | None = None, *, hosted: bool) -> Price | None:
    """The price of a model by its name; None where none is known.

    The user's own prices count for every server, the table for hosted models only: a model of that name on a server of
    one's own costs something else. A fine-tune (`ft:BASE:…`) and a dated snapshot have an entry of their own or the
    entry of what they are made of.
    """
    for name in _names(model):
        if own and name in own:
            return own[name]
    if not hosted:
        return None
    table = _table()
    for name in _names(model):
        if name in table["models"]:
            entry = table["models"][name]
            return Price(float(entry[0]), float(entry[1]), f"list price of {table['as_of']}")
    return None


def _names(model: str) -> list[str]:
    """The spellings under which a model may stand in a table, the most special first."""
    name, prefix = model, ""
    if model.startswith("ft:"):
        # A fine-tune costs more than its base: the base's own entry would be too cheap.
        name, prefix = model.split(":")[1], "ft:"
    undated = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", name)
    return list(dict.fromkeys((model, prefix + name, prefix + undated)))


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return loaded
