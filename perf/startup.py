"""Start-up: `fteval --help` against importing the two libraries that any command line of this kind needs.

Limit: 1.5 times `python -c "import click, rich"`, median of ten, the two in turn so that a noisy machine hits both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMIT = 1.5
ROUNDS = 10
HEAVY = ("torch", "transformers", "trl", "openai", "scipy", "pydantic")


def seconds(code: str) -> float:
    """Wall seconds of a fresh interpreter running `code`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> int:
    ours = "from fteval.cli import call; call(['--help'])"
    peer = "import click, rich"
    for code in (ours, peer):
        seconds(code)  # bytecode and disk cache
    pairs = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    imported = subprocess.run(
        [sys.executable, "-c", f"{ours}\nimport sys\nprint('IMPORTED', *[m for m in {HEAVY!r} if m in sys.modules])"],
        check=True, capture_output=True, text=True,
    ).stdout.rsplit("IMPORTED", 1)[1].split()  # fmt: skip
    ratio = mine / theirs
    print(f"fteval --help {mine * 1000:.0f} ms, import click, rich {theirs * 1000:.0f} ms")
    print(f"ratio {ratio:.2f} x (limit {LIMIT} x)")
    print(f"heavy modules imported: {', '.join(imported) or 'none'}")
    return 0 if ratio <= LIMIT and not imported else 1


if __name__ == "__main__":
    sys.exit(main())
