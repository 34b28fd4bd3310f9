"""Values as a spreadsheet may be given them: RFC 4180, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fteval.reports.escape import clip, visible

_FORMULA = frozenset("=+-@＝＋－＠")


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], longest: int) -> str:
    """CSV with a header, comma and CRLF; texts of at most `longest` characters."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(column, longest) for column in columns])
    for row in rows:
        writer.writerow([cell(row.get(column), longest) for column in columns])
    return out.getvalue()


def cell(value: Any, longest: int) -> str:
    """One value; what is no number and nothing is empty."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    shown = visible(clip(text, longest)).replace("\n", " ⏎ ")
    # A spreadsheet computes what starts like this, some after blanks, in Japan with wide characters too.
    return f"'{shown}" if text.startswith(("\t", "\r", "\n")) or shown.lstrip()[:1] in _FORMULA else shown
