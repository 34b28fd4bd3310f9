"""Models behind a server: fteval against a bare aiohttp client, and against its peers, as whole processes.

    python perf/server.py [--prompts 2000] [--rounds 1] [--many 50000] [--peers [DIR]]

A server in a process of its own answers every chat after 200 ms. With --peers, lm-eval, promptfoo and inspect_ai are
measured too: their environments are looked for in DIR, and made there (else in a temporary folder) where they are
missing. Contenders take turns, after a short run that warms the disk cache; medians of the rounds count.
This measures and does not judge: the limits stand beside the ratios, and its exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from _peers import found
from _stand_in import RETRY_AFTER

HERE = Path(__file__).resolve().parent
LATENCY = 0.2
REQUESTS_LIMIT, START_LIMIT, FAULTS_LIMIT, MEMORY_LIMIT, MEGABYTES_LIMIT = 1.25, 0.4, 1.3, 1.2, 120
HEAVY = ("torch", "transformers", "trl", "openai", "httpx")
TEXT = "when was this person born, and in which town did they live for most of their life? "
ENVIRONMENT = {
    # An installed package has its bytecode: without this Python would compile fteval anew, and no other contender.
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": str(HERE.parent),  # this checkout before an installed fteval; the others do not mind
    "OPENAI_API_KEY": "none",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
}


@dataclass(frozen=True)
class Measured:
    """One contender's process, and what the server saw of it."""

    wall: float
    requests: float
    """Seconds from the first request for a prompt to the last answer."""
    start: float
    """Seconds from the start of the process to its first request of any kind."""
    asked: float
    """Seconds from the start of the process to its first request for a prompt."""
    peak: float
    """Most requests in flight."""
    sent: float
    """Requests for prompts, repeated ones included."""
    answered: float
    cpu: float
    megabytes: float
    waited: float
    """Seconds from the first request for a prompt to the end of the last wait that the server asked for, with its
    answer; 0 where it asked for none. No client that waits is faster."""
    other: float
    """Share of the machine's processor time that somebody else used meanwhile."""


Command = Callable[[str, Path, Path], list[str]]
"""(base URL, prompts, an empty folder) -> command line."""


@dataclass(frozen=True)
class Contender:
    name: str
    command: Command
    faults: bool = False
    success: tuple[int, ...] = (0,)


def bare(url: str, prompts: Path, folder: Path) -> list[str]:
    return [sys.executable, str(HERE / "_bare.py"), url, str(prompts), str(folder / "out.jsonl")]


def fteval(url: str, prompts: Path, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "fteval", "run", "--model", f"{url}#m", "--holdout", str(prompts)]
    return [*command, "--score", "exact", "--store", str(folder / "store"), "-q"]


def heavy(url: str, prompts: Path, folder: Path) -> list[str]:
    """`fteval run` that says which heavy modules it imported."""
    code = "import sys\nfrom fteval.cli import call\nif call(sys.argv[1:]) == 0: "
    code += f"print('IMPORTED', *[m for m in {HEAVY!r} if m in sys.modules])"
    return [sys.executable, "-c", code, *fteval(url, prompts, folder)[3:]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--many", type=int, default=50_000, help="prompts of the run whose memory is measured; 0: none")
    parser.add_argument("--peers", nargs="?", const="", metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        contenders = [Contender("bare aiohttp, 256", bare), Contender("fteval run", fteval)]
        contenders.append(Contender("fteval run, faults", fteval, faults=True))
        peers = {} if options.peers is None else found(Path(options.peers or scratch / "peers"))
        for peer, program in peers.values():
            contenders.append(Contender(peer.name, partial(peer.command, program), success=peer.success))
        few, rows = written(scratch / "few.jsonl", 20), written(scratch / "prompts.jsonl", options.prompts)
        runs: dict[str, list[Measured]] = {contender.name: [] for contender in contenders}
        for contender in contenders:
            measured(contender, few, scratch)
        for _ in range(options.rounds):
            for contender in contenders:
                runs[contender.name].append(measured(contender, rows, scratch))
        found_out = {name: medians(several) for name, several in runs.items()}
        table(found_out, options.prompts, options.rounds)
        ratios(found_out, {peer.name: peer.limit for peer, _ in peers.values()}, options.prompts)
        if options.many:
            memory(scratch, rows, options.prompts, options.many)
        imports(scratch, few)
    return 0


def written(path: Path, count: int) -> Path:
    """A hold-out of `count` different prompts; every second one is answered right. For fteval and for its peers."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            prompt, target = f"Question {number}: {TEXT * 3}", f"Answer {number}" if number % 2 else "Verona"
            turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": target}]
            row = {"id": f"q{number}", "messages": turns, "prompt": prompt, "target": target}
            file.write(json.dumps(row) + "\n")
    return path


def measured(contender: Contender, prompts: Path, scratch: Path, latency: float = LATENCY) -> Measured:
    """One run of a contender, each with a server and a folder of its own."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    with tempfile.TemporaryFile() as log, server(latency, contender.faults) as (url, seen):
        command = contender.command(url, prompts, folder)
        busy, began = machine(), time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=ENVIRONMENT)
        _, status, used = os.wait4(process.pid, 0)
        wall, busy = time.monotonic() - began, machine() - busy
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read().decode(errors="replace")[-3000:]
    if process.returncode not in contender.success or seen["answered"] != len(prompts.read_bytes().splitlines()):
        print(f"{contender.name} ended with {process.returncode}, not measured; the server saw {seen}\n{said}")
        return Measured(**{field.name: math.nan for field in fields(Measured)})
    told = seen["told_to_wait"]
    cpu = used.ru_utime + used.ru_stime
    return Measured(
        wall=wall,
        requests=seen["last"] - seen["first"],
        start=seen["opened"] - began,
        asked=seen["first"] - began,
        peak=seen["peak"],
        sent=seen["requests"],
        answered=seen["answered"],
        cpu=cpu,
        megabytes=used.ru_maxrss / 1024,  # KiB on Linux
        waited=told + RETRY_AFTER + latency - seen["first"] if told else 0.0,
        other=max(0.0, busy - cpu - seen["cpu"]) / (wall * (os.cpu_count() or 1)),
    )


@contextmanager
def server(latency: float, faults: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Base URL of a server of its own; what it saw is there when it has ended."""
    command = [sys.executable, str(HERE / "_stand_in.py"), "--latency", str(latency), *(["--faults"] if faults else [])]
    seen: dict[str, Any] = {}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1", seen
    finally:
        process.stdin.close()
        seen.update(json.loads(process.stdout.read()))
        process.wait()


def machine() -> float:
    """Processor seconds that the whole machine has spent so far."""
    user, nice, system = (int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def medians(several: list[Measured]) -> Measured:
    return Measured(**{f.name: statistics.median(getattr(one, f.name) for one in several) for f in fields(Measured)})


def table(found_out: dict[str, Measured], prompts: int, rounds: int) -> None:
    print(f"{prompts} prompts, a server that answers after {LATENCY * 1000:.0f} ms, median of {rounds}")
    print(f"{'':<20}{'wall':>8}{'requests':>10}{'to first':>10}{'prompt':>8}{'in':>6}{'sent':>7}{'an-':>7}{'CPU':>7}"
          f"{'peak':>6}{'other':>7}")  # fmt: skip
    print(
        f"{'':<20}{'s':>8}{'s':>10}{'request':>10}{'s':>8}{'flight':>6}{'':>7}{'swered':>7}{'s':>7}{'MB':>6}{'CPU':>7}"
    )
    for name, m in found_out.items():
        print(f"{name:<20}{m.wall:>8.2f}{m.requests:>10.2f}{m.start:>10.2f}{m.asked:>8.2f}{m.peak:>6.0f}{m.sent:>7.0f}"
              f"{m.answered:>7.0f}{m.cpu:>7.2f}{m.megabytes:>6.0f}{m.other:>7.0%}")  # fmt: skip


def ratios(found_out: dict[str, Measured], peers: dict[str, float], prompts: int) -> None:
    least, ours, faults = (found_out[name] for name in ("bare aiohttp, 256", "fteval run", "fteval run, faults"))
    print("\nfteval run")
    line("requests, to the bare client's", ours.requests / least.requests, f"<= {REQUESTS_LIMIT} x")
    line("whole process, to the bare client's", ours.wall / least.wall, f"<= {REQUESTS_LIMIT} x")
    for name, limit in peers.items():
        line(f"faster than {name}, whole process", found_out[name].wall / ours.wall, f">= {limit:.0f} x")
    line("start to the first request", ours.start, f"<= {START_LIMIT} s", "s")
    line("  to the first prompt", ours.asked, unit="s")
    line("  which a bare client needs as well", least.asked, unit="s")
    line("faults, requests", faults.requests / ours.requests, f"<= {FAULTS_LIMIT} x")
    line("  which no client that waits undercuts", max(ours.requests, faults.waited) / ours.requests)
    line("faults, whole process", faults.wall / ours.wall, f"<= {FAULTS_LIMIT} x")
    line("faults, answered", faults.answered / prompts, "1 x")


def memory(scratch: Path, rows: Path, prompts: int, many: int) -> None:
    """Peak memory with many prompts against few, from a server that answers at once."""
    peaks = []
    for count, path in ((prompts, rows), (many, written(scratch / "many.jsonl", many))):
        one = measured(Contender("fteval run", fteval), path, scratch, latency=0.0)
        print(f"  {count} prompts, no latency: {one.megabytes:.0f} MB, {one.wall:.1f} s, CPU {one.cpu:.1f} s")
        peaks.append(one.megabytes)
    line(f"memory, {many} prompts to {prompts}", peaks[1] / peaks[0], f"<= {MEMORY_LIMIT} x")
    line(f"memory, {many} prompts", peaks[1], f"<= {MEGABYTES_LIMIT} MB for 100,000", "MB")


def imports(scratch: Path, prompts: Path) -> None:
    with server(0.0, faults=False) as (url, _):
        folder = Path(tempfile.mkdtemp(dir=scratch))
        command = heavy(url, prompts, folder)
        done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    modules = done.stdout.rpartition("IMPORTED")[2].split() if "IMPORTED" in done.stdout else [done.stderr[-500:]]
    print(f"  heavy modules imported: {' '.join(modules) or 'none'}")


def line(what: str, value: float, limit: str = "", unit: str = "x") -> None:
    print(f"  {what:<36}{value:>7.2f} {unit}" + (f"   (limit {limit})" if limit else ""))


if __name__ == "__main__":
    sys.exit(main())
