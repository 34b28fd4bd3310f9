"""Every number of speed and size that has a limit, in one run of half an hour: what was measured, and the limit.

    python perf/table.py [OUT] [SCRIPT …]

Each script runs by itself, in sizes that fit half an hour together; others of perf/ can be named. A line of its output
that names a limit is a line of the table; of those that print a table it is the whole. What a script says in full is
kept in the folder OUT. Ratios are of one run, beside each other; seconds are of this machine. Run it on a quiet one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS: dict[str, list[str]] = {
    "startup.py": [],
    "server.py": ["--many", "100000"],
    "rough_servers.py": [],
    "resume.py": ["--answered", "30000"],
    "scale.py": ["--least", "100000", "-o", os.devnull],
    "score.py": ["20000", "lipogram", "facts", "sql", "laziness", "style"],
    "generate.py": ["--prompts", "100"],
    "choices.py": ["--items", "300"],
    "adapters.py": ["--prompts", "60"],
}
TABLES = ("rough_servers.py", "scale.py")
_LIMIT = re.compile(r"\blimit\b", re.IGNORECASE)


def limits(name: str, args: list[str], out: Path) -> list[str]:
    """Runs a script; the lines of its output that name a limit, or one that says that it failed."""
    done = subprocess.run(
        [sys.executable, str(HERE / name), *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parent), "HF_HUB_OFFLINE": "1"},
    )
    (out / name).with_suffix(".txt").write_text(done.stdout + done.stderr)
    found = [" ".join(line.split()) for line in done.stdout.splitlines() if _LIMIT.search(line)]
    if name in TABLES and done.returncode == 0:
        found = done.stdout.splitlines()
    if not found:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        found = [f"NOT MEASURED, it ended with {done.returncode}: {said}"]
    return found


def main(out: Path, names: list[str]) -> int:
    """Prints the table as it grows; measures and does not judge."""
    out.mkdir(parents=True, exist_ok=True)
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; whole outputs in {out}")
    began = time.monotonic()
    for name in names:
        start = time.monotonic()
        found = limits(name, SCRIPTS.get(name, []), out)
        print(f"\n{name} ({time.monotonic() - start:.0f} s)")
        print("\n".join(f"  {line}" for line in found), flush=True)
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes in all")
    return 0


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="fteval-perf-"))
    sys.exit(main(folder, sys.argv[2:] or list(SCRIPTS)))
