"""Servers that refuse, stall and slow down: fteval's request phase against the best of clients with a fixed number in
flight, which is found by trying.

    python perf/rough_servers.py [KIND …] [--prompts N]

For each kind of server (`ROUGH` in `_stand_in.py`) a bare aiohttp client runs with several numbers in flight (and two
timeouts where answers get lost), and then `fteval run`, each against a server of its own that answers after 200 ms.
Where a server allows so much a second, or is closed for a while, no client need be tried: none can be faster than that.
Chance is the same for all. Prints seconds from the first request for a prompt to the last answer, their ratio, and the
requests beyond one a prompt: all but those that were refused by chance, which every client pays.
This measures and does not judge: the limits stand beside, and its exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from _stand_in import ROUGH
from server import ENVIRONMENT, HERE, LATENCY, fteval, written

RATIO_LIMIT, EXTRA_LIMIT = 1.3, 3
FIXED: dict[str, tuple[int, ...]] = {"rate": (), "tokens": (), "slows": (32, 64, 128), "closed": ()}
"""In flight at a fixed client; else `WIDE`; none where the best time is reckoned."""
WIDE, TIMEOUTS = (128, 256, 512), (2.0, 5.0)
PROMPTS = {"chance": 6000, "rate": 2000, "tokens": 2000, "slows": 2000, "stalls": 6000, "errors": 6000, "closed": 2000}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(ROUGH))
    parser.add_argument("--prompts", type=int)
    options = parser.parse_args()
    print(f"{'server':<13}{'prompts':>8}{'best fixed':>26}{'fteval':>9}{'ratio':>8}{'extra':>8}{'peak':>6}  once")
    with tempfile.TemporaryDirectory() as name:
        for kind in options.kinds or ROUGH:
            row(kind, options.prompts or PROMPTS[kind.partition("-")[0]], Path(name))
    print(f"{'limit':<56}{RATIO_LIMIT:>8.2f}{EXTRA_LIMIT:>7} %")
    return 0


def row(kind: str, n: int, scratch: Path) -> None:
    prompts = written(scratch / f"{n}.jsonl", n)
    tried = []
    for at_once in FIXED.get(kind.partition("-")[0], WIDE):
        for timeout in TIMEOUTS if "stall" in ROUGH[kind] else (300.0,):
            command = partial(bare, at_once=at_once, timeout=timeout)
            tried.append((seconds(measured(kind, command, prompts, scratch)[0]), f"{at_once} in flight", timeout))
    best, said, timeout = min(tried) if tried else (least(kind, n), "reckoned", 0.0)
    seen, kept = measured(kind, fteval, prompts, scratch)
    extra = seen["requests"] - seen["chance"] - n
    said += f", {timeout:g} s" if "stall" in ROUGH[kind] else ""
    once = kept == {f"q{number}": 1 for number in range(n)}
    print(f"{kind:<13}{n:>8}{f'{best:.2f} s ({said})':>26}{seconds(seen):>7.2f} s{seconds(seen) / best:>8.2f}"
          f"{100 * extra / n:>6.1f} %{seen['peak']:>6}  {'yes' if once else 'NO'}", flush=True)  # fmt: skip


def least(kind: str, n: int) -> float:
    """Seconds that no client can go below."""
    rough = ROUGH[kind]
    if "rate" in rough:
        return (n * rough.get("cost", 1.0) - rough["burst"]) / rough["rate"]
    return rough["closed"] + n / max(WIDE) * LATENCY


def bare(url: str, prompts: Path, folder: Path, at_once: int, timeout: float) -> list[str]:
    command = [sys.executable, str(HERE / "_bare.py"), url, str(prompts), str(folder / "out.jsonl")]
    return [*command, "--connections", str(at_once), "--timeout", str(timeout)]


def measured(kind: str, command: Any, prompts: Path, scratch: Path) -> tuple[dict[str, Any], Counter[str]]:
    """What a server of this kind saw of one run, and how often each prompt has an answer in fteval's journal."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    stand_in = [sys.executable, str(HERE / "_stand_in.py"), "--latency", str(LATENCY), "--rough", kind]
    process = subprocess.Popen(stand_in, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    done = subprocess.run(command(url, prompts, folder), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    process.stdin.close()
    seen: dict[str, Any] = json.loads(process.stdout.read())
    process.wait()
    if done.returncode:
        print(f"{kind}: exit {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    rows = [json.loads(line) for path in folder.glob("store/runs/*/generations.jsonl") for line in path.open()]
    return seen, Counter(row["sample"] for row in rows if row.get("status") == "ok")


def seconds(seen: dict[str, Any]) -> float:
    return (seen["last"] or 0.0) - (seen["first"] or 0.0)


if __name__ == "__main__":
    sys.exit(main())
