"""Makes the reports of the examples again, on nano, and holds what is claimed against them.

    python scripts/gallery.py [EXAMPLE …]       # all; two at a time, in build/gallery
    python scripts/gallery.py tone --keep       # and puts the new reports in place of the kept ones

Each example runs its documented commands in a copy of `examples/`, with the store in its own folder there. What is
there already, by content, is not done again: after an interruption the same command goes on. Ends with 1 where a
command fails, or a claim no longer holds. Reports of the real model are not made again; a test holds the claims
against those that are kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from claims import ROOT, Claim, claims, outcome, read

DECIDED = (0, 1, 4)
"""Exit codes of a run that came to its end: ship, do not ship, cannot tell."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", nargs="*", metavar="EXAMPLE")
    parser.add_argument("--keep", action="store_true", help="put the new reports in place of the kept ones")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "gallery", metavar="DIR", help="where it is done")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="examples at a time (default 2)")
    asked = parser.parse_args()
    there = {claim.folder.name: claim for claim in claims()}
    if unknown := set(asked.examples) - set(there):
        parser.error(f"no example {', '.join(sorted(unknown))}; there are {', '.join(sorted(there))}")
    work = asked.into / "examples"
    shutil.copytree(ROOT / "examples", work, ignore=shutil.ignore_patterns(".fteval", "out"), dirs_exist_ok=True)
    chosen = [there[name] for name in asked.examples or there]
    failed = 0
    with ThreadPoolExecutor(asked.jobs) as workers:
        making = {workers.submit(remade, claim, work / claim.folder.name): claim for claim in chosen}
        try:
            for done in as_completed(making):
                claim, found = making[done], done.result()
                failed += bool(found.wrong)
                say(claim.folder.name, found)
                if asked.keep and not found.wrong:
                    keep(claim, work / claim.folder.name)
        except KeyboardInterrupt:
            workers.shutdown(cancel_futures=True)
            return 130
    print(f"{len(chosen) - failed} of {len(chosen)} hold")
    return int(failed > 0)


@dataclass(frozen=True, slots=True)
class Remade:
    """An example after its commands have run anew."""

    seconds: float
    wrong: list[str]
    """A command that failed, or the checks that do not hold."""


def remade(claim: Claim, folder: Path) -> Remade:
    begun = time.monotonic()
    for report in made(claim):
        (folder / report).unlink(missing_ok=True)
    for command in claim.commands:
        if failure := run(command, folder):
            return Remade(time.monotonic() - begun, failure)
    return Remade(time.monotonic() - begun, list(broken(claim, folder)))


def say(name: str, found: Remade) -> None:
    first = f"{'fails' if found.wrong else 'holds'}  {name}, {found.seconds:.0f} s"
    print(first, *found.wrong, sep="\n       ", flush=True)


def run(command: str, folder: Path) -> list[str]:
    """The last lines of a command that did not come to its end."""
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    here |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, shell=True, cwd=folder, env=os.environ | here, capture_output=True, text=True)
    if done.returncode in DECIDED:
        return []
    return [f"{command}: exit {done.returncode}", *done.stderr.strip().splitlines()[-5:]]


def made(claim: Claim) -> list[str]:
    """The reports that are made again: not real.md of real.yaml and the like, which take the real model."""
    return [report for report in claim.checks if not (claim.folder / report).with_suffix(".yaml").is_file()]


def broken(claim: Claim, folder: Path) -> Iterator[str]:
    """The checks that the re-made reports do not bear out."""
    for name in made(claim):
        if not (folder / name).is_file():
            yield f"no {name} was written"
            continue
        report = read(folder / name)
        for check in claim.checks[name]:
            found = outcome(check, report)
            if not found.holds:
                yield f"{name}: {check}: it says {found.says}"


def keep(claim: Claim, folder: Path) -> None:
    for report in made(claim):
        shutil.copy(folder / report, claim.folder / report)


if __name__ == "__main__":
    sys.exit(main())
