"""What a comparison or a run looks like: one view of the records, and a file per way of showing it.

Renders records only, so that a saved run can be shown years later with no engine installed. Everything that a model,
a hold-out or a file name brought goes through `escape.py`.
"""

from __future__ import annotations

from typing import Any

from fteval.records import Comparison, RunRecord


def as_data(subject: Comparison | RunRecord) -> dict[str, Any]:
    """What `--json` and a report file ending in .json hold: verdict.json, or one run's numbers."""
    from fteval.reports.files import verdict_json
    from fteval.reports.view import run_view

    return run_view.as_json(subject) if isinstance(subject, RunRecord) else verdict_json.as_json(subject)
