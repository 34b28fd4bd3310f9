from __future__ import annotations

import subprocess
import sys

from fteval.engines.remote import cycles


def test_the_usual_thresholds_are_back_after_the_last_end_in_whatever_order() -> None:
    # In a process of its own: an engine that another test has left open counts too.
    code = (
        "import gc\ngc.set_threshold(701, 11, 13)\nfrom fteval.engines.remote import cycles\n"
        "cycles.begin()\ncycles.begin()\ncycles.end()\nprint(gc.get_threshold())\n"
        "cycles.end()\nprint(gc.get_threshold())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [str(cycles.SELDOM), "(701, 11, 13)"]
