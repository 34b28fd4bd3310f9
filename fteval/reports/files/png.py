"""Charts as a picture, for slides and tickets; drawn by vl-convert, which needs neither a browser nor a network."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence

from fteval.errors import UserError
from fteval.records import Comparison, Judged, RunRecord
from fteval.reports import vega

ENDING, WHAT = ".png", "charts as a picture"
SCALE = 2
"""Pixels of a point: sharp on the screens of today."""


def check() -> None:
    """Raises UserError where vl-convert is missing."""
    if importlib.util.find_spec("vl_convert") is None:
        raise UserError("-o FILE.png needs vl-convert", fix="pip install 'fteval[report]'; or -o FILE.svg")


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> bytes:
    """The file."""
    import vl_convert

    made: bytes = vl_convert.vegalite_to_png(json.dumps(vega.spec(subject)), scale=SCALE, allowed_base_urls=[])
    return made
