"""Charts as a Vega-Lite specification, for editors, notebooks and pages that draw it themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fteval.records import Comparison, Judged, RunRecord
from fteval.reports import vega

ENDING, WHAT = ".chart.json", "charts for Vega-Lite"


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The specification; ASCII, and nothing in it is fetched."""
    return json.dumps(vega.spec(subject), indent=1, allow_nan=False) + "\n"
