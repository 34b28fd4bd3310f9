"""What a sample costs: time and memory of runs of 10^3 … 10^6 replayed samples, as a table and as `scale.svg`.

    python perf/scale.py [--least 1000] [--most 1000000] [-o docs/scale.svg]

Base and candidate are replayed from files, judged by `exact`, gated and reported; then both saved runs are compared,
and one sample is shown. CPU seconds, because a busy machine's clock says nothing. docs/scale.md has what was measured.
Limits: at 10^6, 240 s and 400 MB for the run; at 10^5, 1 s for `compare`, and for `show` 0.2 s beyond what Python and
its modules take.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup

from fteval.reports.html import svg
from fteval.reports.html.svg import element

CONFIG = """\
version: 1
base: replay:base.jsonl
candidates:
  new: {model: replay:new.jsonl}
probes:
  towns: {use: holdout, data: holdout.jsonl, score: exact}
gates:
  - {probe: towns, metric: exact, max_drop: 2pp}
"""
WORKS = ("run", "compare", "show")
IMPORTS = "import fteval.commands.show, fteval.experiment.answered, fteval.commands.paged"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command."""

    seconds: float
    """Of the processor."""
    megabytes: float
    """At its peak."""


def files(folder: Path, n: int) -> None:
    """Hold-out, base and candidate; the base has every third answer wrong, the candidate every fourth."""
    (folder / "fteval.yaml").write_text(CONFIG)
    for name, wrong in (("holdout", 0), ("base", 3), ("new", 4)):
        with (folder / f"{name}.jsonl").open("w") as file:
            for i in range(n):
                date = f"19{i % 90 + 10}-0{i % 9 + 1}-1{i % 9}"
                asked = f"When was person number {i} born, and where? Answer with the date, then the town."
                turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": f"{date}, Verona"}]
                row = {"id": f"q{i}", "messages": turns}
                if wrong:
                    row["output"] = f"{date}, {'Mantua' if i % wrong == 0 else 'Verona'}"
                file.write(json.dumps(row) + "\n")


def cost(folder: Path, *arguments: str) -> Cost:
    """Of a command that ends well."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)  # KiB on Linux


def costs(folder: Path, n: int) -> dict[str, Cost]:
    """Of each command on runs of so many samples."""
    files(folder, n)
    fteval = ("-m", "fteval")
    found = {"run": cost(folder, *fteval, "run", "-q", "-o", "report.md")}
    base, new = sorted(path.name for path in (folder / ".fteval" / "runs").iterdir())
    cost(folder, *fteval, "compare", base, new, "-q")  # holds the files of outputs against the runs, once
    found["compare"] = cost(folder, *fteval, "compare", base, new, "-q")
    found["show"] = cost(folder, *fteval, "show", f"q{n // 2}")
    return found


def table(found: dict[int, dict[str, Cost]], imports: Cost) -> str:
    """The numbers, and what a sample more costs between the last two sizes."""
    lines = ["| samples | run | peak | compare | peak | show | peak |", "|---:|---:|---:|---:|---:|---:|---:|"]
    for n, of in found.items():
        cells = [f"{of[w].seconds:.2f} s | {of[w].megabytes:.0f} MB" for w in WORKS]
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    lines.append(f"\nPython and the modules of `show` alone: {imports.seconds:.2f} s, {imports.megabytes:.0f} MB.")
    if len(found) > 1:
        (few, a), (many, b) = list(found.items())[-2:]
        seconds, megabytes = b["run"].seconds - a["run"].seconds, b["run"].megabytes - a["run"].megabytes
        each = f"{1e6 * seconds / (many - few):.0f} µs and {1e6 * megabytes / (many - few):.0f} bytes"
        lines.append(f"A sample more costs a run of base and candidate {each}.")
    return "\n".join(lines)


# --- the figure -----------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, WIDE, HIGH = 760, 300, 70, 40, 270, 200
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#59616d}.title{font-size:14px;fill:#1b1f24}line{stroke:#dfe3e8}"
    ".run{stroke:#17753a;fill:#17753a}.compare{stroke:#2a5db0;fill:#2a5db0}.show{stroke:#8a5c00;fill:#8a5c00}"
    "rect{fill:#fff}text.run,text.compare,text.show{stroke:none}line.run,line.compare,line.show{stroke-width:2}"
)


def figure(found: dict[int, dict[str, Cost]]) -> str:
    """Seconds on the left and megabytes on the right, against the samples; every axis in powers of ten."""
    seconds = _panel(LEFT, "CPU seconds", {w: [(n, of[w].seconds) for n, of in found.items()] for w in WORKS})
    memory = _panel(
        LEFT + WIDE + 90, "MB at the peak", {w: [(n, of[w].megabytes) for n, of in found.items()] for w in WORKS}
    )
    content = [element("style", [Markup(STYLE)]), element("rect", width=WIDTH, height=HEIGHT), *seconds, *memory]
    return str(element("svg", content, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}",
                       width=WIDTH, height=HEIGHT, role="img", aria_label="Cost against samples")) + "\n"  # fmt: skip


def _panel(left: int, title: str, lines: dict[str, list[tuple[int, float]]]) -> list[Markup]:
    xs = [math.log10(n) for n, _ in lines[WORKS[0]]]
    ys = [math.log10(y) for points in lines.values() for _, y in points]
    across, up = svg.Axis(min(xs), max(xs) + 1e-9), svg.Axis(math.floor(min(ys)), math.ceil(max(ys)))

    def x(n: float) -> float:
        return left + across.at(math.log10(n)) * WIDE / 100

    def y(value: float) -> float:
        return TOP + HIGH - up.at(math.log10(value)) * HIGH / 100

    drawn = [_text(left, TOP - 16, title, "title", "start")]
    for power in range(math.floor(up.low), math.ceil(up.high) + 1):
        drawn.append(element("line", x1=left, x2=left + WIDE, y1=y(10.0**power), y2=y(10.0**power)))
        drawn.append(_text(left - 8, y(10.0**power) + 4, f"{10.0**power:g}", "", "end"))
    for n, _ in lines[WORKS[0]]:
        drawn.append(_text(x(n), TOP + HIGH + 20, f"{n:,}", "", "middle"))
    for work, points in lines.items():
        places = [(x(n), y(value)) for n, value in points]
        for (x1, y1), (x2, y2) in pairwise(places):
            drawn.append(element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=work))
        drawn += [element("circle", cx=at, cy=high, r=3, class_=work) for at, high in places]
        named = places[-2] if len(places) > 2 else places[0]  # where the lines lie apart
        drawn.append(_text(named[0] - 4, named[1] - 7, work, work, "end"))
    return drawn


def _text(x: float, y: float, text: str, class_: str, anchor: str) -> Markup:
    return element("text", [Markup.escape(text)], x=round(x, 1), y=round(y, 1), class_=class_, text_anchor=anchor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=int, default=1000, help="samples of the smallest runs")
    parser.add_argument("--most", type=int, default=1_000_000, help="samples of the largest runs")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/scale.svg"))
    options = parser.parse_args()
    found: dict[int, dict[str, Cost]] = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        imports = cost(Path(folder), "-c", IMPORTS)
        for n in (10**power for power in range(3, 7) if options.least <= 10**power <= options.most):
            (here := Path(folder, str(n))).mkdir()
            found[n] = costs(here, n)
            shutil.rmtree(here)
            print(n, found[n], file=sys.stderr)
    options.output.write_text(figure(found), encoding="utf-8")
    print(table(found, imports))


if __name__ == "__main__":
    main()
