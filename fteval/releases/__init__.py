"""Accepted releases: the baseline that later runs are held against, its pinned anchors, and how it came to be.

    evals/baseline/<suite>.json              the newest accepted release
    evals/baseline/<suite>@<anchor>.json     a pinned one: made once, so that many small losses add up to a visible one
    evals/baseline/<suite>.history.jsonl     a line for every time that something was accepted

All three are meant for git. Nothing here needs a model.
"""

from __future__ import annotations

from fteval.releases.accept import Accepted, accept
from fteval.releases.against_baseline import shifts
from fteval.releases.read import kept, load, load_anchor, release_histories
