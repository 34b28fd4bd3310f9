"""Packages that bring a probe, a trainer, an engine or a report format of their own, as pip would lay them down."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROBE = """\
from dataclasses import dataclass
from typing import ClassVar

from fteval.records import Message, Metric, Sample, Scores
{imports}

@dataclass(frozen=True, slots=True)
class Length:
    \"\"\"Whether an answer is long.\"\"\"

    metrics: ClassVar[tuple[Metric, ...]] = (Metric("long", primary=True),)

    def samples(self):
        return [Sample(f"s{{i}}", (Message("user", f"Question {{i}}"),)) for i in range(6)]

    def score(self, sample, generation):
        {late}
        return Scores({{"long": float(len(generation.text) > {least})}})
"""


def probe(imports: str = "", late: str = "pass", least: str = "LEAST") -> str:
    """The source of a probe that takes what decides from elsewhere."""
    return PROBE.format(imports=imports, late=late, least=least)


ENGINE = '''\
"""`adder:OFF_BY` answers sums, wrong by OFF_BY."""

import os
from pathlib import Path

from fteval.errors import UserError
from fteval.records import Generation, Prompt


def open_engine(ref, pool):
    off_by = ref.partition(":")[2]
    if not off_by.isdigit():
        raise UserError(f"adder wants a number, found {off_by!r}", fix="adder:0")
    return Adder(ref, int(off_by))


class Adder:
    def __init__(self, ref, off_by):
        self.ref, self.off_by = ref, off_by

    def identity(self):
        return {"engine": "adder", "version": 1, "off_by": self.off_by}

    def prompt(self, messages):
        return Prompt(tuple(messages))

    def generate(self, requests, sampling):
        for request in requests:
            with Path("asked.txt").open("a") as file:
                file.write(request.sample_id + os.linesep)
            words = request.prompt.messages[-1].content.split()
            total = sum(int(word) for word in words if word.isdigit()) + self.off_by
            yield [Generation(request.sample_id, request.key, request.repeat, str(total), "stop")]

    def loglikelihood(self, pairs):
        raise UserError("an adder knows no likelihoods")

    def close(self):
        Path("closed.txt").touch()
'''
"""An engine that leaves a line in asked.txt for each question."""

FORMAT = '''\
"""The verdict in a word."""

ENDING, WHAT = ".acme", "the verdict alone"


def render(subject, worst):
    return getattr(subject, "verdict", f"measured, {len(worst)} answers shown") + "\\n"
'''


def install(
    folder: Path, files: Mapping[str, str], entry_points: str = "", *, name: str = "acme-probes", version: str = "1.0"
) -> Path:
    """Writes the files of a distribution, and what says that it is one."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    written = {
        **files,
        f"{info.name}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info.name}/entry_points.txt": entry_points,
        f"{info.name}/RECORD": "".join(f"{file},,\n" for file in files),
    }
    for file, text in written.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes what lies in a folder importable, for one test."""
    for left in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[left]  # by the test before
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def fteval(*args: str, folder: Path, installed: Path) -> subprocess.CompletedProcess[str]:
    """A command line of a process that has a folder's packages installed."""
    import fteval

    path = os.pathsep.join(map(str, (installed, Path(fteval.__file__).parents[1])))
    return subprocess.run(
        [sys.executable, "-m", "fteval", *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
